"""Trains an AutoML tabular model: a process of the image `automl-tabular`, then its model."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import InputDataConfig
from grpc import StatusCode

from localcloud import processes
from localcloud.automl import evaluated_items, models
from localcloud.automl.inputs import Inputs
from localcloud.bigquery.client import BigQuery
from localcloud.datasets import splits, tables
from localcloud.datasets.tables import Row, Source
from localcloud.jobs.job import Job, JobFailed

_MISTAKE = 3  # the exit code that says: mistake.txt tells the user's mistake
_LONGEST = 300.0  # seconds of wall time, unless LOCALCLOUD_AUTOML_SECONDS says otherwise
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class AutoMLTraining:
    """How a training pipeline with an AutoML tabular task is done."""

    inputs: Inputs
    source: Source

    def __call__(self, job: Job) -> None:
        """Split the rows, train, upload the model with its evaluation, export predictions.

        Raises:
            JobFailed: the data cannot be used, or the training failed.
            JobCancelled: the pipeline was cancelled.
            GoogleAPICallError: the data cannot be read or the model not uploaded.
        """
        job.start()
        folder = job.folder / "training"
        folder.mkdir()
        with closing(BigQuery(job.cloud.environment)) as bigquery:
            self._write_rows(job, folder, bigquery)
            started = time.monotonic()
            _train(job, folder)
            cost = {"trainCostMilliNodeHours": round((time.monotonic() - started) / 3.6, 3)}
            with job.editing() as resource:
                resource.training_task_metadata = cost
            name = models.keep(job, folder / "model")
            uploaded = models.upload(job, self.inputs, name)
            models.evaluate(job, self.inputs, uploaded, folder)
            if self.inputs.exports:
                uri = evaluated_items.export(job, self.inputs, folder, bigquery)
                with job.editing() as resource:
                    resource.training_task_metadata = {
                        **cost,
                        "evaluatedDataItemsBigqueryUri": uri,
                    }

    def _write_rows(self, job: Job, folder: Path, bigquery: BigQuery) -> None:
        columns, rows = tables.read(self.source, job.cloud.home.storage, bigquery)
        _check_columns(self.inputs, columns)
        config: InputDataConfig = job.resource.input_data_config
        found = splits.parts(splits.split_rows(config, columns, rows), rows)
        for use, chosen in found.items():
            _write(folder / f"{use}.jsonl", chosen)
        task = {
            **self.inputs.values,
            "transformations": self._transformations(config),
            "budgetSeconds": min(self.inputs.budget_seconds, _longest()),
            "splitIsRandom": splits.kind_of_split(config) in ("", "fraction_split"),
        }
        (folder / "task.json").write_text(json.dumps(task))

    def _transformations(self, config: InputDataConfig) -> list[Mapping[str, Any]]:
        """Those of the features: the weight and a predefined split tell nothing of the target."""
        hidden = {self.inputs.values.get("weightColumnName")}
        if splits.kind_of_split(config) == "predefined_split":
            hidden.add(splits.key_column(config))
        chosen = [
            transformation
            for transformation in self.inputs.values["transformations"]
            if next(iter(transformation.values()))["columnName"] not in hidden
        ]
        if not chosen:
            raise JobFailed("No column is left to learn from; give transformations of others.")
        return chosen


def _check_columns(inputs: Inputs, columns: Sequence[str]) -> None:
    if inputs.target.column not in columns:
        raise JobFailed(
            f"The target column {inputs.target.column} is not in the dataset, which has"
            f" {', '.join(columns)}.",
            StatusCode.INVALID_ARGUMENT,
        )
    missing = [name for name in inputs.columns if name not in columns]
    if missing:
        raise JobFailed(
            f"Missing columns in the dataset: {', '.join(missing)}; it has {', '.join(columns)}.",
            StatusCode.INVALID_ARGUMENT,
        )


def _write(file: Path, rows: Sequence[Row]) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


def _longest() -> float:
    return float(os.environ.get("LOCALCLOUD_AUTOML_SECONDS", _LONGEST))


def _train(job: Job, folder: Path) -> None:
    log = job.logs / "training.log"
    with _running(job, folder, log) as process:
        while process.poll() is None:
            job.sleep(_POLL_SECONDS)
    if process.returncode == _MISTAKE:
        raise JobFailed((folder / "mistake.txt").read_text(), StatusCode.INVALID_ARGUMENT)
    if process.returncode:
        raise JobFailed(
            f"Training ended with exit code {process.returncode}; its log is {log} and ends with:\n"
            f"{processes.tail(log)}",
            StatusCode.INTERNAL,
        )


@contextmanager
def _running(job: Job, folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    image = job.cloud.images.resolve(models.IMAGE)
    environment = processes.image_environment(image, job.cloud.environment)
    command = [str(image.python), "-m", "automl_tabular.train", str(folder)]
    with log.open("ab") as output:
        process = processes.start(command, environment, folder, output)
    try:
        yield process
    finally:
        processes.stop(process, _GRACE_SECONDS)
