"""Set up structured logs, traces that continue across the log, and spans of requests."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.settings import ServiceSettings

_QUIET = ("aiokafka", "faststream", "httpx", "httpx2", "httpcore", "uvicorn.access")


def configure(service: str, settings: ServiceSettings) -> TracerProvider:
    """Set up logs and traces for this process; return the provider, to be shut down at the end.

    Without `TANDEM_OTLP_ENDPOINT` spans are made but go nowhere: their ids still travel with the events.
    """
    level = getattr(logging, settings.log_level)
    logging.basicConfig(stream=sys.stdout, level=level, format="%(levelname)s %(name)s: %(message)s", force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_trace,
            # Without the values of local variables: they may be somebody's name, or a secret.
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if settings.otlp_endpoint:
        # Imported here, as it is slow and most local runs send traces nowhere.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above

        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def _with_trace(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Add the open span's trace id, so that log lines and traces find each other."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace"] = f"{context.trace_id:032x}"
    return event


class RequestSpans:
    """ASGI middleware: one span for each request, continuing the caller's trace if it sends one."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._tracer = trace.get_tracer("tandem.web")
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request within a span named after its route."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from shared.bus.log.tracing import context_of  # noqa: PLC0415 - telemetry is set up before the bus is imported

        sent = dict(scope["headers"]).get(b"traceparent")
        parent = context_of(sent.decode("latin-1")) if sent else None
        with self._tracer.start_as_current_span(
            scope["method"], context=parent, kind=trace.SpanKind.SERVER, attributes={"url.path": scope["path"]}
        ) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, watched)
            route = scope.get("route")
            if route is not None:
                span.update_name(f"{scope['method']} {route.path}")
