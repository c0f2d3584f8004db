"""Find the messages that wait, since their reader had an email about the same case within the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from uuid import UUID

MINUTES = 60
HOUR = timedelta(minutes=MINUTES)
"""A reader gets at most one email about a case in this time, in domain time, unless something has to come at once."""

Key = tuple["UUID", "UUID"]
"""A recipient and a case."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message to one recipient that could be sent now; `id` is the notification's.

    `to` is the same for what goes in one email. `as_it_was`: an earlier attempt may have brought it, so it goes once
    more with what it went with then.
    """

    id: UUID
    recipient: UUID
    case: UUID
    to: Hashable
    at_once: bool
    as_it_was: bool = False

    @property
    def key(self) -> Key:
        """Its recipient and case."""
        return self.recipient, self.case


def waits(candidates: Sequence[Candidate], latest: Mapping[Key, datetime], now: datetime) -> dict[UUID, datetime]:
    """Return the messages that wait at domain time `now`, each with the end of its hour.

    `latest` is when the last email about a case went to a reader. What has to come at once takes along what waits for
    its reader about the same case. A moment after `now` was written by a clock that was ahead, and does not count.
    """
    going: dict[Key, Hashable] = {}
    ended = {each.key: latest[each.key] for each in candidates if _within(latest.get(each.key), now)}
    for each in candidates:
        if each.as_it_was:
            ended[each.key] = now
    for each in candidates:
        if each.at_once and not each.as_it_was:
            going.setdefault(each.key, each.to)
    found: dict[UUID, datetime] = {}
    for each in candidates:
        if each.at_once or each.as_it_was:
            continue
        if each.key not in ended:
            going.setdefault(each.key, each.to)
        if each.key not in going:
            found[each.id] = ended[each.key] + HOUR
        elif going[each.key] != each.to:
            found[each.id] = now + HOUR
    return found


def _within(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now < moment + HOUR
