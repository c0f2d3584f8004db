"""Read the cases of the board: applications with the stage in which each stands."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.activity.views import TimelineEntry, event_view, line
from services.matching.board.views.applicants import applicants_facts
from services.matching.board.views.next_steps import case_facts
from services.matching.board.views.visits import Mentorship, Visit, mentorships_of, visits_of
from services.matching.engine.explain.receipt import Why
from services.matching.facts import views as facts
from services.matching.facts.views import CallSummary, Place
from services.matching.lifecycle import views as lifecycle
from services.matching.lifecycle.views import Match, RingLeg
from services.matching.overview.store import board as store
from services.matching.overview.store.board import WAITING, EventFilter
from services.matching.receipts.views.explanation import (
    Explanation,
    WaitingRow,
    explanation,
    named_places,
    waiting_rows,
)
from services.matching.receipts.views.receipts import (
    Receipt,
    Receipts,
    provisional_receipt,
    published_receipt,
    waiting_places,
)
from services.matching.words import Fact, reason, stage
from shared.bus import Bus
from shared.contracts.base import Country
from shared.contracts.codes import ApplicationKind, ApplicationState, CallState, HardRule, MatchState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import Reach
from shared.next_steps import next_step
from shared.web.items import ListedVersion
from shared.web.paging import PageRequest, page_of
from shared.web.read_models import Page, ReadModel
from shared.web.states import Standing

CaseFilter = store.Filter
PAGE = store.PAGE


class Case(ReadModel):
    """An application with its stage, and its match or provisional place.

    `stage_kind` and `stage` name the stage, such as `match` and `provisional`. Without a place `why` and `rule` say
    what kept it from one.
    """

    id: UUID
    reference: Annotated[str, Field(examples=["MD-2026-0001"])]
    kind: ApplicationKind
    country: Country
    call_id: UUID
    application_state: ApplicationState
    submitted_at: AwareDatetime
    organisation_id: UUID
    stage_kind: Annotated[str, Field(examples=["match"])]
    stage: Annotated[str, Field(examples=["provisional"])]
    since: AwareDatetime
    match_id: UUID | None
    match_state: MatchState | None
    due: AwareDatetime | None
    host_country: Country | None
    score: Annotated[int | None, Field(description="Points that the officer gains.", examples=[78])]
    host_score: Annotated[int | None, Field(description="Points that the host prefers by.", examples=[64])]
    why: Why | None
    rule: HardRule | None
    feasible: Annotated[int | None, Field(description="Places that meet all rules.")]
    seat_id: UUID | None
    seat_reference: Annotated[str | None, Field(examples=["PL-FR-0012"])]
    seat_title: str | None
    seat_country: Country | None
    seat_organisation_id: UUID | None
    visit_id: UUID | None
    start: date | None
    end: date | None
    mentorship_id: UUID | None


class ListedCase(Case):
    """A case in a list, with the version of the application."""

    version: ListedVersion


class ListedProvisionalMatches(Page[ListedCase]):
    """The same as `ProvisionalMatches`, with the version of each application."""

    input_version: int | None
    matched_version: int | None


class ProvisionalMatches(Page[Case]):
    """One page of the provisional matches, and how far the call's matching is behind its facts.

    The matching is up to date when `matched_version` is `input_version`; both are null without a call.
    """

    input_version: int | None
    matched_version: int | None


class CaseStep(ReadModel):
    """The next step of a case, empty once it is over: who takes it, what it is, and until when it is asked for."""

    holder: Annotated[str, Field(examples=["National coordinator of Moldova"])]
    next: Annotated[str, Field(examples=["The home country clears it, then the host country."])]
    due: AwareDatetime | None


class WholeCase(ReadModel):
    """A case with its next step, and with all its matches, visits and mentorships, the newest first."""

    case: Case
    step: CaseStep
    matches: tuple[Match, ...]
    visits: tuple[Visit, ...]
    mentorships: tuple[Mentorship, ...]


@dataclass(frozen=True, slots=True)
class CaseList:
    """One numbered page of a list of cases, and how many there are in all."""

    rows: Sequence[Case]
    total: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """The page of one application: its stage, receipt, matches and history."""

    case: Case
    call: CallSummary | None
    standing: Standing
    facts: Sequence[Fact]
    seat_organisation: str | None
    matches: Sequence[Match]
    reserve: Match | None
    visits: Sequence[Visit]
    mentorships: Sequence[Mentorship]
    ring: Sequence[RingLeg]
    places: Mapping[UUID, Place]
    receipt: Explanation | None
    provisional: bool
    waiting: Sequence[WaitingRow]
    lines: Sequence[TimelineEntry]
    notice_weeks: int
    may_override: bool

    @property
    def earlier(self) -> list[Match]:
        """Return the matches that are over."""
        return [match for match in self.matches if match.id != self.case.match_id and not match.in_reserve]


def case_view(row: Any) -> Case:
    """Return the view of a row of cases."""
    return Case.model_validate(row, from_attributes=True)


async def cases(session: AsyncSession, within: Reach, filters: CaseFilter, *, size: int = PAGE) -> CaseList:
    """Return one numbered page of cases."""
    rows, total = await store.cases(session, within, filters, size=size)
    return CaseList([case_view(row) for row in rows], total)


async def cases_page(session: AsyncSession, within: Reach, filters: CaseFilter, request: PageRequest) -> Page[Case]:
    """Return one page of cases, by reference."""
    rows = await store.cases_from(session, within, filters, request)
    return page_of(rows, request, Case, case_view, lambda row: (row.reference, row.id))


async def provisional_matches(
    session: AsyncSession, within: Reach, call_id: UUID | None, request: PageRequest
) -> ProvisionalMatches:
    """Return one page of the provisional matches of a call, or of all, by reference."""
    page = await cases_page(session, within, CaseFilter(call_id=call_id, stage="match:provisional"), request)
    known, done = await facts.versions(session, call_id) if call_id else (None, None)
    return ProvisionalMatches(items=page.items, next=page.next, input_version=known, matched_version=done)


async def case_of(session: AsyncSession, within: Reach, application_id: UUID) -> Case:
    """Return the case of an application. Raises `Refused` (404) if there is none within reach."""
    row = await store.case(session, within, application_id)
    if row is None:
        raise Refused(gettext("This application does not exist, or it is not from your country."), 404)
    return case_view(row)


async def whole_case(session: AsyncSession, within: Reach, application_id: UUID) -> WholeCase:
    """Return a case with its matches, visits and mentorships. Raises `Refused` (404) if there is none within reach."""
    case = await case_of(session, within, application_id)
    step = next_step((await case_facts(session, {application_id: case.stage}))[application_id])
    return WholeCase(
        case=case,
        step=CaseStep(holder=step.holder, next=step.step, due=step.due),
        matches=tuple(await lifecycle.matches_of(session, application_id)),
        visits=await visits_of(session, within, application_id),
        mentorships=await mentorships_of(session, application_id),
    )


async def receipts(bus: Bus, within: Reach, application_id: UUID, *, effort: int) -> Receipts:
    """Return the receipts of an application for a coordinator. Raises `Refused` (404) if it is not within reach."""
    async with bus.read() as session:
        case = await case_of(session, within, application_id)
    published = await published_receipt(bus, application_id)
    now = await provisional_receipt(bus, case.call_id, application_id, effort=effort)
    return Receipts(
        published=Receipt.of(published) if published else None,
        provisional=Receipt.of(now) if now else None,
        waiting=await waiting_places(bus, application_id),
    )


async def own_receipt(bus: Bus, application_id: UUID) -> Receipts:
    """Return the officer's part of the published receipt. Raises `Refused` (404) if none was published."""
    published = await published_receipt(bus, application_id)
    if published is None:
        raise Refused(gettext("This does not exist, or you may not see it."), 404)
    waiting = await waiting_places(bus, application_id)
    return Receipts(published=Receipt.of(published, own=True), provisional=None, waiting=waiting)


async def case_page(bus: Bus, within: Reach, application_id: UUID, *, effort: int) -> CasePage:
    """Return the page of an application. Raises `Refused` (404) if there is none within reach."""
    async with bus.read() as session:
        found = await whole_case(session, within, application_id)
    case = found.case
    receipt, provisional = None, False
    if case.match_id is None and case.application_state is ApplicationState.ELIGIBLE:
        receipt = await provisional_receipt(bus, case.call_id, application_id, effort=effort)
        provisional = receipt is not None
    if receipt is None:
        receipt = await published_receipt(bus, application_id)
    in_line = await waiting_places(bus, application_id)
    async with bus.read() as session:
        calls = await facts.some_calls(session, [case.call_id])
        seats = {match.seat_id for match in found.matches} | ({case.seat_id} if case.seat_id else set())
        places = await facts.places(session, seats | named_places(receipt, in_line))
        applicants = await applicants_facts(session, [application_id])
        names = await facts.organisation_names(
            session, {case.seat_organisation_id} if case.seat_organisation_id else ()
        )
        events = await store.stream(session, within, EventFilter(application=application_id), limit=100)
        ring = await lifecycle.ring_of(session, within, case.match_id) if case.match_id else ()
    call, terms = calls.get(case.call_id), calls.terms(case.call_id)
    scheme, notice = (terms.scheme, terms.timers.notice_weeks) if terms else ("", 0)
    return CasePage(
        case=case,
        call=call,
        standing=_standing(case, found.step),
        facts=applicants[application_id],
        seat_organisation=names.get(case.seat_organisation_id) if case.seat_organisation_id else None,
        matches=found.matches,
        reserve=next((match for match in found.matches if match.in_reserve), None),
        visits=found.visits,
        mentorships=found.mentorships,
        ring=ring,
        places=places,
        receipt=explanation(receipt, places, scheme, side="both") if receipt else None,
        provisional=provisional,
        waiting=waiting_rows(in_line, places),
        lines=[line(event_view(row)) for row in events],
        notice_weeks=notice,
        may_override=within.everything and call is not None and _may_be_put(case, call),
    )


def _may_be_put(case: Case, call: CallSummary) -> bool:
    """Return whether the application can be put to a place by hand."""
    return (
        call.state is not CallState.CLOSED
        and case.application_state is ApplicationState.ELIGIBLE
        and case.match_state is not MatchState.CONFIRMED
    )


def _standing(case: Case, step: CaseStep) -> Standing:
    """Return the present stage with the next step, for the top of the page."""
    return Standing(
        stage(case.stage_kind, case.stage),
        since=case.since,
        due=step.due,
        holder=step.holder,
        next=step.next,
        reason=reason(case.why, case.rule) if case.stage in WAITING else None,
    )
