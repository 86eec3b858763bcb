"""URIs of Cloud Storage."""

from __future__ import annotations

SCHEME = "gs://"


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket of `gs://BUCKET/NAME`, and the name in it: of an object, or of a folder."""
    bucket, _, name = uri.removeprefix(SCHEME).partition("/")
    return bucket, name
