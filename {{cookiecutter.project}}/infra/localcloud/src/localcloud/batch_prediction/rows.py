"""Rows of a batch prediction's input, and what is made of them for the model and the output."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.cloud.aiplatform_v1.types import BatchPredictionJob

Json: TypeAlias = Any


class RowError(ValueError):
    """A row that cannot be predicted; the message says why."""


@dataclass(frozen=True)
class Row:
    """One row as it was read, or why it cannot be used."""

    value: Json
    error: str = ""


@dataclass(frozen=True)
class Instances:
    """Makes instances of rows, as the job's instance_config says.

    `tabular` rows have columns: those of CSV files and BigQuery tables.
    """

    config: BatchPredictionJob.InstanceConfig
    tabular: bool

    def instance(self, row: Row) -> Json:
        """What the model is sent.

        Raises:
            RowError: the row does not have the form that the configuration needs.
        """
        if row.error:
            raise RowError(row.error)
        if not self._by_field:
            return row.value
        fields = self._fields(row)
        chosen = {name: fields[name] for name in self._names(fields)}
        return list(chosen.values()) if self._as_array else chosen

    def columns(self, row: Row) -> dict[str, Json]:
        """What the output says of the row beside its prediction: its key, or all of it."""
        if self.config.key_field:
            value = row.value.get(self.config.key_field) if isinstance(row.value, dict) else None
            return {"key": value}
        whole = self.tabular and self._as_array and isinstance(row.value, dict)
        return {"instance": list(row.value.values()) if whole else row.value}

    @property
    def _as_array(self) -> bool:
        return self.config.instance_type == "array" or (
            self.tabular and not self.config.instance_type
        )

    @property
    def _by_field(self) -> bool:
        config = self.config
        chosen = config.key_field or config.included_fields or config.excluded_fields
        return bool(self.tabular or config.instance_type or chosen)

    def _fields(self, row: Row) -> Mapping[str, Json]:
        if not isinstance(row.value, dict):
            raise RowError("The row is not an object, so it has no fields to choose from.")
        missing = [name for name in self._required if name not in row.value]
        if missing:
            raise RowError(f"The row has no field {', '.join(missing)}.")
        return row.value

    @property
    def _required(self) -> list[str]:
        key = [self.config.key_field] if self.config.key_field else []
        return [*key, *self.config.included_fields]

    def _names(self, fields: Mapping[str, Json]) -> list[str]:
        if self.config.included_fields:
            return list(self.config.included_fields)
        dropped = {*self.config.excluded_fields, self.config.key_field}
        return [name for name in fields if name not in dropped]
