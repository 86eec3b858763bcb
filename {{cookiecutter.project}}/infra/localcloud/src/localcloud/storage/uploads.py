"""Uploads on their way to become objects, as files, so that they survive a restart."""

import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound

SESSION_SECONDS = 7 * 24 * 3600  # Cloud Storage keeps a resumable upload for a week


@dataclass(frozen=True)
class Session:
    """A resumable upload: what to make of the bytes once all are there.

    `query` holds the query parameters of the request that began it, with its preconditions.
    """

    id: str
    bucket: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    done: bool = False


class Uploads:
    """Keeps the bytes of unfinished uploads and the sessions of resumable ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._remove_forgotten()

    def new_file(self) -> Path:
        """A path for the bytes of an upload that is one request."""
        return self._folder / f"{uuid.uuid4().hex}.part"

    def begin(
        self, bucket: str, name: str, fields: dict[str, Any], query: Mapping[str, str]
    ) -> Session:
        """Start a resumable upload."""
        session = Session(uuid.uuid4().hex, bucket, name, fields, dict(query))
        self.data(session).touch()
        self._save(session)
        return session

    def get(self, session_id: str) -> Session:
        """A session that was begun here, before or after a restart.

        Raises:
            NotFound: there is none of this id.
        """
        path = self._folder / f"{session_id}.json"
        if not session_id.isalnum() or not path.is_file():
            raise NotFound(f"There is no upload session '{session_id}'; start the upload again.")
        return Session(**json.loads(path.read_text()))

    def data(self, session: Session) -> Path:
        """The file with the bytes received so far."""
        return self._folder / f"{session.id}.data"

    def received(self, session: Session) -> int:
        """How many bytes of the object are there."""
        return self.data(session).stat().st_size

    def finish(self, session: Session) -> None:
        """Remember that the object is complete, for a client that did not hear the answer."""
        self._save(Session(**{**asdict(session), "done": True}))

    def cancel(self, session: Session) -> None:
        """Drop a session and its bytes."""
        for path in (self._folder / f"{session.id}.json", self.data(session)):
            path.unlink(missing_ok=True)

    def _save(self, session: Session) -> None:
        path = self._folder / f"{session.id}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(session)))
        draft.replace(path)

    def _remove_forgotten(self) -> None:
        oldest = time.time() - SESSION_SECONDS
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.suffix == ".part" or path.stat().st_mtime < oldest:
                    path.unlink()


async def receive(chunks: AsyncIterator[bytes], path: Path, offset: int = 0) -> None:
    """Write a request's body to a file from `offset` on, chunk by chunk.

    Raises:
        BadRequest: the file ends before `offset`.
    """
    with path.open("r+b" if offset else "wb") as file:
        file.seek(0, 2)
        if file.tell() < offset:
            raise BadRequest(f"The upload has {file.tell()} bytes; go on there, not at {offset}.")
        file.truncate(offset)
        file.seek(offset)
        async for chunk in chunks:
            file.write(chunk)
