"""The files of an extract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.uris import split_uri

if TYPE_CHECKING:
    from google.cloud import storage


def choose_files(client: storage.Client, uri: str, most: int) -> list[storage.Blob]:
    """The Parquet files below a URI: all, or evenly spread ones, of which there are `most`."""
    bucket, folder = split_uri(uri)
    found = client.list_blobs(bucket, prefix=f"{folder}/")
    blobs = [blob for blob in found if blob.name.endswith(".parquet") and blob.size]
    return blobs[:: max(1, -(-len(blobs) // most))]
