"""Read who comes when, and how many places each placement has left in each week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.calendar.model import FRIDAY, Places, by_week, monday, places_in
from services.applications.matches.store import matches
from services.applications.matches.views.parties import as_visit_case
from services.applications.overview.views.participation import views_of_matches
from services.applications.placements import store as placements_store
from services.applications.visibility import visibility_of
from services.applications.visits import store as visits_store
from shared.contracts.codes import OfferState, Party, RankGroup, Role, ServiceKind, VisitState
from shared.time.workdays import public_holidays
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.overview.views.participation import MatchView
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class CalendarFilter:
    """The filters of a calendar; None is no filter."""

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
    visibility = visibility_of(principal)
    placements = await placements_store.published_with_days_in(
        session,
        mondays[0],
        organisation_ids=visibility.own,
        countries=visibility.countries,
        agencies=visibility.agencies,
    )
    coming = await _visits_between(session, principal, mondays[0], mondays[-1] + FRIDAY)
    confirmed = await matches.confirmed_counts(session, [placement.id for placement in placements])
    fits = [entry for entry in coming if _fits(entry, filters)]
    chosen = [placement for placement in placements if filters.offer_id in {None, placement.id}]
    weekly = {placement.id: by_week(_starts(coming, placement.id)) for placement in chosen}

    def places_of(placement: placements_store.Offer, week: date) -> Places | None:
        left = (placement.entry.places or 0) - confirmed[placement.id]
        is_open = placement.stands is OfferState.PUBLISHED
        return places_in(placement.entry, week, weekly[placement.id].get(week, 0), left, open_=is_open)

    hosts = {placement.country for placement in chosen} | {entry.visit.host_country for entry in fits}
    weeks = [
        Week(
            week,
            _holidays(hosts, week),
            [entry for entry in fits if entry.visit.start is not None and monday(entry.visit.start) == week],
            [(placement, places) for placement in chosen if (places := places_of(placement, week))],
        )
        for week in mondays
    ]
    return Calendar(weeks, placements, sorted({entry.visit.country for entry in coming}))


async def _visits_between(session: AsyncSession, principal: Principal, first: date, last: date) -> list[CalendarVisit]:
    """Return the visits to the reader's hosts on these days, as far as the reader may see them."""
    visibility = visibility_of(principal)
    found = await visits_store.hosted_between(
        session,
        first,
        last,
        organisation_ids=visibility.own,
        countries=visibility.countries,
        agencies=visibility.agencies,
    )
    matches_by_id = await matches.matches_by_id(session, {visit.match_id for visit in found})
    views = {view.match.id: view for view in await views_of_matches(session, principal, list(matches_by_id.values()))}
    recorded = await visits_store.attendance_of(session, [visit.id for visit in found])
    return [
        CalendarVisit(visit, views[visit.match_id], {day: record.present for day, record in recorded[visit.id].items()})
        for visit in found
        if visit.match_id in views
    ]


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
"""The roles that have a calendar."""


class PublicHoliday(ReadModel):
    """A public holiday of a host country."""

    day: date
    country: Annotated[str, Field(examples=["FR"])]
    name: str


class CalendarGuest(ReadModel):
    """The guest as the reader may know them: no name before it was released."""

    name: str | None
    rank_group: RankGroup | None
    service: ServiceKind | None


class CalendarEntry(ReadModel):
    """A visit in the calendar, with the recorded days."""

    id: UUID
    reference: str | None
    guest: CalendarGuest
    country: Annotated[str, Field(description="The guest's country, ISO 3166-1.", examples=["AM"])]
    offer_id: UUID | None
    state: VisitState
    start: date | None
    end: date | None
    attendance: dict[date, bool]


class WeekPlaces(ReadModel):
    """The places of a placement in one week: all, taken and free."""

    offer_id: UUID
    reference: str | None
    places: int
    taken: int
    free: int


class CalendarWeek(ReadModel):
    """One week: its Monday, holidays, visits, and what each placement has left."""

    monday: date
    holidays: list[PublicHoliday]
    visits: list[CalendarEntry]
    places: list[WeekPlaces]


class VisitCalendar(ReadModel):
    """The visits that a reader sees, by week."""

    weeks: list[CalendarWeek]


def visit_calendar(found: Calendar) -> VisitCalendar:
    """Return the calendar as the API answers it."""
    return VisitCalendar(weeks=[_calendar_week(week) for week in found.weeks])


def _calendar_week(week: Week) -> CalendarWeek:
    return CalendarWeek(
        monday=week.monday,
        holidays=[PublicHoliday(day=day, country=country, name=name) for day, country, name in week.holidays],
        visits=[_calendar_entry(entry) for entry in week.visits],
        places=[
            WeekPlaces(
                offer_id=offer.id,
                reference=offer.reference,
                places=places.places,
                taken=places.taken,
                free=places.free,
            )
            for offer, places in week.places
        ],
    )


def _calendar_entry(entry: CalendarVisit) -> CalendarEntry:
    visit = entry.visit
    return CalendarEntry(
        id=visit.id,
        reference=entry.view.case.application.reference,
        guest=_calendar_guest(entry),
        country=visit.country,
        offer_id=visit.offer_id,
        state=visit.stands,
        start=visit.start,
        end=visit.end,
        attendance=dict(entry.attendance),
    )


def _calendar_guest(entry: CalendarVisit) -> CalendarGuest:
    """Return who travels: the applicant, or on a pair's visit possibly the mentor."""
    case = as_visit_case(entry.view.case, entry.visit)
    identity = entry.view.known.get(case.sides[0])
    mentor = case.mentor.entry if case.guest is Party.MENTOR and case.mentor is not None else None
    profile = entry.view.profile if mentor is None else mentor
    return CalendarGuest(
        name=identity.name if identity else None,
        rank_group=profile.rank_group if profile else None,
        service=profile.service if profile else None,
    )
