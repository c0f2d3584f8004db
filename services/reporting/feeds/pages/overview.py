"""Pages of the files for donors: their addresses, whether they are valid, and what is left out of them."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import agreed_figures
from services.reporting.disclosure.model import THRESHOLD
from services.reporting.feeds import views
from services.reporting.feeds.actions import files
from services.reporting.feeds.responses import csv_response, iati_response
from services.reporting.feeds.signing import key_of
from services.reporting.figures.actions.periods import period_choices
from services.reporting.guards import Reader, may_see_tokens
from services.reporting.parameters import BusDep, SettingsDep
from shared.contracts.codes import PeriodState
from shared.web import states
from shared.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/reporting/feeds")
async def overview(request: Request, principal: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Show the files of a period with their addresses, and what is wrong with them."""
    approval, released = await agreed_figures(bus, period)
    async with bus.read() as session:
        found = await views.published(session, approval)
    published = approval.state is PeriodState.PUBLISHED
    listed = found.publications
    return render(
        request,
        "feeds/overview.html",
        approval=approval,
        state=states.state("period", approval.state),
        newest=listed[-1] if listed else None,
        earlier=listed[-2::-1],
        manifest=found.manifest,
        thumbprint=key_of(files.ours(bus.settings)).thumbprint(),
        kinds=files.KINDS,
        open_to_all=[each for each in files.KINDS if each in files.open_to_all(files.ours(bus.settings))],
        sees_tokens=may_see_tokens(principal),
        counted=bool(released),
        findings=[] if published else files.findings(released, approval, bus.settings, found.targets),
        choices=await period_choices(bus),
    )


@router.get("/reporting/feeds/exclusions")
async def exclusions(request: Request, _: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Show what is left out of the files and why, in general and in one period."""
    approval, released = await agreed_figures(bus, period)
    left_out = []
    for figure in released:
        parts = sum(cell.suppressed for cells in figure.breakdowns.values() for cell in cells.values())
        if figure.total.hidden or parts or figure.withheld:
            left_out.append((figure, parts))
    return render(
        request,
        "feeds/exclusions.html",
        approval=approval,
        left_out=left_out,
        threshold=THRESHOLD,
        choices=await period_choices(bus),
        show=disclosure_views,
    )


@router.get("/reporting/figures.csv")
async def as_csv(_: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Download the figures of a period as CSV."""
    return await csv_response(bus, period)


@router.get("/reporting/iati.xml")
async def as_iati(_: Reader, bus: BusDep, settings: SettingsDep, period: str | None = None) -> Response:
    """Download the figures of a period as an IATI 2.03 activity file."""
    return await iati_response(bus, settings, period)
