"""Show what is wrong with the data, the journey of an application, and from when to when there are facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.facts import store
from services.reporting.facts.model.flaws import LEFT_OUT, Flaw
from shared.bus.dead_letters import letters
from shared.contracts import EVENTS, TOPICS
from shared.contracts.base import Country
from shared.errors import Refused
from shared.i18n import gettext
from shared.runtime.journal import journal_address
from shared.time import clock, dates
from shared.web.lists import Cell, Column, Link
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.facts.store import Flawed, Step
    from shared.bus import Bus
    from shared.web.paging import PageRequest

PAGE = 50
"""Flaws on a page."""
MOST = 200
"""The most dead letters, and records of attendance on other days, that are listed at once."""


class DataFlaw(ReadModel):
    """An event that cannot be right, and what is wrong with it."""

    event: Annotated[UUID, Field(description="Its id.")]
    topic: Annotated[str, Field(examples=["exchange.visits"])]
    type: Annotated[str, Field(examples=["VisitCompleted"])]
    subject: Annotated[str, Field(description="The id of what it is about.")]
    occurred_at: AwareDatetime
    day: Annotated[date, Field(description="The business date by which it would count.")]
    flaw: Flaw
    left_out: Annotated[bool, Field(description="Whether it is left out of all figures.")]


class DeadLetter(ReadModel):
    """An event that cannot be applied, kept aside until it is redriven."""

    topic: Annotated[str, Field(examples=["exchange.visits"])]
    subject: Annotated[str, Field(description="The id of what it is about.")]
    sequence: int | None
    type: Annotated[str | None, Field(description="Null if it cannot be read.", examples=["VisitCompleted"])]
    reason: Annotated[str, Field(examples=["contract"])]
    detail: str
    recorded_at: Annotated[AwareDatetime, Field(description="When it was put aside.")]


class UnknownType(ReadModel):
    """A type of event that this release does not know."""

    topic: Annotated[str, Field(examples=["exchange.visits"])]
    type: Annotated[str, Field(examples=["VisitPostponed"])]
    count: Annotated[int, Field(description="How often it arrived.")]
    last_seen: AwareDatetime


class DataQuality(ReadModel):
    """All that is known to be wrong with the data."""

    total: Annotated[int, Field(description="How many flaws there are.")]
    flaws: Page[DataFlaw]
    attended_elsewhere: Annotated[
        list[DataFlaw], Field(description="Attendance on days outside of the visit, at most 200.")
    ]
    dead_letters: Annotated[list[DeadLetter], Field(description="At most 200.")]
    unknown: list[UnknownType]


class JourneyEvent(ReadModel):
    """One event of a journey."""

    id: UUID
    type: Annotated[str, Field(examples=["VisitCompleted"])]
    topic: Annotated[str, Field(examples=["exchange.visits"])]
    service: Annotated[str, Field(description="The service that published it.", examples=["matching"])]
    subject: Annotated[str, Field(description="The id of what it is about.")]
    occurred_at: AwareDatetime
    day: Annotated[date, Field(description="The business date by which it counts.")]


class ApplicationJourney(ReadModel):
    """The events of one application, from the first to the last."""

    application_id: UUID
    reference: Annotated[str, Field(examples=["AM-2026-0042"])]
    country: Country
    events: Annotated[list[JourneyEvent], Field(description="Oldest first.")]


@dataclass(frozen=True, slots=True)
class QualityLists:
    """All that is wrong beside the flaws: attendance outside of visits, unknown types of events, and dead letters."""

    elsewhere: Sequence[DataFlaw]
    unknown: Sequence[UnknownType]
    dead_letters: Sequence[DeadLetter]


async def data_quality(bus: Bus, request: PageRequest) -> DataQuality:
    """Return all that is known to be wrong with the data, with one page of flaws, the newest first."""
    async with bus.read() as session:
        rows, total = await store.flawed_page(session, request)
        lists = await _quality_lists(session)
    return DataQuality(
        total=total,
        flaws=page_of(rows, request, DataFlaw, _flaw, lambda row: (row.occurred_at, row.id, row.flaw)),
        attended_elsewhere=list(lists.elsewhere),
        dead_letters=list(lists.dead_letters),
        unknown=list(lists.unknown),
    )


async def quality_page(bus: Bus, page: int) -> tuple[list[DataFlaw], int, QualityLists]:
    """Return the flaws of a page, counted from 1, their number, and what else is wrong."""
    async with bus.read() as session:
        rows, total = await store.flawed(session, PAGE, (page - 1) * PAGE)
        return [_flaw(row) for row in rows], total, await _quality_lists(session)


async def _quality_lists(session: AsyncSession) -> QualityLists:
    return QualityLists(
        [_flaw(row) for row in await store.attended_elsewhere(session, MOST)],
        [
            UnknownType(topic=each.topic, type=each.type, count=each.count, last_seen=each.last_seen)
            for each in await store.unknown(session)
        ],
        [
            DeadLetter(
                topic=each.topic,
                subject=each.subject,
                sequence=each.sequence,
                type=each.type,
                reason=each.reason,
                detail=each.detail,
                recorded_at=each.recorded_at,
            )
            for each in await letters.open_events(session, limit=MOST)
        ],
    )


def _flaw(row: Flawed) -> DataFlaw:
    return DataFlaw(
        event=row.id,
        topic=row.topic,
        type=row.type,
        subject=row.subject,
        occurred_at=row.occurred_at,
        day=row.day,
        flaw=row.flaw,
        left_out=row.flaw in LEFT_OUT,
    )


async def journey(bus: Bus, key: str) -> ApplicationJourney:
    """Return the journey of the application with that id or reference. Raises `Refused` (404)."""
    async with bus.read() as session:
        application = await store.application(session, key)
        if application is None:
            raise Refused(gettext("There is no application with this reference."), 404)
        steps = await store.steps(session, story=str(application.id))
    return ApplicationJourney(
        application_id=application.id,
        reference=application.reference,
        country=application.country,
        events=[_event(step) for step in steps],
    )


async def reference_of(bus: Bus, key: str) -> str | None:
    """Return the reference of the application with that id or reference; None if it is unknown here."""
    async with bus.read() as session:
        application = await store.application(session, key)
    return None if application is None else application.reference


async def events(session: AsyncSession, ids: Collection[UUID]) -> list[JourneyEvent]:
    """Return the events with these ids, oldest first."""
    return [_event(step) for step in await store.steps(session, ids=ids)]


def event_title(type_: str) -> str:
    """Return the label of a type of event: `Visit completed`; of one that is not known the type."""
    event = EVENTS.get(type_)
    return type_ if event is None else gettext(event.label)


def event_columns() -> list[Column]:
    """Return the columns of a list of the events behind a number."""
    names = (gettext("Event"), gettext("What"), gettext("Business date"), gettext("Happened at"))
    return [Column(name) for name in names]


def event_row(step: JourneyEvent, listed: str) -> list[Cell]:
    """Return a row of that list; its link opens the event in its journal, which leads back to the address `listed`."""
    return [
        Link(str(step.id), journal_address(TOPICS[step.topic].owner, step.id, came_from=listed)),
        event_title(step.type),
        dates.day(step.day),
        dates.moment(step.occurred_at),
    ]


def _event(step: Step) -> JourneyEvent:
    return JourneyEvent(
        id=step.id,
        type=step.type,
        topic=step.topic,
        service=step.source,
        subject=step.subject,
        occurred_at=step.occurred_at,
        day=step.day,
    )


async def references(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the references of these applications, by id; the first characters of the id of one that is unknown."""
    found = await store.references(session, ids)
    return {id_: found.get(id_, str(id_)[:8]) for id_ in ids}


async def days_of_facts(session: AsyncSession) -> tuple[date, date]:
    """Return the first and the last business date of all facts that figures use; today where there is none."""
    today = clock.today()
    return await store.span(session) or (today, today)
