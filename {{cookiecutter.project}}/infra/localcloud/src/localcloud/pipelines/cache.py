"""What tasks with the same work and the same inputs have put out before."""

import hashlib
import json
import sqlite3
import threading
from pathlib import Path

from localcloud.pipelines.artifacts import Artifact, fingerprint
from localcloud.pipelines.spec import Json

_SCHEMA = """
create table if not exists pipeline_cache (
    key text primary key, parameters text not null, artifacts text not null, files text not null
)
"""


class Cache:
    """Outputs by key, durable. An entry holds as long as its artifacts' files are unchanged."""

    def __init__(self, database: Path, storage: Path) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            database, check_same_thread=False, isolation_level=None, timeout=60
        )
        self._connection.execute("pragma synchronous = normal")  # as in database.py
        self._connection.execute(_SCHEMA)

    def key(self, work: Json, artifacts: dict[str, list[Artifact]]) -> str:
        """The key of a task.

        Args:
            work: all that decides what the task does, as JSON.
            artifacts: its input artifacts, which count with the content of their files.
        """
        inputs = {
            name: [
                [artifact.uri, artifact.metadata, fingerprint(self._storage, artifact.uri)]
                for artifact in values
            ]
            for name, values in artifacts.items()
        }
        return hashlib.sha256(json.dumps([work, inputs], sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> tuple[dict[str, Json], dict[str, list[Artifact]]] | None:
        """Output parameters and artifacts, or None if there is no entry that still holds."""
        with self._lock:
            row = self._connection.execute(
                "select parameters, artifacts, files from pipeline_cache where key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        parameters, stored, files = (json.loads(column) for column in row)
        artifacts = {
            name: [Artifact(**artifact) for artifact in values] for name, values in stored.items()
        }
        return (parameters, artifacts) if self._files(artifacts) == files else None

    def put(
        self, key: str, parameters: dict[str, Json], artifacts: dict[str, list[Artifact]]
    ) -> None:
        """Keep the outputs of a task that has succeeded."""
        stored = {name: [each.as_json() for each in values] for name, values in artifacts.items()}
        columns = (json.dumps(parameters), json.dumps(stored), json.dumps(self._files(artifacts)))
        with self._lock:
            self._connection.execute(
                "insert or replace into pipeline_cache values (?, ?, ?, ?)", (key, *columns)
            )

    def close(self) -> None:
        """Close the file; the cache is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _files(self, artifacts: dict[str, list[Artifact]]) -> Json:
        return [
            [list(file) for file in fingerprint(self._storage, artifact.uri)]
            for values in artifacts.values()
            for artifact in values
        ]
