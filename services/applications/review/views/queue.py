"""The coordinators' queue: for its page with names and counts, and for the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.access.store import deciders_on
from services.applications.application.store import applications as applications_store
from services.applications.calls import store as calls_store
from services.applications.next_steps.views import case_facts
from services.applications.overview.model import FIRST_PAGE, Place, QueueFilters
from services.applications.overview.store import queue
from services.applications.overview.store.queue import Figures, Line
from services.applications.register.store import entries
from services.applications.tables import PAGE
from shared.contracts.codes import ApplicationKind, ApplicationState
from shared.identity import Principal
from shared.next_steps import NextStep, next_step
from shared.time import clock
from shared.web.items import ListedVersion
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel


class QueuedApplication(ReadModel):
    """A submitted application in the queue of those who decide: its state and dates, without a name."""

    id: UUID
    reference: Annotated[str, Field(examples=["AM-2026-0042"])]
    kind: ApplicationKind
    country: Annotated[str, Field(examples=["AM"])]
    organisation_id: UUID | None
    call_id: UUID
    state: ApplicationState
    since: AwareDatetime
    due: Annotated[AwareDatetime | None, Field(description="Until when the next step is asked for.")]
    holder: Annotated[str, Field(description="With whom it is now, in words; empty once it is over.")]
    next: Annotated[str, Field(description="The next step, in words; empty once it is over.")]
    submitted_at: AwareDatetime
    waits_for_you: Annotated[bool, Field(description="You can decide on it now.")]


class ListedQueuedApplication(QueuedApplication):
    """The same in the list, with the version of the application."""

    version: ListedVersion


class QueueFigures(ReadModel):
    """The number of applications of the queue in each state, and of urgent ones."""

    states: dict[ApplicationState, int]
    waits_for_you: int
    by_silence: Annotated[int, Field(description="Came to the programme because nobody decided in time.")]
    overdue: int
    within_a_week: int


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A line of the queue's page: with its next step, the officer's name and the call's reference."""

    line: Line
    step: NextStep
    name: str
    call: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, with its figures, and the calls and agencies of the filters.

    `place` is the page as it was found: its number and the cursors of the pages before and after it.
    """

    lines: list[QueueLine]
    place: Place
    total: int
    figures: Figures
    calls: list[tuple[str, str]]
    agencies: list[tuple[str, str]]


async def reader_of(session: AsyncSession, principal: Principal) -> queue.Reader:
    """Return a reader of the queue, now."""
    return queue.Reader(principal, clock.now(), await deciders_on(session, clock.today()))


async def queue_page(session: AsyncSession, principal: Principal, filters: QueueFilters, place: Place) -> QueuePage:
    """Return one page of the queue, the reader's own tasks first; the first page where that one has no rows."""
    reader = await reader_of(session, principal)
    found = await queue.lines(session, reader, filters, place)
    if not found.lines and place != FIRST_PAGE:
        found = await queue.lines(session, reader, filters)
    lines = found.lines
    figures = await queue.figures(session, reader, filters)
    wide = filters == filters.wide()
    total = sum(figures.states.values()) if wide else await queue.count(session, reader, filters)
    people = await entries.people_by_subject(session, [line.subject for line in lines])
    calls = await calls_store.calls(session)
    references = {call.id: call.reference for call in calls}
    agencies = await entries.organisations(session, ids=await queue.organisations(session, reader))
    names = {subject: person.name for subject, person in people.items()}
    steps = await _steps(session, lines)
    return QueuePage(
        [
            QueueLine(line, steps[line.id], names.get(line.subject, ""), references.get(line.call_id, ""))
            for line in lines
        ],
        Place(min(found.page, max(-(-total // PAGE), 2)), found.after, found.before),
        total,
        figures,
        [(str(call.id), f"{call.reference} {call.title}") for call in calls],
        [(str(agency.id), agency.name) for agency in agencies],
    )


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line of the list that stands beside a case, with the officer's name."""

    line: Line
    name: str


async def lines_beside(
    session: AsyncSession, principal: Principal, filters: QueueFilters, place: Place = FIRST_PAGE
) -> list[NamedLine]:
    """Return one page of the queue, in its order, with names."""
    reader = await reader_of(session, principal)
    lines = (await queue.lines(session, reader, filters, place)).lines
    people = await entries.people_by_subject(session, [line.subject for line in lines])
    names = {subject: person.name for subject, person in people.items()}
    return [NamedLine(line, names.get(line.subject, "")) for line in lines]


async def queued(
    session: AsyncSession, principal: Principal, filters: QueueFilters, request: PageRequest
) -> Page[QueuedApplication]:
    """Return one page of the queue for the API, in the order in which the applications were begun."""
    found = await queue.listed(session, await reader_of(session, principal), filters, request)
    steps = await _steps(session, found)
    return page_of(
        found, request, QueuedApplication, lambda line: _queued(line, steps[line.id]), lambda line: (line.id,)
    )


async def _steps(session: AsyncSession, lines: Sequence[Line]) -> dict[UUID, NextStep]:
    """Return the next step of each application of the queue, for those who decide."""
    found = await applications_store.by_id(session, [line.id for line in lines])
    return {id_: next_step(facts) for id_, facts in (await case_facts(session, list(found.values()))).items()}


def _queued(line: Line, step: NextStep) -> QueuedApplication:
    return QueuedApplication(
        id=line.id,
        reference=line.reference,
        kind=ApplicationKind(line.kind),
        country=line.country,
        organisation_id=line.organisation_id,
        call_id=line.call_id,
        state=ApplicationState(line.state),
        since=line.since,
        due=line.due,
        holder=step.holder,
        next=step.step,
        submitted_at=line.submitted_at,
        waits_for_you=line.needs,
    )


async def queue_figures(session: AsyncSession, principal: Principal, filters: QueueFilters) -> QueueFigures:
    """Return the figures of the queue with these filters."""
    found = await queue.figures(session, await reader_of(session, principal), filters)
    return QueueFigures(
        states={ApplicationState(state): count for state, count in found.states.items()},
        waits_for_you=found.needs,
        by_silence=found.silence,
        overdue=found.overdue,
        within_a_week=found.week,
    )
