"""The network becomes a quantised TensorFlow Lite file, if that is small and predicts as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mlops.data.query import Split
from mlops.data.sample import read_sample
from mlops.evaluation.predictions import predict, read_inputs, transform
from mlops.export_settings import TFLite
from mlops.tflite.conversion import Converter, TFLiteError, run_file
from mlops.tflite.export import TEST_ROWS, compare, export_tflite, read_rows
from mlops.training.export import NETWORK
from mlops.training.train import train
from tests.ml.conftest import Run
from tests.ml.test_evaluation import save_constant_model

BOUNDS = TFLite(enabled=True)


@pytest.fixture(scope="module")
def wide(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A network of enough weights, trained for one epoch."""
    model = str(tmp_path_factory.mktemp("wide"))
    training = run.settings.training.model_copy(update={"hidden_units": (512, 256), "epochs": 1})
    train(run.features, training, run.transformed, run.graph, model)
    return replace(run, model=model)


@pytest.mark.parametrize("quantization", ["dynamic_range", "integer"])
def test_a_wide_network_shrinks_and_predicts_as_before(
    wide: Run, tmp_path: Path, quantization: Any
) -> None:
    bounds = BOUNDS.model_copy(update={"quantization": quantization})
    found = export_tflite(wide.features, bounds, wide.data, wide.model, str(tmp_path))
    assert not found.list_failures(bounds)
    assert found.size_ratio >= 3.4
    assert abs(found.loss_percent) <= 0.5
    assert "Passed" in (tmp_path / "tflite.html").read_text()

    content = (tmp_path / "model.tflite").read_bytes()
    assert len(content) == found.quantized_bytes
    inputs = Converter(wide.model).inputs
    assert set(inputs) == {each.name for each in wide.features.transformed}
    sample = read_sample(wide.data, Split.EVAL, 300, 1)
    raw = read_inputs(sample, wide.features, wide.model)
    expected = predict(wide.model, raw)
    transformed = transform(wide.model, raw)
    predicted = run_file(content, transformed)
    assert expected.std() > 0.01
    assert 0 < np.abs(predicted - expected).max() < 0.1
    assert np.corrcoef(predicted, expected)[0, 1] > 0.99


def test_the_file_before_quantisation_is_the_network_itself(run: Run) -> None:
    sample = read_sample(run.data, Split.EVAL, 300, 1)
    raw = read_inputs(sample, run.features, run.model)
    predicted = run_file(Converter(run.model).to_float32(), transform(run.model, raw))
    np.testing.assert_allclose(predicted, predict(run.model, raw), atol=1e-5)


def test_a_small_network_is_refused_and_leaves_no_file(run: Run, tmp_path: Path) -> None:
    found = export_tflite(run.features, BOUNDS, run.data, run.model, str(tmp_path))
    (failure,) = found.list_failures(BOUNDS)
    assert "times smaller than the network in float32" in failure
    assert [path.name for path in tmp_path.iterdir()] == ["tflite.html"]
    assert "Refused" in (tmp_path / "tflite.html").read_text()


def test_a_file_that_always_says_no_is_refused(wide: Run, tmp_path: Path) -> None:
    def no(transformed: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"prediction": 0 * transformed["trip_miles"]}

    specs = {"trip_miles": tf.TensorSpec([None], tf.float32, "trip_miles")}
    signature = tf.function(no, input_signature=[specs])
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={NETWORK: signature})
    broken = Converter(str(tmp_path)).quantize()
    rows = read_rows(wide.features, wide.data, wide.model, Split.TEST, TEST_ROWS)
    found = compare(wide.features.problem, wide.model, rows, 4 * broken, broken)
    (failure,) = found.list_failures(BOUNDS)
    assert "above the maximum of 0.5" in failure


def test_what_is_no_network_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    model = save_constant_model(run.features, 0.5, tmp_path / "model")
    with pytest.raises(TFLiteError, match=r"holds no network .* training\.framework tensorflow"):
        export_tflite(run.features, BOUNDS, run.data, model, str(tmp_path / "exported"))
    assert not (tmp_path / "exported").exists()
