"""Show how a partner stands, its open cases and the decisions about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications import counters
from services.applications.partners import store
from services.applications.partners.model import (
    CaseState,
    Choice,
    DecisionState,
    GroupChoice,
    OpenCase,
    OpenCases,
    ShownCase,
    Stage,
    Supply,
    stage_of,
)
from services.applications.refusals import not_found
from services.applications.register.store import entries
from services.applications.register.views import entries as register_views
from services.applications.register.views.entries import PartnerSince
from shared.contracts.codes import PARTNERS, MatchState, MentorshipState, PartnerStatus, Role, Side, VisitState
from shared.time import clock
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


class PartnerDecision(ReadModel):
    """A decision to suspend or reinstate a partner from a day on."""

    id: UUID
    country: Annotated[str, Field(examples=["AM"])]
    status: PartnerStatus
    since: Annotated[date, Field(description="The day from which it holds.")]
    state: DecisionState
    decided_by: Annotated[str, Field(description="The sign-in name of who decided.", examples=["programme"])]
    decided_at: AwareDatetime
    note: Annotated[str, Field(description="Why, for those who audit the decision.", examples=[""])]
    digest: Annotated[str, Field(description="Of the preview that was confirmed; empty for a reinstatement.")]
    effective_at: Annotated[AwareDatetime | None, Field(description="When it took effect.")]
    withdrawn_by: str | None
    withdrawn_at: AwareDatetime | None


class PartnerCase(ReadModel):
    """The effect of a suspension on one application, match, placement or mentor."""

    decision_id: UUID
    id: Annotated[UUID, Field(description="Of the application without a match, match, placement or mentor.")]
    kind: Annotated[str, Field(description="application, match, offer or mentor.", examples=["match"])]
    reference: Annotated[str, Field(examples=["AM-2026-0001"])]
    side: Side
    stage: Stage | None
    other: Annotated[str | None, Field(description="The country of the other side.", examples=["FR"])]
    application_id: UUID | None
    match_id: UUID | None
    choice: Choice | None
    fund_id: Annotated[UUID | None, Field(description="The fund to which it was moved.")]
    state: CaseState
    ends_on: Annotated[date | None, Field(description="The day on which its notice runs out.")]
    at: Annotated[AwareDatetime, Field(description="When it came into its state.")]
    changed_by: Annotated[str, Field(description="Who brought it there: a sign-in name, or system:<what>.")]


class DecisionRecord(PartnerDecision):
    """A decision about a partner: what was shown, what was chosen, and the result for each case."""

    shown: tuple[ShownCase, ...]
    choices: tuple[GroupChoice, ...]
    cases: tuple[PartnerCase, ...]


class PartnerStanding(ReadModel):
    """The status of a partner today, and the decision for a later day."""

    country: Annotated[str, Field(examples=["AM"])]
    status: PartnerStatus
    since: date | None
    later: PartnerDecision | None

    @property
    def suspended(self) -> bool:
        """Return whether the country's people have no access now."""
        return self.status is PartnerStatus.SUSPENDED


class AffectedCase(ReadModel):
    """An open case of a partner."""

    id: UUID
    reference: Annotated[str, Field(examples=["AM-2026-0001"])]
    state: Annotated[str, Field(description="The state that people see.", examples=["endorsed"])]
    other: Annotated[str | None, Field(description="The country of the other side.", examples=["FR"])]


class CaseGroup(ReadModel):
    """The open cases of a partner on one side and at one stage, for which one choice is made."""

    side: Side
    stage: Stage
    cases: tuple[AffectedCase, ...]


class PausedSupply(ReadModel):
    """A published placement (`offer`) or mentor, which pauses with a suspension."""

    id: UUID
    kind: Annotated[str, Field(description="offer or mentor.", examples=["offer"])]
    reference: str


class PartnerRecord(PartnerStanding):
    """One partner: its history, newest first, all decisions about it, and its open cases."""

    history: tuple[PartnerSince, ...]
    decisions: tuple[PartnerDecision, ...]
    groups: tuple[CaseGroup, ...]
    paused: tuple[PausedSupply, ...]


class SuspensionPreview(ReadModel):
    """The effect of a suspension, case by case; `digest` confirms it."""

    digest: str
    since: date
    groups: tuple[CaseGroup, ...]
    paused: tuple[PausedSupply, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner with its history (newest first), decisions and open cases; `names`: of those who decided."""

    standing: PartnerStanding
    history: list[PartnerSince]
    decisions: list[PartnerDecision]
    open_cases: OpenCases
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class DecisionDetails:
    """A decision with the names of people (by sign-in name) and of funds (by id)."""

    record: DecisionRecord
    names: dict[str, str]
    funds: dict[str, str]


def decision_view(row: store.Decision) -> PartnerDecision:
    """Return the read model of a decision."""
    return PartnerDecision.model_validate(row, from_attributes=True)


def case_view(row: store.DecidedCase) -> PartnerCase:
    """Return the read model of a decided case."""
    return PartnerCase.model_validate(row, from_attributes=True)


def partner_code(country: str) -> str:
    """Return the country's code if it is a partner of the programme. Raises `Refused` (404)."""
    if country not in PARTNERS:
        raise not_found()
    return country


async def lock_partner(session: AsyncSession, country: str) -> None:
    """Let nobody else decide about the country until the commit."""
    await counters.next_number(session, f"partner {country}")


async def load_open_cases(session: AsyncSession, country: str, *, lock: bool = False) -> OpenCases:
    """Return all open cases; with `lock` nobody changes any of them until the commit."""
    if lock:
        await store.lock_all(session, country)
    waiting = [
        OpenCase(
            id=item.id,
            side=Side.HOME,
            stage=Stage.WAITING,
            state=state,
            application_id=item.id,
            reference=item.reference or "",
        )
        for item, state in await store.unmatched_of(session, country)
    ]
    matched = [_matched(country, row) for row in await store.matches_of(session, country)]
    supply = [
        *(Supply(item.id, "offer", item.reference) for item in await store.offers_of(session, country, lock=lock)),
        *(Supply(item.id, "mentor", item.reference) for item in await store.mentors_of(session, country, lock=lock)),
    ]
    return OpenCases(country, (*waiting, *(item for item in matched if item is not None)), tuple(supply))


def _matched(country: str, match: store.OpenMatch) -> OpenCase | None:
    visit = None if match.visit is None else VisitState(match.visit)
    mentorship = None if match.mentorship is None else MentorshipState(match.mentorship)
    stage = stage_of(MatchState(match.state), visit, mentorship)
    if stage is None:
        return None
    home = match.country == country
    return OpenCase(
        id=match.id,
        side=Side.HOME if home else Side.HOST,
        stage=stage,
        state=str(mentorship or visit or match.state),
        application_id=match.application_id,
        reference=match.reference or "",
        other=match.host_country if home else match.country,
        match_id=match.id,
        visit_id=match.visit_id,
        mentorship_id=match.mentorship_id,
    )


async def continuing_cases(session: AsyncSession, principal: Principal) -> list[PartnerCase]:
    """Return the principal's continuing cases in a suspended country: as applicant, mentor or host."""
    cases: dict[UUID, store.DecidedCase] = {}
    for country in sorted({grant.country for grant in principal.suspended if grant.country is not None}):
        hosts = [UUID(grant.organisation_id) for grant in principal.suspended if grant.organisation_id is not None]
        contact = any(grant.role is Role.HOST_CONTACT for grant in principal.suspended)
        own = await store.finishing(session, country, principal.subject)
        hosted = await store.hosted_by(session, country, hosts) if contact and hosts else []
        cases |= {case.id: case for case in (*own, *hosted)}
    return [case_view(case) for case in sorted(cases.values(), key=lambda case: (case.reference, case.id))]


async def partners(session: AsyncSession) -> Page[PartnerStanding]:
    """Return all partner countries by code; suspended ones first."""
    statuses, waiting = await register_views.partners(session), await store.all_waiting(session)
    standings = [
        _standing(country, [status for status in statuses if status.country == country], waiting.get(country))
        for country in PARTNERS
    ]
    ordered = sorted(standings, key=lambda standing: (not standing.suspended, standing.country))
    return Page[PartnerStanding](items=ordered, next=None)


def _standing(country: str, statuses: list[PartnerSince], waiting: store.Decision | None) -> PartnerStanding:
    today = clock.today()
    newest = next((status for status in statuses if status.since <= today), None)
    return PartnerStanding(
        country=country,
        status=PartnerStatus.ACTIVE if newest is None else newest.status,
        since=None if newest is None else newest.since,
        later=None if waiting is None else decision_view(waiting),
    )


async def partner(session: AsyncSession, country: str) -> Partner:
    """Return one partner. Raises `Refused` (404)."""
    partner_code(country)
    statuses = [status for status in await register_views.partners(session) if status.country == country]
    decisions = await store.decisions(session, country)
    people = await entries.people_by_subject(session, [row.decided_by for row in decisions])
    return Partner(
        _standing(country, statuses, await store.waiting(session, country)),
        statuses,
        [decision_view(row) for row in decisions],
        await load_open_cases(session, country),
        {subject: person.name for subject, person in people.items()},
    )


async def partner_record(session: AsyncSession, country: str) -> PartnerRecord:
    """Return one partner as the API gives it. Raises `Refused` (404)."""
    found = await partner(session, country)
    return PartnerRecord(
        **dict(found.standing),
        history=tuple(found.history),
        decisions=tuple(found.decisions),
        groups=_groups(found.open_cases),
        paused=_paused(found.open_cases),
    )


def suspension_preview(open_cases: OpenCases, since: date, digest: str) -> SuspensionPreview:
    """Return what a suspension would do, as the API gives it."""
    return SuspensionPreview(digest=digest, since=since, groups=_groups(open_cases), paused=_paused(open_cases))


def _groups(open_cases: OpenCases) -> tuple[CaseGroup, ...]:
    return tuple(
        CaseGroup(
            side=side,
            stage=stage,
            cases=tuple(
                AffectedCase(id=case.id, reference=case.reference, state=case.state, other=case.other)
                for case in open_cases.of(side, stage)
            ),
        )
        for side, stage in open_cases.groups
    )


def _paused(open_cases: OpenCases) -> tuple[PausedSupply, ...]:
    return tuple(PausedSupply(id=item.id, kind=item.kind, reference=item.reference) for item in open_cases.supply)


async def decision(session: AsyncSession, country: str, decision_id: UUID) -> DecisionRecord:
    """Return one decision with its cases. Raises `Refused` (404)."""
    row = await store.decision(session, decision_id)
    if row is None or row.country != country:
        raise not_found()
    return DecisionRecord(
        **dict(decision_view(row)),
        shown=row.preview,
        choices=row.choices,
        cases=tuple(case_view(case) for case in await store.cases(session, decision_id)),
    )


async def decision_details(session: AsyncSession, country: str, decision_id: UUID) -> DecisionDetails:
    """Return one decision as its page shows it. Raises `Refused` (404)."""
    record = await decision(session, country, decision_id)
    subjects = {record.decided_by, record.withdrawn_by, *(case.changed_by for case in record.cases)}
    people = await entries.people_by_subject(session, [subject for subject in subjects if subject])
    return DecisionDetails(
        record, {subject: person.name for subject, person in people.items()}, await fund_names(session)
    )


async def fund_names(session: AsyncSession) -> dict[str, str]:
    """Return the names of all funds by id."""
    return {str(fund.id): fund.name for fund in await register_views.funds(session)}


async def paying_funds(session: AsyncSession) -> dict[str, str]:
    """Return the funds that can pay: id -> name."""
    today = clock.today()
    funds = await register_views.funds(session)
    return {str(fund.id): fund.name for fund in funds if fund.active and (fund.until is None or fund.until >= today)}
