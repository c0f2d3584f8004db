"""Carry traces across the log: a batch is one span, linked to the spans in which its events were recorded.

Links rather than a parent, since a batch has many; what a reaction records within the span carries its traceparent on.
A batch of a single event takes that event's span as parent, so that one journey is one trace.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from shared.bus.log.envelope import Envelope

_TRACE = TraceContextTextMapPropagator()
_MOST_LINKS = 64


def context_of(traceparent: str) -> Context:
    """Return the context that a stored `traceparent` describes."""
    return _TRACE.extract({"traceparent": traceparent})


@contextmanager
def open_span(tracer: Tracer, name: str, **options: Any) -> Iterator[Span]:
    """Open a span; an error that ends it leaves its type there, but not its text, which may repeat what somebody sent.

    `options` are those of `start_as_current_span`.
    """
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False, **options) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            raise


@contextmanager
def handling(tracer: Tracer, service: str, events: Sequence[Envelope]) -> Iterator[None]:
    """Open the span in which `events` are handled."""
    traces = list(dict.fromkeys(event.traceparent for event in events if event.traceparent))
    parent = context_of(traces[0]) if len(traces) == 1 else None
    links = [
        trace.Link(trace.get_current_span(context_of(each)).get_span_context())
        for each in (traces[:_MOST_LINKS] if parent is None else [])
    ]
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": len(events),
        "messaging.consumer.group.name": service,
    }
    with open_span(
        tracer,
        f"process {service}",
        context=parent,
        links=links,
        kind=trace.SpanKind.CONSUMER,
        attributes=attributes,
    ):
        yield
