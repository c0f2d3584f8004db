"""Cache the number of unread messages for the header of every page."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from services.applications.desk.actions import notifications

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from services.applications.settings import Settings

_SECONDS_VALID = 20.0
# Where notifications does not answer, it is not asked at each page.
_SECONDS_UNKNOWN = 5.0


@dataclass(frozen=True, slots=True)
class _CachedCount:
    """A person's number (None: unknown), when it was asked for, and until when it counts."""

    count: int | None
    counted_at: float
    until: float


@dataclass(slots=True)
class Unread:
    """The numbers of one process, of the `most` people who looked last; `seconds` tells the time, in real seconds."""

    seconds: Callable[[], float] = monotonic
    most: int = 5_000
    _known: OrderedDict[UUID, _CachedCount] = field(default_factory=OrderedDict)

    async def of(self, settings: Settings, person: UUID) -> int | None:
        """Return how many are unread, at most twenty seconds old; None where it is unknown."""
        now = self.seconds()
        cached = self._known.get(person)
        if cached is not None and now < cached.until:
            return cached.count
        try:
            count = await notifications.unread(settings, person)
        except notifications.Unavailable:
            self._keep(person, None, asked_at=now, seconds_valid=_SECONDS_UNKNOWN)
            return None
        self._keep(person, count, asked_at=now, seconds_valid=_SECONDS_VALID)
        return count

    def remember(self, person: UUID, count: int) -> None:
        """Store a number that somebody was just shown."""
        self._keep(person, count, asked_at=self.seconds(), seconds_valid=_SECONDS_VALID)

    def forget(self, person: UUID) -> None:
        """Drop the number, and one that is being asked for, after something was read."""
        self._keep(person, None, asked_at=self.seconds(), seconds_valid=0.0)

    def _keep(self, person: UUID, count: int | None, *, asked_at: float, seconds_valid: float) -> None:
        cached = self._known.get(person)
        if cached is not None and cached.counted_at > asked_at:
            return
        self._known[person] = _CachedCount(count, asked_at, self.seconds() + seconds_valid)
        self._known.move_to_end(person)
        if len(self._known) > self.most:
            self._known.popitem(last=False)
