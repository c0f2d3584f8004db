"""Serve the standing of partners, their suspension as previewed, and their reinstatement."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Coordinator, OverseerOrCoordinator
from services.applications.parameters import Body, BusDep, Text
from services.applications.partners import store, views
from services.applications.partners.actions import notices, suspension
from services.applications.partners.model import GROUPS, GroupChoice, OpenCases
from services.applications.refusals import not_found

router = APIRouter(prefix="/applications/api/v1/partners", tags=["partners"])


class SuspensionWanted(Body):
    """From when, and what happens to each group of cases; choices for empty groups do no harm."""

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
    """All partner countries: their standing, since when, and what is decided for a later day."""
    async with bus.read() as session:
        found = await views.partners(session)
    return {"partners": [standing.as_json() for standing in found]}


@router.get("/{country}")
async def one_partner(country: str, _: OverseerOrCoordinator, bus: BusDep) -> dict[str, Any]:
    """One partner: its history, all decisions about it, and its open cases, by group."""
    async with bus.read() as session:
        partner = await views.partner(session, country)
    return {
        **partner.standing.as_json(),
        "history": [row.model_dump(mode="json") for row in partner.history],
        "decisions": [_decision_json(row) for row in partner.decisions],
        **_open_cases_json(partner.open_cases),
    }


@router.post("/{country}/suspension/preview")
async def preview(country: str, body: SuspensionWanted, _: Coordinator, bus: BusDep) -> dict[str, Any]:
    """What a suspension would do, case by case; its `digest` confirms it."""
    async with bus.read() as session:
        shown = await suspension.preview(session, country, body.since, body.choices)
    return {"digest": shown.digest, "since": shown.since, **_open_cases_json(shown.open_cases)}


@router.post("/{country}/suspension", status_code=201)
async def suspend(country: str, body: Suspension, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Suspend a partner as previewed, at once or on its day; 409 if something has changed since the preview."""
    decision = await suspension.suspend(
        bus, principal, country, body.since, body.choices, digest=body.digest, note=body.note
    )
    return _decision_json(decision)


@router.post("/{country}/reinstatement", status_code=201)
async def reinstate(country: str, body: Reinstatement, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Reinstate a partner, at once or on a later day: access holds again as it was."""
    return _decision_json(await suspension.reinstate(bus, principal, country, body.since, body.note))


@router.get("/{country}/decisions/{decision_id}")
async def one_decision(country: str, decision_id: UUID, _: OverseerOrCoordinator, bus: BusDep) -> dict[str, Any]:
    """The record of a decision: who, when, what was shown, what was chosen, and the result for each case."""
    async with bus.read() as session:
        decision, cases = await views.decision(session, country, decision_id)
    return {
        **_decision_json(decision),
        "shown": decision.shown,
        "choices": decision.choices,
        "cases": [case.model_dump(mode="json") for case in cases],
    }


@router.post("/{country}/decisions/{decision_id}/withdraw")
async def withdraw(country: str, decision_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Withdraw a decision whose day has not come."""
    await _check_decision(bus, country, decision_id)
    return _decision_json(await suspension.withdraw(bus, principal, decision_id))


@router.post("/{country}/decisions/{decision_id}/cases/{case_id}/keep")
async def keep(country: str, decision_id: UUID, case_id: UUID, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Withdraw the notice of one case that has not ended: it goes on."""
    await _check_decision(bus, country, decision_id)
    return (await notices.take_back(bus, principal, decision_id, case_id)).model_dump(mode="json")


async def _check_decision(bus: BusDep, country: str, decision_id: UUID) -> None:
    async with bus.read() as session:
        decision = await store.decision(session, decision_id)
    if decision is None or decision.country != country:
        raise not_found()


def _decision_json(decision: store.Decision) -> dict[str, Any]:
    return decision.model_dump(mode="json", exclude={"shown", "choices"})


def _open_cases_json(open_cases: OpenCases) -> dict[str, Any]:
    return {
        "groups": [
            {
                "side": side,
                "stage": stage,
                "cases": [
                    {"id": item.id, "reference": item.reference, "state": item.state, "other": item.other}
                    for item in open_cases.of(side, stage)
                ],
            }
            for side, stage in open_cases.groups
        ],
        "paused": [{"id": item.id, "kind": item.kind, "reference": item.reference} for item in open_cases.supply],
    }
