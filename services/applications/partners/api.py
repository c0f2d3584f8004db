"""Serve the standing of partners, their suspension as previewed, and their reinstatement."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Coordinator, OverseerOrCoordinator
from services.applications.parameters import Body, BusDep, Text
from services.applications.partners import views
from services.applications.partners.actions import notices, suspension
from services.applications.partners.model import GROUPS, GroupChoice
from services.applications.partners.views import (
    DecisionRecord,
    PartnerCase,
    PartnerDecision,
    PartnerRecord,
    PartnerStanding,
    SuspensionPreview,
)
from shared.contracts.base import Day
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/partners", tags=["partners"])


class SuspensionWanted(Body):
    """From when, and what happens to each group of cases; choices for empty groups do no harm."""

    since: Day
    choices: Annotated[tuple[GroupChoice, ...], Field(max_length=len(GROUPS))]


class Suspension(SuspensionWanted):
    """A suspension as previewed: `digest` is the preview's."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    note: Text = ""


class Reinstatement(Body):
    """From when a suspended partner takes part again."""

    since: Day
    note: Text = ""


@router.get("")
async def all_partners(_: OverseerOrCoordinator, bus: BusDep) -> Page[PartnerStanding]:
    """Return all partner countries: their standing, since when, and what is decided for a later day."""
    async with bus.read() as session:
        return await views.partners(session)


@router.get("/{country}")
async def one_partner(country: str, _: OverseerOrCoordinator, bus: BusDep) -> PartnerRecord:
    """Return one partner: its history, all decisions about it, and its open cases, by group."""
    async with bus.read() as session:
        return await views.partner_record(session, country)


@router.post("/{country}/suspension/preview")
async def preview(country: str, body: SuspensionWanted, _: Coordinator, bus: BusDep) -> SuspensionPreview:
    """Return what a suspension would do, case by case; its `digest` confirms it."""
    async with bus.read() as session:
        found_preview = await suspension.preview(session, country, body.since, body.choices)
    return views.suspension_preview(found_preview.open_cases, found_preview.since, found_preview.digest)


@router.post("/{country}/suspension", operation_id="suspend_partner", status_code=201)
async def suspend(country: str, body: Suspension, principal: Coordinator, bus: BusDep) -> PartnerDecision:
    """Suspend a partner as previewed, at once or on its day; 409 if something has changed since the preview."""
    return await suspension.suspend(
        bus, principal, country, body.since, body.choices, digest=body.digest, note=body.note
    )


@router.post("/{country}/reinstatement", operation_id="reinstate_partner", status_code=201)
async def reinstate(country: str, body: Reinstatement, principal: Coordinator, bus: BusDep) -> PartnerDecision:
    """Reinstate a partner, at once or on a later day: access holds again as it was."""
    return await suspension.reinstate(bus, principal, country, body.since, body.note)


@router.get("/{country}/decisions/{decision_id}")
async def one_decision(country: str, decision_id: UUID, _: OverseerOrCoordinator, bus: BusDep) -> DecisionRecord:
    """Return the record of a decision: who, when, what was shown, what was chosen, and the result for each case."""
    async with bus.read() as session:
        return await views.decision(session, country, decision_id)


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: BusDep) -> PartnerDecision:
    """Withdraw a decision whose day has not come."""
    return await suspension.withdraw(bus, principal, country, decision_id)


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> PartnerCase:
    """Withdraw the notice of one case that has not ended: it continues."""
    return await notices.take_back(bus, principal, country, decision_id, case_id)
