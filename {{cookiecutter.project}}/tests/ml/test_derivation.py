"""Derived features are exact, the same in each batch, and worth having."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from mlops.data.query import Split
from mlops.features import Column, Cross, Derived, Features, How, Problem, Role
from mlops.settings import Settings
from mlops.training.derivation import EARTH_RADIUS, derive
from mlops.training.examples import read_examples
from mlops.training.preprocessing import cross_categories
from mlops.training.train import fit_model
from mlops.training.transform import transform
from tests.ml.extracts import write_extract

PLACES = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")
WAY = Derived(name="way", how=How.HAVERSINE, of=PLACES, scale="sqrt")
GAIN = 0.2  # of the root mean squared error; 0.33 when this was written


def haversine(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    north, south = math.radians(latitude1), math.radians(latitude2)
    east = math.radians(longitude2 - longitude1)
    square = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(east / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(square)))


def compute(derived: Derived, *values: object) -> list[np.ndarray]:
    return [each.numpy() for each in derive(derived, [tf.constant(v) for v in values]).values()]


def test_a_distance_is_that_over_the_surface_of_the_earth() -> None:
    random = np.random.default_rng(3)
    points = random.uniform([-90, -180, -90, -180], [90, 180, 90, 180], (2000, 4))
    points[:4] = [(41.9, -87.6, 41.9, -87.6), (0, 0, 0, 180), (90, 0, -90, 0), (41.8, -87, 42, -87)]
    (found,) = compute(WAY, *points.T)
    np.testing.assert_allclose(found, [haversine(*point) for point in points], rtol=1e-6, atol=1e-4)


def test_a_batch_of_one_has_the_same_bits_as_a_large_one() -> None:
    random = np.random.default_rng(5)
    points = random.uniform(41, 43, (333, 4)).astype(np.float32)
    (batch,) = compute(WAY, *points.T)
    single = [compute(WAY, *point.reshape(4, 1))[0] for point in points]
    assert np.concatenate(single).tobytes() == batch.tobytes()


def test_the_end_of_a_period_lies_next_to_its_start() -> None:
    hour = Derived(name="hour", how=How.CYCLICAL, of=("h",), period=24)
    hours = np.array([0, 6, 12, 23, 24, -1])
    sine, cosine = compute(hour, hours)
    np.testing.assert_allclose(sine, np.sin(hours * np.pi / 12), atol=1e-7)
    np.testing.assert_allclose(cosine, np.cos(hours * np.pi / 12), atol=1e-7)
    assert sine[3] == sine[5]


def test_a_euclidean_distance() -> None:
    straight = Derived(name="way", how=How.EUCLIDEAN, of=("a", "b", "c", "d"))
    assert compute(straight, [1.0], [2.0], [4.0], [6.0]) == [[5.0]]


def test_a_cross_is_hashed_the_same_for_ever() -> None:
    """As another process once hashed them; each place in the cross counts."""
    categories = {
        "area": tf.constant([8, 32, 83], tf.int64),
        "company": tf.constant([b"32", b"8", b"2"]),
    }
    found = cross_categories(categories, Cross(of=("area", "company"), buckets=1000))
    assert found.numpy().tolist() == [700, 392, 934]


def measure_error(features: Features, settings: Settings, examples: str) -> float:
    """Trains, and gives the root mean squared error on the validation split."""
    training = settings.training.model_copy(
        update={
            "hidden_units": (8,),
            "epochs": 2,
            "dropout": 0.0,
            "learning_rate": 0.01,
            "batch_size": 128,
        }
    )
    model, _ = fit_model(features, training, examples)
    errors = [
        model(inputs, training=False).numpy()[:, 0] - labels.numpy()
        for inputs, labels in read_examples(features, training, examples, Split.EVAL)
    ]
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def test_a_distance_makes_the_fare_easier_to_predict(
    settings: Settings, trips: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After the same short training, without the meter's own miles, which come after the ride."""
    folder = tmp_path_factory.mktemp("fares")
    declared = {column.name: column for column in settings.features.columns}
    places = [
        declared[name].model_copy(update={"role": Role.NUMERIC, "buckets": None}) for name in PLACES
    ]
    fare = Column(name="fare", type="FLOAT", role=Role.LABEL, min=0)
    with_way = settings.features.model_copy(
        update={
            "problem": Problem.REGRESSION,
            "columns": (settings.features.identifier, *places, fare),
            "derived": (WAY,),
            "crosses": (),
            "where": None,
        }
    )
    without = with_way.model_copy(update={"derived": ()})
    paid = trips[trips["fare"].between(0.01, 100)].dropna(subset=list(PLACES))
    data = write_extract(with_way, paid, folder / "data")
    examples, graph = str(folder / "examples"), str(folder / "graph")
    transform(with_way, data, examples, graph, settings.beam.arguments)
    better, worse = (measure_error(each, settings, examples) for each in (with_way, without))
    assert better < (1 - GAIN) * worse, (better, worse)
