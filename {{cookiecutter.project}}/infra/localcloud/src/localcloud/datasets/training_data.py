"""Exports a managed dataset, split, for custom training, and tells the training code where."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.aiplatform_v1.types import DataItem, Dataset, InputDataConfig

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.datasets import exporting, items, splits, tables
from localcloud.datasets.schemas import kind_of
from localcloud.datasets.tables import Row
from localcloud.rpc import raw

_FIELD = "input_data_config"


@dataclass(frozen=True)
class TrainingData:
    """A dataset with how it is split and where it goes."""

    dataset: Dataset
    config: InputDataConfig

    def check(self, cloud: Cloud) -> None:
        """Refuse an export that cannot be.

        Raises:
            InvalidArgument: a required field is missing or malformed.
            MethodNotImplemented: it goes by a saved query.
            NotFound: the bucket is not there.
        """
        kind = kind_of(self.dataset.metadata_schema_uri)
        splits.check(self.config, kind)
        if self._destination == "bigquery_destination":
            if kind.has_items or not tables.source_of(self.dataset).table:
                raise InvalidArgument(
                    f"{_FIELD}.bigquery_destination is for tabular datasets of BigQuery only; give"
                    " gcs_destination."
                )
            self._project()
            return
        uri = self.config.gcs_destination.output_uri_prefix
        bucket = uri.removeprefix("gs://").partition("/")[0]
        if not uri.startswith("gs://") or not bucket:
            raise InvalidArgument(
                f"{_FIELD}.gcs_destination is {uri!r}; give a Cloud Storage URI (gs://…)."
            )
        if not (cloud.home.storage / bucket).is_dir():
            raise NotFound(f"Bucket {bucket} was not found; create it for the training data.")
        if kind.has_items:
            self._check_annotations()

    def export(self, cloud: Cloud, time: datetime) -> dict[str, str]:
        """Write the sets, and give the variables that name them.

        Args:
            cloud: where the dataset is.
            time: of the training; it is in the name of what is made.

        Raises:
            FailedPrecondition: the source is not there or cannot be read.
        """
        kind = kind_of(self.dataset.metadata_schema_uri)
        if kind.has_items:
            return self._export_items(cloud, time)
        with closing(BigQuery(cloud.environment)) as bigquery:
            if self._destination == "bigquery_destination":
                return self._export_table(bigquery, time)
            return self._export_rows(cloud, bigquery, time)

    @property
    def _destination(self) -> str:
        return raw(self.config).WhichOneof("destination") or ""

    def _check_annotations(self) -> None:
        if self.config.saved_query_id:
            raise MethodNotImplemented(
                f"localcloud does not export by {_FIELD}.saved_query_id; use annotation_schema_uri."
            )
        exporting.format_for(self.config.annotation_schema_uri, 1)
        items.predicate(self.config.annotations_filter, annotations=True)

    def _export_rows(self, cloud: Cloud, bigquery: BigQuery, time: datetime) -> dict[str, str]:
        source = tables.source_of(self.dataset)
        columns, rows = tables.read(source, cloud.home.storage, bigquery)
        uses = splits.split_rows(self.config, columns, rows)
        folder = self._folder("tabular", time)
        for use, chosen in splits.parts(uses, rows).items():
            lines = [_csv_line([row.get(name) for name in columns]) for row in chosen]
            for name, shard in exporting.shards(lines):
                content = "".join([_csv_line(columns), *shard])
                _write(cloud.home.storage, f"{folder}/{use}-{name}.csv", content)
        return _variables("csv", f"{folder}/{{use}}-*.csv")

    def _export_items(self, cloud: Cloud, time: datetime) -> dict[str, str]:
        chosen = items.data_items(cloud.store, self.dataset.name)
        selects = items.predicate(self.config.annotations_filter, annotations=True)
        schema = self.config.annotation_schema_uri
        found = {
            item.name: [
                annotation
                for annotation in items.annotations(cloud.store, item.name)
                if annotation.payload_schema_uri == schema and selects(annotation)
            ]
            for item in chosen
        }
        annotated: list[DataItem] = [item for item in chosen if found[item.name]]
        made = exporting.format_for(schema, max(map(len, found.values()), default=1))
        folder = self._folder(made.annotation, time)
        uses = splits.split_items(self.config, annotated)
        for use, part in splits.parts(uses, annotated).items():
            lines = (items.exported(made, item, found[item.name]) for item in part)
            exporting.write_lines(cloud.home.storage, f"{folder}/{use}", lines)
        return _variables("jsonl", f"{folder}/{{use}}-*.jsonl")

    def _export_table(self, bigquery: BigQuery, time: datetime) -> dict[str, str]:
        source = Table.parse(tables.source_of(self.dataset).table)
        fields = bigquery.schema(source)
        rows: list[Row] = list(tables.table_rows(source, bigquery))
        uses = splits.split_rows(self.config, [field["name"] for field in fields], rows)
        stamp = f"{time:%Y_%m_%dT%H_%M_%S}_{time.microsecond // 1000:03d}Z"
        project, name = self._project(), f"dataset_{self._id}_tabular_{stamp}"
        bigquery.create_dataset(project, name)
        for use, chosen in splits.parts(uses, rows).items():
            table = Table(project, name, use)
            bigquery.create(table, fields)
            bigquery.insert(table, chosen)
        return _variables("bigquery", f"bq://{project}.{name}.{{use}}")

    def _project(self) -> str:
        uri: str = self.config.bigquery_destination.output_uri
        project = uri.removeprefix("bq://")
        if not uri.startswith("bq://") or not project or "." in project:
            raise InvalidArgument(f"{_FIELD}.bigquery_destination is {uri!r}; write bq://PROJECT.")
        return project

    @property
    def _id(self) -> str:
        return str(self.dataset.name).rpartition("/")[2]

    def _folder(self, annotation: str, time: datetime) -> str:
        prefix = str(self.config.gcs_destination.output_uri_prefix).rstrip("/")
        stamp = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
        return f"{prefix}/dataset-{self._id}-{annotation}-{stamp}"


def _variables(data_format: str, pattern: str) -> dict[str, str]:
    uris = {f"AIP_{use.upper()}_DATA_URI": pattern.format(use=use) for use in splits.USES}
    return {"AIP_DATA_FORMAT": data_format, **uris}


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_cell(value) for value in values])
    return line.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping | list | bool) else value


def _write(storage: Path, uri: str, content: str) -> None:
    path = storage / uri.removeprefix("gs://")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
