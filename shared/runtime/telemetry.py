"""Set up structured logs, traces that continue across the log, and spans of requests."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from shared.bus.log.tracing import context_of, open_span
from shared.redaction import error_chain, error_text, method_of, route_of, safe_query, scrub

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from structlog.typing import EventDict, ExcInfo, Processor

    from shared.redaction import ErrorEntry
    from shared.settings import ServiceSettings

_QUIET = ("aiokafka", "faststream")
"""Libraries that warn of what they mend themselves."""
_ATTRIBUTES = frozenset(
    {
        "code.function.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.batch.message_count",
        "messaging.consumer.group.name",
        "messaging.operation.type",
        "messaging.system",
        "url.query",
    }
)
"""The attributes that a span may have. A library that starts to make spans of its own adds nothing to these."""


def configure(service: str, settings: ServiceSettings) -> TracerProvider:
    """Set up logs and traces for this process; return the provider, to be shut down at the end.

    Without `TANDEM_OTLP_ENDPOINT` spans are made but go nowhere: their ids still travel with the events.
    """
    level = getattr(logging, settings.log_level)
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        structlog.processors.ExceptionRenderer(_error_of),
        _redact,
        structlog.processors.JSONRenderer(),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, _first_line],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
        )
    )
    # Below a warning, libraries write addresses of requests and of mails.
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("uvicorn.error").setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if settings.otlp_endpoint:
        # Imported here, as it is slow and most local runs send traces nowhere.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above

        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(RedactedSpans(exporter)))
    trace.set_tracer_provider(provider)
    return provider


def _with_trace(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Add the open span's trace id, so that log lines and traces find each other."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace"] = f"{context.trace_id:032x}"
    return event


def _error_of(exc_info: ExcInfo) -> list[ErrorEntry]:
    return error_chain(exc_info[1])


def _first_line(_: object, __: str, event: EventDict) -> EventDict:
    """Keep the first line of a library's message: what follows describes objects, with errors in them."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _redact(_: object, __: str, event: EventDict) -> EventDict:
    """Write errors by `error_text`, and cut addresses in texts."""
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = error_text(value)
        elif isinstance(value, str):
            event[name] = scrub(value)
    return event


class RedactedSpans(SpanExporter):
    """Exports spans with the attributes that are listed here only, whichever library has made them."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export `spans`."""
        return self._exporter.export([_redacted(span) for span in spans])

    def shutdown(self) -> None:
        """Stop exporting."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits; return whether that was done in time."""
        return self._exporter.force_flush(timeout_millis)


def _redacted(span: ReadableSpan) -> ReadableSpan:
    """Return the span without other attributes, without the texts of errors, and with a name from our own code only."""
    attributes = {name: value for name, value in (span.attributes or {}).items() if name in _ATTRIBUTES}
    scope = span.instrumentation_scope
    ours = scope is not None and scope.name.startswith("tandem.")
    return ReadableSpan(
        name=span.name if ours or scope is None else scope.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=scope,
    )


class RequestSpans:
    """ASGI middleware: one span for each request, continuing the caller's trace if it sends one.

    The span has the route and not the address, which may hold a key.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tracer = trace.get_tracer("tandem.web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request within a span named after its route."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(b"traceparent")
        parent = context_of(sent.decode("latin-1")) if sent else None
        attributes = {"http.request.method": method_of(scope)}
        if query := safe_query(scope["query_string"]):
            attributes["url.query"] = query
        with open_span(
            self._tracer, method_of(scope), context=parent, kind=trace.SpanKind.SERVER, attributes=attributes
        ) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                if route := route_of(scope):
                    span.update_name(f"{method_of(scope)} {route}")
                    span.set_attribute("http.route", route)
