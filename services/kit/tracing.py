"""Traces (OpenTelemetry) of what a request or a job does in services and database, with the extra `tracing`.

On where `OTEL_EXPORTER_OTLP_ENDPOINT` says where they go; other variables of OpenTelemetry's own count, too. These are
spans of our own, because the hub answers requests and speaks with PostgreSQL in ways that no instrumentation knows.
They name routes, services and kinds of jobs: no person, address, query or value.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from services.kit.errors import Refused
from services.kit.i18n import gettext as _

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
OFF: Final = nullcontext()
PARENT: Final = "traceparent"
WATCHED: Final = ("/feed", "/health/live", "/health/ready")
"""Paths that are asked every second: only as parts of somebody's trace."""
_tracer: "Tracer | None" = None


def configure(name: str, environ: Mapping[str, str] = os.environ) -> None:
    """Trace from now on, as the service `name`, if the environment says where to. Raises Refused without the extra."""
    if not any(environ.get(one) for one in ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise Refused(_("No traces: install the extra „tracing“, or take OTEL_EXPORTER_OTLP_ENDPOINT away.")) from None
    global _tracer
    provider = TracerProvider(resource=Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", name)}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("lotsennetz")


def serving(scope: Any) -> AbstractContextManager[object]:
    """The span of a request, named by its route; a part of the trace that the request belongs to, if it says so."""
    if _tracer is None:
        return OFF
    parent = dict(scope["headers"]).get(PARENT.encode(), b"").decode("latin-1")
    return OFF if not parent and scope["path"].endswith(WATCHED) else _served(scope, parent)


@contextmanager
def _served(scope: Any, parent: str) -> Iterator[None]:
    method = scope["method"]
    with _span(method, "SERVER", {"http.request.method": method}, _context(parent)) as span:
        try:
            yield
        finally:
            route = scope.get("path_template") or "none"
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)


def working(service: str, job: str, parent: str) -> AbstractContextManager[object]:
    """The span of one try of a job; `parent` is what `carried` said where it was told of."""
    if _tracer is None:
        return OFF
    return _span(f"job {job}", "CONSUMER", {"lotsennetz.service": service, "lotsennetz.job": job}, _context(parent))


def asking(schema: str | None, what: str) -> AbstractContextManager[object]:
    """The span of a transaction or a statement, within a trace."""
    if _tracer is None or not carried():
        return OFF
    return _span(
        f"{what} {schema or 'owner'}", "CLIENT", {"db.system.name": "postgresql", "db.namespace": schema or ""}
    )


@contextmanager
def _span(name: str, kind: str, told: Mapping[str, str], parent: Any = None) -> Iterator[Any]:
    """An exception is told by its kind alone: its words may quote a person's."""
    from opentelemetry.trace import SpanKind, StatusCode

    assert _tracer is not None
    with _tracer.start_as_current_span(
        name, parent, SpanKind[kind], told, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as problem:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(problem).__name__)
            raise


def carried() -> str:
    """The trace that this is part of, for whoever goes on elsewhere (W3C Trace Context); empty for none."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(PARENT, "")


async def carry(request: Any) -> None:
    """Let a request of ours (httpx) belong to the trace."""
    if parent := carried():
        request.headers[PARENT] = parent


def _context(parent: str) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({PARENT: parent} if parent else {}, Context())
