"""Divides a dataset's rows or items into the sets for training, validation and test."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import DataItem, InputDataConfig

from localcloud.datasets.items import predicate
from localcloud.datasets.listings import ML_USE
from localcloud.datasets.schemas import Kind
from localcloud.datasets.tables import Row
from localcloud.rpc import raw

USES = ("training", "validation", "test")
Uses: TypeAlias = list[str]  # the use of each row or item, empty for one that is ignored

_DEFAULT = (0.8, 0.1, 0.1)
_ROUNDING = 1e-6
_SEED = 0  # the same data is always split in the same way
_PREDEFINED = {"train": "training", "validate": "validation"} | {use: use for use in USES}
_MOST_STRATA, _FEWEST_OF_STRATUM = 500, 3  # of a stratified split, as Vertex documents it
_MATCHES_NOTHING = "-"


def check(config: InputDataConfig, kind: Kind) -> None:
    """Refuse a split that is not for this kind of dataset, or malformed.

    Raises:
        InvalidArgument: it is.
    """
    split = kind_of_split(config)
    if (split == "filter_split") and not kind.has_items:
        raise InvalidArgument(f"filter_split is not for datasets of kind {kind.name}.")
    if split in ("predefined_split", "timestamp_split", "stratified_split"):
        if kind.has_items:
            raise InvalidArgument(f"{split} is for tabular datasets only.")
        if not getattr(config, split).key:
            raise InvalidArgument(f"input_data_config.{split}.key is required; name a column.")
    if split == "filter_split":
        for use in USES:
            text = getattr(config.filter_split, f"{use}_filter")
            if not text:
                raise InvalidArgument(f"filter_split.{use}_filter is required; - matches nothing.")
            _filter(text)
    elif split not in ("", "predefined_split"):
        _fractions(getattr(config, split))


def kind_of_split(config: InputDataConfig) -> str:
    """The name of the split that a configuration asks for, empty if it leaves that open."""
    return raw(config).WhichOneof("split") or ""


def key_column(config: InputDataConfig) -> str:
    """The column that a split goes by, empty if it goes by none."""
    split = kind_of_split(config)
    return getattr(getattr(config, split), "key", "") if split else ""


def split_rows(config: InputDataConfig, columns: Sequence[str], rows: Sequence[Row]) -> Uses:
    """The use of each row of a table.

    By timestamp the earliest rows are for training and the latest for the test, so that a model
    is tested on what comes after it.

    Raises:
        FailedPrecondition: the table has no such column.
    """
    split, key = kind_of_split(config), key_column(config)
    if key and key not in columns:
        raise FailedPrecondition(
            f"The dataset has no column {key} to split by; it has {', '.join(columns)}."
        )
    values = [row.get(key) for row in rows]
    if split == "predefined_split":
        return [_PREDEFINED.get(str(value).lower(), "") for value in values]
    fractions = _fractions(getattr(config, split)) if split else _DEFAULT
    if split == "timestamp_split":
        return _by_time(values, fractions)
    if split == "stratified_split":
        return _stratified(values, fractions)
    return _by_chance(range(len(rows)), fractions, len(rows))


def split_items(config: InputDataConfig, items: Sequence[DataItem]) -> Uses:
    """The use of each item; without a split, the one that its import said, if any did."""
    split = kind_of_split(config)
    if split == "filter_split":
        filters = [(use, _filter(getattr(config.filter_split, f"{use}_filter"))) for use in USES]
        return [next((use for use, selects in filters if selects(item)), "") for item in items]
    fractions = _fractions(config.fraction_split) if split else _DEFAULT
    said = [item.labels[ML_USE] if not split and ML_USE in item.labels else "" for item in items]
    open_ones = [index for index, use in enumerate(said) if not use]
    drawn = _by_chance(open_ones, fractions, len(items))
    return [use or chance for use, chance in zip(said, drawn, strict=True)]


def parts(uses: Uses, values: Sequence[Any]) -> Mapping[str, list[Any]]:
    """The values of each use, in their order."""
    return {
        use: [value for found, value in zip(uses, values, strict=True) if found == use]
        for use in USES
    }


def _fractions(split: Any) -> tuple[float, float, float]:
    """The fractions of a split; what they leave over is for training."""
    given = [getattr(split, f"{use}_fraction") for use in USES]
    if not any(given):
        return _DEFAULT
    if min(given) < 0 or sum(given) > 1 + _ROUNDING:
        raise InvalidArgument(
            f"The fractions {', '.join(map(str, given))} cannot be used; give three that sum to at"
            " most 1."
        )
    training, validation, test = given
    return training + max(0.0, 1 - sum(given)), validation, test


def _cut(order: Sequence[int], fractions: tuple[float, float, float], uses: Uses) -> None:
    """Give the first of these rows to training, the next to validation, the last to the test."""
    first = round(len(order) * fractions[0])
    second = round(len(order) * (fractions[0] + fractions[1]))
    for position, index in enumerate(order):
        uses[index] = USES[(position >= first) + (position >= second)]


def _by_chance(indices: Sequence[int], fractions: tuple[float, float, float], count: int) -> Uses:
    uses = [""] * count
    order = list(indices)
    random.Random(_SEED).shuffle(order)  # noqa: S311 - a draw, no secret
    _cut(order, fractions, uses)
    return uses


def _by_time(values: Sequence[Any], fractions: tuple[float, float, float]) -> Uses:
    uses = [""] * len(values)
    times = {index: time for index, value in enumerate(values) if (time := _time(value))}
    _cut(sorted(times, key=lambda index: times[index]), fractions, uses)
    return uses


def _stratified(values: Sequence[Any], fractions: tuple[float, float, float]) -> Uses:
    counts = Counter(map(str, values)).most_common(_MOST_STRATA)
    strata = {name for name, count in counts if count >= _FEWEST_OF_STRATUM}
    groups: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        groups.setdefault(str(value) if str(value) in strata else "", []).append(index)
    uses = [""] * len(values)
    for group in groups.values():
        for index, use in enumerate(_by_chance(group, fractions, len(values))):
            uses[index] = use or uses[index]
    return uses


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _filter(text: str) -> Callable[[Any], bool]:
    return (lambda _: False) if text == _MATCHES_NOTHING else predicate(text)
