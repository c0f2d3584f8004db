"""Page of the trends: each indicator over all published periods, as they were released."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.guards import Reader
from services.reporting.overview.actions import read_timeline
from services.reporting.overview.views import trends as views
from services.reporting.parameters import BusDep, SettingsDep
from services.reporting.targets.views import KINDS
from shared.web.query import one_of
from shared.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/reporting/trends")
async def trends(
    request: Request,
    _: Reader,
    bus: BusDep,
    settings: SettingsDep,
    kind: Annotated[str, one_of("", *KINDS)] = "",
) -> Response:
    """Show each indicator over all published periods of a kind, country by country."""
    line = await read_timeline(bus, settings, kind or None)
    found = views.trends(line)
    drawn = [(each, views.chart(each)) for each in found.indicators]
    return render(
        request,
        "overview/trends.html",
        kinds=KINDS,
        kind=line.kind.value,
        periods=found.periods,
        levels=[
            (name, [chart for each, chart in drawn if chart and views.level_of(each) == level])
            for level, name in disclosure_views.LEVELS.items()
        ],
        missing=[each.title for each, chart in drawn if chart is None],
    )
