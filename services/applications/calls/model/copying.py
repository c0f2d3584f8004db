"""Copy a call to the next year: everything a year later, on the same days of the week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import DatePeriod
from shared.contracts.codes import PRIORITIES, current_scheme, successor
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.applications.calls.model.entry import CallEntry
    from services.applications.calls.model.facts import Need

YEAR = timedelta(weeks=52)
"""52 weeks: the same day of the week, since visits run from Monday to Friday."""


class LeftOut(BaseModel):
    """A training need that had ended, or a topic without a successor, which a copy has left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: UUID | None = None
    topic: Annotated[str | None, Field(examples=["online_crime"])] = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Next year's call, and what was left out."""

    entry: CallEntry
    left_out: tuple[LeftOut, ...] = ()


def next_year(entry: CallEntry, needs: Mapping[UUID, Need]) -> Copy:
    """Return the entry moved by a year. `needs` is what the register says of those that the call cites.

    A need that is over before the new call's visits begin, was withdrawn or is not known is left out. Where another
    scheme of topics applies by then, each topic becomes its successor.
    """
    periods = tuple(
        DatePeriod(start=a_year_later(period.start), end=a_year_later(period.end)) for period in entry.visit_periods
    )
    opens = None if entry.opens is None else a_year_later(entry.opens)
    first = min((period.start for period in periods), default=opens)
    kept = [
        id_
        for id_ in entry.needs
        if (need := needs.get(id_)) and not need.withdrawn and not (first and need.until < first)
    ]
    scheme, topics = entry.scheme, entry.topics
    dropped: tuple[str, ...] = ()
    if opens is not None and current_scheme(opens) != entry.scheme:
        scheme = current_scheme(opens)
        nexts = {code: _successor(entry.scheme, code, scheme) for code in entry.topics}
        topics = tuple(dict.fromkeys(code for code in nexts.values() if code is not None))
        dropped = tuple(code for code, new in nexts.items() if new is None)
    new = entry.model_copy(
        update={
            "opens": opens,
            "closes": None if entry.closes is None else a_year_later(entry.closes),
            "deadline": None if entry.deadline is None else _moment(entry.deadline),
            "visit_periods": periods,
            "closed_days": (),
            "needs": tuple(kept),
            "scheme": scheme,
            "topics": topics,
        }
    )
    ended = (LeftOut(need=id_) for id_ in entry.needs if id_ not in kept)
    return Copy(new, (*ended, *(LeftOut(topic=topic) for topic in dropped)))


def a_year_later(day: date) -> date:
    """Return the same day of the week, a year later."""
    return day + YEAR


def _moment(moment: datetime) -> datetime:
    """Return the same time of the day at the programme's seat, a year later, whatever summer time does."""
    local = moment.astimezone(ZONE)
    return datetime.combine(a_year_later(local.date()), local.time(), ZONE).astimezone(moment.tzinfo)


def _successor(scheme: str, code: str, into: str) -> str | None:
    if code in PRIORITIES.get(into, {}):
        return code
    if code not in PRIORITIES.get(scheme, {}):
        return None
    found, new = successor(scheme, code)
    return new if found == into else None
