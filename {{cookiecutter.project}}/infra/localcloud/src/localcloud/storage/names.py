"""Which names buckets and objects may have, and where an object lies on disk.

Cloud Storage has no folders, so it can hold `a`, `a/b` and `a//b` side by side; plain files
cannot. Such names are refused with one clear error rather than stored somewhere else, because the
files are read and written by tasks too, under the very same names.
"""

import re
from pathlib import Path

from google.api_core.exceptions import BadRequest

BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
LONGEST_LABEL = 63  # characters between the dots of a bucket's name
LONGEST_OBJECT = 1024  # bytes of an object's name in UTF-8
LONGEST_SEGMENT = 255  # bytes of one file's name on common file systems


def is_bucket_name(name: str) -> bool:
    """Whether Cloud Storage allows this name for a bucket."""
    labels = name.split(".")
    return (
        BUCKET.fullmatch(name) is not None
        and not ADDRESS.fullmatch(name)
        and all(0 < len(label) <= LONGEST_LABEL for label in labels)
        and not name.startswith("goog")
        and "google" not in name
    )


def check_bucket_name(name: str) -> None:
    """Refuse a name that Cloud Storage refuses.

    Raises:
        BadRequest: the name breaks the rules for buckets.
    """
    if not is_bucket_name(name):
        raise BadRequest(
            f"Invalid bucket name: '{name}'; use 3 to 63 lower-case letters, digits, '-', '_' and"
            " '.', with a letter or digit at both ends and without 'google'."
        )


def check_object_name(name: str) -> None:
    """Refuse a name that Cloud Storage refuses, or that a plain file cannot have.

    Raises:
        BadRequest: the name is empty, too long, has a control character or a segment that no
            file can have.
    """
    if not name or len(name.encode()) > LONGEST_OBJECT or set(name) & {"\r", "\n", "\0"}:
        raise BadRequest(
            f"Invalid object name {name!r}: give 1 to {LONGEST_OBJECT} bytes without line breaks."
        )
    segments = name.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadRequest(
            f"localcloud keeps objects as plain files, which cannot be named '{name}'; leave out"
            " empty, '.' and '..' segments."
        )
    if any(len(segment.encode()) > LONGEST_SEGMENT for segment in segments):
        raise BadRequest(
            f"localcloud keeps objects as plain files, so each segment of '{name}' must be at most"
            f" {LONGEST_SEGMENT} bytes."
        )


def is_object_name(name: str) -> bool:
    """Whether a file can hold an object of this name."""
    try:
        check_object_name(name)
    except (BadRequest, UnicodeEncodeError):
        return False
    return True


def is_folder_marker(name: str) -> bool:
    """Whether the name stands for a folder, as clients that want to see folders create it."""
    return name.endswith("/")


def object_path(root: Path, bucket: str, name: str) -> Path:
    """Where an object lies: `root/BUCKET/OBJECT`; a folder marker is that folder."""
    return root / bucket / name
