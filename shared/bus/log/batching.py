"""Handle a single event at once, and a stream of events in batches.

Each round of the relay and each batch of the reader costs a dozen round trips, whatever is in it. A round for each
commit would cost that for each event, and take the time from those who commit.
"""

from __future__ import annotations

from time import monotonic

FIRST = 12
FEW = 4
"""A round with more than these is one of a stream, whose next events come together if they are waited for."""
EVERY_SECONDS = 0.04


class BatchTiming:
    """The first `FIRST` rounds at once, then one each `EVERY_SECONDS`; what was not used comes back as fast."""

    def __init__(self) -> None:
        self._paid = 0.0
        """Until when the rounds so far are paid for."""

    def wait(self) -> float:
        """For how many seconds the next round has to wait: 0 mostly."""
        return max(0.0, self._paid - monotonic() - (FIRST - 1) * EVERY_SECONDS)

    def went(self, found: int = 1) -> None:
        """A round was made with so many events; one with more than a few uses up as many turns, up to all of them."""
        turns = 1 if found <= FEW else min(found, FIRST)
        now = monotonic()
        # Full rounds wait for nothing: a long row of them must not be paid for by the lone event that comes after.
        self._paid = min(max(self._paid, now) + turns * EVERY_SECONDS, now + FIRST * EVERY_SECONDS)
