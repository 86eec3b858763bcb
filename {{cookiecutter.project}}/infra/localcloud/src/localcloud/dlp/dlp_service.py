"""DlpService: content is inspected and de-identified at once, tables and objects by jobs."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import (
    CancelDlpJobRequest,
    CreateDeidentifyTemplateRequest,
    CreateDlpJobRequest,
    CreateInspectTemplateRequest,
    DeidentifyContentRequest,
    DeidentifyContentResponse,
    DeidentifyTemplate,
    DeleteDeidentifyTemplateRequest,
    DeleteDlpJobRequest,
    DeleteInspectTemplateRequest,
    DlpJob,
    DlpJobType,
    GetDeidentifyTemplateRequest,
    GetDlpJobRequest,
    GetInspectTemplateRequest,
    InfoTypeDescription,
    InfoTypeSupportedBy,
    InspectContentRequest,
    InspectContentResponse,
    InspectTemplate,
    ListDeidentifyTemplatesRequest,
    ListDeidentifyTemplatesResponse,
    ListDlpJobsRequest,
    ListDlpJobsResponse,
    ListInfoTypesRequest,
    ListInfoTypesResponse,
    ListInspectTemplatesRequest,
    ListInspectTemplatesResponse,
    ReidentifyContentRequest,
    ReidentifyContentResponse,
    UpdateDeidentifyTemplateRequest,
    UpdateInspectTemplateRequest,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.dlp import content, detectors, risk, sources, templates
from localcloud.dlp.deidentification import Deidentifier
from localcloud.dlp.inspector import Inspector
from localcloud.dlp.jobs import ENDED
from localcloud.dlp.keys import Keys
from localcloud.dlp.transformations import reversal, transformation
from localcloud.rpc import raw
from localcloud.vertex import filters
from localcloud.vertex.listing import ResourceT, page
from localcloud.vertex.resources import now

_ORDER = ("create_time", "update_time", "name", "display_name")
_JOB_ORDER = ("create_time", "start_time", "end_time", "name", "state")
_JOB_FIELDS: filters.Fields = {
    "create_time": lambda job: job.create_time,
    "end_time": lambda job: job.end_time,
    "inspected_storage": lambda job: sources.kind(_storage_config(job)),
    "start_time": lambda job: job.start_time,
    "state": lambda job: job.state.name,
}
# filters tell these in any case, and what is DONE as FINISHED too
_WORDS = re.compile(r'\b(?:state|inspected_storage)\s*!?=\s*"?\w+', re.IGNORECASE)


def list_info_types(_cloud: Cloud, request: ListInfoTypesRequest) -> ListInfoTypesResponse:
    """The infoTypes that are found.

    Partly: those that localcloud finds.
    """
    supported = (InfoTypeSupportedBy.INSPECT,)
    if request.filter not in ("", "supported_by=INSPECT"):
        raise InvalidArgument('filter must be "supported_by=INSPECT", or nothing.')
    found = detectors.info_types().items()
    return ListInfoTypesResponse(
        info_types=[
            InfoTypeDescription(name=name, display_name=title, supported_by=supported)
            for name, title in found
        ]
    )


def inspect_content(cloud: Cloud, request: InspectContentRequest) -> InspectContentResponse:
    """What personal data a text or a table holds.

    Partly: infoTypes with a form and a check digit are found, not names or addresses; texts and
    tables are read, not images and documents.
    """
    asked = raw(request)
    config = templates.inspect_config(cloud, asked.inspect_template_name, asked.inspect_config)
    content.check_size(asked.item)
    inspector = Inspector(config, cloud.home.storage)
    return InspectContentResponse(result=content.inspect(inspector, config, asked.item))


def deidentify_content(
    cloud: Cloud, request: DeidentifyContentRequest
) -> DeidentifyContentResponse:
    """A text or a table without the personal data in it.

    Partly: format-preserving encryption and byte items are not served, and values are bucketed as
    numbers alone; overviews count by infoType and field; tokens are others than Google's; a key
    that Cloud KMS wrapped stands for one that is derived from its bytes.
    """
    asked = raw(request)
    config = templates.deidentify_config(
        cloud, asked.deidentify_template_name, asked.deidentify_config
    )
    inspected = templates.inspect_config(cloud, asked.inspect_template_name, asked.inspect_config)
    reading = partial(_reading, Keys())
    item, overview = _deidentify(cloud, asked.item, config, inspected, reading)
    return DeidentifyContentResponse(item=item, overview=overview)


def reidentify_content(
    cloud: Cloud, request: ReidentifyContentRequest
) -> ReidentifyContentResponse:
    """A text or a table with the values that tokens were put in for.

    Partly: tokens of `crypto_deterministic_config` alone.
    """
    asked = raw(request)
    config = templates.deidentify_config(
        cloud, asked.reidentify_template_name, asked.reidentify_config
    )
    inspected = templates.inspect_config(cloud, asked.inspect_template_name, asked.inspect_config)
    keys = Keys()
    item, overview = _deidentify(
        cloud, asked.item, config, inspected, lambda primitive, _: reversal(primitive, keys)
    )
    return ReidentifyContentResponse(item=item, overview=overview)


def create_inspect_template(cloud: Cloud, request: CreateInspectTemplateRequest) -> InspectTemplate:
    """Keep what to look for."""
    Inspector(raw(request).inspect_template.inspect_config, cloud.home.storage)
    collection = f"{request.parent}/inspectTemplates"
    return templates.create(cloud, request.inspect_template, collection, request.template_id)


def get_inspect_template(cloud: Cloud, request: GetInspectTemplateRequest) -> InspectTemplate:
    """An inspect template."""
    return cloud.store.get(request.name, InspectTemplate)


def list_inspect_templates(
    cloud: Cloud, request: ListInspectTemplatesRequest
) -> ListInspectTemplatesResponse:
    """The inspect templates of a project at a location."""
    kept = cloud.store.in_collection(f"{request.parent}/inspectTemplates", InspectTemplate)
    found, token = _page(kept, request, _ORDER)
    return ListInspectTemplatesResponse(inspect_templates=found, next_page_token=token)


def update_inspect_template(cloud: Cloud, request: UpdateInspectTemplateRequest) -> InspectTemplate:
    """Change an inspect template."""
    Inspector(raw(request).inspect_template.inspect_config, cloud.home.storage)
    mask = raw(request).update_mask
    return templates.update(cloud, request.name, request.inspect_template, mask, "inspect_config")


def delete_inspect_template(cloud: Cloud, request: DeleteInspectTemplateRequest) -> Empty:
    """Remove an inspect template."""
    cloud.store.delete(request.name)
    return Empty()


def create_deidentify_template(
    cloud: Cloud, request: CreateDeidentifyTemplateRequest
) -> DeidentifyTemplate:
    """Keep how to de-identify."""
    _check_deidentification(cloud, raw(request).deidentify_template.deidentify_config)
    collection = f"{request.parent}/deidentifyTemplates"
    return templates.create(cloud, request.deidentify_template, collection, request.template_id)


def get_deidentify_template(
    cloud: Cloud, request: GetDeidentifyTemplateRequest
) -> DeidentifyTemplate:
    """A de-identify template."""
    return cloud.store.get(request.name, DeidentifyTemplate)


def list_deidentify_templates(
    cloud: Cloud, request: ListDeidentifyTemplatesRequest
) -> ListDeidentifyTemplatesResponse:
    """The de-identify templates of a project at a location."""
    kept = cloud.store.in_collection(f"{request.parent}/deidentifyTemplates", DeidentifyTemplate)
    found, token = _page(kept, request, _ORDER)
    return ListDeidentifyTemplatesResponse(deidentify_templates=found, next_page_token=token)


def update_deidentify_template(
    cloud: Cloud, request: UpdateDeidentifyTemplateRequest
) -> DeidentifyTemplate:
    """Change a de-identify template."""
    if raw(request).deidentify_template.HasField("deidentify_config"):
        _check_deidentification(cloud, raw(request).deidentify_template.deidentify_config)
    mask = raw(request).update_mask
    return templates.update(
        cloud, request.name, request.deidentify_template, mask, "deidentify_config"
    )


def delete_deidentify_template(cloud: Cloud, request: DeleteDeidentifyTemplateRequest) -> Empty:
    """Remove a de-identify template."""
    cloud.store.delete(request.name)
    return Empty()


def create_dlp_job(cloud: Cloud, request: CreateDlpJobRequest) -> DlpJob:
    """Begin to inspect a table or objects, or to measure a table's k-anonymity.

    Partly: findings can be saved in BigQuery, without their ranges, and nothing else be done with
    them; of objects, CSV files are read as tables and all others as text; neither timespans nor
    shares and types of objects can be chosen; no other risks are measured, and of entities with
    several rows the values of one are shown.
    """
    job = DlpJob(state=DlpJob.JobState.PENDING, create_time=now())
    if "risk_job" in request:
        risk.check(raw(request).risk_job)
        job.type_, prefix = DlpJobType.RISK_ANALYSIS_JOB, "r"
        raw(job).risk_details.requested_options.job_config.CopyFrom(raw(request).risk_job)
    elif "inspect_job" in request:
        job.type_, prefix = DlpJobType.INSPECT_JOB, "i"
        options = raw(job).inspect_details.requested_options
        options.job_config.CopyFrom(_checked(cloud, raw(request).inspect_job))
        if raw(request).inspect_job.inspect_template_name:
            name = raw(request).inspect_job.inspect_template_name
            snapshot = templates.inspect_template(cloud, name)
            options.snapshot_inspect_template.CopyFrom(raw(snapshot))
    else:
        raise InvalidArgument("A job needs an inspect_job or a risk_job; give one.")
    job.name = f"{request.parent}/dlpJobs/{prefix}-{templates.check_id(request.job_id)}"
    cloud.dlp_jobs.start(job)
    return job


def get_dlp_job(cloud: Cloud, request: GetDlpJobRequest) -> DlpJob:
    """A job as it stands."""
    return cloud.store.get(request.name, DlpJob)


def list_dlp_jobs(cloud: Cloud, request: ListDlpJobsRequest) -> ListDlpJobsResponse:
    """The jobs of a project at a location, of one type.

    Partly: filters on trigger_name are not served.
    """
    kind = request.type_ or DlpJobType.INSPECT_JOB
    kept = [
        job
        for job in cloud.store.in_collection(f"{request.parent}/dlpJobs", DlpJob)
        if job.type_ == kind
    ]
    selects = filters.predicate(_WORDS.sub(_in_capitals, request.filter), _JOB_FIELDS)
    found, token = _page(kept, request, _JOB_ORDER, selects)
    return ListDlpJobsResponse(jobs=found, next_page_token=token)


def cancel_dlp_job(cloud: Cloud, request: CancelDlpJobRequest) -> Empty:
    """End a job before it is done."""
    with cloud.store.editing(request.name, DlpJob) as job:
        if job.state in ENDED:
            raise FailedPrecondition(f"{job.name} has ended; it cannot be canceled any more.")
        job.state, job.end_time = DlpJob.JobState.CANCELED, now()
    return Empty()


def delete_dlp_job(cloud: Cloud, request: DeleteDlpJobRequest) -> Empty:
    """Remove a job; one that runs is ended."""
    cloud.store.delete(request.name)
    return Empty()


def _page(
    kept: list[ResourceT],
    request: Any,
    order: Sequence[str],
    selects: filters.Predicate | None = None,
) -> tuple[list[ResourceT], str]:
    request.order_by = request.order_by.lower()  # which may be written in any case
    return page(kept, request, order=order, selects=selects)


def _storage_config(job: DlpJob) -> Any:
    return raw(job).inspect_details.requested_options.job_config.storage_config


def _in_capitals(restriction: re.Match[str]) -> str:
    field, sign, word = restriction[0].partition("=")
    return f"{field}{sign}{re.sub('FINISHED', 'DONE', word.upper())}"


def _reading(keys: Keys, primitive: Any, info_type: str) -> Any:
    return transformation(primitive, keys, info_type)


def _deidentify(
    cloud: Cloud, item: Any, config: Any, inspected: Any, reading: Callable[[Any, str], Any]
) -> Any:
    content.check_size(item)
    storage = cloud.home.storage
    return Deidentifier(config, lambda: Inspector(inspected, storage), reading).apply(item)


def _check_deidentification(cloud: Cloud, config: Any) -> None:
    nothing = templates.inspect_config(cloud, "", raw(InspectTemplate()).inspect_config)
    Deidentifier(config, lambda: Inspector(nothing, cloud.home.storage), partial(_reading, Keys()))


def _checked(cloud: Cloud, job: Any) -> Any:
    """An InspectJobConfig (as protobuf) with all that it takes from its template.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it asks for what is not served.
    """
    sources.check(job.storage_config)
    for action in job.actions:
        kind = action.WhichOneof("action")
        if kind is None:
            raise InvalidArgument("An action is empty; give it save_findings.")
        if kind != "save_findings":
            raise MethodNotImplemented(
                f"localcloud does not serve the action {kind}; use save_findings."
            )
        sources.table_of(action.save_findings.output_config.table)
    config = templates.inspect_config(cloud, job.inspect_template_name, job.inspect_config)
    Inspector(config, cloud.home.storage)
    complete = type(job)()
    complete.CopyFrom(job)
    complete.inspect_config.CopyFrom(config)
    return complete
