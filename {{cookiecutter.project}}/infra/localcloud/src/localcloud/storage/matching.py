"""Finding the files that a Cloud Storage URI with or without wildcards names."""

from pathlib import Path

from google.api_core.exceptions import FailedPrecondition


def matching_files(uri: str, storage: Path) -> list[Path]:
    """The files that a URI names, in order; it may have wildcards.

    Raises:
        FailedPrecondition: there is none.
    """
    name = uri.removeprefix("gs://")
    exact = storage / name
    found = [exact] if exact.is_file() else sorted(storage.glob(name))
    files = [file for file in found if file.is_file()]
    if not files:
        raise FailedPrecondition(f"{uri} names no file; upload it there first.")
    return files
