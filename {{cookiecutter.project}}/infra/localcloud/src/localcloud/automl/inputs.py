"""What an AutoML tabular training task asks for: the fields of Vertex AI's AutoMlTablesInputs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import InvalidArgument

from localcloud.automl.predictions import Target
from localcloud.bigquery.client import Table
from localcloud.datasets.tables import table_uri

DEFINITION = "/automl_tabular_"

_BUDGET = (1_000, 72_000)  # milli node hours
_OBJECTIVES = {
    "classification": (
        "maximize-au-roc",
        "minimize-log-loss",
        "maximize-au-prc",
        "maximize-precision-at-recall",
        "maximize-recall-at-precision",
    ),
    "regression": ("minimize-rmse", "minimize-mae", "minimize-rmsle"),
}
_AT = {  # objective → the field that says at which value
    "maximize-precision-at-recall": "optimizationObjectiveRecallValue",
    "maximize-recall-at-precision": "optimizationObjectivePrecisionValue",
}
_TRANSFORMATIONS = (
    "auto",
    "numeric",
    "categorical",
    "timestamp",
    "text",
    "repeatedNumeric",
    "repeatedCategorical",
    "repeatedText",
)
_FIELDS = (
    "targetColumn",
    "predictionType",
    "transformations",
    "trainBudgetMilliNodeHours",
    "optimizationObjective",
    *_AT.values(),
    "disableEarlyStopping",
    "weightColumnName",
    "exportEvaluatedDataItemsConfig",
    "additionalExperiments",
)
_FIELD = "training_task_inputs"


@dataclass(frozen=True)
class Inputs:
    """A checked task: `values` has only fields that are set, named as in Vertex AI's JSON."""

    values: Mapping[str, Any]

    @property
    def target(self) -> Target:
        """The column to predict."""
        return Target(
            self.values["targetColumn"], self.values["predictionType"] == "classification"
        )

    @property
    def budget_seconds(self) -> float:
        """The budget as wall time of this machine, which is one node."""
        return float(self.values["trainBudgetMilliNodeHours"]) * 3.6

    @property
    def columns(self) -> list[str]:
        """The columns that the task names, besides the target."""
        named = [
            each["columnName"]
            for transformation in self.values["transformations"]
            for each in transformation.values()
        ]
        weight = self.values.get("weightColumnName")
        return [*named, *([weight] if weight else [])]

    @property
    def exports(self) -> bool:
        """Whether the predictions for the test set are exported."""
        return "exportEvaluatedDataItemsConfig" in self.values

    @property
    def export_table(self) -> Table | None:
        """The table that they go to, or None for one of a new dataset."""
        uri = self._export.get("destinationBigqueryUri")
        return Table.parse(table_uri(uri)) if uri else None

    @property
    def overrides_table(self) -> bool:
        """Whether that table may be there, and is then replaced."""
        return bool(self._export.get("overrideExistingTable"))

    @property
    def _export(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.values.get("exportEvaluatedDataItemsConfig", {})
        return found


def read(task: Any) -> Inputs:
    """Check a task's inputs.

    Raises:
        InvalidArgument: a required field is missing or malformed.
    """
    if not isinstance(task, Mapping):
        raise InvalidArgument(f"{_FIELD} is required; say what to train.")
    values: dict[str, Any] = _camel(
        {name: value for name, value in task.items() if value is not None}
    )
    for name in values:
        if name not in _FIELDS:
            raise InvalidArgument(f"{_FIELD} has {name}, which is none of {', '.join(_FIELDS)}.")
    for name in ("targetColumn", "predictionType", "transformations"):
        if not values.get(name):
            raise InvalidArgument(f"{_FIELD}.{name} is required.")
    values = {name: value for name, value in values.items() if value not in ("", [])}
    values["trainBudgetMilliNodeHours"] = _budget(values.get("trainBudgetMilliNodeHours"))
    _check_objective(values)
    _check_transformations(values["transformations"], values["targetColumn"])
    inputs = Inputs(values)
    if inputs.exports:
        _ = inputs.export_table  # refuses what is no table
    return inputs


def _budget(value: Any) -> int:
    least, most = _BUDGET
    try:
        budget = int(value)
    except (TypeError, ValueError):
        budget = 0
    if not least <= budget <= most:
        raise InvalidArgument(
            f"{_FIELD}.trainBudgetMilliNodeHours is {value}; give {least} to {most}"
            " (LOCALCLOUD_AUTOML_SECONDS makes local training shorter)."
        )
    return budget


def _check_objective(values: Mapping[str, Any]) -> None:
    kind = values["predictionType"]
    if kind not in _OBJECTIVES:
        raise InvalidArgument(
            f"{_FIELD}.predictionType is {kind!r}; use classification or regression."
        )
    objective = values.get("optimizationObjective")
    if objective and objective not in _OBJECTIVES[kind]:
        raise InvalidArgument(
            f"{_FIELD}.optimizationObjective is {objective!r}; {kind} takes"
            f" {', '.join(_OBJECTIVES[kind])}."
        )
    for name, field in _AT.items():
        value = values.get(field)
        if (value is not None) != (objective == name):
            raise InvalidArgument(f"{_FIELD}.{field} belongs to {name}; give both or none.")
        if value is not None and not 0 <= float(value) <= 1:
            raise InvalidArgument(f"{_FIELD}.{field} is {value}; give a number from 0 to 1.")


def _check_transformations(transformations: Any, target: str) -> None:
    if not isinstance(transformations, Sequence) or not all(
        isinstance(each, Mapping) and len(each) == 1 for each in transformations
    ):
        raise InvalidArgument(
            f'{_FIELD}.transformations must be a list of objects such as {{"auto": {{"columnName":'
            ' "age"}}.'
        )
    seen: set[str] = set()
    for transformation in transformations:
        [(kind, options)] = transformation.items()
        name = options.get("columnName") if isinstance(options, Mapping) else None
        if kind not in _TRANSFORMATIONS:
            raise InvalidArgument(
                f"{_FIELD}.transformations has {kind}; use one of {', '.join(_TRANSFORMATIONS)}."
            )
        if not name:
            raise InvalidArgument(f"{_FIELD}.transformations: {kind} names no column.")
        if name == target:
            raise InvalidArgument(f"{_FIELD}.transformations has the target column {target}.")
        if name in seen:
            raise InvalidArgument(f"{_FIELD}.transformations has column {name} twice.")
        seen.add(name)


def _camel(value: Any) -> Any:
    """JSON with names as Vertex AI writes them; the SDK sends some with underscores."""
    if isinstance(value, Mapping):
        return {
            re.sub(r"_([a-z])", lambda match: match[1].upper(), name): _camel(each)
            for name, each in value.items()
        }
    return [_camel(each) for each in value] if isinstance(value, list) else value
