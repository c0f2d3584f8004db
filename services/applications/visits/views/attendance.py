"""List the visits whose attendance a host can record now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.matches.store import matches
from services.applications.matches.views.parties import as_visit_case
from services.applications.overview.views.participation import match_views, views_of_matches
from services.applications.visibility import visibility_of
from services.applications.visits import store
from services.applications.visits.model import days_to_record
from shared.contracts.codes import MatchState, Party, Role
from shared.contracts.lifecycle.state_sets import VISIT_GOING
from shared.i18n import gettext
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.participation import MatchView
    from shared.identity import Principal

_TAKES_PLACE = frozenset(VISIT_GOING)
# A visit lasts five days; for somewhat longer its host is asked for what is missing, then matching ends it.
_LOOK_BACK = timedelta(weeks=3)


@dataclass(frozen=True, slots=True)
class Guest:
    """A visit whose attendance can be recorded now: today's day first, then those before it."""

    visit: store.Visit
    view: MatchView
    records: Mapping[date, store.Attendance]
    today: date

    @property
    def days(self) -> list[date]:
        """The days that have come: today, then the others backwards."""
        return sorted(days_to_record(self.visit.dates, self.today), reverse=True)

    @property
    def missing(self) -> list[date]:
        """Those of them of which nothing is recorded."""
        return [day for day in self.days if day not in self.records]

    @property
    def here(self) -> bool:
        """Return whether the visit takes place today."""
        return self.today in self.visit.dates


@dataclass(frozen=True, slots=True)
class DayRecord:
    """A day with what is recorded of it, what a correction replaced, and whether it can be recorded now (`open`)."""

    day: date
    today: bool
    present: bool | None
    corrected: str
    open: bool


def day_record(day: date, record: store.Attendance | None, *, open_: bool = True) -> DayRecord:
    """Return a day with its record."""
    corrected = ""
    if record is not None and record.corrected_from is not None and record.corrected_from is not record.present:
        was = gettext("present") if record.corrected_from else gettext("absent")
        corrected = gettext("Corrected on %(day)s. The earlier record was: %(was)s.")
        corrected %= {"day": dates.moment(record.at, short=True), "was": was}
    return DayRecord(day, day == clock.today(), None if record is None else record.present, corrected, open_)


async def guests(
    session: AsyncSession, principal: Principal, confirmed: Sequence[MatchView] | None = None
) -> Sequence[Guest]:
    """Return the guests of the principal's organisations, and of their mentoring pairs the one who travels to them.

    Those of today come first, unrecorded before recorded. `confirmed`: the confirmed matches that the principal sees,
    where they have been read.
    """
    today = clock.today()
    pairs: list[tuple[store.Visit, MatchView]] = []
    if principal.has(Role.MENTOR, Role.OFFICER):
        if confirmed is None:
            confirmed = await match_views(session, principal, (MatchState.CONFIRMED,))
        pairs = _of_own_pairs(confirmed, today)
    hosted = [*await _at_own_hosts(session, principal, today), *pairs]
    found = {visit.id: (visit, view) for visit, view in hosted if visit.stands in _TAKES_PLACE}
    records = await store.attendance_of(session, list(found))
    found_guests = [Guest(visit, view, records[id_], today) for id_, (visit, view) in found.items()]
    return sorted(
        (guest for guest in found_guests if guest.here or guest.missing),
        key=lambda guest: (not guest.here, today in guest.records, guest.visit.start or today, str(guest.visit.id)),
    )


async def _at_own_hosts(
    session: AsyncSession, principal: Principal, today: date
) -> list[tuple[store.Visit, MatchView]]:
    """Return the recent visits at the principal's organisations."""
    own = visibility_of(principal).own
    if not own:
        return []
    found = await store.hosted_between(session, today - _LOOK_BACK, today, organisation_ids=own, countries=())
    matches_by_id = await matches.matches_by_id(session, {visit.match_id for visit in found})
    views = {view.match.id: view for view in await views_of_matches(session, principal, list(matches_by_id.values()))}
    return [
        (visit, views[visit.match_id])
        for visit in found
        if visit.match_id in views and Party.HOST in views[visit.match_id].case.parties
    ]


def _of_own_pairs(confirmed: Sequence[MatchView], today: date) -> list[tuple[store.Visit, MatchView]]:
    """Return the recent visits of the principal's mentorships on which the other one travels."""
    return [
        (view.visit, view)
        for view in confirmed
        if view.visit is not None
        and view.visit.mentorship_id is not None
        and view.visit.start is not None
        and today - _LOOK_BACK <= view.visit.start <= today
        and Party.HOST in as_visit_case(view.case, view.visit).parties
    ]
