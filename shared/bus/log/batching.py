"""Handle a single event at once, and a stream of events in batches.

Each round of the relay and each batch of the reader costs a dozen round trips, whatever is in it. A round for each
commit would cost that for each event, and take the time from those who commit.
"""

from __future__ import annotations

from time import monotonic

FIRST = 12
FEW = 4
"""A round with more events is part of a stream, whose next events are batched by waiting."""
EVERY_SECONDS = 0.04


class BatchTiming:
    """Timing of rounds: the first `FIRST` at once, then one each `EVERY_SECONDS`; unused ones are regained as fast."""

    def __init__(self) -> None:
        self._paid = 0.0
        """The time up to which the rounds so far count."""

    def wait(self) -> float:
        """Return for how many seconds the next round has to wait: mostly 0."""
        return max(0.0, self._paid - monotonic() - (FIRST - 1) * EVERY_SECONDS)

    def count(self, found: int = 1) -> None:
        """Count a round with so many events; one with more than a few uses up as many rounds, up to all of them."""
        rounds = 1 if found <= FEW else min(found, FIRST)
        now = monotonic()
        # Full rounds do not wait: a long series of them must not delay the single event that follows.
        self._paid = min(max(self._paid, now) + rounds * EVERY_SECONDS, now + FIRST * EVERY_SECONDS)
