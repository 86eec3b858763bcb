"""The bytes of objects on disk: their fingerprints, and telling whether they changed."""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

CHUNK = 1 << 20  # bytes read at once, so that no object is ever held in memory whole


@dataclass(frozen=True)
class Fingerprint:
    """Size in bytes and the two checksums that Cloud Storage reports, base64-encoded."""

    size: int
    md5: str
    crc32c: str


def fingerprint(path: Path) -> Fingerprint:
    """Read a file once for its size and checksums."""
    size = 0
    md5 = hashlib.md5(usedforsecurity=False)
    crc32c = google_crc32c.Checksum()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            md5.update(chunk)
            crc32c.update(chunk)
    return Fingerprint(size, _base64(md5.digest()), _base64(crc32c.digest()))


def stamp(status: os.stat_result) -> str:
    """What changes whenever a file's content does; a renamed file keeps it."""
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
