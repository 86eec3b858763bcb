"""Finding the files that a Cloud Storage URI with or without wildcards names."""

from pathlib import Path

from google.api_core.exceptions import FailedPrecondition


def matching_files(uri: str, storage: Path) -> list[Path]:
    """The files that a URI names, in order; it may have wildcards.

    Raises:
        FailedPrecondition: there is none.
    """
    name = uri.removeprefix("gs://")
    is_inside = not name.startswith("/") and ".." not in name.split("/")
    found = _found(name, storage) if is_inside else []
    files = [file for file in found if file.is_file()]
    if not files:
        raise FailedPrecondition(f"{uri} names no file; upload it there first.")
    return files


def _found(name: str, storage: Path) -> list[Path]:
    exact = storage / name
    if exact.is_file():
        return [exact]
    try:
        return sorted(storage.glob(name))
    except ValueError:  # it is empty, or has ** beside other characters
        return []
