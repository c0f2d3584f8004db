"""Give the moment at which the request that is being answered arrived, by which its deadline is judged.

The gateway notes the moment. A request that then waits, for a connection or for others before it, is in time if it
arrived in time. Outside of requests, and where no gateway has noted it, the moment is now. What the clock closes at a
deadline, it closes once all that arrived before is answered (`settled`).
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

ANSWERED_WITHIN = timedelta(minutes=11)
"""After so long a request is answered: one that was not let in may be sent again for ten minutes, and then waits."""

_arrival: ContextVar[datetime | None] = ContextVar("arrival", default=None)


def arrived() -> datetime:
    """Return when the present request arrived, in domain time; `now()` outside of requests."""
    moment = _arrival.get()
    return clock.now() if moment is None else moment + clock.offset()


def arrived_on() -> date:
    """Return the day (UTC) on which the present request arrived, in domain time; today outside of requests."""
    return arrived().date()


def settled() -> datetime:
    """Return the moment in domain time before which every request that arrived is answered.

    A sweep that closes something ends what was due before this moment, not before now.
    """
    return clock.now() - ANSWERED_WITHIN


def settled_on() -> date:
    """Return the day (UTC) of `settled`: every request that arrived on an earlier day is answered."""
    return settled().date()


@contextmanager
def arrived_at(moment: datetime) -> Iterator[None]:
    """Let the block judge deadlines by this moment of real time; a moment ahead of now counts as now."""
    token = _arrival.set(min(moment, datetime.now(UTC)))
    try:
        yield
    finally:
        _arrival.reset(token)
