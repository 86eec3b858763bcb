"""TensorBoards themselves: which one is the default, and where their blobs are."""

import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import Tensorboard, TensorboardBlob

from localcloud.cloud import Cloud
from localcloud.store import Store

_BLOB_ID = re.compile(r"[A-Za-z0-9_-]+")


def new_blob_bucket(storage: Path) -> str:
    """Make a bucket for the blobs of a new TensorBoard; its name."""
    bucket = f"cloud-ai-platform-{uuid.uuid4()}"
    (storage / bucket).mkdir()
    return bucket


def keep_one_default(store: Store, chosen: Tensorboard) -> None:
    """If a TensorBoard is the default, no other one of its location is."""
    if not chosen.is_default:
        return
    for other in store.in_collection(chosen.name.rpartition("/")[0], Tensorboard):
        if other.is_default and other.name != chosen.name:
            other.is_default = False
            store.save(other)


def with_run_count(store: Store, tensorboard: Tensorboard) -> Tensorboard:
    """A TensorBoard with the number of its runs."""
    ((tensorboard.run_count,),) = store.query(
        "select count(*) from resources where collection like ? || '/experiments/%/runs'",
        tensorboard.name,
    )
    return tensorboard


def read_blobs(cloud: Cloud, series: str, blob_ids: Sequence[str]) -> Iterator[TensorboardBlob]:
    """The blobs that an uploader has put into the TensorBoard's bucket for a time series.

    Raises:
        InvalidArgument: an id is malformed.
        NotFound: the TensorBoard or a blob is not there.
    """
    name, *path = re.split("/(?:experiments|runs|timeSeries)/", series)
    bucket = cloud.store.get(name, Tensorboard).blob_storage_path_prefix
    folder = f"tensorboard-{name.rpartition('/')[2]}"
    for blob_id in blob_ids:
        if not _BLOB_ID.fullmatch(blob_id):
            raise InvalidArgument(f"blob_ids has {blob_id!r}; match {_BLOB_ID.pattern}.")
        file = cloud.home.storage.joinpath(bucket, folder, *path, blob_id)
        if not file.is_file():
            raise NotFound(f"Blob {blob_id} of {series} was not found.")
        yield TensorboardBlob(id=blob_id, data=file.read_bytes())
