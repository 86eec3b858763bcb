"""Jobs: ids are used once, links are given, and results go where they are asked to go."""

from collections.abc import Awaitable, Callable
from typing import Any

import duckdb
from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes import jobs, upload
from bqemulator.catalog.etag import generate_etag
from bqemulator.catalog.models import JobMeta
from bqemulator.domain.errors import AlreadyExistsError, DomainError
from bqemulator.jobs import executor

from localcloud.bigquery.corrections.destinations import write_result
from localcloud.bigquery.corrections.errors import translate
from localcloud.bigquery.corrections.extracts import extract
from localcloud.bigquery.corrections.loads import load

KEPT_RESULT_BYTES = 256 << 20  # results of older queries are dropped beyond this

Statistics = dict[str, Any]

_execute_query_or_failed_meta = jobs._execute_query_or_failed_meta
_execute_query_job = executor.execute_query_job


def apply() -> None:
    """Replace how jobs are run and shown."""
    jobs.execute_query_job = _run_query
    jobs._execute_query_or_failed_meta = _run_query_with_destination
    jobs._handle_load_job_with_async_envelope = _run_load
    jobs.execute_extract_job = _run_extract
    for routes in (jobs, upload):
        routes._build_job_response = _with_link(routes._build_job_response)


async def _run_query(project: str, job_id: str, *rest: Any, **named: Any) -> JobMeta:
    """Run a query; the results of the oldest ones make room."""
    meta: JobMeta = await _execute_query_job(project, job_id, *rest, **named)
    results = executor.JOB_RESULTS
    while len(results) > 1 and sum(map(_size, results.values())) > KEPT_RESULT_BYTES:
        oldest = next(iter(results))
        del results[oldest]
        executor.JOB_SCHEMAS.pop(oldest, None)
    return meta


def _size(result: Any) -> int:
    return int(result.nbytes)


async def _run_query_with_destination(**arguments: Any) -> JobMeta:
    """Run a query of `jobs.insert`, and put its rows into the table that was asked for."""
    context: AppContext = arguments["ctx"]
    project, job_id, job = (arguments[key] for key in ("project_id", "job_id", "query_config"))
    _refuse_used_id(project, job_id, context)
    destination = job.get("destinationTable")
    # Without its disposition bqemulator leaves the result alone; it would only show it combined.
    arguments["query_config"] = {**job, "writeDisposition": None}
    meta: JobMeta = await _execute_query_or_failed_meta(**arguments)
    if destination is None or meta.error_result or _statement(meta) != "SELECT":
        return meta
    try:
        await write_result(project, job_id, job, context)
    except (DomainError, duckdb.Error) as error:
        return _failed(meta.job_type, project, job_id, arguments["config"], error, context)
    query = {**meta.configuration["query"], "destinationTable": destination}
    return meta.model_copy(update={"configuration": {**meta.configuration, "query": query}})


def _statement(meta: JobMeta) -> str:
    return str(meta.statistics.get("query", {}).get("statementType"))


async def _run_load(
    project_id: str, job_id: str, config: dict[str, Any], ctx: AppContext
) -> JobMeta:
    return await _run("LOAD", load, project_id, job_id, config, ctx)


async def _run_extract(
    project_id: str, job_id: str, config: dict[str, Any], ctx: AppContext
) -> JobMeta:
    return await _run("EXTRACT", extract, project_id, job_id, config, ctx)


async def _run(
    kind: str,
    work: Callable[[str, dict[str, Any], AppContext], Awaitable[Statistics]],
    project: str,
    job_id: str,
    config: dict[str, Any],
    context: AppContext,
) -> JobMeta:
    _refuse_used_id(project, job_id, context)
    started = context.clock.now()
    try:
        statistics = await work(project, config[kind.lower()], context)
    except (DomainError, duckdb.Error) as error:
        return _failed(kind, project, job_id, config, error, context)
    return JobMeta(
        project_id=project,
        job_id=job_id,
        job_type=kind,
        state="DONE",
        configuration=config,
        statistics={kind.lower(): statistics},
        creation_time=started,
        start_time=started,
        end_time=context.clock.now(),
        etag=generate_etag(project, job_id, str(started)),
    )


def _failed(
    kind: str,
    project: str,
    job_id: str,
    config: dict[str, Any],
    error: DomainError | duckdb.Error,
    context: AppContext,
) -> JobMeta:
    if isinstance(error, duckdb.Error):
        error = translate(error)
    meta: JobMeta = jobs._failed_job_meta(
        project_id=project,
        job_id=job_id,
        job_type=kind,
        config=config,
        error_result=jobs._domain_error_to_error_result(error),
        now=context.clock.now(),
    )
    return meta


def _refuse_used_id(project: str, job_id: str, context: AppContext) -> None:
    if context.catalog.get_job(project, job_id) is not None:
        raise AlreadyExistsError(f"Already Exists: Job {project}:US.{job_id}")


def _with_link(build: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build_with_link(project: str, job_id: str, *rest: Any) -> dict[str, Any]:
        response = build(project, job_id, *rest)
        path = f"bigquery/v2/projects/{project}/jobs/{job_id}?location=US"
        return {**response, "selfLink": f"https://bigquery.googleapis.com/{path}"}

    return build_with_link
