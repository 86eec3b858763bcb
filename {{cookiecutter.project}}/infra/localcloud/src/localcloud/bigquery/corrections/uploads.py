"""Uploads for load jobs: Google's Python client calls its content `*/*` and names its job."""

from typing import Any

from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes import jobs, upload
from bqemulator.catalog.models import JobMeta

_JOB_ID = "localcloudJobId"  # carries the job's id inside its configuration

_load_configuration = upload._load_configuration_from_envelope


def apply() -> None:
    """Accept the Python client's uploads, under the job id that it asks for."""
    upload._PERMITTED_MEDIA_CONTENT_TYPES += ("*/*",)
    upload._load_configuration_from_envelope = _load_configuration_with_id
    upload._run_load = _run_load


def _load_configuration_with_id(envelope: dict[str, Any]) -> dict[str, Any]:
    job_id = (envelope.get("jobReference") or {}).get("jobId")
    return {**_load_configuration(envelope), _JOB_ID: job_id}


async def _run_load(
    *, project_id: str, configuration: dict[str, Any], media_path: str, ctx: AppContext
) -> tuple[str, JobMeta]:
    """Load the uploaded file; the job's configuration does not tell where it lay."""
    asked = {key: value for key, value in configuration.items() if key != _JOB_ID}
    job_id = configuration.get(_JOB_ID) or upload._new_job_id()
    load = {**asked["load"], "sourceUris": [f"file://{media_path}"]}
    meta: JobMeta = await jobs._handle_load_job_with_async_envelope(
        project_id, job_id, {**asked, "load": load}, ctx
    )
    meta = meta.model_copy(update={"configuration": asked})
    ctx.catalog.upsert_job(meta)
    return job_id, meta
