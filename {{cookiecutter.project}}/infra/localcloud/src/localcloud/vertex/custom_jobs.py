"""Custom jobs: training code that runs in the environments of its images."""

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import (
    CancelCustomJobRequest,
    CreateCustomJobRequest,
    CustomJob,
    CustomJobSpec,
    DeleteCustomJobRequest,
    GetCustomJobRequest,
    ListCustomJobsRequest,
    ListCustomJobsResponse,
    WorkerPoolSpec,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.jobs.cluster import has_task
from localcloud.jobs.containers import image_uri
from localcloud.jobs.custom_job import CustomJobWork
from localcloud.operations import Operation
from localcloud.vertex import job_resources
from localcloud.vertex.resources import refuse_fields

_MOST_POOLS = 4


def create_custom_job(cloud: Cloud, request: CreateCustomJobRequest) -> CustomJob:
    """Check a job, keep it and start it.

    Partly: replicas are processes on this machine: machines, disks, networks, service account,
    `encryption_spec`, web access, `models` and all of `scheduling` but `timeout` have no effect;
    mounts (NFS, Lustre) and persistent resources are refused.

    Raises:
        InvalidArgument: a required field is missing or malformed.
        NotFound: an image is not here.
    """
    job = CustomJob(request.custom_job)
    check_spec(cloud, job.job_spec, "custom_job.job_spec")
    created: CustomJob = job_resources.create(cloud, request.parent, job, CustomJobWork()).resource
    return created


def get_custom_job(cloud: Cloud, request: GetCustomJobRequest) -> CustomJob:
    """The job as it stands."""
    return cloud.store.get(request.name, CustomJob)


def list_custom_jobs(cloud: Cloud, request: ListCustomJobsRequest) -> ListCustomJobsResponse:
    """The jobs of a location."""
    jobs, token = job_resources.page(cloud, request, CustomJob)
    return ListCustomJobsResponse(custom_jobs=jobs, next_page_token=token)


def cancel_custom_job(cloud: Cloud, request: CancelCustomJobRequest) -> Empty:
    """Ask a job to end, with all its replicas."""
    return job_resources.cancel(cloud, request.name, CustomJob)


def delete_custom_job(cloud: Cloud, request: DeleteCustomJobRequest) -> Operation:
    """Delete a job that has ended."""
    return job_resources.delete(cloud, request.name, CustomJob)


def check_spec(cloud: Cloud, spec: CustomJobSpec, field: str) -> None:
    """Refuse a spec that Vertex refuses, or whose images are not here.

    Raises:
        InvalidArgument: a required field is missing or malformed.
        MethodNotImplemented: it asks for what localcloud does not have.
        NotFound: an image is not here.
    """
    pools = spec.worker_pool_specs
    if not 1 <= len(pools) <= _MOST_POOLS:
        raise InvalidArgument(f"{field}.worker_pool_specs has {len(pools)} pools; give 1 to 4.")
    if not has_task(pools[0]):
        raise InvalidArgument(
            f"{field}.worker_pool_specs[0] has no task; give it a container_spec or a"
            " python_package_spec."
        )
    for number, pool in enumerate(pools):
        if has_task(pool):
            _check_pool(cloud, pool, f"{field}.worker_pool_specs[{number}]")
    refuse_fields(spec, field, ("persistent_resource_id",))
    output = spec.base_output_directory.output_uri_prefix
    if output:
        job_resources.check_storage_uris(f"{field}.base_output_directory", [output])


def _check_pool(cloud: Cloud, pool: WorkerPoolSpec, field: str) -> None:
    refuse_fields(pool, field, ("nfs_mounts", "lustre_mounts"))
    if not pool.machine_spec.machine_type:
        raise InvalidArgument(f"{field}.machine_spec.machine_type is required.")
    if not image_uri(pool):
        raise InvalidArgument(f"{field} names no image; give its image URI.")
    cloud.images.resolve(image_uri(pool))
    if "python_package_spec" not in pool:
        return
    package = pool.python_package_spec
    if not package.package_uris:
        raise InvalidArgument(f"{field}.python_package_spec.package_uris is required.")
    job_resources.check_storage_uris(
        f"{field}.python_package_spec.package_uris", list(package.package_uris)
    )
    if not package.python_module:
        raise InvalidArgument(f"{field}.python_package_spec.python_module is required.")
