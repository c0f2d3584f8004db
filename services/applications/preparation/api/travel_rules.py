"""The JSON API of the items required before travel, in a call or between two countries."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.guards import Coordinator
from services.applications.parameters import Body, BusDep
from services.applications.preparation.actions import travel_rules as actions
from services.applications.preparation.model import Rule
from services.applications.preparation.views.travel_rules import TravelRule, TravelRules, travel_rule, travel_rules
from shared.contracts.base import Country
from shared.contracts.codes import PreparationItem

router = APIRouter(prefix="/applications/api/v1/asked-before-travel", tags=["visits"])


class TravelDecision(Body):
    """A rule whether an item is required; a call or a country that is left out means any."""

    item: PreparationItem
    required: bool
    call_id: UUID | None = None
    country: Country | None = None
    host_country: Country | None = None


@router.get("", operation_id="get_travel_rules")
async def read_all(_: Coordinator, bus: BusDep) -> TravelRules:
    """Return what is required by default, and the decisions that differ."""
    async with bus.read() as session:
        return await travel_rules(session)


@router.post("", operation_id="create_travel_rule", status_code=201)
async def decide(body: TravelDecision, principal: Coordinator, bus: BusDep) -> TravelRule:
    """Require an item, or no longer."""
    rule = Rule(body.item, body.required, body.call_id, body.country, body.host_country)
    return travel_rule(await actions.decide(bus, principal.subject, rule))


@router.delete("/{rule_id}", operation_id="delete_travel_rule", status_code=204)
async def take_back(rule_id: UUID, principal: Coordinator, bus: BusDep) -> None:
    """Take back a decision."""
    await actions.take_back(bus, principal.subject, rule_id)
