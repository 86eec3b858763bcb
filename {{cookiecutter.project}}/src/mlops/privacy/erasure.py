"""The right to be forgotten: delete a subject's rows, and what was made of them.

What remains is a tombstone: a keyed hash in place of the subject's id, when it was erased, how many
rows, and which models had learned from the table by then. It is begun before anything is deleted,
and finished after everything is, so that the same command goes on where one was interrupted.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mlops.batch_prediction.tables import name_files
from mlops.monitoring.job import baselines_of
from mlops.privacy.deidentification import crypto_key, subject_of
from mlops.privacy.subject_rows import (
    ErasureError,
    delete_rows,
    find_rows,
    find_working_tables,
)
from mlops.registry.lineage import LineageError, trace
from mlops.registry.models import find_model, list_versions
from mlops.registry.names import name_version
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.cloud import aiplatform, bigquery, dlp_v2, storage

    from mlops.privacy.subject_rows import Rows
    from mlops.settings import Settings

RETRAIN_LABEL = "retrain_by"
_FOLDER = "privacy/erasures"
# the types of what pipelines extract and transform, KFP's and TFX's: rows
_ROWS = ("system.Dataset", "tfx.Examples")


@dataclass(frozen=True)
class Tombstone:
    """What is kept of an erasure.

    Attributes:
        subject: the keyed hash of the subject's id.
        table: from which the rows were deleted.
        column: that held the id.
        erased_at: when the rows were deleted; empty while the erasure is not finished.
        rows: how many there were, in all tables; of all times, when the subject came back.
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

    Extracts, samples and working tables are deleted as a whole: many hold no key by which the
    subject's rows could be found. The next run extracts the table anew, as its version has changed.

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
    kept = _find_tombstone(settings, files, dlp, subject)
    column = subject_of(settings.features, settings.privacy)
    found = find_rows(tables, settings, column, subject)
    tombstone = _read(kept) if kept.exists() else None
    if found:
        tombstone = _bury(settings, kept.name, column, found, tombstone)
    if tombstone is None:
        raise ErasureError(f"No row has that {column}: nothing was deleted.")
    yield from _tell(settings, tables, files, found, tombstone)
    if not really:
        yield "Nothing was deleted; add --yes to do it."
        return
    _keep(kept, tombstone)
    _mark(settings, tombstone)
    for rows in found:
        delete_rows(tables, rows, subject)
    until = _until(tombstone)  # a run may have extracted the rows until they were gone
    _delete_copies(settings, tables, files, until)
    _keep(kept, replace(tombstone, erased_at=until.isoformat()))
    yield f"Erased; gs://{settings.bucket}/{kept.name} remembers it under a keyed hash."
    yield "BigQuery's time travel still holds the rows for as long as its dataset says."


def _tell(
    settings: Settings,
    tables: bigquery.Client,
    files: storage.Client,
    found: Sequence[Rows],
    tombstone: Tombstone,
) -> Iterator[str]:
    """What there is to delete and to mark."""
    until = _until(tombstone)
    for rows in found:
        yield f"  {rows.count} rows of {rows.table}"
    yield f"  {len(find_working_tables(tables, settings, until))} working tables of pipelines"
    count = len(_row_files(settings, files, until))
    yield f"  {count} files of rows that pipelines extracted, transformed, sampled or predicted"
    for model in tombstone.models:
        yield f"  version {model} learned from the table: retrain by {tombstone.retrain_by}"


def _find_tombstone(
    settings: Settings, files: storage.Client, dlp: dlp_v2.DlpServiceClient, subject: str
) -> storage.Blob:
    """Where the subject's tombstone lies, or will."""
    if settings.privacy.key is None:
        raise ErasureError(
            "An erasure needs privacy.key in config/: base.yaml there tells how to make one."
        )
    parent = f"projects/{settings.project}/locations/{settings.location}"
    name = _hash(dlp, parent, crypto_key(settings.privacy.key), subject)
    return files.bucket(settings.bucket).blob(f"{_FOLDER}/{name}.json")


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


def _bury(
    settings: Settings, name: str, column: str, found: Sequence[Rows], known: Tombstone | None
) -> Tombstone:
    """The tombstone of an erasure that is not finished; `known` is that of one before."""
    count = sum(rows.count for rows in found)
    due = datetime.now(UTC) + timedelta(days=settings.privacy.retrain_days)
    begun = Tombstone(
        subject=name.rpartition("/")[2].removesuffix(".json"),
        table=settings.features.table,
        column=column,
        erased_at="",
        rows=count,
        models=tuple(_learned(settings)),
        retrain_by=f"{due:%Y-%m-%d}",
    )
    if known is None:
        return begun
    if known.erased_at:  # the subject came back
        return replace(begun, rows=known.rows + count)
    return replace(begun, rows=max(known.rows, count), retrain_by=known.retrain_by)


def _keep(blob: storage.Blob, tombstone: Tombstone) -> None:
    blob.upload_from_string(json.dumps(asdict(tombstone)), content_type="application/json")


def _until(tombstone: Tombstone) -> datetime:
    """What was made until then may hold the subject's rows."""
    finished = tombstone.erased_at
    return datetime.fromisoformat(finished) if finished else datetime.now(UTC)


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


def _delete_copies(
    settings: Settings, tables: bigquery.Client, files: storage.Client, until: datetime
) -> None:
    """Deletes what was made of the table's rows by then; what is gone already is no error."""
    from google.api_core.exceptions import NotFound

    for table in find_working_tables(tables, settings, until):
        tables.delete_table(table, not_found_ok=True)
    for blob in _row_files(settings, files, until):
        with suppress(NotFound):
            blob.delete()


def _row_files(settings: Settings, files: storage.Client, until: datetime) -> list[storage.Blob]:
    """Files of rows that pipelines had made by then, of predictions by key, and samples."""
    from google.cloud import aiplatform

    types = " OR ".join(f'schema_title="{each}"' for each in _ROWS)
    made = aiplatform.Artifact.list(filter=f'({types}) AND create_time<="{until.isoformat()}"')
    extracts = {each.uri for each in made if each.uri.startswith(f"gs://{settings.bucket}/")}
    found = [blob for folder in sorted(extracts) for blob in _list(files, folder)]
    others = (
        name_files(settings.bucket, settings.batch_prediction.dataset),
        baselines_of(settings.bucket, settings.name),
    )
    listed = (blob for folder in others for blob in _list(files, folder))
    return found + [blob for blob in listed if blob.time_created <= until]


def _list(files: storage.Client, folder: str) -> list[storage.Blob]:
    """The files of a folder, and what they were before: a version that is deleted is gone."""
    bucket, name = split_uri(folder)
    return list(files.list_blobs(bucket, prefix=f"{name}/", versions=True))
