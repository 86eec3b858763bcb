"""What serving computes is what training computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from mlops.data.query import Split
from mlops.data.records import fill_missing, to_batches
from mlops.features import Features, Role
from mlops.training.examples import read_examples
from tests.ml.conftest import Run

ROWS = 1000
INT64 = np.iinfo(np.int64)
TYPES = {"FLOAT": np.float32, "STRING": object, "BOOLEAN": bool}


def serve_transform(run: Run, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the SavedModel feeds its network, one request a row."""
    signature = tf.saved_model.load(run.model).signatures["transform_features"]
    count = len(next(iter(rows.values())))
    answers = [
        signature(**{name: tf.constant(values[i : i + 1]) for name, values in rows.items()})
        for i in range(count)
    ]
    return {
        name: np.concatenate([answer[name].numpy() for answer in answers]) for name in answers[0]
    }


def typical_row(features: Features) -> dict[str, np.ndarray]:
    """One row of defaults, and of the smallest allowed values."""
    return {
        column.name: np.array(
            [column.fill if column.fill is not None else column.min],
            TYPES.get(column.type, np.int64),
        )
        for column in features.inputs
    }


def test_training_and_serving_transform_bit_for_bit_alike(run: Run) -> None:
    table = pq.read_table(f"{run.data}/eval", use_threads=False).slice(0, ROWS)
    examples = read_examples(run.features, run.settings.training, run.transformed, Split.EVAL)
    trained, _ = next(iter(examples.unbatch().batch(len(table))))
    (batch,) = to_batches(table)
    raw = fill_missing(batch, run.features.inputs)
    rows = {
        name: column.to_numpy(zero_copy_only=False)
        for name, column in zip(raw.schema.names, raw.columns, strict=True)
    }
    served = serve_transform(run, rows)
    assert served.keys() == trained.keys()
    assert {"trip_distance", "trip_hour_sin"} <= served.keys()
    for name, values in trained.items():
        assert values.numpy().tobytes() == served[name].tobytes(), name


def test_an_unseen_category_goes_to_an_out_of_vocabulary_bucket(run: Run) -> None:
    column = next(
        c for c in run.features.inputs if c.type == "STRING" and c.role is Role.CATEGORICAL
    )
    row = typical_row(run.features)
    row[column.name] = np.array([b"a company that nobody has ever seen"], object)
    (index,) = serve_transform(run, row)[column.name]
    assets = Path(run.graph) / "transform_fn/assets"
    vocabulary = len((assets / column.name).read_text(encoding="utf-8").splitlines())
    assert vocabulary <= index < vocabulary + column.oov_buckets <= column.cardinality


@pytest.mark.parametrize(
    ("column", "values", "places"),
    [
        ("trip_start_month", [1, 7, 12], [0, 6, 11]),
        ("pickup_community_area", [1, 77, 0, 12345, -1, INT64.min], [0, 76, 77, 78, 78, 78]),
    ],
)
def test_a_number_of_a_declared_range_keeps_its_place(
    run: Run, column: str, values: list[int], places: list[int]
) -> None:
    row = typical_row(run.features)
    rows = {name: np.repeat(value, len(values)) for name, value in row.items()}
    assert serve_transform(run, rows | {column: np.array(values)})[column].tolist() == places


def test_an_absurd_number_does_not_run_away(run: Run) -> None:
    row = typical_row(run.features) | {"trip_miles": np.array([1e30], np.float32)}
    assert serve_transform(run, row)["trip_miles"].tolist() == [5.0]
