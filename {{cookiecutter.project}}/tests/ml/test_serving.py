"""What the prediction container answers is what evaluation measured."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from mlops.data.query import Split
from mlops.data.records import to_batches
from mlops.evaluation.attributions import attribute
from mlops.evaluation.predictions import predict, read_inputs
from mlops.serving.instances import Columns, read_columns
from mlops.serving.model import ServingModel, to_predictions
from tests.ml.conftest import Run

ROWS = 64


@pytest.fixture(scope="module")
def model(run: Run) -> ServingModel:
    return ServingModel(run.model)


@pytest.fixture(scope="module")
def columns(run: Run, model: ServingModel) -> Columns:
    """Rows of the test split, as a client sends them."""
    names = [column.name for column in run.features.inputs]
    table = pq.read_table(f"{run.data}/{Split.TEST}", use_threads=False).select(names)
    return read_columns(model.fields, table.slice(0, ROWS).to_pylist())


def test_served_predictions_are_the_evaluated_ones(
    run: Run, model: ServingModel, columns: Columns
) -> None:
    table = pq.read_table(f"{run.data}/{Split.TEST}", use_threads=False).slice(0, ROWS)
    (batch,) = to_batches(table)
    evaluated = predict(run.model, read_inputs(batch, run.features, run.model))
    served = to_predictions(model.run(model.pack(columns)))
    assert served == evaluated.tolist()


def test_the_typical_row_is_of_the_training_data(run: Run, model: ServingModel) -> None:
    rows = pq.read_table(f"{run.data}/{Split.TRAIN}", use_threads=False).to_pandas()
    assert model.typical["trip_start_hour"][0] == rows["trip_start_hour"].mode()[0]
    assert model.typical["company"][0].decode() == rows["company"].mode()[0]
    miles = rows["trip_miles"].dropna()
    assert (miles <= model.typical["trip_miles"][0] + 1e-6).mean() == pytest.approx(0.5, abs=0.05)


def test_predictions_are_explained_by_comparison_with_it(
    model: ServingModel, columns: Columns
) -> None:
    def ask(mixed: Columns) -> np.ndarray:
        return model.run(model.pack(mixed))["prediction"]

    found = attribute(ask, columns, model.typical, permutations=5, seed=1)
    total = found.base + sum(found.values.values())
    np.testing.assert_allclose(total, model.run(model.pack(columns))["prediction"], atol=1e-4)
