"""Training again without each feature tells which ones help."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mlops.features import Features
from mlops.settings import Settings, Training
from mlops.training.ablation import ablate, drop, list_features, write_ablation

# `copy` says what `signal` says; the label hangs on both of them and on `part`
FEATURES = Features.model_validate(
    {
        "problem": "classification",
        "table": "a.b.c",
        "columns": [
            {"name": "key", "type": "STRING", "role": "identifier"},
            {"name": "label", "type": "INTEGER", "role": "label"},
            *(
                {"name": name, "type": "FLOAT", "role": "numeric"}
                for name in ("signal", "copy", "part", "noise")
            ),
        ],
    }
)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("examples")
    random = np.random.default_rng(5)
    for split, rows in {"train": 2000, "eval": 1000}.items():
        (folder / split).mkdir()
        columns = {name: random.normal(size=rows) for name in ("signal", "part", "noise")}
        columns["copy"] = columns["signal"]
        label = columns["signal"] + columns["part"] + random.normal(size=rows) > 0
        with tf.io.TFRecordWriter(str(folder / split / "a.tfrecord.gz"), "GZIP") as writer:
            for row in range(rows):
                feature = {
                    name: tf.train.Feature(float_list=tf.train.FloatList(value=[values[row]]))
                    for name, values in columns.items()
                }
                positive = tf.train.Int64List(value=[int(label[row])])
                feature["label"] = tf.train.Feature(int64_list=positive)
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
    return str(folder)


@pytest.fixture(scope="module")
def training(settings: Settings) -> Training:
    changes = {"framework": "xgboost", "tree_count": 30, "tree_depth": 3}
    return settings.training.model_copy(update=changes)


def test_what_nothing_else_tells_is_missed_and_a_copy_is_not(
    training: Training, examples: str, tmp_path: Path
) -> None:
    found = ablate(FEATURES, training, examples, repeats=1)
    losses = {each.name: each.mean for each in found.features}
    assert found.features[0].name == "part"
    assert found.features[0].verdict == "helps"
    assert losses["part"] > 0.1
    assert all(abs(losses[name]) < 0.02 for name in ("signal", "copy", "noise"))
    assert list(losses.values()) == sorted(losses.values(), reverse=True)

    write_ablation(found, str(tmp_path))
    told = json.loads((tmp_path / "ablation.json").read_text())
    assert told["features"][0] == {"name": "part", "losses": list(found.features[0].losses)}
    page = (tmp_path / "ablation.html").read_text()
    assert "<svg" in page
    assert "with 1 seed." in page


def test_a_network_is_trained_again_too(training: Training, examples: str) -> None:
    network = training.model_copy(
        update={"framework": "tensorflow", "epochs": 2, "hidden_units": (8,), "batch_size": 64}
    )
    kept = FEATURES
    for name in ("copy", "noise"):
        kept = drop(kept, name)
    found = ablate(kept, network, examples, repeats=1)
    assert {each.name: each.verdict for each in found.features} == {
        "signal": "helps",
        "part": "helps",
    }


def test_what_is_computed_of_a_feature_goes_with_it(settings: Settings) -> None:
    features = settings.features
    names = list_features(features)
    assert {"trip_hour", "trip_distance", features.crosses[0].name} <= set(names)
    without = drop(features, "pickup_community_area")
    assert {each.name for each in features.transformed} - {
        each.name for each in without.transformed
    } == {"pickup_community_area", "pickup_community_area_x_dropoff_community_area"}
    alone = {each.name for each in drop(features, "trip_hour").transformed}
    assert "trip_start_hour" in alone
    assert "trip_hour_sin" not in alone
