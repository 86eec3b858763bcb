"""Conditions a client puts on a request: `ifGenerationMatch` and its relatives."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.api_core.exceptions import BadRequest, NotModified, PreconditionFailed

from localcloud.storage.index import Metadata

_FAILED = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True)
class Preconditions:
    """Numbers that the object's generation and metageneration must, or must not, equal.

    A generation of 0 stands for an object that does not exist.
    """

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str], prefix: str = "if") -> "Preconditions":
        """Read them from query parameters; `ifSource` is the prefix for a copy's source.

        Raises:
            BadRequest: one of them is not a number.
        """
        return cls(
            generation=_number(query, f"{prefix}GenerationMatch"),
            not_generation=_number(query, f"{prefix}GenerationNotMatch"),
            metageneration=_number(query, f"{prefix}MetagenerationMatch"),
            not_metageneration=_number(query, f"{prefix}MetagenerationNotMatch"),
        )

    def check(self, current: Metadata | None, *, reading: bool = False) -> None:
        """Refuse if a condition does not hold for the object as it is now.

        Raises:
            PreconditionFailed: a condition does not hold.
            NotModified: when reading, a "not" condition does not hold.
        """
        generation = current.generation if current else 0
        metageneration = current.metageneration if current else 0
        if self.generation not in (None, generation) or self.metageneration not in (
            None,
            metageneration,
        ):
            raise PreconditionFailed(_FAILED)
        if generation == self.not_generation or metageneration == self.not_metageneration:
            raise NotModified(_FAILED) if reading else PreconditionFailed(_FAILED)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"Invalid value for {name}: '{text}' is not a number.") from None
