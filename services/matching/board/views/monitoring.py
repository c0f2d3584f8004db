"""Read supply and demand, the calendar of visits, and the backlog of the service."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.board.views.visits import MoveProposal
from services.matching.engine.problem.weeks import WEEK, monday
from services.matching.facts.model import weekly_places
from services.matching.facts.store import facts as facts_store
from services.matching.facts.store.facts import Seat
from services.matching.facts.views import Calls
from services.matching.overview.store import monitoring as store
from shared.contracts import labels
from shared.contracts.base import Country, Language, TopicCode
from shared.contracts.codes import ApplicationKind, VisitState
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.time import clock
from shared.web.read_models import Page, ReadModel


class SupplyCell(ReadModel):
    """The applicants who want a topic and speak a language, and the free places of that kind."""

    topic: TopicCode
    language: Language
    wanted: int
    free: int


class CalendarVisit(ReadModel):
    """A visit with its dates, as the calendar shows it."""

    id: UUID
    match_id: UUID
    application_id: UUID
    reference: Annotated[str | None, Field(description="Reference of the application.", examples=["MD-2026-0001"])]
    offer_id: Annotated[UUID | None, Field(description="Null for a visit of a mentoring pair.")]
    seat_reference: Annotated[str | None, Field(examples=["PL-FR-0012"])]
    seat_title: str | None
    country: Country
    host_country: Country
    host_organisation_id: UUID
    state: VisitState
    start: date
    end: date
    proposal: MoveProposal | None


class Calendar(ReadModel):
    """The visits that begin from `first` to `last`, by start; 2,000 at most."""

    first: date
    last: date
    items: tuple[CalendarVisit, ...]


class Progress(ReadModel):
    """The backlog of the service: what has still to be read, matched and sent."""

    to_read: Annotated[int | None, Field(description="Events to read; null if that is not known.")]
    paused: Annotated[str | None, Field(description="Why reading has stopped; null while it continues.")]
    to_match: Annotated[int, Field(description="Changes that are not matched yet.")]
    to_send: Annotated[int, Field(description="Events to send.")]
    waiting: Annotated[int, Field(description="Events that wait for another event.")]
    dead_letters: Annotated[int, Field(description="Dead letters.")]
    what_ifs: Annotated[int, Field(description="What-ifs that wait or are under way.")]


@dataclass(frozen=True, slots=True)
class Slot:
    """One week of one placement: its visits, and how many guests it has room for (None: unknown)."""

    week: date
    visits: Sequence[CalendarVisit]
    places: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One placement, or the visits that mentoring pairs arrange by themselves, over the weeks shown."""

    id: str
    title: str
    note: str
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """The calendar by week and placement: the Mondays of the weeks shown, and how many visits begin in them."""

    weeks: Sequence[date]
    lines: Sequence[Line]
    visits: int


async def supply(
    session: AsyncSession, within: Reach, call_id: UUID | None, kind: ApplicationKind | None
) -> Page[SupplyCell]:
    """Return supply and demand by topic and language; cells in which both are 0 are left out."""
    wanted = {(row.topic, row.tongue): int(row.number) for row in await store.demand(session, within, call_id, kind)}
    free = {(row.topic, row.tongue): int(row.number) for row in await store.supply(session, call_id, kind)}
    cells = [
        SupplyCell(
            topic=topic, language=tongue, wanted=wanted.get((topic, tongue), 0), free=free.get((topic, tongue), 0)
        )
        for topic, tongue in sorted(wanted.keys() | free.keys())
        if wanted.get((topic, tongue)) or free.get((topic, tongue))
    ]
    return Page[SupplyCell](items=cells, next=None)


async def calendar(
    session: AsyncSession, within: Reach, call_id: UUID | None, first: date | None, last: date | None
) -> Calendar:
    """Return the visits that begin from `first` (today) to `last` (12 weeks later)."""
    begins = first or clock.today()
    ends = last or begins + timedelta(weeks=12)
    rows = await store.calendar(session, within, call_id, begins, ends + timedelta(days=1))
    return Calendar(first=begins, last=ends, items=tuple(_visit(row) for row in rows))


async def week_plan(
    session: AsyncSession, within: Reach, calls: Calls, call_id: UUID | None, first: date | None, weeks: int
) -> WeekPlan:
    """Return the calendar of some weeks from the one of `first`, else from the first with a visit to come."""
    if first is None:
        first = await store.first_to_come(session, within, call_id, clock.today() - WEEK) or clock.today()
    mondays = [monday(first) + WEEK * after for after in range(weeks)]
    rows = await store.calendar(session, within, call_id, mondays[0], mondays[-1] + WEEK)
    visits = [_visit(row) for row in rows]
    seats = await facts_store.seats(session, {visit.offer_id for visit in visits if visit.offer_id})
    hosts = await facts_store.organisation_names(session, {visit.host_organisation_id for visit in visits})
    return WeekPlan(mondays, _lines(visits, mondays, seats, calls, hosts), len(visits))


def _lines(
    visits: Sequence[CalendarVisit],
    weeks: Sequence[date],
    seats: Mapping[UUID, Seat],
    calls: Calls,
    hosts: Mapping[UUID, str],
) -> list[Line]:
    """Return a line for each placement with a visit in these weeks, by country and reference.

    Pairs' own visits by host.
    """
    found: dict[UUID, list[CalendarVisit]] = {}
    for visit in visits:
        found.setdefault(visit.offer_id or visit.host_organisation_id, []).append(visit)
    lines = []
    for key, of_line in found.items():
        offer_id = of_line[0].offer_id
        seat = seats.get(offer_id) if offer_id else None
        places = _places(seat, calls)
        lines.append(
            Line(
                id=str(key),
                title=seat.reference if seat else gettext("Visits of mentoring pairs"),
                note=_host(of_line[0], hosts),
                slots=[
                    Slot(
                        week,
                        [visit for visit in of_line if monday(visit.start) == week],
                        None if places is None else places.get(week, 0),
                    )
                    for week in weeks
                ],
            )
        )
    return sorted(lines, key=lambda each: (each.note, each.title, each.id))


def _host(visit: CalendarVisit, hosts: Mapping[UUID, str]) -> str:
    """Return the name of the host with its country."""
    country = labels.country(visit.host_country)
    name = hosts.get(visit.host_organisation_id)
    return f"{name}, {country}" if name and name != country else country


def _places(seat: Seat | None, calls: Calls) -> dict[date, int] | None:
    terms = calls.terms(seat.call_id) if seat else None
    if seat is None or terms is None or seat.kind != "placement":
        return None
    return weekly_places(seat.placement_terms, terms)


def _visit(row: Any) -> CalendarVisit:
    return CalendarVisit.model_validate(row, from_attributes=True)


async def progress(session: AsyncSession, call_id: UUID | None, *, to_read: int | None, paused: str | None) -> Progress:
    """Return the backlog; `to_read` and `paused` are what the service's reader says."""
    row = await store.behind(session, call_id)
    return Progress(
        to_read=to_read,
        paused=paused,
        to_match=int(row.to_match),
        to_send=row.to_send,
        waiting=row.waiting,
        dead_letters=row.dead_letters,
        what_ifs=row.what_ifs,
    )
