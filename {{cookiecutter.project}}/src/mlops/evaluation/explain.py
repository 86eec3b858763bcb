"""Explain a SavedModel on a sample of the test split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlops.data.query import Split
from mlops.data.sample import read_sample
from mlops.evaluation.attributions import attribute
from mlops.evaluation.importance import (
    area_under_curve,
    measure_importance,
    negative_absolute_error,
)
from mlops.evaluation.predictions import predict, read_inputs
from mlops.evaluation.result import Explained
from mlops.features import Problem

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Explanation

SCORES = {
    Problem.CLASSIFICATION: ("auc", area_under_curve),
    Problem.REGRESSION: ("negative mean_absolute_error", negative_absolute_error),
}


def explain(features: Features, explanation: Explanation, data: str, model: str) -> Explained:
    """Importances and attributions of each input; the same ones for the same model and data."""
    sample = read_sample(data, Split.TEST, explanation.importance_rows, explanation.seed)
    columns = read_inputs(sample, features, model)
    labels = sample[features.label.name].to_numpy(zero_copy_only=False)
    name, score = SCORES[features.problem]
    ask = partial(predict, model)
    importances = measure_importance(
        ask, columns, labels, score, explanation.importance_repeats, explanation.seed
    )
    few = {key: values[: explanation.attribution_rows] for key, values in columns.items()}
    attributions = attribute(
        ask, few, columns, explanation.attribution_permutations, explanation.seed
    )
    sizes = attributions.mean_sizes()
    return Explained(name, len(labels), importances, sizes, attributions.base)
