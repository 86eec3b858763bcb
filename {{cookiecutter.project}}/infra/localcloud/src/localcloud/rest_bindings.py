"""HTTP routes of the clients that have no REST transport to read them from.

Google's protos (google/monitoring/v3/metric_service.proto and google/logging/v2/logging.proto)
declare them; here stand those of the RPCs that are served.
"""

# gRPC path → method, path template and body field of each route
BINDINGS: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    "/google.monitoring.v3.MetricService/ListMonitoredResourceDescriptors": (
        ("GET", "/v3/{name=projects/*}/monitoredResourceDescriptors", None),
    ),
    "/google.monitoring.v3.MetricService/GetMonitoredResourceDescriptor": (
        ("GET", "/v3/{name=projects/*/monitoredResourceDescriptors/**}", None),
    ),
    "/google.monitoring.v3.MetricService/ListMetricDescriptors": (
        ("GET", "/v3/{name=projects/*}/metricDescriptors", None),
    ),
    "/google.monitoring.v3.MetricService/GetMetricDescriptor": (
        ("GET", "/v3/{name=projects/*/metricDescriptors/**}", None),
    ),
    "/google.monitoring.v3.MetricService/CreateMetricDescriptor": (
        ("POST", "/v3/{name=projects/*}/metricDescriptors", "metric_descriptor"),
    ),
    "/google.monitoring.v3.MetricService/DeleteMetricDescriptor": (
        ("DELETE", "/v3/{name=projects/*/metricDescriptors/**}", None),
    ),
    "/google.monitoring.v3.MetricService/ListTimeSeries": (
        ("GET", "/v3/{name=projects/*}/timeSeries", None),
    ),
    "/google.monitoring.v3.MetricService/CreateTimeSeries": (
        ("POST", "/v3/{name=projects/*}/timeSeries", "*"),
    ),
    "/google.logging.v2.LoggingServiceV2/DeleteLog": (
        ("DELETE", "/v2/{log_name=projects/*/logs/*}", None),
    ),
    "/google.logging.v2.LoggingServiceV2/WriteLogEntries": (("POST", "/v2/entries:write", "*"),),
    "/google.logging.v2.LoggingServiceV2/ListLogEntries": (("POST", "/v2/entries:list", "*"),),
    "/google.logging.v2.LoggingServiceV2/ListLogs": (
        ("GET", "/v2/{parent=projects/*}/logs", None),
    ),
}
