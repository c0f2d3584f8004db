"""How does each partner stand, and what was decided about it? For pages and API; nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications.actions.common import not_found
from services.applications.actions.partners import flight as flights
from services.applications.store import partners as store
from services.applications.store import register
from shared import clock
from shared.contracts.codes import PARTNERS, PartnerStatus, Role

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.model.partner import Flight
    from shared.identity import Principal


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
    history: list[register.Partner]
    decisions: list[store.Decision]
    flight: Flight


async def going_on(session: AsyncSession, principal: Principal) -> list[store.DecidedCase]:
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
    said = await register.partners(session)
    found = [await _standing(session, country, [one for one in said if one.country == country]) for country in PARTNERS]
    return sorted(found, key=lambda one: (not one.suspended, one.country))


async def _standing(session: AsyncSession, country: str, said: list[register.Partner]) -> Standing:
    today = clock.today()
    newest = next((one for one in said if one.since <= today), None)
    status = PartnerStatus.ACTIVE if newest is None else PartnerStatus(newest.status)
    return Standing(country, status, None if newest is None else newest.since, await store.waiting(session, country))


async def partner(session: AsyncSession, country: str) -> Partner:
    """One partner. Raises `Refused` (404)."""
    flights.partner(country)
    said = [one for one in await register.partners(session) if one.country == country]
    return Partner(
        await _standing(session, country, said),
        said,
        await store.decisions(session, country),
        await flights.in_flight(session, country),
    )


async def decision(
    session: AsyncSession, country: str, decision_id: UUID
) -> tuple[store.Decision, list[store.DecidedCase]]:
    """One decision with its cases. Raises `Refused` (404)."""
    found = await store.decision(session, decision_id)
    if found is None or found.country != country:
        raise not_found()
    return found, await store.cases(session, decision_id)
