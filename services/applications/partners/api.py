"""How does a program read how partners stand, suspend one as previewed, and reinstate it?"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Coordinator, OverseerOrCoordinator
from services.applications.parameters import Body, BusDep, Text
from services.applications.partners import store, views
from services.applications.partners.actions import notices, suspension
from services.applications.partners.model import GROUPS, Flight, GroupChoice
from services.applications.refusals import not_found

router = APIRouter(prefix="/applications/api/partners", tags=["partners"])


class SuspensionWanted(Body):
    """From when, and what becomes of each group that has cases; choices for empty groups do no harm."""

    since: date
    choices: Annotated[tuple[GroupChoice, ...], Field(max_length=len(GROUPS))]


class Suspension(SuspensionWanted):
    """A suspension as previewed: `digest` is the preview's."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    note: Text = ""


class Reinstatement(Body):
    """From when a suspended partner takes part again."""

    since: date
    note: Text = ""


@router.get("")
async def all_partners(_: OverseerOrCoordinator, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """All partner countries: how each stands, since when, and what is decided for a later day."""
    async with bus.read() as session:
        found = await views.partners(session)
    return {"partners": [one.as_json() for one in found]}


@router.get("/{country}")
async def one_partner(country: str, _: OverseerOrCoordinator, bus: BusDep) -> dict[str, Any]:
    """One partner: its history, all decisions about it, and what is in flight, by group."""
    async with bus.read() as session:
        found = await views.partner(session, country)
    return {
        **found.standing.as_json(),
        "history": [one.model_dump(mode="json") for one in found.history],
        "decisions": [_decision(one) for one in found.decisions],
        **_flight(found.flight),
    }


@router.post("/{country}/suspension/preview")
async def preview(country: str, body: SuspensionWanted, _: Coordinator, bus: BusDep) -> dict[str, Any]:
    """What a suspension would do, case by case; its `digest` is what confirms it."""
    async with bus.read() as session:
        made = await suspension.preview(session, country, body.since, body.choices)
    return {"digest": made.digest, "since": made.since, **_flight(made.flight)}


@router.post("/{country}/suspension", status_code=201)
async def suspend(country: str, body: Suspension, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Suspend it as previewed, at once or on its day; 409 where something has changed since the preview."""
    decision = await suspension.suspend(
        bus, principal, country, body.since, body.choices, digest=body.digest, note=body.note
    )
    return _decision(decision)


@router.post("/{country}/reinstatement", status_code=201)
async def reinstate(country: str, body: Reinstatement, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Reinstate it, at once or on a later day: access counts again as it was."""
    return _decision(await suspension.reinstate(bus, principal, country, body.since, body.note))


@router.get("/{country}/decisions/{decision_id}")
async def one_decision(country: str, decision_id: UUID, _: OverseerOrCoordinator, bus: BusDep) -> dict[str, Any]:
    """The record of a decision: who, when, what was shown, what was chosen, what became of each case."""
    async with bus.read() as session:
        decision, cases = await views.decision(session, country, decision_id)
    return {
        **_decision(decision),
        "shown": decision.shown,
        "choices": decision.choices,
        "cases": [one.model_dump(mode="json") for one in cases],
    }


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Take back a decision whose day has not come."""
    await _held(bus, country, decision_id)
    return _decision(await suspension.withdraw(bus, principal, decision_id))


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Take back the notice of one case that has not ended: it goes on."""
    await _held(bus, country, decision_id)
    return (await notices.take_back(bus, principal, decision_id, case_id)).model_dump(mode="json")


async def _held(bus: BusDep, country: str, decision_id: UUID) -> None:
    async with bus.read() as session:
        found = await store.decision(session, decision_id)
    if found is None or found.country != country:
        raise not_found()


def _decision(one: store.Decision) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude={"shown", "choices"})


def _flight(flight: Flight) -> dict[str, Any]:
    return {
        "groups": [
            {
                "side": side,
                "stage": stage,
                "cases": [
                    {"id": one.id, "reference": one.reference, "state": one.state, "other": one.other}
                    for one in flight.of(side, stage)
                ],
            }
            for side, stage in flight.groups
        ],
        "paused": [{"id": one.id, "kind": one.kind, "reference": one.reference} for one in flight.supply],
    }
