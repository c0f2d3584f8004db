"""Answer a mentorship, its agreement, goals, sessions and proposed visits, and the list of mentorships."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.matches.store import matches as matches_store
from services.applications.matches.views.read_models import Match, match_of
from services.applications.mentorships.model.agreement import Terms, VersionState
from services.applications.mentorships.model.sessions import SessionState
from services.applications.mentorships.model.tasks import PairTask
from services.applications.mentorships.model.visit import RequestState
from services.applications.mentorships.views.mentorship import (
    GoalView,
    MentorshipRow,
    MentorshipView,
    mentorship_rows,
    mentorship_view,
)
from services.applications.outcomes.views import FormTask, form_task
from services.applications.overview.views.participation import seen_by, views_of_matches
from shared.contracts.base import DatePeriod
from shared.contracts.codes import MentorshipState, Party, Reason, VisitState
from shared.web.paging import cursor_of, id_after
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.mentorships.model.tasks import PendingTasks
    from services.applications.mentorships.store.agreements import Agreement
    from services.applications.mentorships.store.goals import Goal as GoalRow
    from services.applications.mentorships.store.goals import GoalNote as NoteRow
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.sessions import PairSession
    from services.applications.mentorships.store.visits import PairVisit
    from services.applications.visits.store import Visit as VisitRow
    from shared.identity import Principal
    from shared.web.paging import PageRequest


class PairTaskCount(ReadModel):
    """Something that the reader has to do in a mentorship, and how often."""

    what: PairTask
    count: int


class AgreementVersion(ReadModel):
    """A version of a pair's agreement; its terms and text are for the two of them only."""

    version: int
    state: VersionState
    by: Annotated[Party | None, Field(description="Who proposed it; null: the programme's own, the first.")]
    at: AwareDatetime
    due: Annotated[AwareDatetime | None, Field(description="Until when it can be signed.")]
    document: Annotated[str, Field(description="The SHA-256 of the text.")]
    signed: Annotated[dict[Party, AwareDatetime], Field(description="Who signed it, and when.")]
    terms: Terms | None
    text: str | None


class MentoringAgreement(ReadModel):
    """The agreement of a pair; `text` is that of the version to read now, for the two of them only."""

    text: str | None
    signed: Annotated[list[Party], Field(description="Who has signed the version to read now.")]
    newest: int
    in_force: int | None
    to_sign: int | None
    versions: list[AgreementVersion]


class GoalNote(ReadModel):
    """Progress towards a goal, as one of the two noted it."""

    id: UUID
    by: Party
    percent: int | None
    text: str
    at: AwareDatetime


class Goal(ReadModel):
    """A goal of a mentorship."""

    id: UUID
    number: int
    text: str
    target: Annotated[date | None, Field(description="By when it is to be reached.")]
    by: Party
    met: Annotated[bool | None, Field(description="Whether it was reached or given up; null while it is open.")]
    closed_at: AwareDatetime | None
    closed_by: Party | None
    reason: Annotated[str, Field(description="Why it was given up.")]
    follows: Annotated[UUID | None, Field(description="The goal that it resumes.")]


class GoalProgress(Goal):
    """A goal with its progress as last noted, and its notes, the newest first."""

    percent: int | None
    notes: list[GoalNote]


class MentoringSession(ReadModel):
    """A session of a pair as one of the two logged it."""

    id: UUID
    state: SessionState
    version: Annotated[int, Field(description="Counts its corrections.")]
    held_on: date
    minutes: int
    on_site: bool
    next_on: Annotated[date | None, Field(description="When they agreed to meet next.")]
    by: Party
    note: str
    dispute: Annotated[str, Field(description="Why the other one disputes it.")]
    confirmed_at: AwareDatetime | None


class PlannedSession(ReadModel):
    """The next session of a pair."""

    id: UUID
    version: Annotated[int, Field(description="Counts its changes.")]
    begins_at: AwareDatetime
    minutes: int
    on_site: bool
    by: Annotated[Party, Field(description="Who gave it its present time.")]
    cancelled_at: AwareDatetime | None


class ProposedVisit(ReadModel):
    """A visit under the agreement that one of the two proposed, and the answer of the other."""

    id: UUID
    by: Party
    guest: Annotated[Party, Field(description="Who is to travel.")]
    days: Annotated[int, Field(description="How many working days.")]
    periods: list[DatePeriod]
    note: str
    state: RequestState
    answer: Annotated[str, Field(description="Why it was refused.")]
    at: AwareDatetime


class PairVisitDates(ReadModel):
    """A visit of a pair: who travels, and when."""

    id: UUID
    state: VisitState
    start: date | None
    end: date | None
    guest: Party
    host_country: Annotated[str, Field(description="Where it takes place, ISO 3166-1.", examples=["LT"])]


class Mentorship(ReadModel):
    """A mentorship; the agreement's text, goals, sessions and proposals are for the two of them only."""

    id: UUID
    match_id: UUID
    application_id: UUID
    mentor_id: UUID
    state: MentorshipState
    since: AwareDatetime
    due: Annotated[AwareDatetime | None, Field(description="Until when both have to sign.")]
    started_on: date | None
    until: Annotated[date | None, Field(description="Its planned end.")]
    ended_on: date | None
    reason: Annotated[Reason | None, Field(description="Why it was paused or ended early.")]
    party: Annotated[Party | None, Field(description="Which of the two the reader is; null for a coordinator.")]
    left: Annotated[Party | None, Field(description="Which of the two is no longer with the programme.")]
    pending: Annotated[list[PairTaskCount], Field(description="What the reader has to do.")]
    agreement: MentoringAgreement
    goals: list[GoalProgress]
    sessions: list[MentoringSession]
    confirmed_sessions: int
    confirmed_minutes: int
    sessions_needed: Annotated[int, Field(description="How many more must be confirmed to complete it.")]
    meet_next: date | None
    planned_session: PlannedSession | None
    proposed_visits: list[ProposedVisit]
    visits: list[PairVisitDates]
    tasks: list[FormTask]
    match: Match


class MentorshipEntry(ReadModel):
    """A mentorship in a list."""

    id: UUID
    reference: Annotated[str | None, Field(description="The reference of the application.", examples=["EX-2026-00042"])]
    state: MentorshipState
    since: AwareDatetime
    country: Annotated[str, Field(description="The mentee's country, ISO 3166-1.", examples=["GE"])]
    mentor_country: Annotated[str, Field(examples=["LT"])]
    party: Annotated[Party | None, Field(description="Which of the two the reader is; null for a coordinator.")]
    pending: Annotated[list[PairTaskCount], Field(description="What the reader has to do.")]
    results_asked: Annotated[bool, Field(description="Whether the reader is asked about the results at home.")]
    confirmed_sessions: int
    meet_next: date | None


def mentorship_of(view: MentorshipView) -> Mentorship:
    """Return a mentorship as the API answers it."""
    row = view.mentorship
    return Mentorship(
        id=row.id,
        match_id=row.match_id,
        application_id=row.application_id,
        mentor_id=row.mentor_id,
        state=row.stands,
        since=row.since,
        due=row.due,
        started_on=row.started_on,
        until=view.until,
        ended_on=row.ended_on,
        reason=Reason(row.reason) if row.reason else None,
        party=view.party,
        left=view.left,
        pending=_pending(view.pending),
        agreement=_agreement(view),
        goals=[_goal_progress(goal) for goal in view.goals],
        sessions=[session_of(logged) for logged in view.sessions],
        confirmed_sessions=view.totals.confirmed,
        confirmed_minutes=view.totals.minutes,
        sessions_needed=view.totals.needed,
        meet_next=view.next_on,
        planned_session=planned_session_of(view.meeting) if view.meeting is not None else None,
        proposed_visits=[proposed_visit_of(request) for request in view.requests],
        visits=[visit_dates_of(visit) for visit in view.visits],
        tasks=[form_task(task) for task in view.tasks],
        match=match_of(view.of),
    )


def _pending(tasks: Sequence[PendingTasks]) -> list[PairTaskCount]:
    return [PairTaskCount(what=task.what, count=task.count) for task in tasks]


def visit_dates_of(row: VisitRow) -> PairVisitDates:
    """Return a visit of a pair as the API answers it."""
    return PairVisitDates(
        id=row.id,
        state=row.stands,
        start=row.start,
        end=row.end,
        guest=Party(row.guest),
        host_country=row.host_country,
    )


def _agreement(view: MentorshipView) -> MentoringAgreement:
    agreement, holds = view.agreement, view.agreement.in_force
    current = agreement.to_sign or holds or agreement.rows[-1]
    return MentoringAgreement(
        text=current.text if view.party is not None else None,
        signed=sorted(agreement.signed(current.version)),
        newest=agreement.newest,
        in_force=holds.version if holds is not None else None,
        to_sign=agreement.to_sign.version if agreement.to_sign is not None else None,
        versions=[_version(view, row) for row in agreement.rows],
    )


def _version(view: MentorshipView, row: Agreement) -> AgreementVersion:
    own = view.party is not None
    return AgreementVersion(
        version=row.version,
        state=view.agreement.states[row.version],
        by=Party(row.party) if row.party else None,
        at=row.at,
        due=row.due,
        document=row.document,
        signed={party: mark.at for party, mark in view.agreement.signed(row.version).items()},
        terms=row.terms if own else None,
        text=row.text if own else None,
    )


def goal_of(row: GoalRow) -> Goal:
    """Return a goal as the API answers it."""
    return Goal(
        id=row.id,
        number=row.number,
        text=row.text,
        target=row.target,
        by=Party(row.party),
        met=row.met,
        closed_at=row.closed_at,
        closed_by=Party(row.closed_by) if row.closed_by else None,
        reason=row.reason,
        follows=row.follows,
    )


def _goal_progress(view: GoalView) -> GoalProgress:
    notes = [note_of(note) for note in view.notes]
    return GoalProgress(**dict(goal_of(view.goal)), percent=view.percent, notes=notes)


def note_of(row: NoteRow) -> GoalNote:
    """Return a note about a goal as the API answers it."""
    return GoalNote(id=row.id, by=Party(row.party), percent=row.percent, text=row.text, at=row.at)


def session_of(row: PairSession) -> MentoringSession:
    """Return a logged session as the API answers it."""
    return MentoringSession(
        id=row.id,
        state=row.state,
        version=row.version,
        held_on=row.held_on,
        minutes=row.minutes,
        on_site=row.on_site,
        next_on=row.next_on,
        by=Party(row.party),
        note=row.note,
        dispute=row.dispute,
        confirmed_at=row.confirmed_at,
    )


def planned_session_of(row: Meeting) -> PlannedSession:
    """Return a planned session as the API answers it."""
    return PlannedSession(
        id=row.id,
        version=row.version,
        begins_at=row.begins_at,
        minutes=row.minutes,
        on_site=row.on_site,
        by=Party(row.party),
        cancelled_at=row.cancelled_at,
    )


def proposed_visit_of(row: PairVisit) -> ProposedVisit:
    """Return a proposed visit as the API answers it."""
    return ProposedVisit(
        id=row.id,
        by=Party(row.party),
        guest=Party(row.guest),
        days=row.days,
        periods=list(row.periods),
        note=row.note,
        state=row.stands,
        answer=row.answer,
        at=row.at,
    )


def _entry(row: MentorshipRow) -> MentorshipEntry:
    return MentorshipEntry(
        id=row.mentorship.id,
        reference=row.of.case.application.reference,
        state=row.mentorship.stands,
        since=row.mentorship.since,
        country=row.mentorship.country,
        mentor_country=row.mentorship.mentor_country,
        party=row.party,
        pending=_pending(row.pending),
        results_asked=row.results,
        confirmed_sessions=row.totals.confirmed,
        meet_next=row.next_on,
    )


async def mentorship(session: AsyncSession, principal: Principal, mentorship_id: UUID) -> Mentorship:
    """Return one mentorship. Raises `Refused` (404)."""
    return mentorship_of(await mentorship_view(session, principal, mentorship_id))


async def page(
    session: AsyncSession, principal: Principal, state: MentorshipState | None, request: PageRequest
) -> Page[MentorshipEntry]:
    """Return one page of the mentorships in that state (None: any) that concern the reader, newest first."""
    rows = await matches_store.mentorships_page(session, await seen_by(session, principal), state, request)
    page_rows = rows[: request.limit]
    found = await matches_store.matches_by_id(session, {row.match_id for row in page_rows})
    views = await views_of_matches(session, principal, list(found.values()))
    entries = {row.mentorship.id: _entry(row) for row in await mentorship_rows(session, principal, views)}
    following = cursor_of([page_rows[-1].id]) if len(rows) > request.limit else None
    return Page[MentorshipEntry](items=[entries[row.id] for row in page_rows if row.id in entries], next=following)


async def waiting_page(
    session: AsyncSession, principal: Principal, state: MentorshipState | None, request: PageRequest
) -> Page[MentorshipEntry]:
    """Return one page of those that wait for the reader. Only rules say which, so all of the reader's are read."""
    after = id_after(request)
    rows = [
        row
        for row in await mentorship_rows(session, principal)
        if row.waits
        and state in {None, row.mentorship.stands}
        and (request.since is None or row.mentorship.since >= request.since)
        and (after is None or row.mentorship.id < after)
    ]
    rows.sort(key=lambda row: row.mentorship.id, reverse=True)
    page_rows = rows[: request.limit]
    following = cursor_of([page_rows[-1].mentorship.id]) if len(rows) > request.limit else None
    return Page[MentorshipEntry](items=[_entry(row) for row in page_rows], next=following)
