"""Show how a partner stands, its open cases and the decisions about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications import counters
from services.applications.partners import store
from services.applications.partners.model import OpenCase, OpenCases, Stage, Supply, stage_of
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import PARTNERS, MatchState, MentorshipState, PartnerStatus, Role, Side, VisitState
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal


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


def _matched(country: str, row: Mapping[Any, Any]) -> OpenCase | None:
    visit = None if row["visit"] is None else VisitState(row["visit"])
    mentorship = None if row["mentorship"] is None else MentorshipState(row["mentorship"])
    stage = stage_of(MatchState(row["state"]), visit, mentorship)
    if stage is None:
        return None
    home = row["country"] == country
    return OpenCase(
        id=row["id"],
        side=Side.HOME if home else Side.HOST,
        stage=stage,
        state=str(mentorship or visit or row["state"]),
        application_id=row["application_id"],
        reference=row["reference"] or "",
        other=row["host_country"] if home else row["country"],
        match_id=row["id"],
        visit_id=row["visit_id"],
        mentorship_id=row["mentorship_id"],
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a partner today; `waiting` is the decision for a later day."""

    country: str
    status: PartnerStatus
    since: date | None
    waiting: store.Decision | None

    @property
    def suspended(self) -> bool:
        """Return whether the country's people have no access now."""
        return self.status is PartnerStatus.SUSPENDED

    def as_json(self) -> dict[str, Any]:
        """Return the standing as the API gives it."""
        later = None if self.waiting is None else {"status": self.waiting.status, "since": self.waiting.since}
        return {"country": self.country, "status": self.status, "since": self.since, "later": later}


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner with its history (newest first), decisions and open cases."""

    standing: Standing
    history: list[entries.Partner]
    decisions: list[store.Decision]
    open_cases: OpenCases


async def continuing_cases(session: AsyncSession, principal: Principal) -> list[store.DecidedCase]:
    """Return the principal's continuing cases in a suspended country: as applicant, mentor or host."""
    cases: dict[UUID, store.DecidedCase] = {}
    for country in sorted({grant.country for grant in principal.suspended if grant.country is not None}):
        hosts = [UUID(grant.organisation_id) for grant in principal.suspended if grant.organisation_id is not None]
        contact = any(grant.role is Role.HOST_CONTACT for grant in principal.suspended)
        own = await store.finishing(session, country, principal.subject)
        hosted = await store.hosted_by(session, country, hosts) if contact and hosts else []
        cases |= {case.id: case for case in (*own, *hosted)}
    return sorted(cases.values(), key=lambda case: (case.reference, case.id))


async def partners(session: AsyncSession) -> list[Standing]:
    """Return all partner countries by code; suspended ones first."""
    statuses = await entries.partners(session)
    standings = [
        await _standing(session, country, [status for status in statuses if status.country == country])
        for country in PARTNERS
    ]
    return sorted(standings, key=lambda status: (not status.suspended, status.country))


async def _standing(session: AsyncSession, country: str, statuses: list[entries.Partner]) -> Standing:
    today = clock.today()
    newest = next((row for row in statuses if row.since <= today), None)
    status = PartnerStatus.ACTIVE if newest is None else PartnerStatus(newest.status)
    return Standing(country, status, None if newest is None else newest.since, await store.waiting(session, country))


async def partner(session: AsyncSession, country: str) -> Partner:
    """Return one partner. Raises `Refused` (404)."""
    partner_code(country)
    statuses = [status for status in await entries.partners(session) if status.country == country]
    return Partner(
        await _standing(session, country, statuses),
        statuses,
        await store.decisions(session, country),
        await load_open_cases(session, country),
    )


async def decision(
    session: AsyncSession, country: str, decision_id: UUID
) -> tuple[store.Decision, list[store.DecidedCase]]:
    """Return one decision with its cases. Raises `Refused` (404)."""
    decided = await store.decision(session, decision_id)
    if decided is None or decided.country != country:
        raise not_found()
    return decided, await store.cases(session, decision_id)
