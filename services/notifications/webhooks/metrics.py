"""The Prometheus metrics of webhooks, all named `tandem_webhook_…`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from services.notifications.webhooks.store.deliveries import Waiting

ATTEMPTS = Counter("tandem_webhook_attempts", "Attempts to send an event, by what came of them", ["result"])
GIVEN_UP = Counter("tandem_webhook_given_up", "Deliveries that failed for good")
WAITING = Gauge("tandem_webhook_waiting", "Deliveries that wait, those for paused endpoints included")
LATE = Gauge("tandem_webhook_late_seconds", "For how long the oldest delivery to an active endpoint has been due")
PAUSED = Gauge("tandem_webhook_paused", "Endpoints that are paused")


def attempted(result: str, *, given_up: bool) -> None:
    """Count an attempt; `given_up` where it was the last one of its delivery and failed."""
    ATTEMPTS.labels(result).inc()
    if given_up:
        GIVEN_UP.inc()


def waiting(found: Waiting) -> None:
    """Set the gauges of waiting deliveries."""
    WAITING.set(found.number)
    LATE.set(found.late)
    PAUSED.set(found.paused)
