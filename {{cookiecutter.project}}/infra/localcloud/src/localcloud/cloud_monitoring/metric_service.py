"""MetricService: metric descriptors, monitored resources and time series."""

from google.api.metric_pb2 import MetricDescriptor
from google.api.monitored_resource_pb2 import MonitoredResourceDescriptor
from google.api_core.exceptions import NotFound, PermissionDenied
from google.cloud.monitoring_v3.types import (
    CreateMetricDescriptorRequest,
    CreateTimeSeriesRequest,
    DeleteMetricDescriptorRequest,
    GetMetricDescriptorRequest,
    GetMonitoredResourceDescriptorRequest,
    ListMetricDescriptorsRequest,
    ListMetricDescriptorsResponse,
    ListMonitoredResourceDescriptorsRequest,
    ListMonitoredResourceDescriptorsResponse,
    ListTimeSeriesRequest,
    ListTimeSeriesResponse,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.cloud_monitoring import descriptors, listing, writing
from localcloud.cloud_monitoring.filters import descriptor_filter, series_filter
from localcloud.field_checks import refusal
from localcloud.resource_manager.projects import project_number
from localcloud.rpc import raw
from localcloud.vertex.listing import page

_SIZES = (10_000, 10_000)


def list_time_series(cloud: Cloud, request: ListTimeSeriesRequest) -> ListTimeSeriesResponse:
    """The points of the series that a filter selects, as they are or aggregated.

    Partly: filters on metadata and groups are refused; ALIGN_INTERPOLATE and ALIGN_PERCENT_CHANGE
    are not served; Google's metrics are there at once, with points of about a second.
    """
    cloud.endpoint_metrics.flush()
    metric_type, _ = series_filter(request.filter)
    _find(cloud, request.name, metric_type)
    return listing.answer(cloud.time_series, _key(request.name), request)


def create_time_series(cloud: Cloud, request: CreateTimeSeriesRequest) -> Empty:
    """Write a point to each of some series of the project's own metrics."""
    writing.write(
        cloud.time_series,
        _key(request.name),
        request.name.removeprefix("projects/"),
        request.time_series,
        cloud.clock.now(),
    )
    return Empty()


def list_metric_descriptors(
    cloud: Cloud, request: ListMetricDescriptorsRequest
) -> ListMetricDescriptorsResponse:
    """The metrics of a project: Google's and its own.

    Partly: of Google's metrics those of online prediction that localcloud fills.
    """
    found, token = page(
        _descriptors(cloud, request.name),
        request,
        selects=descriptor_filter(request.filter),
        sizes=_SIZES,
    )
    return ListMetricDescriptorsResponse(metric_descriptors=found, next_page_token=token)


def get_metric_descriptor(cloud: Cloud, request: GetMetricDescriptorRequest) -> MetricDescriptor:
    """One metric."""
    project, metric_type = _split(request.name)
    return _find(cloud, project, metric_type)


def create_metric_descriptor(
    cloud: Cloud, request: CreateMetricDescriptorRequest
) -> MetricDescriptor:
    """Declare a metric of the project's own; one that is there is replaced."""
    descriptor = MetricDescriptor.FromString(raw(request).metric_descriptor.SerializeToString())
    writing.check_descriptor(descriptor)
    descriptor.name = f"{request.name}/metricDescriptors/{descriptor.type}"
    kept = {each.type: each for each in cloud.time_series.descriptors(_key(request.name))}
    known = kept.get(descriptor.type, descriptor)
    for field in ("metric_kind", "value_type"):
        if getattr(known, field) != getattr(descriptor, field):
            raise refusal(
                f"metric_descriptor.{field}", "is not that of the metric; delete it first to change"
            )
    cloud.time_series.save_descriptor(_key(request.name), descriptor)
    return descriptor


def delete_metric_descriptor(cloud: Cloud, request: DeleteMetricDescriptorRequest) -> Empty:
    """Forget a metric of the project's own, and its time series."""
    project, metric_type = _split(request.name)
    _find(cloud, project, metric_type)
    if metric_type.startswith(descriptors.PREFIX):
        raise PermissionDenied(f"{metric_type} is Google's; only custom metrics can be deleted.")
    cloud.time_series.delete_metric(_key(project), metric_type)
    return Empty()


def list_monitored_resource_descriptors(
    _cloud: Cloud, request: ListMonitoredResourceDescriptorsRequest
) -> ListMonitoredResourceDescriptorsResponse:
    """The kinds of resources that metrics belong to.

    Partly: those of Vertex AI, and those that custom metrics are written for; no filters.
    """
    if request.filter:
        raise refusal("filter", "is not served by localcloud; leave it out")
    found, token = page(descriptors.resources(request.name), request, sizes=_SIZES)
    return ListMonitoredResourceDescriptorsResponse(
        resource_descriptors=found, next_page_token=token
    )


def get_monitored_resource_descriptor(
    _cloud: Cloud, request: GetMonitoredResourceDescriptorRequest
) -> MonitoredResourceDescriptor:
    """One kind of resources."""
    project = "/".join(request.name.split("/")[:2])
    for descriptor in descriptors.resources(project):
        if descriptor.name == request.name:
            return descriptor
    raise NotFound(f"{request.name} was not found.")


def _key(project: str) -> str:
    """The project's number: a name may hold its id or its number."""
    return str(project_number(project.removeprefix("projects/")))


def _split(name: str) -> tuple[str, str]:
    """The project and the type of a metric's name."""
    project, _, metric_type = name.partition("/metricDescriptors/")
    return project, metric_type


def _descriptors(cloud: Cloud, project: str) -> list[MetricDescriptor]:
    return [*descriptors.metrics(project), *cloud.time_series.descriptors(_key(project))]


def _find(cloud: Cloud, project: str, metric_type: str) -> MetricDescriptor:
    for descriptor in _descriptors(cloud, project):
        if descriptor.type == metric_type:
            return descriptor
    raise NotFound(
        f'Cannot find metric(s) that match type = "{metric_type}". If a metric was created'
        " recently, it could take up to 10 minutes to become available."
    )
