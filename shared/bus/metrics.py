"""Define the bus's metrics for Prometheus: what was sent and applied, and what was not.

A module, so that each is registered once.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RELAY_SENT = Counter("tandem_relay_sent", "Events that the log acknowledged", ["service"])
RELAY_FAILED = Counter("tandem_relay_failed", "Sends that were not acknowledged and are tried again", ["service"])
LOG_LOST = Counter("tandem_log_lost", "Events that the log had acknowledged and lost; sent again", ["service", "topic"])
APPLIED = Counter("tandem_reader_applied", "Events applied", ["service", "topic"])
DROPPED = Counter("tandem_reader_dropped", "Events that had been applied before", ["service", "topic"])
DEAD_LETTERS = Counter("tandem_reader_dead_letters", "Dead letters, by reason", ["service", "topic", "reason"])
BATCH_SECONDS = Histogram("tandem_reader_batch_seconds", "From the records to their commit", ["service"])
PAUSED = Gauge(
    "tandem_reader_paused",
    "1 while the reader has stopped before too many dead letters",
    ["service"],
)
DEAD_LETTERS_OPEN = Gauge("tandem_dead_letters_open", "Dead letters that nobody has settled", ["service"])
WAITING_OLDEST = Gauge(
    "tandem_waiting_oldest_seconds", "Age of the oldest reaction whose subject is missing", ["service"]
)
MISSING = Gauge(
    "tandem_reader_missing", "Events that the owner has sent and nobody has applied here", ["service", "topic"]
)
UNKNOWN = Gauge(
    "tandem_reader_unknown", "Events applied here that the owner does not know: it was restored", ["service", "topic"]
)
PENDING = Gauge("tandem_pending", "Events in the outbox", ["service"])
ANCHORED = Gauge("tandem_anchored_timestamp_seconds", "When the newest file of anchors was written", ["service"])
