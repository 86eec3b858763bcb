"""Reads TFRecord files of tf.train.Example messages, without TensorFlow."""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_HEADER = struct.Struct("<QI")  # length of the record, checksum of the length
_CHECKSUM = 4  # bytes behind the record
_Field = descriptor_pb2.FieldDescriptorProto
_LISTS = (
    ("BytesList", "bytes_list", _Field.TYPE_BYTES),
    ("FloatList", "float_list", _Field.TYPE_FLOAT),
    ("Int64List", "int64_list", _Field.TYPE_INT64),
)


def read_examples(file: Path) -> Iterator[dict[str, Any]]:
    """The examples of a file: a list of values, or none, by feature; bytes are read as text.

    Raises:
        ValueError: the file holds something else.
    """
    with file.open("rb") as content:
        while header := content.read(_HEADER.size):
            if len(header) < _HEADER.size:
                raise ValueError("it ends within a record")
            length, _ = _HEADER.unpack(header)
            yield _parse(content.read(length))
            content.read(_CHECKSUM)


def _parse(record: bytes) -> dict[str, Any]:
    try:
        example = _example_type().FromString(record)
    except Exception as error:  # protobuf's own error, which differs by implementation
        raise ValueError("a record is no tf.train.Example") from error
    return {name: _values(feature) for name, feature in example.features.feature.items()}


def _values(feature: Any) -> list[Any]:
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    return [value.decode(errors="replace") if kind == "bytes_list" else value for value in values]


@cache
def _example_type() -> type[Any]:
    """The message of tensorflow/core/example/example.proto; TensorFlow itself is not needed."""
    file = descriptor_pb2.FileDescriptorProto(
        name="localcloud/example.proto", package="tensorflow", syntax="proto3"
    )
    feature = descriptor_pb2.DescriptorProto(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, (message, field, item) in enumerate(_LISTS, start=1):
        values = file.message_type.add(name=message)
        values.field.add(name="value", number=1, type=item, label=_Field.LABEL_REPEATED)
        _add(feature, field, number, message).oneof_index = 0
    file.message_type.append(feature)
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
    _add(entry, "value", 2, "Feature")
    _add(features, "feature", 1, "Features.FeatureEntry").label = _Field.LABEL_REPEATED
    _add(file.message_type.add(name="Example"), "features", 1, "Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: type[Any] = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("tensorflow.Example")
    )
    return found


def _add(message: Any, name: str, number: int, kind: str) -> Any:
    return message.field.add(
        name=name,
        number=number,
        type=_Field.TYPE_MESSAGE,
        type_name=f".tensorflow.{kind}",
        label=_Field.LABEL_OPTIONAL,
    )
