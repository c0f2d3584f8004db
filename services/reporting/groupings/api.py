"""The groupings of figures for programs: the levels of each dimension, and the chosen one."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.groupings import views
from services.reporting.groupings.actions import choice
from services.reporting.groupings.views import Grouping
from services.reporting.guards import Coordinator, Steerer
from services.reporting.parameters import BusDep
from shared.web.read_models import Page

router = APIRouter(prefix="/reporting/api/v1/groupings", tags=["figures"])
GroupingPath = Annotated[str, Path(description="The dimension, such as `host-country`.", examples=["host-country"])]


class LevelIn(BaseModel):
    """The level to choose."""

    model_config = ConfigDict(extra="forbid")

    level: Annotated[str, Field(max_length=40, description="The code of a level.", examples=["region"])]


@router.get("", operation_id="list_groupings")
async def groupings(_: Steerer, bus: BusDep) -> Page[Grouping]:
    """Return the levels of each dimension that can be grouped, and the chosen ones."""
    async with bus.read() as session:
        return await views.groupings(session)


@router.get("/{grouping}", operation_id="get_grouping")
async def grouping(_: Steerer, bus: BusDep, grouping: GroupingPath) -> Grouping:
    """Return the levels of one dimension, and the chosen one."""
    async with bus.read() as session:
        found = await views.grouping(session, grouping)
    if found is None:
        raise choice.no_such()
    return found


@router.put("/{grouping}", operation_id="choose_grouping")
async def choose(principal: Coordinator, bus: BusDep, grouping: GroupingPath, body: LevelIn) -> Grouping:
    """Choose the level of a dimension for all periods, before figures are submitted for the first time."""
    await choice.choose(bus, principal, grouping, body.level)
    async with bus.read() as session:
        found = await views.grouping(session, grouping)
    if found is None:
        raise choice.no_such()
    return found
