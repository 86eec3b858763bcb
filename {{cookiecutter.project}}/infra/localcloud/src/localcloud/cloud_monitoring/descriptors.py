"""The metrics and monitored resources that Google defines, as far as localcloud fills them.

They are as in https://cloud.google.com/monitoring/api/metrics_gcp and
https://cloud.google.com/monitoring/api/resources.
"""

from google.api.label_pb2 import LabelDescriptor
from google.api.metric_pb2 import MetricDescriptor
from google.api.monitored_resource_pb2 import MonitoredResourceDescriptor

ENDPOINT = "aiplatform.googleapis.com/Endpoint"
PREFIX = "aiplatform.googleapis.com/prediction/online/"

_KIND, _TYPE = MetricDescriptor.MetricKind, MetricDescriptor.ValueType
_SERVED = {
    "deployed_model_id": "The ID of the DeployedModel which serves the prediction request.",
    "spot": "Whether this deployment is on Spot VMs. Has values of True or False.",
    "model_display_name": "The display name of the model specified by the user.",
    "endpoint_display_name": "The display name of the endpoint specified by the user.",
}
_CODE = {"response_code": "HTTP response code (1xx, 2xx, 3xx, 4xx, 5xx)."}
_LATENCY = {"latency_type": 'One of the following "overhead", "model" or "total".'}
_REPLICA = {
    "deployed_model_id": _SERVED["deployed_model_id"],
    "replica_id": "Unique ID corresponding to the deployed model replica.",
    "spot": _SERVED["spot"],
}
# name → display name, kind, type, unit, description, labels
_ONLINE = {
    "cpu/utilization": (
        "CPU utilization",
        *(_KIND.GAUGE, _TYPE.DOUBLE, "10^2.%"),
        "Fraction of CPU allocated by the deployed model replica and currently in use.",
        _REPLICA,
    ),
    "error_count": (
        "Error count",
        *(_KIND.DELTA, _TYPE.INT64, "1"),
        "Number of online prediction errors.",
        _SERVED,
    ),
    "memory/bytes_used": (
        "Memory usage",
        *(_KIND.GAUGE, _TYPE.INT64, "By"),
        "Amount of memory allocated by the deployed model replica and currently in use.",
        _REPLICA,
    ),
    "prediction_count": (
        "Prediction count",
        *(_KIND.DELTA, _TYPE.INT64, "1"),
        "Number of online predictions.",
        _SERVED,
    ),
    "prediction_latencies": (
        "Prediction Latencies",
        *(_KIND.DELTA, _TYPE.DISTRIBUTION, "ms"),
        "Online prediction latency of the deployed model.",
        _SERVED | _LATENCY,
    ),
    "replicas": (
        "Replica count",
        *(_KIND.GAUGE, _TYPE.INT64, "1"),
        "Number of active replicas used by the deployed model.",
        _SERVED,
    ),
    "response_count": (
        "Response count",
        *(_KIND.DELTA, _TYPE.INT64, "1"),
        "Number of different online prediction response codes.",
        _SERVED | _CODE,
    ),
    "target_replicas": (
        "Replica target",
        *(_KIND.GAUGE, _TYPE.INT64, "1"),
        "Target number of active replicas needed for the deployed model.",
        _SERVED,
    ),
}
_RESOURCES = {
    ENDPOINT: ("Vertex AI Endpoint", ("resource_container", "location", "endpoint_id")),
    "aiplatform.googleapis.com/PipelineJob": (
        "Vertex Pipelines Job",
        ("resource_container", "location", "pipeline_job_id"),
    ),
    "gce_instance": ("VM Instance", ("project_id", "instance_id", "zone")),
    "generic_node": ("Generic Node", ("project_id", "location", "namespace", "node_id")),
    "generic_task": (
        "Generic Task",
        ("project_id", "location", "namespace", "job", "task_id"),
    ),
    "global": ("Global", ("project_id",)),
    "k8s_cluster": ("Kubernetes Cluster", ("project_id", "location", "cluster_name")),
    "k8s_container": (
        "Kubernetes Container",
        (
            *("project_id", "location", "cluster_name"),
            *("namespace_name", "pod_name", "container_name"),
        ),
    ),
    "k8s_node": ("Kubernetes Node", ("project_id", "location", "cluster_name", "node_name")),
    "k8s_pod": (
        "Kubernetes Pod",
        ("project_id", "location", "cluster_name", "namespace_name", "pod_name"),
    ),
    "ml_job": ("Cloud ML Job", ("project_id", "job_id", "task_name")),
}
# of those, the ones that custom metrics may be written for
WRITABLE = tuple(name for name in _RESOURCES if "/" not in name and name != "ml_job")


def metrics(project: str) -> list[MetricDescriptor]:
    """Google's own metrics, as a project (`projects/ID`) sees them."""
    return [
        MetricDescriptor(
            name=f"{project}/metricDescriptors/{PREFIX}{name}",
            type=PREFIX + name,
            labels=[LabelDescriptor(key=key, description=text) for key, text in labels.items()],
            metric_kind=kind,
            value_type=value_type,
            unit=unit,
            description=description,
            display_name=display_name,
            monitored_resource_types=[ENDPOINT],
        )
        for name, (display_name, kind, value_type, unit, description, labels) in _ONLINE.items()
    ]


def resources(project: str) -> list[MonitoredResourceDescriptor]:
    """The monitored resources, as a project (`projects/ID`) sees them."""
    return [
        MonitoredResourceDescriptor(
            name=f"{project}/monitoredResourceDescriptors/{name}",
            type=name,
            display_name=display_name,
            labels=[LabelDescriptor(key=label) for label in labels],
        )
        for name, (display_name, labels) in _RESOURCES.items()
    ]
