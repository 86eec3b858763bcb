"""A SavedModel, called with whole columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from mlops.serving.instances import Field

if TYPE_CHECKING:
    from mlops.serving.batching import Matrices, Outputs
    from mlops.serving.instances import Columns


class ServingModel:
    """The signature `serving_default` of a SavedModel.

    Attributes:
        fields: the model's inputs.
        typical: one typical row, columns of shape [1], to explain predictions by; empty when the
            model was saved without.
    """

    def __init__(self, folder: str) -> None:
        """Loads the SavedModel in a folder."""
        self._model = tf.saved_model.load(folder)
        signature = self._model.signatures["serving_default"]
        specs = signature.structured_input_signature[1]
        defaults = self._read_row("defaults")
        self.fields = tuple(
            Field(name, _numpy_type(spec.dtype), _json_value(defaults.get(name)))
            for name, spec in sorted(specs.items())
        )
        typical = self._read_row("typical")
        self.typical = typical and {
            field.name: np.array([typical[field.name]], field.dtype) for field in self.fields
        }
        self._groups = [
            [field.name for field in self.fields if field.dtype == dtype]
            for dtype in dict.fromkeys(field.dtype for field in self.fields)
        ]
        self._call = self._pack(signature, specs)

    def pack(self, columns: Columns) -> Matrices:
        """The columns as `run` takes them: those of one type stacked, of shape [columns, rows]."""
        return [np.stack([columns[name] for name in group]) for group in self._groups]

    def run(self, matrices: Matrices) -> Outputs:
        """The outputs of the model by name, each of shape [rows, ...]."""
        outputs = self._call(*[tf.constant(matrix) for matrix in matrices])
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    def warm_up(self, most_rows: int) -> None:
        """Calls the model with 1, 2, 4, … rows: the first calls must not be a user's."""
        row = self.typical or {
            field.name: field.build([_zero(field) if field.default is None else field.default])
            for field in self.fields
        }
        rows = 1
        while rows <= most_rows:
            self.run(self.pack({name: np.repeat(value, rows) for name, value in row.items()}))
            rows *= 2

    def _pack(self, signature: Any, specs: dict[str, tf.TensorSpec]) -> Any:
        """The signature as a function of few matrices instead of many columns.

        Each tensor that goes in costs, so that this halves the time of a call.
        """

        def call(*matrices: tf.Tensor) -> dict[str, tf.Tensor]:
            columns: dict[str, tf.Tensor] = {}
            for group, matrix in zip(self._groups, matrices, strict=True):
                columns.update(zip(group, tf.unstack(matrix, len(group)), strict=True))
            outputs: dict[str, tf.Tensor] = signature(**columns)
            return outputs

        inputs = [
            tf.TensorSpec([len(group), None], specs[group[0]].dtype) for group in self._groups
        ]
        function = tf.function(call, input_signature=inputs, autograph=False)
        return function.get_concrete_function()

    def _read_row(self, signature: str) -> dict[str, Any]:
        """The values that a signature without inputs gives, as the training pipeline saved them."""
        if signature not in self._model.signatures:
            return {}
        return {
            name: tensor.numpy() for name, tensor in self._model.signatures[signature]().items()
        }


def to_predictions(outputs: Outputs) -> list[Any]:
    """One prediction a row: of a model with one output its values, else all outputs by name."""
    columns = {name: _to_list(values) for name, values in outputs.items()}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _to_list(values: np.ndarray) -> list[Any]:
    if values.dtype == object:
        values = np.vectorize(bytes.decode, otypes=[object])(values)
    found: list[Any] = values.tolist()
    return found


def _numpy_type(dtype: tf.DType) -> np.dtype:
    kind: np.dtype = np.dtype(dtype.as_numpy_dtype)
    return kind


def _json_value(value: Any) -> Any:
    """What a client would write for a value of a signature."""
    if value is None or isinstance(value, bytes):
        return value and value.decode()
    return value.item()


def _zero(field: Field) -> Any:
    return "" if field.dtype == object else 0
