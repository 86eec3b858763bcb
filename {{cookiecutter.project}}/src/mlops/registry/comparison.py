"""Two versions of a model side by side: the data they were made of, and what they reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.evaluation.measures import subtract
from mlops.registry.evaluations import EvaluationMismatchError, find_evaluation
from mlops.registry.models import get_version

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Side:
    """A version: its number, the hash of its data, and its metrics on the test split of that."""

    version: str
    data_hash: str
    metrics: Mapping[str, float]


def read_side(name: str, version: str) -> Side:
    """A version of the model `name`, by number or alias, as its evaluation has recorded it.

    Raises:
        EvaluationMismatchError: it has no evaluation.
    """
    model = get_version(name, version)
    recorded = find_evaluation(model)
    if recorded is None:
        raise EvaluationMismatchError(
            f"Version {model.version_id} has no evaluation to compare: register it by the training"
            " pipeline."
        )
    data_hash = str(dict(recorded.metadata).get("data_hash", ""))
    return Side(model.version_id, data_hash, dict(recorded.metrics))


def describe_comparison(first: Side, second: Side) -> Iterator[str]:
    """A line for the data, and one for each metric that both have, with its difference."""
    yield _row("version", first.version, second.version)
    same = "the same data" if first.data_hash == second.data_hash else "other data"
    yield _row("data hash", first.data_hash[:12], second.data_hash[:12], same)
    for name, difference in sorted(subtract(second.metrics, first.metrics).items()):
        values = (f"{each.metrics[name]:.4f}" for each in (first, second))
        yield _row(name, *values, f"{difference:+.4f}")


def _row(name: str, *cells: str) -> str:
    return f"{name:<28}{''.join(f'  {cell:>14}' for cell in cells)}"
