"""A network as a TensorFlow Lite file."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from mlops.errors import UserError
from mlops.evaluation.predictions import load_model
from mlops.training.export import NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np

    Columns = Mapping[str, np.ndarray]
    Tensors = dict[str, tf.Tensor]


class TFLiteError(UserError):
    """A model cannot become a TensorFlow Lite file."""


class Converter:
    """The network of a SavedModel, its weights made constants.

    TensorFlow Lite's own reader of a SavedModel ends the process at a variable of Keras 3.
    """

    def __init__(self, model: str):
        """Reads the SavedModel at a URI.

        Raises:
            TFLiteError: it holds no network.
        """
        self.model = model
        self._model = load_model(model)  # kept: its signatures alone lose the variables
        signatures = self._model.signatures
        if NETWORK not in signatures:
            raise TFLiteError(
                f"The model {model} holds no network to make a TFLite file of: train one with"
                " training.framework tensorflow, which models before this version lack too."
            )
        self._network = convert_variables_to_constants_v2(signatures[NETWORK])

    @property
    def inputs(self) -> dict[str, tf.TensorSpec]:
        """What the network reads, by name: columns of shape [batch], or images."""
        names = (tensor.name.partition(":")[0] for tensor in self._network.inputs)
        pairs = zip(names, self._network.inputs, strict=True)
        return {name: tf.TensorSpec(each.shape, each.dtype, name) for name, each in pairs}

    def to_float32(self) -> bytes:
        """The file of the network as it is."""
        return self._convert(None, {})

    def quantize(self, samples: Columns | None = None) -> bytes:
        """The file with weights of 8 bits.

        Args:
            samples: inputs, [rows, ...] each; the network computes with 8 bits, too, in the ranges
                that its values have for these rows. None: it computes with floats.
        """
        return self._convert(tf.lite.Optimize.DEFAULT, samples or {})

    def _convert(self, optimization: tf.lite.Optimize | None, samples: Columns) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            self._save(folder)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder)
            if optimization:
                converter.optimizations = [optimization]
            if samples:
                converter.representative_dataset = lambda: self._list_rows(samples)
            content: bytes = converter.convert()
        return content

    def _save(self, folder: str) -> None:
        """A SavedModel that keeps the names of inputs and output, which a function alone loses."""
        names = list(self.inputs)

        def network(transformed: Tensors) -> Tensors:
            (prediction,) = self._network(*(transformed[name] for name in names))
            return {"prediction": prediction}

        signature = tf.function(network, input_signature=[self.inputs])
        tf.saved_model.save(tf.Module(), folder, signatures={"serving_default": signature})

    def _list_rows(self, samples: Columns) -> Iterator[dict[str, np.ndarray]]:
        count = len(next(iter(samples.values())))
        for row in range(count):
            yield {name: samples[name][row : row + 1] for name in self.inputs}


def run_file(content: bytes, columns: Columns) -> np.ndarray:
    """What a TensorFlow Lite file predicts, [rows] or [rows, classes], of [rows, ...] each."""
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")
    names = runner.get_input_details()
    prediction: np.ndarray = runner(**{name: columns[name] for name in names})["prediction"]
    return prediction
