"""An instance taken apart into features, and put together again with some at their baselines."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import ExplanationMetadata

from localcloud.explanation.shapley import Coalition
from localcloud.rpc import raw
from localcloud.vertex.json_values import plain

Json: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
Inputs: TypeAlias = Mapping[str, ExplanationMetadata.InputMetadata]


@dataclass(frozen=True)
class Leaf:
    """A single value of an instance: the input that it belongs to, and where it stands in it."""

    input: str
    path: Path


class Features:
    """The features of one instance, each with its value there and at the baselines.

    An instance is an object whose members are the inputs, or, if there is one input only, the
    input itself. Each number, text or truth value of an input is a feature of its own; inputs
    with a `group_name` are one feature together.
    """

    def __init__(self, inputs: Inputs, instance: Json) -> None:
        """Take an instance apart.

        Raises:
            InvalidArgument: it lacks an input, or a baseline has another shape.
        """
        self._inputs = inputs
        self._whole = not isinstance(instance, dict)
        self._instance = self._as_object(instance)
        self._players = list(_players(inputs, self._instance))
        self._baselines = [self._baseline(n) for n in range(self._baseline_count)]

    def __len__(self) -> int:
        return len(self._players)

    @property
    def baselines(self) -> range:
        """The numbers of the baselines, from 0."""
        return range(len(self._baselines))

    def mixture(self, baseline: int, coalition: Coalition) -> Json:
        """The instance with all features but these at a baseline."""
        mixed = copy.deepcopy(self._instance)
        for player, leaves in enumerate(self._players):
            if player not in coalition:
                for leaf in leaves:
                    _put(mixed, leaf, self._baselines[baseline][leaf])
        return next(mixed[name] for name in self._inputs) if self._whole else mixed

    def attributions(self, contributions: Sequence[float]) -> dict[str, Json]:
        """The contributions of the features in the form of the instance, by inputs and groups."""
        shaped = {name: copy.deepcopy(self._instance[name]) for name in self._inputs}
        grouped = {}
        for leaves, contribution in zip(self._players, contributions, strict=True):
            group = self._inputs[leaves[0].input].group_name
            if group:
                grouped[group] = contribution
            else:
                _put(shaped, leaves[0], contribution)
        single = {name: shaped[name] for name, each in self._inputs.items() if not each.group_name}
        return {**self._named(single), **grouped}

    def _as_object(self, instance: Json) -> dict[str, Json]:
        if self._whole:
            if len(self._inputs) != 1:
                raise InvalidArgument(
                    f"An instance is {_kind(instance)}; send objects with the members"
                    f" {', '.join(self._inputs)}, which explanation_spec.metadata.inputs names."
                )
            return {next(iter(self._inputs)): instance}
        for name in self._inputs:
            if name not in instance:
                raise InvalidArgument(
                    f"An instance has no {name}, which explanation_spec.metadata.inputs names."
                )
        return dict(instance)

    @property
    def _baseline_count(self) -> int:
        return max(1, *(len(each.input_baselines) for each in self._inputs.values()))

    def _baseline(self, number: int) -> dict[Leaf, Json]:
        """The values of all features at a baseline."""
        found = {}
        for leaves in self._players:
            for leaf in leaves:
                choices = raw(self._inputs[leaf.input]).input_baselines
                actual = _at(self._instance[leaf.input], leaf.path, leaf)
                if not choices:
                    found[leaf] = _nothing(actual)
                else:
                    chosen = plain(choices[min(number, len(choices) - 1)])
                    found[leaf] = _at(chosen, leaf.path, leaf)
        return found

    def _named(self, shaped: dict[str, Json]) -> dict[str, Json]:
        """Lists whose positions have names (`index_feature_mapping`) as members of those names."""
        named: dict[str, Json] = {}
        for name, value in shaped.items():
            positions = self._inputs[name].index_feature_mapping
            if isinstance(value, list) and len(positions) == len(value):
                named.update(zip(positions, value, strict=True))
            else:
                named[name] = value
        return named


def _players(inputs: Inputs, instance: Mapping[str, Json]) -> Iterator[list[Leaf]]:
    groups: dict[str, list[Leaf]] = {}
    for name, metadata in inputs.items():
        leaves = [Leaf(name, path) for path in _paths(instance[name])]
        if metadata.group_name:
            groups.setdefault(metadata.group_name, []).extend(leaves)
        else:
            yield from ([leaf] for leaf in leaves)
    yield from groups.values()


def _paths(value: Json, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _paths(member, (*path, key))
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _paths(member, (*path, position))
    else:
        yield path


def _at(value: Json, path: Path, leaf: Leaf) -> Json:
    """What stands at a path; a single value stands for a whole list or object of them."""
    for step in path:
        if not isinstance(value, dict | list):
            return value
        try:
            value = value[step]  # type: ignore[index]  # a wrong index is what is looked for
        except (LookupError, TypeError) as error:
            raise _misshaped(leaf) from error
    if isinstance(value, dict | list):
        raise _misshaped(leaf)
    return value


def _misshaped(leaf: Leaf) -> InvalidArgument:
    return InvalidArgument(
        f"A baseline of {leaf.input} has another shape than its value in an instance; give a"
        " single value or one of the same shape."
    )


def _put(target: Json, leaf: Leaf, value: Json) -> None:
    steps = (leaf.input, *leaf.path)
    for step in steps[:-1]:
        target = target[step]
    target[steps[-1]] = value


def _nothing(value: Json) -> Json:
    """The baseline of a feature that has none: zero, no text, false."""
    return type(value)() if isinstance(value, bool | int | float | str) else None


def _kind(value: Json) -> str:
    return "a list" if isinstance(value, list) else f"the value {value!r}"
