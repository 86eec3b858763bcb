"""The model behind BentoML, with its adaptive batching."""

from __future__ import annotations

import os
from typing import Any

import bentoml

from mlops.serving.instances import read_columns
from mlops.serving.model import ServingModel, to_predictions

MAX_ROWS = 512


@bentoml.service(workers=1, traffic={"timeout": 60, "max_concurrency": 1000})
class Service:
    """Answers as the prediction container does, at /predict."""

    def __init__(self) -> None:
        self._model = ServingModel(os.environ["AIP_STORAGE_URI"])
        self._model.warm_up(MAX_ROWS)

    @bentoml.api(batchable=True, max_batch_size=MAX_ROWS)
    def predict(self, instances: list[dict[str, Any]]) -> list[float]:
        """One prediction an instance; BentoML joins the instances of concurrent requests."""
        columns = read_columns(self._model.fields, instances)
        return to_predictions(self._model.run(self._model.pack(columns)))
