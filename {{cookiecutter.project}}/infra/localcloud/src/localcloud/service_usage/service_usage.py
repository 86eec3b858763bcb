"""ServiceUsage: services are enabled until someone disables them, and serve all the same."""

from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.service_usage_v1 import (
    BatchEnableServicesRequest,
    BatchEnableServicesResponse,
    BatchGetServicesRequest,
    BatchGetServicesResponse,
    DisableServiceRequest,
    DisableServiceResponse,
    EnableServiceRequest,
    EnableServiceResponse,
    GetServiceRequest,
    ListServicesRequest,
    ListServicesResponse,
    Service,
    State,
)
from google.longrunning.operations_pb2 import Operation

from localcloud.cloud import Cloud
from localcloud.field_checks import refusal
from localcloud.vertex.listing import page

# what a project that trains and serves models uses; Google has some hundred more
KNOWN = tuple(
    f"{name}.googleapis.com"
    for name in (
        "aiplatform",
        "artifactregistry",
        "bigquery",
        "bigquerystorage",
        "billingbudgets",
        "cloudbuild",
        "cloudkms",
        "cloudquotas",
        "cloudresourcemanager",
        "cloudscheduler",
        "compute",
        "dataflow",
        "dlp",
        "dns",
        "eventarc",
        "iam",
        "iamcredentials",
        "logging",
        "monitoring",
        "pubsub",
        "run",
        "secretmanager",
        "serviceusage",
        "storage",
        "sts",
        "workflows",
    )
)
_FILTERS = {"": list(State), "state:ENABLED": [State.ENABLED], "state:DISABLED": [State.DISABLED]}


def list_services(cloud: Cloud, request: ListServicesRequest) -> ListServicesResponse:
    """The services of a project.

    Partly: those of a project that trains and serves models.
    """
    if request.filter not in _FILTERS:
        raise refusal("filter", 'must be "state:ENABLED" or "state:DISABLED"')
    services = [service(cloud, request.parent, name) for name in KNOWN]
    found = [each for each in services if each.state in _FILTERS[request.filter]]
    items, token = page(found, request)
    return ListServicesResponse(services=items, next_page_token=token)


def get_service(cloud: Cloud, request: GetServiceRequest) -> Service:
    """One service of a project."""
    parent, _, name = request.name.partition("/services/")
    return service(cloud, parent, name)


def batch_get_services(cloud: Cloud, request: BatchGetServicesRequest) -> BatchGetServicesResponse:
    """Several services of a project."""
    names = [name.partition("/services/")[2] for name in request.names]
    return BatchGetServicesResponse(
        services=[service(cloud, request.parent, name) for name in names]
    )


def enable_service(cloud: Cloud, request: EnableServiceRequest) -> Operation:
    """Enable a service."""
    enabled = _set(cloud, request.name, State.ENABLED)
    return cloud.operations.done(enabled.parent, EnableServiceResponse(service=enabled))


def batch_enable_services(cloud: Cloud, request: BatchEnableServicesRequest) -> Operation:
    """Enable several services."""
    names = [f"{request.parent}/services/{name}" for name in request.service_ids]
    services = [_set(cloud, name, State.ENABLED) for name in names]
    return cloud.operations.done(request.parent, BatchEnableServicesResponse(services=services))


def disable_service(cloud: Cloud, request: DisableServiceRequest) -> Operation:
    """Disable a service.

    Partly: it is only said to be disabled, and answers as before.
    """
    disabled = _set(cloud, request.name, State.DISABLED)
    return cloud.operations.done(disabled.parent, DisableServiceResponse(service=disabled))


def service(cloud: Cloud, parent: str, name: str) -> Service:
    """A service of a project, as it stands.

    Raises:
        NotFound: there is no service of that name.
    """
    if name not in KNOWN:
        raise NotFound(f"Service {name} was not found.")
    full_name = f"{parent}/services/{name}"
    if cloud.store.exists(full_name):
        return cloud.store.get(full_name, Service)
    return Service(name=full_name, parent=parent, state=State.ENABLED, config={"name": name})


def _set(cloud: Cloud, full_name: str, state: State) -> Service:
    parent, separator, name = full_name.partition("/services/")
    if not separator:
        raise InvalidArgument(f"{full_name} is no service of a project.")
    changed = service(cloud, parent, name)
    changed.state = state
    cloud.store.save(changed)
    return changed
