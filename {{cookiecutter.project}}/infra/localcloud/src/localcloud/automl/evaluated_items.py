"""Exports an AutoML model's predictions for the rows of its test set into BigQuery."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from localcloud.automl.inputs import Inputs
from localcloud.bigquery.client import BigQuery, Field, Table
from localcloud.jobs.job import Job, JobFailed
from localcloud.vertex.resources import now

_FORBIDDEN = re.compile(r"\W")


def export(job: Job, inputs: Inputs, folder: Path, bigquery: BigQuery) -> str:
    """Fill the table that the task names, or one of a new dataset; its URI.

    Raises:
        JobFailed: the table is there and may not be replaced.
        GoogleAPICallError: it cannot be written.
    """
    with (folder / "predictions.jsonl").open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    table = inputs.export_table or _new_table(job)
    bigquery.create_dataset(table.project, table.dataset)
    if bigquery.exists(table):
        if not inputs.overrides_table:
            raise JobFailed(
                f"Table {table} for the evaluated data items is there already; name another one or"
                " set export_evaluated_data_items_override_destination."
            )
        bigquery.delete(table)
    predicted = inputs.target.field
    bigquery.create(table, [*_fields([each["row"] for each in found]), predicted])
    bigquery.insert(
        table, [_row(each["row"]) | {predicted["name"]: each["prediction"]} for each in found]
    )
    return f"bq://{table}"


def _new_table(job: Job) -> Table:
    time = f"{now():%Y_%m_%dT%H_%M_%S_%f}"[:-3] + "Z"
    model = _FORBIDDEN.sub("_", job.resource.model_to_upload.display_name)
    project = job.name.split("/")[1]
    return Table(project, f"export_evaluated_examples_{model}_{time}", "evaluated_examples")


def _fields(rows: Iterable[Mapping[str, Any]]) -> list[Field]:
    """A column for each of the rows': of numbers if all its values are, else of texts."""
    types: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            found = types.setdefault(_column(name), set())
            if value is not None:
                found.add(_type(value))
    numbers = {"INTEGER", "FLOAT"}
    return [
        {
            "name": name,
            "type": found.pop()
            if len(found) == 1
            else "FLOAT"
            if found and found <= numbers
            else "STRING",
        }
        for name, found in types.items()
    ]


def _type(value: Any) -> str:
    kinds = {bool: "BOOLEAN", int: "INTEGER", float: "FLOAT"}
    return kinds.get(type(value), "STRING")


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _column(name): json.dumps(value) if isinstance(value, list) else value
        for name, value in row.items()
    }


def _column(name: str) -> str:
    return _FORBIDDEN.sub("_", name)
