"""One local Cloud Storage: its buckets, objects, uploads and what is kept about them."""

from pathlib import Path

from google.api_core.exceptions import Conflict

from localcloud.storage.buckets import Buckets
from localcloud.storage.index import Index, Metadata
from localcloud.storage.listing import Options, Page, list_page, object_names
from localcloud.storage.objects import Objects
from localcloud.storage.uploads import Uploads


class Storage:
    """Everything below one root folder: `root/BUCKET/OBJECT`, and two names no bucket can have."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._index = Index(root / ".index.sqlite")
        self.buckets = Buckets(root, self._index)
        self.objects = Objects(root, self._index, self.buckets)
        self.uploads = Uploads(root / ".uploads")

    def list_objects(self, bucket: str, options: Options) -> tuple[list[Metadata], Page]:
        """One page of a bucket, with the metadata of the objects on it.

        Raises:
            NotFound: there is no such bucket.
        """
        self.buckets.require(bucket)
        page = list_page(self._root / bucket, self._index.folder_markers(bucket), options)
        found = (self.objects.find(bucket, name) for name in page.names)
        return [metadata for metadata in found if metadata], page

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            Conflict: the bucket holds an object.
            NotFound: there is no such bucket.
        """
        with self._index.transaction():
            self.buckets.require(name)
            markers = self._index.folder_markers(name)
            if next(object_names(self._root / name, markers), None) is not None:
                raise Conflict("The bucket you tried to delete is not empty.")
            self.buckets.remove(name)
