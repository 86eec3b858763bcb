"""All that an evaluation found, which `evaluation.json`, the page and the model card tell."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mlops.evaluation.calibration import Point
from mlops.evaluation.fairness import Gap
from mlops.evaluation.gate import Check, list_failures
from mlops.evaluation.importance import Importance
from mlops.evaluation.measures import Measures, SliceMetrics


@dataclass(frozen=True)
class Subject:
    """What was evaluated.

    Attributes:
        name: the registered model's name.
        model: URI of the SavedModel.
        data: URI of the extract.
        baselines: URI of what was measured of the baselines, on the same extract.
        data_version: the table's state that the extract was made of.
        champion: URI of the champion's SavedModel; nothing when there is none.
        champion_version: the champion's version in the Model Registry.
        rows: URI of an extract whose test split holds what AutoML models predict; nothing when
            there is none among the two. Such a model has the URI of its version.
    """

    name: str
    model: str
    data: str
    baselines: str
    data_version: str = ""
    champion: str = ""
    champion_version: str = ""
    rows: str = ""


@dataclass(frozen=True)
class Explained:
    """What the model's predictions hang on, measured on a sample of the test split.

    Attributes:
        score: what permutation importances are losses of; nothing for an AutoML model, whose
            attributions are Vertex AI's own.
        rows: how many rows were shuffled.
        importances: the most important column first.
        attributions: mean absolute Shapley value of each column, largest first.
        base: the mean prediction from which attributions start.
    """

    score: str
    rows: int
    importances: tuple[Importance, ...]
    attributions: Mapping[str, float]
    base: float


@dataclass(frozen=True)
class EvaluationResult:
    """Measures of the model, the champion and the baselines on the same rows, and the verdict.

    Attributes:
        subject: what was evaluated.
        model: what the model reached.
        champion: what the champion reached; None for a first model.
        baselines: what each baseline reached.
        checks: all that the gate compared.
        gaps: the largest gap of each slice column, limited or not.
        calibration: predicted against observed, lowest predictions first.
        calibration_error: their expected distance, in the unit of the label.
        explained: what the predictions hang on.
    """

    subject: Subject
    model: Measures
    champion: Measures | None
    baselines: Mapping[str, Measures]
    checks: tuple[Check, ...]
    gaps: tuple[Gap, ...]
    calibration: tuple[Point, ...]
    calibration_error: float
    explained: Explained

    @property
    def metrics(self) -> Mapping[str, float]:
        """The model's metrics over all test rows."""
        return self.model.metrics

    @property
    def slices(self) -> tuple[SliceMetrics, ...]:
        """The model's metrics over each slice."""
        return self.model.slices

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the model may not be registered, a sentence a reason."""
        return list_failures(self.checks)

    @property
    def passed(self) -> bool:
        """Whether the model may be registered."""
        return not self.failures

    def to_json(self) -> str:
        """The whole result; the model's own metrics at the top, null for what is not a number."""
        content = asdict(self)
        content |= {"passed": self.passed, "failures": self.failures, **content.pop("model")}
        return json.dumps(_finite(content), indent=2, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """The value, with None for each number that JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
