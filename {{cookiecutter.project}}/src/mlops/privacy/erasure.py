"""The right to be forgotten: delete a subject's rows, and what was made of them.

What remains is a tombstone: a keyed hash in place of the subject's id, when it was erased, how many
rows, and which models had learned from the table by then. It is begun before anything is deleted,
and finished after everything is, so that the same command goes on where one was interrupted.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops.batch_prediction.tables import name_files, working_dataset
from mlops.errors import UserError
from mlops.privacy.deidentification import crypto_key, subject_of
from mlops.registry.lineage import LineageError, trace
from mlops.registry.models import find_model, list_versions
from mlops.registry.names import name_version
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud import aiplatform, bigquery, dlp_v2, storage

    from mlops.settings import Settings

RETRAIN_LABEL = "retrain_by"
_FOLDER = "privacy/erasures"
_ROWS = "system.Dataset"  # Vertex's type of what pipelines extract and transform: rows


class ErasureError(UserError):
    """The subject cannot be erased."""


@dataclass(frozen=True)
class Tombstone:
    """What is kept of an erasure.

    Attributes:
        subject: the keyed hash of the subject's id.
        table: from which the rows were deleted.
        column: that held the id.
        erased_at: when the rows were deleted; empty while the erasure is not finished.
        rows: how many rows there were, in all tables.
        models: the versions that had been trained on the table by then.
        retrain_by: the day by which they must have been replaced.
    """

    subject: str
    table: str
    column: str
    erased_at: str
    rows: int
    models: tuple[str, ...]
    retrain_by: str


def erase(
    settings: Settings,
    subject: str,
    tables: bigquery.Client,
    files: storage.Client,
    dlp: dlp_v2.DlpServiceClient,
    *,
    really: bool,
) -> Iterator[str]:
    """Deletes a subject's rows and all rows that pipelines have extracted, and marks the models.

    Extracts are deleted as a whole: they hold no key by which the subject's rows could be found.
    The next run extracts the table anew, as its version has changed.

    Args:
        settings: of the environment, whose project Google's clients point at.
        subject: the id, which is never written or told.
        tables: BigQuery.
        files: Cloud Storage.
        dlp: hashes the id.
        really: whether anything is deleted; otherwise it is only told.

    Returns:
        What was done, or would be, line by line.

    Raises:
        ErasureError: there is no key, or the subject is nowhere.
    """
    if settings.privacy.key is None:
        raise ErasureError(
            "An erasure needs privacy.key in config/: base.yaml there tells how to make one."
        )
    column = subject_of(settings.features, settings.privacy)
    parent = f"projects/{settings.project}/locations/{settings.location}"
    kept = files.bucket(settings.bucket).blob(
        f"{_FOLDER}/{_hash(dlp, parent, crypto_key(settings.privacy.key), subject)}.json"
    )
    counts = _count(settings, tables, column, subject)
    begun = kept.exists()
    if not begun and not counts:
        raise ErasureError(f"No row has that {column}: nothing was deleted.")
    tombstone = _read(kept) if begun else _bury(settings, kept.name, column, sum(counts.values()))
    until = tombstone.erased_at or _now()
    for table, rows in counts.items():
        yield f"  {rows} rows of {table}"
    count = len(_row_files(settings, files, until))
    yield f"  {count} files of rows that pipelines extracted, transformed or predicted"
    for model in tombstone.models:
        yield f"  version {model} learned from the table: retrain by {tombstone.retrain_by}"
    if not really:
        yield "Nothing was deleted; add --yes to do it."
        return
    if not begun:
        _keep(kept, tombstone)
    _mark(settings, tombstone)
    for table in counts:
        _query(tables, f"DELETE FROM `{table}` WHERE {_is_subject(column)}", subject)  # noqa: S608
    until = tombstone.erased_at or _now()  # a run may have extracted the rows until they were gone
    for blob in _row_files(settings, files, until):
        blob.delete()
    _keep(kept, replace(tombstone, erased_at=until))
    yield f"Erased; gs://{settings.bucket}/{kept.name} remembers it under a keyed hash."
    yield "BigQuery's time travel still holds the rows for as long as its dataset says."


def _hash(dlp: dlp_v2.DlpServiceClient, parent: str, key: dict[str, Any], subject: str) -> str:
    """HMAC-SHA256 of an id, as hexadecimal digits; DLP computes it where the key is."""
    primitive = {"crypto_hash_config": {"crypto_key": key}}
    field = {"fields": [{"name": "id"}], "primitive_transformation": primitive}
    table = {
        "headers": [{"name": "id"}],
        "rows": [{"values": [{"string_value": subject}]}],
    }
    answer = dlp.deidentify_content(
        request={
            "parent": parent,
            "deidentify_config": {"record_transformations": {"field_transformations": [field]}},
            "item": {"table": table},
        }
    )
    return base64.b64decode(answer.item.table.rows[0].values[0].string_value).hex()


def _count(
    settings: Settings, client: bigquery.Client, column: str, subject: str
) -> dict[str, int]:
    """How many rows of the subject each table holds, of those that have any."""
    found = {}
    for table in [settings.features.table, *_tables_with(settings, client, column)]:
        statement = f"SELECT COUNT(*) FROM `{table}` WHERE {_is_subject(column)}"  # noqa: S608
        (row,) = _query(client, statement, subject)
        found[table] = int(row[0])
    return {table: count for table, count in found.items() if count}


def _tables_with(settings: Settings, client: bigquery.Client, column: str) -> Iterator[str]:
    """The tables with that column among predictions, and those that their runs work with."""
    from google.cloud.exceptions import NotFound

    names = {settings.batch_prediction.dataset, settings.automl.dataset}
    for name in sorted(names):
        dataset = f"{settings.project}.{name}"
        for part in (dataset, working_dataset(dataset)):
            try:
                tables = list(client.list_tables(part))
            except NotFound:
                continue
            for table in tables:
                schema = client.get_table(table.reference).schema
                if table.table_type == "TABLE" and column in {field.name for field in schema}:
                    yield str(table.reference)


def _is_subject(column: str) -> str:
    return f"CAST(`{column}` AS STRING) = @subject"


def _query(client: bigquery.Client, statement: str, subject: str) -> list[Any]:
    """Runs a statement in which `@subject` stands for the id."""
    from google.cloud import bigquery

    parameter = bigquery.ScalarQueryParameter("subject", "STRING", subject)
    config = bigquery.QueryJobConfig(query_parameters=[parameter])
    return list(client.query(statement, job_config=config).result())


def _bury(settings: Settings, name: str, column: str, rows: int) -> Tombstone:
    due = datetime.now(UTC) + timedelta(days=settings.privacy.retrain_days)
    return Tombstone(
        subject=name.rpartition("/")[2].removesuffix(".json"),
        table=settings.features.table,
        column=column,
        erased_at="",
        rows=rows,
        models=tuple(_learned(settings)),
        retrain_by=f"{due:%Y-%m-%d}",
    )


def _keep(blob: storage.Blob, tombstone: Tombstone) -> None:
    blob.upload_from_string(json.dumps(asdict(tombstone)), content_type="application/json")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _read(blob: storage.Blob) -> Tombstone:
    content = json.loads(blob.download_as_text())
    return Tombstone(**{**content, "models": tuple(content["models"])})


def _learned(settings: Settings) -> Iterator[str]:
    """The versions whose lineage leads to the table; one without lineage may have learned, too."""
    model = find_model(settings.name)
    for version in list_versions(model) if model else ():
        try:
            ancestors = trace(name_version(version))
        except LineageError:
            yield version.version_id
            continue
        queries = [str(each.metadata["query"]) for each in ancestors if "query" in each.metadata]
        if not queries or any(f"`{settings.features.table}`" in query for query in queries):
            yield version.version_id


def _mark(settings: Settings, tombstone: Tombstone) -> None:
    """Labels the versions with the day by which they must be replaced; an earlier day stays."""
    model = find_model(settings.name)
    versions = list_versions(model) if model else []
    for version in versions:
        if version.version_id not in tombstone.models:
            continue
        day = min(version.labels.get(RETRAIN_LABEL, tombstone.retrain_by), tombstone.retrain_by)
        _label(version, {**version.labels, RETRAIN_LABEL: day})


def _label(version: aiplatform.Model, labels: dict[str, str]) -> None:
    """Replaces the labels of one version; the SDK's own update is of the model."""
    version.api_client.select_version("v1").update_model(
        model={"name": f"{version.resource_name}@{version.version_id}", "labels": labels},
        update_mask={"paths": ["labels"]},
    )


def _row_files(settings: Settings, files: storage.Client, until: str) -> list[storage.Blob]:
    """Files of rows that pipelines had made by then, and of predictions by key."""
    from google.cloud import aiplatform

    found = aiplatform.Artifact.list(filter=f'schema_title="{_ROWS}" AND create_time<="{until}"')
    folders = {each.uri for each in found if each.uri.startswith(f"gs://{settings.bucket}/")}
    folders.add(name_files(settings.bucket, settings.batch_prediction.dataset))
    return [blob for folder in sorted(folders) for blob in _list(files, folder)]


def _list(files: storage.Client, folder: str) -> list[storage.Blob]:
    """The files of a folder, and what they were before: a version that is deleted is gone."""
    bucket, name = split_uri(folder)
    return list(files.list_blobs(bucket, prefix=f"{name}/", versions=True))
