"""Baselines and targets for programs: those approved, those waiting, and the steps between."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.reporting.guards import ApiReader, Steerer
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.parameters import BusDep
from services.reporting.targets import views
from services.reporting.targets.actions import import_file
from services.reporting.targets.actions import targets as actions
from services.reporting.targets.model import TargetKind
from services.reporting.targets.views import ListedTarget, Target
from shared.i18n import gettext
from shared.web.items import BulkResult, ReadItem, not_done, read_items, with_versions
from shared.web.media_types import check_media_type
from shared.web.read_models import Page, ReadModel

router = APIRouter(prefix="/reporting/api/v1/targets", tags=["figures"])
_CSV = "text/csv"


def _indicator(indicator: str) -> str:
    if indicator not in INDICATORS:
        raise ValueError(gettext("Choose an indicator"))
    return indicator


class TargetIn(BaseModel):
    """A baseline or a target as it is written."""

    model_config = ConfigDict(extra="forbid")

    indicator: Annotated[str, AfterValidator(_indicator), Field(examples=["TOPCOP-OP-02"])]
    kind: TargetKind
    day: Annotated[
        date, Field(description="When the baseline was measured, or the target is due.", examples=["2027-12-31"])
    ]
    value: Annotated[Decimal, Field(ge=0, le=actions.MOST, examples=["120"])]
    source: Annotated[
        str,
        Field(
            max_length=actions.LONGEST, description="Where it is written down.", examples=["Grant agreement, annex 1"]
        ),
    ]
    comment: Annotated[str, Field(max_length=actions.LONGEST, description="It goes to donors: name no person.")] = ""


class TargetStep(StrEnum):
    """A decision on a value: approved by another person than its author, or dropped while it waits."""

    APPROVE = "approve"
    DROP = "drop"


class TargetsApproval(BaseModel):
    """The values to approve, as they were read."""

    model_config = ConfigDict(extra="forbid")

    targets: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=import_file.MOST_ROWS)]


class TargetsImport(ReadModel):
    """The result of importing a table of values."""

    added: Annotated[list[Target], Field(description="Values that wait for a second person now.")]
    unchanged: Annotated[int, Field(description="How many values of the table were there already.")]


_STEPS = {TargetStep.APPROVE: actions.approve, TargetStep.DROP: actions.drop}


@router.get("")
async def targets(_: ApiReader, bus: BusDep) -> Page[Target]:
    """Return the approved values that count, by indicator, kind and day."""
    async with bus.read() as session:
        return await views.approved_targets(session)


@router.get("/waiting", operation_id="list_waiting_targets")
async def waiting(request: Request, _: Steerer, bus: BusDep) -> Page[ListedTarget]:
    """Return the values that wait for a second person, by indicator, kind and day."""
    async with bus.snapshot() as session:
        return await with_versions(request, session, "target", await views.waiting_targets(session), ListedTarget)


@router.post("", operation_id="save_target")
async def propose(principal: Steerer, bus: BusDep, target_in: TargetIn) -> Target:
    """Save a value; it counts once another person approves it."""
    draft = actions.Draft(
        target_in.indicator,
        target_in.kind.value,
        target_in.day,
        str(target_in.value),
        target_in.source,
        target_in.comment,
    )
    return views.target(await actions.propose(bus, principal, draft))


@router.post(
    "/import",
    openapi_extra={"requestBody": {"required": True, "content": {_CSV: {"schema": {"type": "string"}}}}},
)
async def take(request: Request, principal: Steerer, bus: BusDep) -> TargetsImport:
    """Save all values of a CSV file (`indicator, kind, day, value, source, comment`), or none.

    What exists already is left as it is. Errors are named as field `row.column`; the head is row 1.
    """
    check_media_type(request, _CSV)
    result = await import_file.import_table(bus, principal, await request.body())
    return TargetsImport(added=[views.target(each) for each in result.added], unchanged=result.unchanged)


@router.post("/approve", operation_id="approve_targets")
async def approve_several(request: Request, principal: Steerer, bus: BusDep, body: TargetsApproval) -> BulkResult:
    """Approve several values that other people wrote; `left` says which were not approved, and why."""
    read = read_items(request, "target", "targets", body.targets)
    result = await actions.approve_all(bus, principal, read)
    left = [not_done(id_, refused.detail, refused.code, result.changes) for id_, _, refused in result.left]
    return BulkResult(done=[each.id for each in result.done], left=left)


@router.post("/{target}/{step}", operation_id="decide_target")
async def decide(principal: Steerer, bus: BusDep, target: str, step: TargetStep) -> Target:
    """Decide on a value: approve what another person wrote, or drop what waits."""
    return views.target(await _STEPS[step](bus, principal, target))
