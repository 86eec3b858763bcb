"""The model card: what a person needs to know before using the model.

Mitchell and others, Model Cards for Model Reporting, 2019.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlops.evaluation.measures import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops.evaluation.result import EvaluationResult
    from mlops.settings import Evaluation


def write_card(result: EvaluationResult, evaluation: Evaluation) -> str:
    """The card as Markdown."""
    return "\n".join(_lines(result, evaluation)) + "\n"


def _lines(result: EvaluationResult, evaluation: Evaluation) -> Iterator[str]:
    subject, card = result.subject, evaluation.card
    yield f"# Model card: {_plain(subject.name)}"
    yield from ("", "## Model", "")
    yield f"- owner: {_plain(card.owner)}"
    yield f"- model: `{subject.model}`"
    yield f"- verdict of the gate: {'passed' if result.passed else 'refused'}"
    yield from (f"  - {_plain(failure)}" for failure in result.failures)
    yield from ("", "## Intended use", "", _plain(card.intended_use))
    yield from ("", "## Data", "")
    yield f"- extract: `{subject.data}`"
    yield f"- version: {_plain(subject.data_version or 'not known')}"
    yield f"- test rows: {result.metrics[ROWS]:g}"
    yield from ("", "## Metrics on the test split", "")
    yield from _metrics(result)
    yield from ("", "## Metrics by slice", "")
    yield from _slices(result, list(evaluation.thresholds))
    yield from ("", "## Fairness", "")
    yield from (
        f"- {gap.metric} lies {gap.size:.4f} apart between {_plain(gap.column)}"
        f" {_plain(gap.lowest)} and {_plain(gap.highest)}"
        for gap in result.gaps
    )
    yield f"- groups of fewer than {evaluation.minimum_support} rows are not compared"
    yield from ("", "## Limits", "")
    yield from (f"- {_plain(limit)}" for limit in card.limits or ("none are recorded",))


def _metrics(result: EvaluationResult) -> Iterator[str]:
    champion = result.champion.metrics if result.champion else {}
    names = ["metric", "model", "champion", *(f"baseline: {name}" for name in result.baselines)]
    yield from _heading(names)
    for name, value in result.metrics.items():
        others = (baseline.metrics.get(name) for baseline in result.baselines.values())
        yield _row([name, *map(_number, (value, champion.get(name), *others))])


def _slices(result: EvaluationResult, metrics: list[str]) -> Iterator[str]:
    yield from _heading(["slice", "rows", *metrics])
    for part in result.slices:
        values = (_number(part.metrics.get(name)) for name in metrics)
        yield _row([_plain(part.name), f"{part.metrics[ROWS]:g}", *values])


def _heading(names: list[str]) -> Iterator[str]:
    yield _row(names)
    yield _row(["---"] * len(names))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _plain(text: str) -> str:
    """The text without what Markdown or HTML would take for markup."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
