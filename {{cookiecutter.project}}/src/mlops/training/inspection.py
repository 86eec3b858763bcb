"""What a SavedModel says of itself, read from its file without loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.registry.signature import Signature

SERVING = "serving_default"


def read_signature(uri: str) -> Signature:
    """The inputs and outputs of the signature that serving calls, as `saved_model_cli` shows them.

    Each by name as its type and shape, such as `float32 [-1]`; none when it has no such signature.
    """
    content = tf.io.gfile.GFile(f"{uri}/saved_model.pb", "rb").read()
    saved = saved_model_pb2.SavedModel.FromString(content)
    signature = saved.meta_graphs[0].signature_def[SERVING]
    return {"inputs": _describe(signature.inputs), "outputs": _describe(signature.outputs)}


def _describe(tensors: Mapping[str, tf.core.protobuf.meta_graph_pb2.TensorInfo]) -> dict[str, str]:
    return {name: _describe_tensor(tensors[name]) for name in sorted(tensors)}


def _describe_tensor(tensor: tf.core.protobuf.meta_graph_pb2.TensorInfo) -> str:
    sizes = [dimension.size for dimension in tensor.tensor_shape.dim]
    return f"{tf.dtypes.as_dtype(tensor.dtype).name} {sizes}"
