"""A SavedModel with checked inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = {tf.string: "a string", tf.bool: "a boolean"}


class InstanceError(ValueError):
    """An instance is not what the model's signature takes."""


class ServingModel:
    """The signature `serving_default` of a SavedModel, over JSON instances."""

    def __init__(self, uri: str) -> None:
        """Loads the SavedModel at a URI, `gs://…` or a folder, and warms it up."""
        self._model = tf.saved_model.load(uri)
        self._signature = self._model.signatures["serving_default"]
        self._types = {
            name: spec.dtype for name, spec in self._signature.structured_input_signature[1].items()
        }
        self._defaults = self._read_defaults()
        self._warm_up()

    def predict(self, instances: list[Any]) -> list[Any]:
        """One prediction an instance, in order.

        A model with one output gives its values; one with several gives them by name.

        Raises:
            InstanceError: a field is missing, unknown or mistyped; names it and the instance.
        """
        rows = [self._check(instance, index) for index, instance in enumerate(instances)]
        outputs = self._run(rows)
        columns = {name: tensor.numpy().tolist() for name, tensor in outputs.items()}
        if len(columns) == 1:
            return next(iter(columns.values()))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _run(self, rows: list[dict[str, Any]]) -> Mapping[str, tf.Tensor]:
        tensors = {
            name: tf.constant([row[name] for row in rows], dtype, shape=(len(rows),))
            for name, dtype in self._types.items()
        }
        outputs: Mapping[str, tf.Tensor] = self._signature(**tensors)
        return outputs

    def _check(self, instance: Any, index: int) -> dict[str, Any]:
        """The instance with its defaults filled in."""
        if not isinstance(instance, dict):
            raise InstanceError(f"instance {index} must be an object of fields and values")
        unknown = sorted(instance.keys() - self._types.keys())
        if unknown:
            raise InstanceError(f"instance {index}: field {unknown[0]} is unknown; leave it out")
        return {name: self._value(instance, name, index) for name in self._types}

    def _value(self, instance: dict[str, Any], name: str, index: int) -> Any:
        if name not in instance:
            raise InstanceError(f"instance {index}: field {name} is missing; add it")
        value, dtype = instance[name], self._types[name]
        if value is None and name in self._defaults:
            return self._defaults[name]
        if not _fits(value, dtype):
            kind = KINDS.get(dtype, "an integer" if dtype.is_integer else "a number")
            also = " or null" if name in self._defaults else ""
            raise InstanceError(f"instance {index}: field {name} must be {kind}{also}")
        return int(value) if dtype.is_integer else value

    def _read_defaults(self) -> dict[str, Any]:
        """What stands in for null, as the training pipeline saved it with the model."""
        if "defaults" not in self._model.signatures:
            return {}
        return {
            name: tensor.numpy() for name, tensor in self._model.signatures["defaults"]().items()
        }

    def _warm_up(self) -> None:
        """The first call traces and allocates; it must not be a user's."""
        zeros = {tf.string: "", tf.bool: False}
        self._run([{name: zeros.get(dtype, 0) for name, dtype in self._types.items()}])


def _fits(value: Any, dtype: tf.DType) -> bool:
    """Whether a JSON value is of a type; whole numbers may be written 3.0, as Vertex sends them."""
    if dtype in KINDS:
        return isinstance(value, str if dtype == tf.string else bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if not dtype.min <= value <= dtype.max:  # as nothing is that is not a number
        return False
    return not dtype.is_integer or float(value).is_integer()
