"""Page of the groupings: what each level would show, and which one is chosen.

A level is chosen by the button beside it, which says it all, so there is no `Decision`.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from services.reporting.disclosure import views as disclosure_views
from services.reporting.figures.actions.periods import all_period_choices, period_of
from services.reporting.groupings import views
from services.reporting.groupings.actions import choice
from services.reporting.groupings.actions.costs import CostsAtHand, default_period
from services.reporting.guards import Coordinator, Steerer, may_choose
from services.reporting.parameters import BusDep, SettingsDep
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
HOME = "/reporting/groupings"


@router.get(HOME)
async def groupings(
    request: Request,
    principal: Steerer,
    bus: BusDep,
    settings: SettingsDep,
    period: str | None = None,
    done: str = "",
) -> Response:
    """Show the levels of each dimension, and how much of a period a donor would read at each."""
    async with bus.read() as session:
        shown = await period_of(session, period or await default_period(session))
        closed, levels = await views.closed(session), await views.chosen_levels(session)
        choices = [each for each in await all_period_choices(session) if each[0] != "programme"]
    at_hand: CostsAtHand = request.app.state.costs_at_hand
    costs = None if closed else await at_hand.of(bus, shown.label, settings.disclosure_seconds)
    return render(
        request,
        "groupings/groupings.html",
        label=shown.label,
        choices=choices,
        closed=closed,
        chosen=done == "chosen",
        costs=costs,
        dimensions=views.dimension_rows(levels, costs),
        seconds=round(settings.disclosure_seconds),
        may_choose=may_choose(principal),
        show=disclosure_views,
    )


@router.post("/reporting/groupings/{grouping}")
async def choose(grouping: str, principal: Coordinator, bus: BusDep, level: Annotated[str, Form()] = "") -> Response:
    """Choose the level of a dimension for all periods."""
    await choice.choose(bus, principal, grouping, level)
    return see_other(f"{HOME}?done=chosen")
