"""Writes predictions and errors where a batch prediction job wants them."""

import csv
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from google.cloud.aiplatform_v1.types import BatchPredictionJob
from google.rpc.status_pb2 import Status

from localcloud.automl.predictions import Target
from localcloud.batch_prediction.rows import Json
from localcloud.bigquery.client import BigQuery, Field, Table

Columns = Mapping[str, Json]

_SHARD = 10_000  # predictions in a file
_BUFFER = 500  # rows that go to BigQuery together


class Destination(Protocol):
    """Takes what became of each row; it is complete once `finish` has been called."""

    def write(self, columns: Columns, prediction: Json) -> None:
        """Take a prediction."""

    def fail(self, columns: Columns, error: Status) -> None:
        """Take a row that could not be predicted."""

    def finish(self) -> BatchPredictionJob.OutputInfo:
        """Put everything in its place, and say where that is."""


class Files:
    """JSONL or CSV files in a folder of Cloud Storage."""

    def __init__(
        self,
        folder_uri: str,
        file_format: str,
        storage: Path,
        scratch: Path,
        target: Target | None = None,
    ) -> None:
        """Collect in `scratch` what will lie below `folder_uri`; `target` is an AutoML model's."""
        self._target = target
        self._uri = folder_uri
        self._format = file_format
        self._storage = storage
        self._scratch = scratch
        self._count = 0
        self._shards: list[Path] = []
        self._stack = ExitStack()
        self._scratch.mkdir()
        self._errors = self._open(scratch / "errors")
        self._results: IO[str] | None = None

    def write(self, columns: Columns, prediction: Json) -> None:
        """Take a prediction."""
        first = self._results is None or self._count % _SHARD == 0
        if self._results is None or first:
            self._shards.append(self._scratch / f"results-{len(self._shards)}")
            self._results = self._open(self._shards[-1])
        self._count += 1
        if self._format == "csv":
            target = self._target
            cells = target.csv_cells(prediction) if target else {"prediction": prediction}
            _write_csv(self._results, columns, cells, header=first)
        else:
            _write_json(self._results, {**columns, "prediction": prediction})

    def fail(self, columns: Columns, error: Status) -> None:
        """Take a row that could not be predicted."""
        status = {"code": error.code, "message": error.message}
        _write_json(self._errors, {**columns, "error": status})

    def finish(self) -> BatchPredictionJob.OutputInfo:
        """Put the files into the bucket."""
        self._stack.close()
        folder = self._storage / self._uri.removeprefix("gs://")
        folder.mkdir(parents=True)
        for number, shard in enumerate(self._shards):
            name = f"prediction.results-{number:05d}-of-{len(self._shards):05d}"
            shutil.move(shard, folder / name)
        shutil.move(self._scratch / "errors", folder / "prediction.errors_stats-00000-of-00001")
        return BatchPredictionJob.OutputInfo(gcs_output_directory=self._uri)

    def _open(self, path: Path) -> IO[str]:
        return self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))


class Tables:
    """Two tables of BigQuery: predictions and errors."""

    def __init__(
        self,
        bigquery: BigQuery,
        dataset: tuple[str, str],
        time: str,
        fields: Sequence[Field],
        target: Target | None = None,
    ) -> None:
        """Make the tables.

        Args:
            bigquery: where they are.
            dataset: project and dataset, which is made if it is not there.
            time: the end of the tables' names.
            fields: the columns beside the prediction.
            target: what an AutoML model predicts; its predictions have columns of their own.
        """
        self._target = target
        self._bigquery = bigquery
        self._dataset = dataset
        self._fields = fields
        self._predictions = Table(*dataset, f"predictions_{time}")
        self._failures = Table(*dataset, f"errors_{time}")
        self._rows: dict[Table, list[Columns]] = {self._predictions: [], self._failures: []}
        bigquery.create_dataset(*dataset)
        predicted = target.field if target else {"name": "prediction", "type": "STRING"}
        bigquery.create(self._predictions, [*fields, predicted])
        bigquery.create(self._failures, [*fields, _ERRORS])

    def write(self, columns: Columns, prediction: Json) -> None:
        """Take a prediction; of a custom model anything but a text is written as JSON."""
        target = self._target
        predicted = (
            {target.field["name"]: prediction} if target else {"prediction": _text(prediction)}
        )
        self._add(self._predictions, {**self._cells(columns), **predicted})

    def fail(self, columns: Columns, error: Status) -> None:
        """Take a row that could not be predicted."""
        status = {"code": error.code, "message": error.message}
        self._add(self._failures, {**self._cells(columns), "errors": status})

    def finish(self) -> BatchPredictionJob.OutputInfo:
        """Write what is left."""
        for table in self._rows:
            self._flush(table)
        return BatchPredictionJob.OutputInfo(
            bigquery_output_dataset=f"bq://{'.'.join(self._dataset)}",
            bigquery_output_table=self._predictions.name,
        )

    def _cells(self, columns: Columns) -> Columns:
        """The columns that the tables have: those of the source, or the instance as JSON."""
        names = [field["name"] for field in self._fields]
        if names in (["instance"], ["key"]):
            return {name: _text(columns[name]) for name in names}
        instance = columns["instance"]
        if isinstance(instance, dict):
            return {name: instance.get(name) for name in names}
        return dict(zip(names, instance, strict=False))  # a row that is bad may be too short

    def _add(self, table: Table, row: Columns) -> None:
        self._rows[table].append(row)
        if len(self._rows[table]) >= _BUFFER:
            self._flush(table)

    def _flush(self, table: Table) -> None:
        self._bigquery.insert(table, self._rows[table])
        self._rows[table].clear()


def folder_name(model_name: str, time: datetime) -> str:
    """The folder that a job makes: `prediction-MODEL-TIME`."""
    return f"prediction-{model_name}-{time_name(time)}"


def dataset_name(model_name: str, time: datetime) -> str:
    """The dataset that a job makes if it is given a project."""
    return re.sub(r"\W", "_", f"prediction_{model_name}_{time_name(time)}")


def time_name(time: datetime) -> str:
    """A time as it stands in the names of files and tables."""
    return f"{time:%Y_%m_%dT%H_%M_%S}_{time.microsecond // 1000:03d}Z"


_ERRORS: Field = {
    "name": "errors",
    "type": "RECORD",
    "fields": [{"name": "code", "type": "INTEGER"}, {"name": "message", "type": "STRING"}],
}


def _write_json(file: IO[str], value: Json) -> None:
    file.write(json.dumps(value, ensure_ascii=False) + "\n")


def _write_csv(file: IO[str], columns: Columns, prediction: Columns, *, header: bool) -> None:
    instance = columns.get("instance")
    cells = {**(instance if isinstance(instance, dict) else columns), **prediction}
    writer = csv.writer(file)
    if header:
        writer.writerow(cells)
    writer.writerow([_text(value) for value in cells.values()])


def _text(value: Json) -> Json:
    is_text = isinstance(value, str) or value is None
    return value if is_text else json.dumps(value, ensure_ascii=False)
