"""Buckets and objects as Google's JSON shows them."""

import base64
from typing import Any
from urllib.parse import quote

from localcloud.storage.index import Metadata

PROJECT_NUMBER = "123456789012"  # of a bucket that was made by hand, which no project owns
DEFAULT_CONTENT_TYPE = "application/octet-stream"
DEFAULT_LOCATION = "US-CENTRAL1"


def object_resource(metadata: Metadata, base: str) -> dict[str, Any]:
    """The `storage#object` resource; `base` is the address the client asked, for links."""
    path = f"/b/{metadata.bucket}/o/{quote(metadata.name, safe='')}"
    return {
        "kind": "storage#object",
        "id": f"{metadata.bucket}/{metadata.name}/{metadata.generation}",
        "selfLink": f"{base}/storage/v1{path}",
        "mediaLink": (
            f"{base}/download/storage/v1{path}?generation={metadata.generation}&alt=media"
        ),
        "name": metadata.name,
        "bucket": metadata.bucket,
        "generation": str(metadata.generation),
        "metageneration": str(metadata.metageneration),
        "contentType": DEFAULT_CONTENT_TYPE,
        "storageClass": "STANDARD",
        "size": str(metadata.size),
        "md5Hash": metadata.md5,
        "crc32c": metadata.crc32c,
        "etag": object_etag(metadata),
        "timeCreated": metadata.created,
        "timeFinalized": metadata.created,
        "timeStorageClassUpdated": metadata.created,
        "updated": metadata.updated,
        **metadata.fields,
    }


def object_etag(metadata: Metadata) -> str:
    """A text that differs for each generation and metageneration."""
    version = f"{metadata.generation}/{metadata.metageneration}"
    return base64.b64encode(version.encode()).decode()


def bucket_resource(name: str, fields: dict[str, Any], created: str, base: str) -> dict[str, Any]:
    """The `storage#bucket` resource."""
    given = {key: value for key, value in fields.items() if key != "policy"}
    return {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "selfLink": f"{base}/storage/v1/b/{name}",
        "projectNumber": PROJECT_NUMBER,
        "metageneration": "1",
        "locationType": "region",
        "storageClass": "STANDARD",
        "etag": "CAE=",
        "timeCreated": created,
        "updated": created,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        **given,
        "location": given.get("location", DEFAULT_LOCATION).upper(),
    }
