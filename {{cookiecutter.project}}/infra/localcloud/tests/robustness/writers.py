"""Writers that load a localcloud through Google's clients, each with a ledger of what it was told.

`write` makes one change; `read` tells the value that a key has, None if it is not there.
"""

import hashlib
import random
from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.aiplatform_v1 import (
    EndpointServiceClient,
    MetadataServiceClient,
    ModelServiceClient,
)
from google.cloud.aiplatform_v1.types import Artifact, Event, Execution

from tests.robustness.ledger import Ledger, Value
from tests.vertex import IMAGE, OPTIONS, PARENT, PROJECT

BUCKET = "crashes"
_MOST = 20  # resources of a kind that a writer goes on changing


def rest(client: Callable[..., Any]) -> Any:
    """A client over REST: gRPC reads its roots once a process, each localcloud has its own."""
    return client(transport="rest", credentials=AnonymousCredentials(), client_options=OPTIONS)


class Writer:
    """One kind of resource."""

    kind = ""

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger()
        self.random = random.Random(f"{self.kind} {seed}")  # noqa: S311 - to be repeated
        self._last = 0

    def write(self) -> None:
        keys = self.ledger.present()
        if len(keys) < 3 or (len(keys) < _MOST and self.random.random() < 0.3):
            self._last += 1
            self.create(f"{self.kind}-{self._last}")
        else:
            self.change(self.random.choice(keys))

    def create(self, key: str) -> None:
        raise NotImplementedError

    def change(self, key: str) -> None:
        raise NotImplementedError

    def read(self, key: str) -> Value:
        raise NotImplementedError


class Models(Writer):
    """A model's value: how many versions it has, which is the champion, and its label."""

    kind = "model"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._client = rest(ModelServiceClient)

    def create(self, key: str) -> None:
        with self.ledger.writing(key, (1, 1, 0)):
            self._client.upload_model(
                {
                    "parent": PARENT,
                    "model_id": key,
                    "model": {**self._model(), "labels": {"n": "0"}},
                }
            )

    def change(self, key: str) -> None:
        versions, champion, label = self.ledger.value(key)  # type: ignore[misc]
        name = f"{PARENT}/models/{key}"
        choice = self.random.random()
        if choice < 0.3:
            with self.ledger.writing(key, (versions + 1, versions + 1, label)):
                self._client.upload_model(
                    {"parent": PARENT, "parent_model": name, "model": self._model()}
                )
        elif choice < 0.6:
            champion = self.random.randint(1, versions)
            with self.ledger.writing(key, (versions, champion, label)):
                self._client.merge_version_aliases(
                    name=f"{name}@{champion}", version_aliases=["champion"]
                )
        elif choice < 0.9:
            with self.ledger.writing(key, (versions, champion, label + 1)):
                self._client.update_model(
                    model={"name": name, "labels": {"n": str(label + 1)}},
                    update_mask={"paths": ["labels"]},
                )
        else:
            with self.ledger.writing(key, None):
                self._client.delete_model(name=name)

    def read(self, key: str) -> Value:
        name = f"{PARENT}/models/{key}"
        try:
            versions = list(self._client.list_model_versions(name=name))
            labels = self._client.get_model(name=name).labels
        except NotFound:
            return None
        champions = [int(v.version_id) for v in versions if "champion" in v.version_aliases]
        return len(versions), *champions, int(labels["n"])

    def _model(self) -> dict[str, Any]:
        container = {"image_uri": IMAGE}
        return {"display_name": "m", "container_spec": container, "version_aliases": ["champion"]}


class Endpoints(Writer):
    """An endpoint's value: its label."""

    kind = "endpoint"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._client = rest(EndpointServiceClient)

    def create(self, key: str) -> None:
        with self.ledger.writing(key, 0):
            operation = self._client.create_endpoint(
                {
                    "parent": PARENT,
                    "endpoint_id": key,
                    "endpoint": {"display_name": "e", "labels": {"n": "0"}},
                }
            ).operation
            with self.ledger.writing(operation.name, "done"):
                assert operation.done

    def change(self, key: str) -> None:
        if "/operations/" in key or self.random.random() < 0.1:
            return self._delete(key)
        label = self.ledger.value(key) + 1  # type: ignore[operator]
        with self.ledger.writing(key, label):
            self._client.update_endpoint(
                endpoint={"name": f"{PARENT}/endpoints/{key}", "labels": {"n": str(label)}},
                update_mask={"paths": ["labels"]},
            )

    def _delete(self, key: str) -> None:
        with self.ledger.writing(key, None):
            if "/operations/" in key:
                self._client.delete_operation({"name": key})
            else:
                # its operations go with it
                for other in self.ledger.present():
                    if f"/endpoints/{key}/operations/" in other:
                        self._delete(other)
                self._client.delete_endpoint(name=f"{PARENT}/endpoints/{key}")

    def read(self, key: str) -> Value:
        try:
            if "/operations/" in key:
                return "done" if self._client.get_operation({"name": key}).done else "running"
            return int(self._client.get_endpoint(name=f"{PARENT}/endpoints/{key}").labels["n"])
        except NotFound:
            return None


class Objects(Writer):
    """An object's value: the digest of its content."""

    kind = "object"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        client = storage.Client(project=PROJECT, credentials=AnonymousCredentials())
        self._bucket = client.bucket(BUCKET)

    def create(self, key: str) -> None:
        size = self.random.choice((10, 1_000, 300_000))
        content = self.random.randbytes(size)
        chunk_size = 256 * 1024 if size > 256 * 1024 else None  # resumable, in pieces
        with self.ledger.writing(key, hashlib.md5(content).hexdigest()):  # noqa: S324
            self._bucket.blob(key, chunk_size=chunk_size).upload_from_string(content, retry=None)

    def change(self, key: str) -> None:
        choice = self.random.random()
        if choice < 0.5:
            self.create(key)
        elif choice < 0.7:
            with self.ledger.writing(f"{key}-copy", self.ledger.value(key)):
                self._bucket.copy_blob(
                    self._bucket.blob(key), self._bucket, f"{key}-copy", retry=None
                )
        else:
            with self.ledger.writing(key, None):
                self._bucket.delete_blob(key, retry=None)

    def read(self, key: str) -> Value:
        blob = self._bucket.blob(key)
        try:
            content = blob.download_as_bytes(checksum="md5")
        except NotFound:
            return None
        blob.reload()
        assert blob.size == len(content)
        return hashlib.md5(content).hexdigest()  # noqa: S324


class Lineage(Writer):
    """The value of an artifact: its number; of an execution: how many events it has, in pairs."""

    kind = "lineage"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._client = rest(MetadataServiceClient)
        store = self._client.create_metadata_store(
            parent=PARENT, metadata_store={}, metadata_store_id="default"
        )
        self._store = store.result().name

    def create(self, key: str) -> None:
        with self.ledger.writing(f"{key}-a", 0):
            artifact = Artifact(schema_title="system.Dataset", metadata={"n": 0})
            self._client.create_artifact(
                parent=self._store, artifact_id=f"{key}-a", artifact=artifact
            )
        with self.ledger.writing(f"{key}-x", 0):
            execution = Execution(schema_title="system.Run")
            self._client.create_execution(
                parent=self._store, execution_id=f"{key}-x", execution=execution
            )

    def change(self, key: str) -> None:
        number = self.ledger.value(key) + 1  # type: ignore[operator]
        with self.ledger.writing(key, number):
            if key.endswith("-a"):
                self._client.update_artifact(
                    artifact=Artifact(name=self._name(key), metadata={"n": number}),
                    update_mask={"paths": ["metadata"]},
                )
            else:
                self._add_pair(key)

    def _add_pair(self, key: str) -> None:
        events = []
        for side in (Event.Type.INPUT, Event.Type.OUTPUT):
            self._last += 1
            artifact = self._client.create_artifact(
                parent=self._store,
                artifact_id=f"{self.kind}-{self._last}",
                artifact=Artifact(schema_title="system.Model"),
            )
            events.append(Event(artifact=artifact.name, type_=side))
        self._client.add_execution_events(execution=self._name(key), events=events)

    def read(self, key: str) -> Value:
        try:
            if key.endswith("-a"):
                return int(self._client.get_artifact(name=self._name(key)).metadata["n"])
            self._client.get_execution(name=self._name(key))
        except NotFound:
            return None
        graph = self._client.query_execution_inputs_and_outputs(execution=self._name(key))
        return len(graph.events) / 2

    def _name(self, key: str) -> str:
        return f"{self._store}/{'artifacts' if key.endswith('-a') else 'executions'}/{key}"
