"""Give the moment at which the request that is being answered arrived, by which its deadline is judged.

The gateway notes the moment. A request that then waits, for a connection or for others before it, is in time if it
arrived in time. Outside of requests, and where no gateway has noted it, the moment is now.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

_arrival: ContextVar[datetime | None] = ContextVar("arrival", default=None)


def arrived() -> datetime:
    """Return when the present request arrived, in domain time; `now()` outside of requests."""
    moment = _arrival.get()
    return clock.now() if moment is None else moment + clock.offset()


@contextmanager
def arrived_at(moment: datetime) -> Iterator[None]:
    """Let the block judge deadlines by this moment of real time; a moment ahead of now counts as now."""
    token = _arrival.set(min(moment, datetime.now(UTC)))
    try:
        yield
    finally:
        _arrival.reset(token)
