"""Which features the instances of a model have, and their values as they are analysed."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import yaml
from google.api_core.exceptions import InvalidArgument

from localcloud.monitoring import statistics
from localcloud.monitoring.statistics import Statistics

Json: TypeAlias = Any
Example: TypeAlias = Mapping[str, Json]  # one instance or training row, by feature

_NUMBERS = ("integer", "number")


class Kind(Enum):
    """How a feature is analysed: by Jensen-Shannon divergence or by L-infinity."""

    NUMERICAL = "number"
    CATEGORICAL = "string"


@dataclass(frozen=True)
class InstanceSchema:
    """The features of an instance, in order.

    It is written as Vertex writes it: an OpenAPI schema of type `object` in YAML.
    """

    kinds: Mapping[str, Kind]

    @classmethod
    def parse(cls, text: str, source: str) -> "InstanceSchema":
        """Read a schema file.

        Raises:
            InvalidArgument: it is not an OpenAPI schema of an object; the message names `source`.
        """
        try:
            properties = yaml.safe_load(text)["properties"]
            types = {str(name): _type(each) for name, each in properties.items()}
        except (yaml.YAMLError, TypeError, LookupError, AttributeError) as error:
            raise InvalidArgument(
                f"{source} is no schema of an instance; write OpenAPI YAML with type: object and"
                " the type of each of its properties."
            ) from error
        return cls(
            {
                name: Kind.NUMERICAL if each in _NUMBERS else Kind.CATEGORICAL
                for name, each in types.items()
                if each != "object"
            }
        )

    @classmethod
    def infer(cls, instances: Iterable[Json]) -> "InstanceSchema":
        """The schema of some instances: numbers are numerical, all else is categorical.

        Objects inside of instances are left out, as Vertex cannot analyse nested features.
        Instances that are no objects have the features `feature_0`, `feature_1`, ….
        """
        values: dict[str, list[Json]] = {}
        for instance in instances:
            for name, value in _by_name(instance).items():
                values.setdefault(name, []).extend(_flat(value))
        return cls(
            {
                name: Kind.NUMERICAL if all(map(_is_number, seen)) else Kind.CATEGORICAL
                for name, seen in values.items()
                if seen and not any(isinstance(value, dict) for value in seen)
            }
        )

    def to_yaml(self) -> str:
        """The schema as a file."""
        properties = {name: {"type": kind.value} for name, kind in self.kinds.items()}
        schema = {"type": "object", "properties": properties, "required": list(self.kinds)}
        return yaml.safe_dump(schema, sort_keys=False, allow_unicode=True)

    def example(self, instance: Json) -> Example:
        """An instance by feature; one that is no object has its values in the schema's order."""
        return _by_name(instance, list(self.kinds))

    def statistics(self, name: str, examples: Sequence[Example]) -> Statistics:
        """The statistics of one feature.

        Raises:
            InvalidArgument: a value of a numerical feature is no number.
        """
        values = [_flat(example.get(name)) for example in examples]
        if self.kinds[name] is Kind.CATEGORICAL:
            texts = [[_text(value) for value in each] for each in values]
            return statistics.categorical(name, texts)
        return statistics.numeric(name, [_numbers(name, each) for each in values])


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a property, or of the items of one that is an array."""
    return _type(schema["items"]) if schema["type"] == "array" else str(schema["type"])


def _by_name(instance: Json, names: Sequence[str] = ()) -> Example:
    if isinstance(instance, dict):
        return dict(sorted(instance.items()))  # requests keep no order of an object's members
    values = instance if isinstance(instance, list) else [instance]
    names = names or [f"feature_{index}" for index in range(len(values))]
    return dict(zip(names, values, strict=False))


def _flat(value: Json) -> list[Json]:
    """The values of a feature: those of an array, one, or none."""
    if isinstance(value, list):
        return [inner for each in value for inner in _flat(each)]
    return [] if value is None else [value]


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(name: str, values: Iterable[Json]) -> list[float]:
    """Numbers, also those that were sent as texts; what is empty or not finite is missing."""
    try:
        numbers = [float(value) for value in values if value != ""]
    except (TypeError, ValueError) as error:
        raise InvalidArgument(
            f"Feature {name} is a number by its schema, and a value of it is none; correct the"
            " data, or make it a string in analysis_instance_schema_uri."
        ) from error
    return [number for number in numbers if math.isfinite(number)]


def _text(value: Json) -> str:
    """A category's name: the same for 1 and 1.0, which JSON and CSV write at will."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, ensure_ascii=False)
