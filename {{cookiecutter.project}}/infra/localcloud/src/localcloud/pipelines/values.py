"""Parameter values: between JSON, where every number can be a double, and KFP's types."""

import json
from collections.abc import Mapping

from localcloud.pipelines.spec import InvalidSpec, Json, Parameter

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "NUMBER_DOUBLE": (float, int),
    "NUMBER_INTEGER": (int,),
    "STRING": (str,),
    "STRUCT": (dict,),
}


def from_struct(value: Json) -> Json:
    """Values of a protobuf Struct, which knows only doubles, with whole numbers as int."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [from_struct(item) for item in value]
    if isinstance(value, dict):
        return {key: from_struct(item) for key, item in value.items()}
    return value


def cast(value: Json, kind: str) -> Json:
    """A value as its KFP parameter type, such as `NUMBER_INTEGER`; None stays None.

    Raises:
        ValueError: the value cannot be of this type.
    """
    if value is None:
        return None
    if kind == "STRING":
        return to_text(value)
    if kind == "NUMBER_DOUBLE":
        return float(value)
    if isinstance(value, str) and kind in _PYTHON_TYPES:
        value = json.loads(value.lower() if kind == "BOOLEAN" else value)
    value = from_struct(value)
    if kind in _PYTHON_TYPES and not _is(value, kind):
        raise ValueError(f"{value!r} is not of type {kind}")
    return value


def to_text(value: Json) -> str:
    """A value as it stands inside a text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def seconds(duration: str) -> float:
    """A protobuf Duration in JSON, such as `1.5s`, in seconds."""
    try:
        return float(duration.removesuffix("s"))
    except ValueError as error:
        raise InvalidSpec(f"{duration} is not a duration; write one such as 30s.") from error


def runtime_parameters(
    given: Mapping[str, Json], parameters: Mapping[str, Parameter]
) -> dict[str, Json]:
    """The parameters of a job, typed and with defaults.

    Raises:
        InvalidSpec: one is unknown, missing, of the wrong type or not one of its literals.
    """
    if unknown := sorted(set(given) - set(parameters)):
        raise InvalidSpec(
            f"the pipeline has no parameter {unknown[0]}; it has"
            f" {', '.join(sorted(parameters)) or 'none'}."
        )
    values = {}
    for name, parameter in parameters.items():
        if name in given:
            values[name] = _checked(name, from_struct(given[name]), parameter)
        elif parameter.default is not None:
            values[name] = cast(parameter.default, parameter.type)
        elif not parameter.optional:
            raise InvalidSpec(f"parameter {name} is required and was not given.")
    return values


def _checked(name: str, value: Json, parameter: Parameter) -> Json:
    if value is None and parameter.optional:
        return None
    if parameter.type not in _PYTHON_TYPES or not _is(value, parameter.type):
        raise InvalidSpec(f"parameter {name} must be of type {parameter.type}.")
    if parameter.literals and value not in parameter.literals:
        allowed = ", ".join(to_text(literal) for literal in parameter.literals)
        raise InvalidSpec(f"parameter {name} must be one of {allowed}.")
    return float(value) if parameter.type == "NUMBER_DOUBLE" else value


def _is(value: Json, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    return isinstance(value, _PYTHON_TYPES[kind])
