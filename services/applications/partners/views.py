"""What is in flight for a partner country, as home and as host, at this moment?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications import counters
from services.applications.partners import store
from services.applications.partners.model import Flight, InFlight, Stage, Supply, stage_of
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
    """The country's code, if it is a partner of the programme. Raises `Refused` (404)."""
    if country not in PARTNERS:
        raise not_found()
    return country


async def lock_partner(session: AsyncSession, country: str) -> None:
    """Let nobody else decide about the country until the commit: two who decide at once come one after the other."""
    await counters.next_number(session, f"partner {country}")


async def in_flight(session: AsyncSession, country: str, *, lock: bool = False) -> Flight:
    """All that is in flight; with `lock` nobody changes any of it until the commit."""
    if lock:
        await store.lock_all(session, country)
    waiting = [
        InFlight(
            id=one.id,
            side=Side.HOME,
            stage=Stage.WAITING,
            state=state,
            application_id=one.id,
            reference=one.reference or "",
        )
        for one, state in await store.unmatched_of(session, country)
    ]
    matched = [_matched(country, row) for row in await store.matches_of(session, country)]
    supply = [
        *(Supply(one.id, "offer", one.reference) for one in await store.offers_of(session, country, lock=lock)),
        *(Supply(one.id, "mentor", one.reference) for one in await store.mentors_of(session, country, lock=lock)),
    ]
    return Flight(country, (*waiting, *(one for one in matched if one is not None)), tuple(supply))


def _matched(country: str, row: Mapping[Any, Any]) -> InFlight | None:
    visit = None if row["visit"] is None else VisitState(row["visit"])
    mentorship = None if row["mentorship"] is None else MentorshipState(row["mentorship"])
    stage = stage_of(MatchState(row["state"]), visit, mentorship)
    if stage is None:
        return None
    home = row["country"] == country
    return InFlight(
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
    """How a partner stands today; `waiting` is what is decided for a later day."""

    country: str
    status: PartnerStatus
    since: date | None
    waiting: store.Decision | None

    @property
    def suspended(self) -> bool:
        """Whether its people have no access now."""
        return self.status is PartnerStatus.SUSPENDED

    def as_json(self) -> dict[str, Any]:
        """As the API gives it."""
        later = None if self.waiting is None else {"status": self.waiting.status, "since": self.waiting.since}
        return {"country": self.country, "status": self.status, "since": self.since, "later": later}


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner with all that is known of it; `history` is newest first."""

    standing: Standing
    history: list[entries.Partner]
    decisions: list[store.Decision]
    flight: Flight


async def continuing_cases(session: AsyncSession, principal: Principal) -> list[store.DecidedCase]:
    """The cases that go on and are the principal's, whose country is suspended: as applicant, mentor or host."""
    found: dict[UUID, store.DecidedCase] = {}
    for country in sorted({one.country for one in principal.suspended if one.country is not None}):
        hosts = [UUID(one.organisation_id) for one in principal.suspended if one.organisation_id is not None]
        contact = any(one.role is Role.HOST_CONTACT for one in principal.suspended)
        mine = await store.finishing(session, country, principal.subject)
        hosted = await store.hosted_by(session, country, hosts) if contact and hosts else []
        found |= {one.id: one for one in (*mine, *hosted)}
    return sorted(found.values(), key=lambda one: (one.reference, one.id))


async def partners(session: AsyncSession) -> list[Standing]:
    """All partner countries, by code; those that are suspended first."""
    said = await entries.partners(session)
    found = [await _standing(session, country, [one for one in said if one.country == country]) for country in PARTNERS]
    return sorted(found, key=lambda one: (not one.suspended, one.country))


async def _standing(session: AsyncSession, country: str, said: list[entries.Partner]) -> Standing:
    today = clock.today()
    newest = next((one for one in said if one.since <= today), None)
    status = PartnerStatus.ACTIVE if newest is None else PartnerStatus(newest.status)
    return Standing(country, status, None if newest is None else newest.since, await store.waiting(session, country))


async def partner(session: AsyncSession, country: str) -> Partner:
    """One partner. Raises `Refused` (404)."""
    partner_code(country)
    said = [one for one in await entries.partners(session) if one.country == country]
    return Partner(
        await _standing(session, country, said),
        said,
        await store.decisions(session, country),
        await in_flight(session, country),
    )


async def decision(
    session: AsyncSession, country: str, decision_id: UUID
) -> tuple[store.Decision, list[store.DecidedCase]]:
    """One decision with its cases. Raises `Refused` (404)."""
    found = await store.decision(session, decision_id)
    if found is None or found.country != country:
        raise not_found()
    return found, await store.cases(session, decision_id)
