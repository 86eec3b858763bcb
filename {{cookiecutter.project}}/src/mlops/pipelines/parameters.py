"""The arguments of a run, checked against the pipeline's signature before it is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from mlops.errors import UserError
from mlops.settings import check_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlops.settings import Settings

# KFP's types of parameters, in the words of YAML
WORDS = {
    "STRING": "a text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "LIST": "a list",
    "STRUCT": "a mapping",
}
# the settings that parameters stand for, where that is not a section of the same name
SETTINGS = {
    "budget_milli_node_hours": ("automl", "budget_milli_node_hours"),
    "inspection": ("privacy", "inspection"),
    "machines": ("batch_prediction", "machines"),
    "max_bad_percent": ("batch_prediction", "max_bad_percent"),
    "on_drift": ("data", "on_drift"),
    "on_skew": ("data", "on_skew"),
    "sample_percent": ("data", "sample_percent"),
    "tflite": ("export", "tflite"),
} | {
    name: (name,)
    for name in (
        "custom_job",
        "evaluation",
        "features",
        "monitoring",
        "serving",
        "training",
        "tuning",
    )
}


class ParameterError(UserError):
    """An argument of a pipeline is missing, not known, or of another type."""


def check_parameters(spec: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
    """Compares arguments with the signature of a compiled pipeline.

    Args:
        spec: the compiled pipeline.
        parameters: its arguments, by name.

    Raises:
        ParameterError: names the first argument that is wrong, and the way out.
    """
    name = spec["pipelineInfo"]["name"]
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for parameter in parameters:
        if parameter not in declared:
            known = ", ".join(declared) or "none"
            raise ParameterError(
                f"The pipeline {name} has no parameter {parameter!r}: it has {known}."
            )
    for parameter, definition in declared.items():
        kind = definition["parameterType"]
        if parameter not in parameters:
            if not definition.get("isOptional"):
                raise ParameterError(
                    f"The pipeline {name} needs the parameter {parameter!r}: give {WORDS[kind]}."
                )
        elif not _fits(parameters[parameter], kind):
            raise ParameterError(
                f"The parameter {parameter!r} of the pipeline {name} is"
                f" {parameters[parameter]!r}: give {WORDS[kind]}."
            )


def check_values(settings: Settings, parameters: Mapping[str, Any]) -> None:
    """Holds arguments to what the settings allow that they stand for.

    Args:
        settings: of the environment.
        parameters: the arguments that are given in place of settings, by name.

    Raises:
        SettingsError: names the first value that is not allowed.
    """
    for name, value in parameters.items():
        if name in SETTINGS:
            check_value(settings, SETTINGS[name], value, f"The parameter {name}")


def read_parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """Arguments from `NAME=VALUE`, where the value is YAML, such as `3`, `true` or `[a, b]`.

    Raises:
        ParameterError: one is not of that form.
    """
    return dict(_read_pair(pair) for pair in pairs)


def _read_pair(pair: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not name or not equals:
        raise ParameterError(f"{pair!r} is no parameter: write NAME=VALUE.")
    try:
        return name, yaml.safe_load(value) if value else ""
    except yaml.YAMLError:
        raise ParameterError(f"The value of {pair!r} is not valid YAML: quote it.") from None


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    match kind:
        case "STRING":
            return isinstance(value, str)
        case "NUMBER_INTEGER":
            return isinstance(value, int)
        case "NUMBER_DOUBLE":
            return isinstance(value, int | float)
        case "LIST":
            return isinstance(value, list)
        case "STRUCT":
            return isinstance(value, dict)
    return False
