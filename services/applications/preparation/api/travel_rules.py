"""The JSON API of the items required before travel, in a call or between two countries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications.guards import Coordinator
from services.applications.parameters import Body, BusDep
from services.applications.preparation import store
from services.applications.preparation.actions import travel_rules as actions
from services.applications.preparation.model import DEFAULT_ITEMS, Rule
from shared.contracts.codes import PreparationItem

router = APIRouter(prefix="/applications/api/v1/asked-before-travel", tags=["visits"])

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Decision(Body):
    """Whether an item is required; a call or a country that is left out stands for any."""

    item: PreparationItem
    asked: bool
    call_id: UUID | None = None
    country: Country | None = None
    host_country: Country | None = None


def _rule_answer(row: store.TravelRule) -> dict[str, Any]:
    names = ("id", "item", "asked", "call_id", "country", "host_country", "at")
    return {name: getattr(row, name) for name in names}


@router.get("")
async def read_all(_: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Return what is required by default, and the decisions that differ."""
    async with bus.read() as session:
        return {"default": DEFAULT_ITEMS, "rules": [_rule_answer(row) for row in await store.rules(session)]}


@router.post("", status_code=201)
async def decide(body: Decision, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Require an item, or no longer."""
    rule = Rule(body.item, body.asked, body.call_id, body.country, body.host_country)
    return _rule_answer(await actions.decide(bus, principal.subject, rule))


@router.delete("/{rule_id}", status_code=204)
async def take_back(rule_id: UUID, principal: Coordinator, bus: BusDep) -> None:
    """Take back a decision."""
    await actions.take_back(bus, principal.subject, rule_id)
