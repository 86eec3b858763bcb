"""The audit log of releases: every change of traffic, why, and on which evidence.

A change is first proposed, under a name of its own, then made on the endpoint, whose labels carry
that name, then confirmed under its number. Whoever looks at the endpoint next confirms what another
could not. A confirmed number is never written again; a proposal that lost stays unconfirmed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import storage


@dataclass(frozen=True)
class Change:
    """One change of a release.

    Attributes:
        release: its id.
        sequence: the number of the change.
        change: its name.
        time: when it was proposed, in seconds since 1970.
        phase: what is done from then on.
        step: index of the step.
        split: percent of the traffic by deployed model.
        why: in one sentence.
        evidence: what each guardrail knew.
    """

    release: str
    sequence: int
    change: str
    time: int
    phase: str
    step: int
    split: Mapping[str, int]
    why: str
    evidence: Mapping[str, Any]


class AuditLog(Protocol):
    """Where changes are recorded."""

    def propose(self, change: Change) -> None:
        """Records what is about to be tried."""

    def confirm(self, release: str, sequence: int, change: str) -> None:
        """Records that a proposal is what happened; again is as good as once."""

    def read(self, release: str) -> list[Change]:
        """What happened, in order."""


class StorageAuditLog:
    """Objects in Cloud Storage that are created once and never replaced."""

    def __init__(self, client: storage.Client, bucket: str, endpoint: str) -> None:
        """Writes to `gs://BUCKET/rollouts/ENDPOINT/RELEASE`."""
        self._bucket = client.bucket(bucket)
        self._folder = f"rollouts/{endpoint}"
        self._confirmed: set[tuple[str, int]] = set()

    def propose(self, change: Change) -> None:
        """Records what is about to be tried."""
        self._create(self._proposal(change.release, change.change), json.dumps(asdict(change)))

    def confirm(self, release: str, sequence: int, change: str) -> None:
        """Records that a proposal is what happened; again is as good as once."""
        if (release, sequence) in self._confirmed:
            return
        content = self._bucket.blob(self._proposal(release, change)).download_as_text()
        self._create(f"{self._folder}/{release}/{sequence:04d}.json", content)
        self._confirmed.add((release, sequence))

    def read(self, release: str) -> list[Change]:
        """What happened, in order."""
        blobs = self._bucket.list_blobs(prefix=f"{self._folder}/{release}/")
        names = sorted(blob.name for blob in blobs if "/proposed/" not in blob.name)
        return [Change(**json.loads(self._bucket.blob(n).download_as_text())) for n in names]

    def _proposal(self, release: str, change: str) -> str:
        return f"{self._folder}/{release}/proposed/{change}.json"

    def _create(self, name: str, content: str) -> None:
        from google.api_core.exceptions import PreconditionFailed

        try:
            self._bucket.blob(name).upload_from_string(
                content, content_type="application/json", if_generation_match=0
            )
        except PreconditionFailed:  # it is there, from a try whose reply was lost or from another
            return
