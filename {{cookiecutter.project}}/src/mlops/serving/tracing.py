"""OpenTelemetry traces of requests, off unless the standard variables turn them on.

OTEL_TRACES_EXPORTER is `otlp` (to OTEL_EXPORTER_OTLP_ENDPOINT, as JSON over HTTP), `console` or
`none`. All other variables of OpenTelemetry's SDK hold as well, such as OTEL_TRACES_SAMPLER.
"""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from mlops.serving.environment import EnvironmentVariableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlops.serving.batching import Answer

VARIABLE = "OTEL_TRACES_EXPORTER"
_EXPORTERS = {"otlp": "otlp_json_http"}
_CARRIED = (b"traceparent", b"tracestate")


class Tracer:
    """Records a trace of each request: how long it took, and the model's call within."""

    def __init__(self, exporter: Any, attributes: Mapping[str, str]) -> None:
        """Sends spans to an exporter; the attributes describe what serves."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create(attributes)
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(__name__)

    def record(
        self,
        headers: Iterable[tuple[bytes, bytes]],
        started: int,
        ended: int,
        attributes: Mapping[str, str | int],
        answer: Answer | None,
    ) -> str:
        """Records a request; gives its trace's id, which is the client's if it has sent one.

        Args:
            headers: of the request.
            started: in nanoseconds since the epoch.
            ended: likewise.
            attributes: what is known of the request; never a value.
            answer: of the model, if it was asked.
        """
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {name.decode(): value.decode() for name, value in headers if name in _CARRIED}
        parent = TraceContextTextMapPropagator().extract(carrier)
        span = self._tracer.start_span(
            "predict", parent, trace.SpanKind.SERVER, dict(attributes), start_time=started
        )
        if answer is not None:
            inner = trace.set_span_in_context(span)
            rows = {"batch_rows": answer.batch_rows}
            call = self._tracer.start_span(
                "model", inner, attributes=rows, start_time=answer.started
            )
            call.end(answer.ended)
        span.end(ended)
        return trace.format_trace_id(span.get_span_context().trace_id)

    def close(self) -> None:
        """Sends what is not sent yet."""
        self._provider.shutdown()


def create_tracer(attributes: Mapping[str, str]) -> Tracer | None:
    """The tracer that the environment asks for; None when it asks for none.

    Raises:
        EnvironmentVariableError: it asks for an exporter that is not installed.
    """
    name = os.environ.get(VARIABLE, "none").strip().lower()
    if name in {"", "none"}:
        return None
    key = _EXPORTERS.get(name, name)
    found = tuple(entry_points(group="opentelemetry_traces_exporter", name=key))
    if not found:
        raise EnvironmentVariableError(f"{VARIABLE} is {name!r}: choose otlp, console or none.")
    return Tracer(found[0].load()(), attributes)
