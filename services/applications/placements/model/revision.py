"""Rules of a revision: what it changes, what it may not lower, and when it reopens what was closed.

Confirmed visits remain, so nothing may be lowered below them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

from shared.contracts.codes import CloseCause, OfferState
from shared.contracts.lifecycle.state_sets import OFFER_PUBLISHED_ONCE, OFFER_WRITABLE
from shared.i18n import gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.applications.placements.model.placement import PlacementEntry
    from shared.contracts.base import DatePeriod
    from shared.contracts.calls import CallTerms
    from shared.contracts.offers import OfferPeriod

WRITABLE = frozenset(OFFER_WRITABLE)
"""In these states what the host writes is a draft; once published, a change is a revision."""
REVISABLE = frozenset(OFFER_PUBLISHED_ONCE) - {OfferState.CLOSED}
REOPENABLE = frozenset({CloseCause.FULL, CloseCause.PERIOD_OVER})
"""The causes after which a placement opens again once there are places and periods; a close by choice is final."""

_DAYS_A_WEEK = 7


def revisable(state: OfferState, cause: str | None) -> bool:
    """Return whether a change is a revision: it is published, or it closed by itself and may open again."""
    return state in REVISABLE or (state is OfferState.CLOSED and cause in REOPENABLE)


def writable(state: OfferState, cause: str | None) -> bool:
    """Return whether the host may change it, as a draft or by a revision."""
    return state in WRITABLE or revisable(state, cause)


class _HasLastDay(Protocol):
    @property
    def last_day(self) -> date | None: ...


def below_confirmed(entry: PlacementEntry, confirmed: int, weeks: Mapping[date, int]) -> dict[str, str]:
    """Return what a revision would take from guests who have a place: field -> sentence with the numbers.

    `confirmed` counts the confirmed places, `weeks` the visits to come by the Monday of their week. Leaving out a week
    altogether is allowed: its visits remain, and nobody is added.
    """
    found = {}
    if entry.places is not None and entry.places < confirmed:
        found["places"] = ngettext(
            "%(num)d place is confirmed. Enter at least this number, or first request cancellation of its visit.",
            "%(num)d places are confirmed. Enter at least this number, or first request cancellation of visits.",
            confirmed,
        ) % {"num": confirmed}
    for monday, visits in sorted(weeks.items()):
        places = [period.places_per_week for period in entry.periods if _covers(period, monday)]
        if places and sum(places) < visits:
            found["periods"] = ngettext(
                "In the week of %(day)s, %(num)d guest is confirmed. Enter at least this number of guests per week.",
                "In the week of %(day)s, %(num)d guests are confirmed. Enter at least this number of guests per week.",
                visits,
            ) % {"day": dates.day(monday), "num": visits}
            break
    return found


def _covers(period: OfferPeriod, monday: date) -> bool:
    """Return whether the period shares a day with the week."""
    return period.start < monday + timedelta(days=_DAYS_A_WEEK) and monday <= period.end


def is_over(entry: _HasLastDay, today: date) -> bool:
    """Return whether all periods are over."""
    return entry.last_day is not None and entry.last_day < today


def is_full(entry: PlacementEntry, confirmed: int) -> bool:
    """Return whether every place is confirmed."""
    return entry.places is not None and confirmed >= entry.places


def missing_to_open(entry: PlacementEntry, confirmed: int, today: date) -> dict[str, str]:
    """Return what prevents a placement that closed by itself, or pauses, from being matched: field -> sentence."""
    found = {}
    if is_over(entry, today):
        found["periods"] = gettext("Its periods have ended. Add a later period.")
    if is_full(entry, confirmed):
        found["places"] = ngettext(
            "%(num)d place is confirmed, and none is left. Enter more places.",
            "%(num)d places are confirmed, and none are left. Enter more places.",
            confirmed,
        ) % {"num": confirmed}
    return found


def copy_for_call(entry: PlacementEntry, source: CallTerms, target: CallTerms) -> PlacementEntry:
    """Return the entry as a draft for another call, its days moved by whole weeks so that weekdays stay.

    They move by as much as the first visit period of one call lies after the other's. Topics that the target call does
    not have are left out, and so is the counterpart, who applied in the first call.
    """
    weeks = _weeks_between(source.visit_periods, target.visit_periods)
    return entry.model_copy(
        update={
            "topics": tuple(topic for topic in entry.topics if topic in target.topics),
            "periods": tuple(
                period.model_copy(update={"start": period.start + weeks, "end": period.end + weeks})
                for period in entry.periods
            ),
            "deadline": entry.deadline and entry.deadline + weeks,
            "days": min(max(entry.days, target.minimum_days), target.maximum_days),
            "group_size": min(entry.group_size, target.group_size),
            "prematched_with": None,
        }
    )


def _weeks_between(first: tuple[DatePeriod, ...], later: tuple[DatePeriod, ...]) -> timedelta:
    if not first or not later:
        return timedelta()
    days = (min(period.start for period in later) - min(period.start for period in first)).days
    return timedelta(weeks=round(days / _DAYS_A_WEEK))
