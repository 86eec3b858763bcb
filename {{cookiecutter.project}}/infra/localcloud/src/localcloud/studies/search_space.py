"""The parameters of a study: which there are, which count, and whether they are well formed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import StudySpec

from localcloud.rpc import raw
from localcloud.vertex.resources import refuse_fields

Parameter: TypeAlias = StudySpec.ParameterSpec
Choice: TypeAlias = int | float | str
Point: TypeAlias = Mapping[str, Choice]

# Chooses a parameter's value; the path tells apart conditional parameters of one id.
Choose: TypeAlias = Callable[[str, Parameter], Choice]

_CONDITIONS = {
    "integer_value_spec": "parent_int_values",
    "categorical_value_spec": "parent_categorical_values",
    "discrete_value_spec": "parent_discrete_values",
}
_MOST_VALUES = 1000
_LOGARITHMIC = (
    Parameter.ScaleType.UNIT_LOG_SCALE,
    Parameter.ScaleType.UNIT_REVERSE_LOG_SCALE,
)


def kind(parameter: Parameter) -> str:
    """Which kind of values it has: the name of the field, such as `double_value_spec`."""
    return str(raw(parameter).WhichOneof("parameter_value_spec") or "")


def walk(parameters: Sequence[Parameter], choose: Choose, path: str = "") -> dict[str, Choice]:
    """Choose a value for each parameter that counts: conditional ones depend on their parent's."""
    point: dict[str, Choice] = {}
    for parameter in parameters:
        own = f"{path}{parameter.parameter_id}"
        value = choose(own, parameter)
        point[parameter.parameter_id] = value
        for number, children in enumerate(_children(parameter, value)):
            point.update(walk(children, choose, f"{own}[{number}]."))
    return point


def points(parameters: Sequence[Parameter]) -> Iterator[Point]:
    """All points of a grid, the last parameter changing fastest."""
    if not parameters:
        yield {}
        return
    first, *rest = parameters
    for value in values(first):
        children = [child for group in _children(first, value) for child in group]
        for inner in points(children):
            for outer in points(rest):
                yield {first.parameter_id: value, **inner, **outer}


def values(parameter: Parameter) -> Sequence[Choice]:
    """All values of a parameter that has finitely many."""
    if kind(parameter) == "integer_value_spec":
        spec = parameter.integer_value_spec
        return range(spec.min_value, spec.max_value + 1)
    spec = getattr(parameter, kind(parameter))
    return list(spec.values)


def check(spec: StudySpec) -> None:
    """Refuse a study that Vertex refuses, or that asks for what localcloud does not have.

    Raises:
        InvalidArgument: metrics or parameters are missing or malformed.
        MethodNotImplemented: the study is to stop by itself, or a metric is for safety.
    """
    refuse_fields(spec, "study_spec", ("study_stopping_config",))
    for metric in spec.metrics:
        refuse_fields(metric, "study_spec.metrics", ("safety_config",))
    if not spec.metrics:
        raise InvalidArgument("study_spec.metrics is required; name a metric and its goal.")
    _check_unique("study_spec.metrics", [metric.metric_id for metric in spec.metrics])
    if not spec.parameters:
        raise InvalidArgument("study_spec.parameters is required; give at least one parameter.")
    _check_parameters("study_spec.parameters", spec.parameters)
    grid = spec.algorithm == StudySpec.Algorithm.GRID_SEARCH
    if grid and any(kind(each) == "double_value_spec" for each in _all(spec.parameters)):
        raise InvalidArgument(
            "study_spec.algorithm is GRID_SEARCH, for which every parameter must be INTEGER,"
            " CATEGORICAL or DISCRETE."
        )


def _children(parameter: Parameter, value: Choice) -> Iterator[Sequence[Parameter]]:
    """The conditional parameters that count for this value of their parent."""
    condition = _CONDITIONS.get(kind(parameter), "")
    for conditional in parameter.conditional_parameter_specs:
        if value in getattr(conditional, condition).values:
            yield [conditional.parameter_spec]


def _all(parameters: Sequence[Parameter]) -> Iterator[Parameter]:
    for parameter in parameters:
        yield parameter
        yield from _all([each.parameter_spec for each in parameter.conditional_parameter_specs])


def _check_parameters(field: str, parameters: Sequence[Parameter]) -> None:
    _check_unique(field, [parameter.parameter_id for parameter in parameters])
    for parameter in parameters:
        name = f"{field}[{parameter.parameter_id}]"
        _check_values(name, parameter)
        _check_conditions(name, parameter)


def _check_unique(field: str, ids: Sequence[str]) -> None:
    for each in ids:
        if not each or ids.count(each) > 1:
            problem = f"has {each!r} twice" if each else "has one without an id"
            raise InvalidArgument(f"{field} {problem}; give each its own id.")


def _check_values(field: str, parameter: Parameter) -> None:
    match kind(parameter):
        case "double_value_spec" | "integer_value_spec":
            _check_range(field, parameter)
        case "categorical_value_spec" | "discrete_value_spec":
            _check_list(field, parameter)
        case _:
            raise InvalidArgument(f"{field} has no values; give it one of the value specs.")


def _check_range(field: str, parameter: Parameter) -> None:
    spec = getattr(parameter, kind(parameter))
    least, most = spec.min_value, spec.max_value
    if not least <= most:
        raise InvalidArgument(f"{field} reaches from {least} to {most}; make max the larger one.")
    if parameter.scale_type in _LOGARITHMIC and least <= 0:
        raise InvalidArgument(
            f"{field} has a logarithmic scale from {least}; start above 0 or scale linearly."
        )


def _check_list(field: str, parameter: Parameter) -> None:
    given = values(parameter)
    if not 1 <= len(given) <= _MOST_VALUES or len(set(given)) < len(given):
        raise InvalidArgument(f"{field} has {len(given)} values; give 1 to 1000 different ones.")
    if kind(parameter) == "discrete_value_spec" and list(given) != sorted(given, key=float):
        raise InvalidArgument(f"{field} has values out of order; sort them.")


def _check_conditions(field: str, parameter: Parameter) -> None:
    if parameter.conditional_parameter_specs and kind(parameter) not in _CONDITIONS:
        raise InvalidArgument(f"{field} is a DOUBLE, which cannot have conditional parameters.")
    for conditional in parameter.conditional_parameter_specs:
        name = _CONDITIONS[kind(parameter)]
        wanted: Collection[Any] = getattr(conditional, name).values
        unknown = [value for value in wanted if value not in values(parameter)]
        if not wanted or unknown:
            raise InvalidArgument(
                f"{field} has a condition on {list(unknown)}; list some of its values in {name}."
            )
        _check_parameters(f"{field}.conditional_parameter_specs", [conditional.parameter_spec])
