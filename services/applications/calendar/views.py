"""Read who comes when, and how many places each placement has left in each week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.applications.calendar.model import FRIDAY, Places, by_week, monday, places_in
from services.applications.matches.store import matches
from services.applications.overview.views.participation import views_of_matches
from services.applications.placements import store as placements_store
from services.applications.visibility import visibility_of
from services.applications.visits import store as visits_store
from shared.contracts.codes import OfferState, Role
from shared.time.workdays import public_holidays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.participation import MatchView
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class CalendarFilter:
    """What the calendar is narrowed to; None is no filter."""

    offer_id: UUID | None = None
    state: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class CalendarVisit:
    """A visit in the calendar, as the reader may see it, with the recorded days."""

    visit: visits_store.Visit
    view: MatchView
    attendance: Mapping[date, bool]


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its Monday, the host countries' holidays in it, its visits, and what each placement has left."""

    monday: date
    holidays: Sequence[tuple[date, str, str]]
    visits: Sequence[CalendarVisit]
    places: Sequence[tuple[placements_store.Offer, Places]]

    @property
    def friday(self) -> date:
        """Its last day on which people work."""
        return self.monday + FRIDAY

    @property
    def days(self) -> list[date]:
        """Its days on which people work."""
        return [self.monday + timedelta(days=count) for count in range(5)]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The requested weeks, all placements that the reader may filter by, and the guests' countries."""

    weeks: Sequence[Week]
    placements: Sequence[placements_store.Offer]
    countries: Sequence[str]


async def calendar(
    session: AsyncSession, principal: Principal, mondays: Sequence[date], filters: CalendarFilter
) -> Calendar:
    """Return the calendar of the reader's hosts: their organisations, and as coordinator their country."""
    first, last = mondays[0], mondays[-1] + FRIDAY
    visibility = visibility_of(principal)
    placements = await placements_store.published_with_days_in(
        session, first, organisation_ids=visibility.own, countries=visibility.countries, agencies=visibility.agencies
    )
    found = await visits_store.hosted_between(
        session,
        first,
        last,
        organisation_ids=visibility.own,
        countries=visibility.countries,
        agencies=visibility.agencies,
    )
    known = await matches.matches_by_id(session, {visit.match_id for visit in found})
    views = {view.match.id: view for view in await views_of_matches(session, principal, list(known.values()))}
    recorded = await visits_store.attendance_of(session, [visit.id for visit in found])
    coming = [
        CalendarVisit(visit, views[visit.match_id], {day: record.present for day, record in recorded[visit.id].items()})
        for visit in found
        if visit.match_id in views
    ]
    taken = await matches.confirmed_counts(session, [placement.id for placement in placements])
    fits = [entry for entry in coming if _fits(entry, filters)]
    chosen = [placement for placement in placements if filters.offer_id in {None, placement.id}]
    weekly = {placement.id: by_week(_starts(coming, placement.id)) for placement in chosen}
    hosts = {placement.country for placement in chosen} | {entry.visit.host_country for entry in fits}
    weeks = [
        Week(
            week,
            _holidays(hosts, week),
            [entry for entry in fits if entry.visit.start is not None and monday(entry.visit.start) == week],
            [
                (placement, places)
                for placement in chosen
                if (
                    places := places_in(
                        placement.entry,
                        week,
                        weekly[placement.id].get(week, 0),
                        (placement.entry.places or 0) - taken[placement.id],
                        open_=placement.stands is OfferState.PUBLISHED,
                    )
                )
            ],
        )
        for week in mondays
    ]
    return Calendar(weeks, placements, sorted({entry.visit.country for entry in coming}))


def _starts(coming: Sequence[CalendarVisit], offer_id: UUID) -> list[date]:
    """Return the first days of the visits under a placement that take a place."""
    return [
        entry.visit.start
        for entry in coming
        if entry.visit.offer_id == offer_id
        and entry.visit.start
        and entry.visit.state not in visits_store.NOT_TAKING_PLACE
    ]


def _fits(entry: CalendarVisit, filters: CalendarFilter) -> bool:
    return (
        filters.offer_id in {None, entry.visit.offer_id}
        and filters.state in {None, entry.visit.state}
        and filters.country in {None, entry.visit.country}
    )


def _holidays(countries: set[str], week: date) -> list[tuple[date, str, str]]:
    """Return the holidays of the host countries in a week: day, country, name."""
    found = []
    for country in sorted(countries):
        for year in {week.year, (week + FRIDAY).year}:
            days = public_holidays(country, year)
            found += [(day, country, holiday.name) for day, holiday in days.items() if week <= day <= week + FRIDAY]
    return sorted(found)


READERS = (Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)
"""Whose calendar there is."""
