"""Has a new model trained when one is due: once, until another version answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mlops.monitoring.decision import Bound, Window, find_reason
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.cloud import storage


@dataclass(frozen=True)
class Asked:
    """That a new model was asked for.

    Attributes:
        version: that answered then; as long as it does, no other model is asked for.
        run: id of the pipeline job, chosen before it is submitted, so that trying again starts no
            second one.
        why: in one sentence.
        job: the pipeline job; nothing until it is known to have been submitted.
    """

    version: str
    run: str
    why: str
    job: str = ""


class Memory(Protocol):
    """Keeps what was asked for last."""

    def read(self) -> Asked | None:
        """What was asked for last; None when nothing was."""

    def write(self, asked: Asked) -> bool:
        """Replaces what was read or written last; false if another has replaced it meanwhile."""


def retrain_if_due(
    windows: Sequence[Window],
    count: int,
    bound: Bound | None,
    version: str,
    memory: Memory,
    submit: Callable[[str], str],
) -> str:
    """Submits the training pipeline if the deployed version has been bad for long enough.

    It may be killed at any point and run again, or run twice at once: one run is submitted.

    Args:
        windows: of the version that answers, from old to new.
        count: how many bad windows in a row are enough.
        bound: of the metric; None when none is measured.
        version: that answers.
        memory: of what was asked for before.
        submit: starts a run of that id unless there is one, and gives its name; nothing while it
            runs and more has to be started then.

    Returns:
        What was decided, in one sentence.
    """
    asked = memory.read()
    if asked is None or asked.version != version:
        why = find_reason(windows, count, bound)
        if not why:
            return f"no new model is due for version {version}"
        asked = Asked(version, f"retrain-{version}-{windows[-1].end:%Y%m%d%H%M}", why)
        if not memory.write(asked):
            return "another evaluation was faster; it asks for a new model if one is due"
    elif asked.job:
        return f"a new model was asked for already ({asked.why}): {asked.job}"
    submitted = replace(asked, job=submit(asked.run))
    if not submitted.job:
        return f"a new model is being trained ({asked.why}): {asked.run}"
    memory.write(submitted)
    return f"a new model is asked for: {submitted.why}: {submitted.job}"


class StorageMemory:
    """An object in Cloud Storage that is replaced only as it was read."""

    def __init__(self, client: storage.Client, uri: str) -> None:
        """Takes the object's `gs://` URI."""
        bucket, name = split_uri(uri)
        self._bucket = client.bucket(bucket)
        self._name = name
        self._generation = 0

    def read(self) -> Asked | None:
        """What was asked for last; None when nothing was."""
        blob = self._bucket.get_blob(self._name)
        self._generation = blob.generation if blob else 0
        return Asked(**json.loads(blob.download_as_text())) if blob else None

    def write(self, asked: Asked) -> bool:
        """Replaces what was read or written last; false if another has replaced it meanwhile."""
        from google.api_core.exceptions import PreconditionFailed

        blob = self._bucket.blob(self._name)
        try:
            blob.upload_from_string(
                json.dumps(asdict(asked)),
                content_type="application/json",
                if_generation_match=self._generation,
            )
        except PreconditionFailed:
            return False
        self._generation = blob.generation
        return True
