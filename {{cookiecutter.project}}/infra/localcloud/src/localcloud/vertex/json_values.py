"""JSON and protobuf's Value, as predictions use them: whole numbers stay whole on both ways."""

from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.protobuf.struct_pb2 import Value

_EXACT = 2.0**53  # up to here a double holds every whole number


def plain(value: Value) -> Any:
    """What a Value says, as Python's json module writes it.

    Raises:
        InvalidArgument: it holds NaN or an infinity, which JSON cannot say.
    """
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "struct_value":
        return {name: plain(member) for name, member in value.struct_value.fields.items()}
    if kind == "list_value":
        return [plain(member) for member in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


def set_value(value: Value, item: Any) -> None:
    """Make a Value say what was read from JSON."""
    if item is None:
        value.null_value = 0
    elif isinstance(item, bool):
        value.bool_value = item
    elif isinstance(item, int | float):
        value.number_value = item
    elif isinstance(item, str):
        value.string_value = item
    elif isinstance(item, list):
        value.list_value.SetInParent()
        for member in item:
            set_value(value.list_value.values.add(), member)
    else:
        value.struct_value.SetInParent()
        for name, member in item.items():
            set_value(value.struct_value.fields[name], member)


def _number(number: float) -> int | float:
    if number - number != 0:  # only NaN and the infinities
        raise InvalidArgument(f"instances hold {number}, which JSON cannot say; send null instead.")
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number
