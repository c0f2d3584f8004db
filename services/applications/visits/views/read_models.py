"""Answer a visit with what was agreed and recorded, and the lists of visits."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.matches.store import matches as matches_store
from services.applications.matches.views.parties import as_visit_case
from services.applications.matches.views.read_models import Match, match_of
from services.applications.outcomes.views import FormTask, form_task
from services.applications.overview.views.participation import VisitView, seen_by, views_of_matches, visit_view
from services.applications.preparation.model import Readiness
from services.applications.visits.views.attendance import guests
from shared.contracts.codes import (
    Answer,
    MoveDropCause,
    Party,
    PreparationItem,
    Reason,
    UnschedulableCause,
    VisitState,
)
from shared.web.paging import cursor_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.matches.views.parties import Case
    from services.applications.visits import store
    from shared.identity import Principal
    from shared.web.paging import PageRequest


class Agenda(ReadModel):
    """The newest version of a visit's agenda, and who agreed to which version."""

    version: int
    text: str
    agreed: Annotated[dict[Party, int], Field(description="By side, the newest version that it agreed to.")]
    complete: Annotated[bool, Field(description="Whether guest and host agreed to this version.")]


class ProposedDates(ReadModel):
    """Other dates that guest and host are asked about."""

    number: Annotated[int, Field(description="To be given in the address of the answer.")]
    start: date
    end: date
    by: Annotated[Party, Field(description="Who asked for other dates.")]
    reason: Reason
    due: Annotated[AwareDatetime, Field(description="Until when it can be answered.")]


class VisitMove(ReadModel):
    """The move of a visit: the dates proposed, if any, and the answers to them."""

    proposed: ProposedDates | None
    asked_by: Annotated[Party | None, Field(description="Who asked for other dates, until matching has answered.")]
    answers: dict[Party, Answer]
    your_answer_is_asked: bool
    kept: Annotated[MoveDropCause | None, Field(description="Why it kept its dates at the last move.")]


class Visit(ReadModel):
    """A visit as the reader may see it; without dates where no possible week was found."""

    id: UUID
    match_id: UUID
    application_id: UUID
    mentorship_id: UUID | None
    replaces: Annotated[UUID | None, Field(description="The cancelled visit whose place it took.")]
    guest: Annotated[Party, Field(description="Who travels: of a mentoring pair mentee or mentor.")]
    state: VisitState
    since: AwareDatetime
    start: date | None
    end: date | None
    days: Annotated[list[date], Field(description="Its working days.")]
    required_days: int
    agenda_due: AwareDatetime | None
    agenda: Agenda
    preparation: Annotated[
        dict[PreparationItem, Readiness] | None, Field(description="How far each item is; null without dates.")
    ]
    attendance: Annotated[dict[date, bool], Field(description="By day, whether the guest was there.")]
    corrections: Annotated[dict[date, bool], Field(description="By day, what a correction replaced.")]
    recordable: Annotated[list[date], Field(description="The days whose attendance can be recorded by now.")]
    ended_on: date | None
    reason: Annotated[Reason | None, Field(description="Why it ended early or did not take place.")]
    cause: Annotated[UnschedulableCause | None, Field(description="Why no possible week was found.")]
    move: VisitMove
    tasks: list[FormTask]
    match: Match


class VisitEntry(ReadModel):
    """A visit in a list; without dates where no possible week was found."""

    id: UUID
    match_id: UUID
    application_id: UUID
    reference: Annotated[str | None, Field(description="The reference of the application.", examples=["EX-2026-00042"])]
    mentorship_id: UUID | None
    guest: Annotated[Party, Field(description="Who travels: of a mentoring pair mentee or mentor.")]
    country: Annotated[str, Field(description="The sending country, ISO 3166-1.", examples=["AM"])]
    host_country: Annotated[str, Field(examples=["FR"])]
    host_organisation_id: UUID
    topic: Annotated[str, Field(description="A topic of the priorities.", examples=["online_crime"])]
    state: VisitState
    since: AwareDatetime
    start: date | None
    end: date | None
    required_days: int
    parties: Annotated[list[Party], Field(description="As whom the reader sees it.")]


def _entry(row: store.Visit, case: Case) -> VisitEntry:
    return VisitEntry(
        id=row.id,
        match_id=row.match_id,
        application_id=row.application_id,
        reference=case.application.reference,
        mentorship_id=row.mentorship_id,
        guest=Party(row.guest),
        country=row.country,
        host_country=row.host_country,
        host_organisation_id=row.host_organisation_id,
        topic=row.topic,
        state=row.stands,
        since=row.since,
        start=row.start,
        end=row.end,
        required_days=row.required_days,
        parties=sorted(case.parties),
    )


async def page(
    session: AsyncSession, principal: Principal, states: Sequence[VisitState], request: PageRequest
) -> Page[VisitEntry]:
    """Return one page of the visits in one of these states (of none: all) that concern the reader, newest first."""
    rows = await matches_store.visits_page(session, await seen_by(session, principal), states, request)
    page_rows = rows[: request.limit]
    found = await matches_store.matches_by_id(session, {row.match_id for row in page_rows})
    views = await views_of_matches(session, principal, list(found.values()))
    cases = {view.match.id: view.case for view in views}
    following = cursor_of([page_rows[-1].id]) if len(rows) > request.limit else None
    items = [_entry(row, as_visit_case(cases[row.match_id], row)) for row in page_rows if row.match_id in cases]
    return Page[VisitEntry](items=items, next=following)


def visit_of(view: VisitView) -> Visit:
    """Return a visit as the API answers it."""
    row = view.visit
    standings = view.checklist.standings if view.checklist is not None else None
    return Visit(
        id=row.id,
        match_id=row.match_id,
        application_id=row.application_id,
        mentorship_id=row.mentorship_id,
        replaces=row.replaces,
        guest=Party(row.guest),
        state=row.stands,
        since=row.since,
        start=row.start,
        end=row.end,
        days=row.dates,
        required_days=row.required_days,
        agenda_due=row.agenda_due,
        agenda=Agenda(version=view.version, text=view.agenda, agreed=view.agreed, complete=view.both_agreed),
        preparation=None if standings is None else {standing.item: standing.ready for standing in standings},
        attendance=view.attendance,
        corrections={
            day: record.corrected_from
            for day, record in view.records.items()
            if record.corrected_from is not None and record.corrected_from is not record.present
        },
        recordable=view.recordable,
        ended_on=row.ended_on,
        reason=Reason(row.reason) if row.reason else None,
        cause=UnschedulableCause(row.cause) if row.cause else None,
        move=_move(view),
        tasks=[form_task(task) for task in view.tasks],
        match=match_of(view.of),
    )


def _move(view: VisitView) -> VisitMove:
    proposal = view.proposal
    return VisitMove(
        proposed=None
        if proposal is None
        else ProposedDates(
            number=proposal.number,
            start=proposal.start,
            end=proposal.end,
            by=proposal.by,
            reason=Reason(proposal.reason),
            due=proposal.due,
        ),
        asked_by=view.asked_move,
        answers=view.move_answers,
        your_answer_is_asked=view.answering_move,
        kept=MoveDropCause(view.visit.drop_cause) if view.visit.drop_cause else None,
    )


async def visit(session: AsyncSession, principal: Principal, visit_id: UUID) -> Visit:
    """Return one visit. Raises `Refused` (404)."""
    return visit_of(await visit_view(session, principal, visit_id))


class VisitToRecord(ReadModel):
    """A visit whose attendance the host can record now."""

    id: UUID
    reference: str | None
    state: VisitState
    today: Annotated[bool, Field(description="Whether it takes place today.")]
    days: Annotated[list[date], Field(description="The days that have come, the newest first.")]
    missing: Annotated[list[date], Field(description="Those of them without a record.")]
    attendance: dict[date, bool]


async def visits_to_record(session: AsyncSession, principal: Principal) -> Page[VisitToRecord]:
    """Return the visits whose attendance the principal can record now, today's first; they are few."""
    found = [
        VisitToRecord(
            id=guest.visit.id,
            reference=guest.view.case.application.reference,
            state=guest.visit.stands,
            today=guest.here,
            days=guest.days,
            missing=guest.missing,
            attendance={day: record.present for day, record in guest.records.items()},
        )
        for guest in await guests(session, principal)
    ]
    return Page[VisitToRecord](items=found, next=None)
