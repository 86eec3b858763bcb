"""Extract jobs: a table to files in Cloud Storage, in several files if asked, with its options."""

from typing import Any

from bqemulator.api.dependencies import AppContext
from bqemulator.domain.errors import InvalidQueryError, NotFoundError
from bqemulator.jobs import executor

from localcloud.bigquery.corrections.destinations import Destination


async def extract(project: str, job: dict[str, Any], context: AppContext) -> dict[str, Any]:
    """Carry out `configuration.extract` of a job; returns its statistics.

    Raises:
        DomainError: the job's fault, in BigQuery's terms.
    """
    table = Destination.parse(job["sourceTable"], project)
    if table.known(context) is None:
        raise NotFoundError(f"Not found: Table {table}")
    uris = job.get("destinationUris") or []
    if len(uris) != 1:
        raise InvalidQueryError("Give one destination URI; a '*' in it makes several files.")
    options = _options(uris[0], job)
    async with context.engine.write_lock():
        rows = context.engine.fetch_arrow(f"FROM {table.sql}")
        outcome = executor.write_export(rows, options, context)
    return {"destinationUriFileCounts": [str(outcome.file_count)]}


def _options(uri: str, job: dict[str, Any]) -> executor._ExportOptions:
    return executor._ExportOptions(
        uri=uri,
        format=executor._normalize_export_format(job.get("destinationFormat", "CSV")),
        compression=job.get("compression"),
        overwrite=True,
        header=job.get("printHeader", True),
        field_delimiter=job.get("fieldDelimiter"),
    )
