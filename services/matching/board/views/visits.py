"""Read the visits and mentorships of the board."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.facts.views import Calls
from services.matching.overview.store import board as store
from services.matching.provisional.store.replacements import ReplacementOutcome
from services.matching.provisional.views import Replacement, replacements
from services.matching.words import Link
from shared.contracts.base import Country
from shared.contracts.codes import MatchState, MentorshipState, Party, Reason, Side, UnschedulableCause, VisitState
from shared.contracts.mentorships import MentorshipPlan
from shared.contracts.visits import VisitOf
from shared.i18n import gettext, ngettext
from shared.identity.scope import Reach
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel

StayFilter = store.StayFilter


class MoveProposal(ReadModel):
    """New dates of a visit that both sides are asked about until `due`; `accepted` are the sides that said yes."""

    number: int
    days: tuple[date, ...]
    by: Party
    reason: Reason
    due: AwareDatetime
    accepted: tuple[Side, ...]


class Visit(ReadModel):
    """A visit; without `start` and `end` no possible week was found, for the `cause` given."""

    id: UUID
    match_id: UUID
    application_id: UUID
    reference: Annotated[str | None, Field(description="Reference of the application.", examples=["MD-2026-0001"])]
    call_id: UUID
    offer_id: Annotated[UUID | None, Field(description="Null for a visit of a mentoring pair.")]
    seat_reference: Annotated[str | None, Field(examples=["PL-FR-0012"])]
    seat_title: str | None
    country: Country
    host_country: Country
    host_organisation_id: UUID
    of: VisitOf
    state: VisitState
    since: AwareDatetime
    start: date | None
    end: date | None
    days: tuple[date, ...]
    required_days: int
    agenda_due: AwareDatetime | None
    ended_on: date | None
    early: Annotated[bool, Field(description="The guest returned early.")]
    cause: UnschedulableCause | None
    reason: Reason | None
    moves: Annotated[int, Field(description="How often other dates were asked for.")]
    proposal: MoveProposal | None
    replacement: Replacement


class Mentorship(ReadModel):
    """A mentorship; both sign by `due`, and it ends at `until`."""

    id: UUID
    match_id: UUID
    application_id: UUID
    reference: Annotated[str | None, Field(description="Reference of the application.", examples=["MD-2026-0001"])]
    call_id: UUID
    mentor_id: UUID
    seat_reference: Annotated[str | None, Field(description="Reference of the mentor.", examples=["MT-FR-0003"])]
    country: Country
    host_country: Country
    host_organisation_id: UUID
    plan: MentorshipPlan
    state: MentorshipState
    since: AwareDatetime
    due: AwareDatetime
    sessions: Annotated[int, Field(description="Confirmed sessions so far.")]
    sessions_to_complete: int
    started_on: date | None
    until: date | None
    ended_on: date | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class VisitList:
    """One numbered page of visits; `open_to` are the applications whose case the reader may open."""

    rows: Sequence[Visit]
    total: int
    open_to: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class MentorshipList:
    """One numbered page of mentorships; `open_to` are the applications whose case the reader may open."""

    rows: Sequence[Mentorship]
    total: int
    open_to: frozenset[UUID]


async def visit_list(session: AsyncSession, within: Reach, filters: StayFilter, *, page: int) -> VisitList:
    """Return one numbered page of visits by start, those without dates first."""
    rows, total = await store.visits(session, within, filters, page=page)
    open_to = await store.open_to(session, within, (row.application_id for row in rows))
    return VisitList(await _visits(session, within, rows), total, frozenset(open_to))


async def mentorship_list(session: AsyncSession, within: Reach, filters: StayFilter, *, page: int) -> MentorshipList:
    """Return one numbered page of mentorships, the newest first."""
    rows, total = await store.mentorships(session, within, filters, page=page)
    open_to = await store.open_to(session, within, (row.application_id for row in rows))
    return MentorshipList([_mentorship(row) for row in rows], total, frozenset(open_to))


async def visits_page(session: AsyncSession, within: Reach, filters: StayFilter, request: PageRequest) -> Page[Visit]:
    """Return one page of visits, the newest first."""
    rows = await store.visits_from(session, within, filters, request)
    views = await _visits(session, within, rows)
    return page_of(views, request, Visit, lambda visit: visit, lambda visit: (visit.id,))


async def mentorships_page(
    session: AsyncSession, within: Reach, filters: StayFilter, request: PageRequest
) -> Page[Mentorship]:
    """Return one page of mentorships, the newest first."""
    rows = await store.mentorships_from(session, within, filters, request)
    return page_of(rows, request, Mentorship, _mentorship, lambda row: (row.id,))


async def visits_of(session: AsyncSession, within: Reach, application_id: UUID) -> tuple[Visit, ...]:
    """Return the visits of a case within reach, the newest first."""
    rows = await store.visits_from(session, None, StayFilter(application_id=application_id), PageRequest())
    return tuple(await _visits(session, within, rows))


async def mentorships_of(session: AsyncSession, application_id: UUID) -> tuple[Mentorship, ...]:
    """Return the mentorships of a case within reach, the newest first."""
    rows = await store.mentorships_from(session, None, StayFilter(application_id=application_id), PageRequest())
    return tuple(_mentorship(row) for row in rows)


async def _visits(session: AsyncSession, within: Reach, rows: Iterable[Any]) -> list[Visit]:
    found = list(rows)
    taken_over = await replacements(session, within, [row.id for row in found])
    return [_visit(row, taken_over[row.id]) for row in found]


def _visit(row: Any, taken_over: Replacement) -> Visit:
    return Visit(
        id=row.id,
        match_id=row.match_id,
        application_id=row.application_id,
        reference=row.reference,
        call_id=row.call_id,
        offer_id=row.offer_id,
        seat_reference=row.seat_reference,
        seat_title=row.seat_title,
        country=row.country,
        host_country=row.host_country,
        host_organisation_id=row.host_organisation_id,
        of=row.details,
        state=row.state,
        since=row.since,
        start=row.start,
        end=row.end,
        days=row.days,
        required_days=row.required_days,
        agenda_due=row.agenda_due,
        ended_on=row.ended_on,
        early=row.early,
        cause=row.cause,
        reason=row.reason,
        moves=row.moves,
        proposal=row.proposal,
        replacement=taken_over,
    )


def _mentorship(row: Any) -> Mentorship:
    return Mentorship.model_validate(row, from_attributes=True)


def replacement_words(taken_over: Replacement, notice_weeks: int) -> Link | str | None:
    """Return the outcome for the place of a visit that did not take place; None if no replacement was sought."""
    if taken_over.looked_for:
        return gettext("Looking for the next in line")
    match taken_over.outcome:
        case ReplacementOutcome.PROPOSED if taken_over.by_reference is None:
            return gettext("Somebody else has the place")
        case ReplacementOutcome.PROPOSED:
            taken = taken_over.match_state is MatchState.CONFIRMED
            text = gettext("Replaced by %(reference)s") if taken else gettext("Place proposed to %(reference)s")
            href = f"/matching/applications/{taken_over.by_application}"
            return {"text": text % {"reference": taken_over.by_reference}, "href": href}
        case ReplacementOutcome.TOO_LATE:
            text = ngettext(
                "Too late to replace: less than %(weeks)d week left",
                "Too late to replace: less than %(weeks)d weeks left",
                notice_weeks,
            )
            return text % {"weeks": notice_weeks}
        case ReplacementOutcome.NOBODY:
            return gettext("Nobody in line could take the place")
    return None


def replaces_words(taken_over: Replacement) -> Link | str | None:
    """Return whose place a visit took over; None if it took over nobody's."""
    if taken_over.replaces is None:
        return None
    if taken_over.for_reference is None:
        return gettext("Replaces a visit that did not go ahead")
    text = gettext("Replaces %(reference)s") % {"reference": taken_over.for_reference}
    return {"text": text, "href": f"/matching/applications/{taken_over.for_application}"}


def replacement_cells(visits: Iterable[Visit], calls: Calls) -> Mapping[UUID, Link | str | None]:
    """Return by visit what became of its place, else whose place it took over."""
    visits = list(visits)
    notice: dict[UUID, int] = {}
    for call_id in {visit.call_id for visit in visits}:
        terms = calls.terms(call_id)
        notice[call_id] = terms.timers.notice_weeks if terms else 0
    return {
        visit.id: replacement_words(visit.replacement, notice[visit.call_id]) or replaces_words(visit.replacement)
        for visit in visits
    }
