"""Explain predictions on request: what each field adds to them, as sampled Shapley values.

The base is the prediction of the typical row that was saved with the model: medians of numbers, the
most frequent of categories. Base and attributions sum to the prediction.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops.evaluation.attributions import attribute
from mlops.serving.instances import InstanceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.evaluation.attributions import Attributions
    from mlops.serving.batching import Batcher
    from mlops.serving.instances import Columns
    from mlops.serving.model import ServingModel

PERMUTATIONS = 20  # of which each asks the model about one row a field and one more
SEED = 17  # the same request is explained alike each time
MOST_INSTANCES = 64


async def explain(model: ServingModel, batcher: Batcher, columns: Columns) -> list[dict[str, Any]]:
    """For each row the prediction, the base, and what each field adds.

    Raises:
        InstanceError: the model cannot be explained, or there are too many rows.
    """
    rows = len(next(iter(columns.values())))
    if not model.typical:
        raise InstanceError("this model was saved without a typical row, so it explains nothing")
    if rows > MOST_INSTANCES:
        raise InstanceError(f"at most {MOST_INSTANCES} instances can be explained at once")
    loop = asyncio.get_running_loop()

    def predict(mixed: Mapping[str, np.ndarray]) -> np.ndarray:
        count = len(next(iter(mixed.values())))
        asked = batcher.run(model.pack(dict(mixed)), count)
        outputs = asyncio.run_coroutine_threadsafe(asked, loop).result().outputs
        return next(iter(outputs.values()))

    found = await asyncio.to_thread(attribute, predict, columns, model.typical, PERMUTATIONS, SEED)
    return [_describe(found, row) for row in range(rows)]


def _describe(found: Attributions, row: int) -> dict[str, Any]:
    return {
        "prediction": float(found.predictions[row]),
        "base": found.base,
        "attributions": {name: float(values[row]) for name, values in found.values.items()},
    }
