"""What the resources of all kinds of jobs have in common: creation, listing, cancelling."""

from collections.abc import Sequence
from typing import Any, TypeVar

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import DeleteOperationMetadata
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.jobs.job import ENDED, KINDS, Job, State, Work
from localcloud.operations import Operation
from localcloud.vertex import filters, listing
from localcloud.vertex.resources import (
    check_display_name,
    check_labels,
    new_id,
    now,
    operation_metadata,
)

ResourceT = TypeVar("ResourceT")

_ORDER = ("create_time", "display_name", "end_time", "start_time", "update_time")
_FIELDS: filters.Fields = {
    "create_time": lambda job: job.create_time,
    "display_name": lambda job: job.display_name,
    "end_time": lambda job: job.end_time,
    "labels": lambda job: job.labels,
    "start_time": lambda job: job.start_time,
    "state": lambda job: job.state.name,
    "update_time": lambda job: job.update_time,
}
_OUTPUT_FIELDS = ("name", "state", "start_time", "end_time", "error")


def create(cloud: Cloud, parent: str, resource: Any, work: Work) -> Job:
    """Keep a new job and start it; what its caller said in output fields is dropped.

    Raises:
        InvalidArgument: the display name or the labels are malformed.
    """
    check_display_name(resource.display_name)
    check_labels(resource.labels)
    for field in _OUTPUT_FIELDS:
        setattr(resource, field, None)
    resource.name = f"{parent}/{_collection(type(resource))}/{new_id()}"
    resource.state = State.JOB_STATE_PENDING
    resource.create_time = resource.update_time = now()
    cloud.store.create(resource)
    return cloud.jobs.start(resource.name, work)


def page(
    cloud: Cloud,
    request: Any,
    resource_type: type[ResourceT],
    fields: filters.Fields | None = None,
) -> tuple[list[ResourceT], str]:
    """One page of a location's jobs of this type, newest first, and the token of the next.

    Args:
        cloud: where the jobs are kept.
        request: the list request.
        resource_type: such as CustomJob.
        fields: what a filter may name beside the fields that all jobs have.

    Raises:
        InvalidArgument: the filter, order or page token is malformed.
    """
    collection = f"{request.parent}/{_collection(resource_type)}"
    jobs = cloud.store.in_collection(collection, resource_type)
    selects = filters.predicate(request.filter, {**_FIELDS, **(fields or {})})
    return listing.page(jobs, request, order=_ORDER, selects=selects)


def cancel(cloud: Cloud, name: str, resource_type: type[Any]) -> Empty:
    """Ask a running job to end; it is CANCELLED some time later.

    Raises:
        NotFound: there is no such job.
        FailedPrecondition: it has ended.
    """
    cloud.store.get(name, resource_type)
    cloud.jobs.cancel(name)
    return Empty()


def delete(cloud: Cloud, name: str, resource_type: type[Any]) -> Operation:
    """Delete a job that has ended; what it wrote stays.

    Raises:
        NotFound: there is no such job.
        FailedPrecondition: it still runs.
    """
    with cloud.store.transaction():
        if int(cloud.store.get(name, resource_type).state) not in ENDED:
            raise FailedPrecondition(f"{name} still runs; cancel it before you delete it.")
        cloud.store.delete(name)
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(name, Empty(), metadata)


def check_storage_uris(field: str, uris: Sequence[str]) -> None:
    """Refuse what is not in Cloud Storage.

    Raises:
        InvalidArgument: a URI does not start with `gs://BUCKET`.
    """
    for uri in uris:
        if not uri.removeprefix("gs://").strip("/") or not uri.startswith("gs://"):
            raise InvalidArgument(f"{field} is {uri!r}; give a Cloud Storage URI (gs://…).")


def _collection(resource_type: type[Any]) -> str:
    return next(kind for kind, each in KINDS.items() if each is resource_type)
