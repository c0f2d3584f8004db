"""Baselines and targets for programs: those approved, those waiting, and the steps between."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from services.reporting.guards import Reader, Steerer, may_steer
from services.reporting.indicators.model.figure import written
from services.reporting.parameters import BusDep
from services.reporting.targets import store
from services.reporting.targets.actions import import_file
from services.reporting.targets.actions import targets as actions
from services.reporting.targets.model import TargetValue, standing
from shared.errors import Refused
from shared.i18n import gettext

router = APIRouter(prefix="/reporting/api/v1/targets", tags=["figures"])


class TargetIn(BaseModel):
    """A baseline or a target: `kind` is baseline or target, `value` a number as text, `source` where it is from."""

    indicator: str = ""
    kind: str = ""
    day: date | None = None
    value: str = ""
    source: str = ""
    comment: str = ""


@router.get("")
async def targets(principal: Reader, bus: BusDep) -> dict[str, Any]:
    """Return the approved values, by indicator, kind and day; for those who steer also what waits for approval."""
    async with bus.read() as session:
        found = await store.everything(session)
    waiting = [each for each in found if each.approved_at is None] if may_steer(principal) else []
    return {
        "standing": [_target_for_programs(each) for each in standing(found)],
        "waiting": [_target_for_programs(each) for each in waiting],
    }


@router.post("")
async def propose(principal: Steerer, bus: BusDep, target_in: TargetIn) -> dict[str, Any]:
    """Save a value; it counts once another person approves it."""
    return _target_for_programs(await actions.propose(bus, principal, actions.Draft(**target_in.model_dump())))


@router.post(
    "/import",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def take(request: Request, principal: Steerer, bus: BusDep) -> dict[str, Any]:
    """Save all values of a CSV file (`indicator, kind, day, value, source, comment`), or none.

    What exists already is left as it is. Errors are named as field `row.column`; the head is row 1.
    """
    result = await import_file.import_table(bus, principal, await request.body())
    return {"added": [_target_for_programs(each) for each in result.added], "unchanged": result.unchanged}


@router.post("/{aim}/{step}")
async def decide(principal: Steerer, bus: BusDep, aim: str, step: str) -> dict[str, Any]:
    """Decide on a value: `approve` what another person wrote, or `drop` what waits."""
    steps = {"approve": actions.approve, "drop": actions.drop}
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return _target_for_programs(await steps[step](bus, principal, aim))


def _target_for_programs(aim: TargetValue) -> dict[str, Any]:
    return {
        "id": aim.id,
        "indicator": aim.indicator,
        "kind": aim.kind.value,
        "day": aim.day,
        "value": written(aim.value),
        "source": aim.source,
        "comment": aim.comment,
        "written_at": aim.written_at,
        "approved_at": aim.approved_at,
    }
