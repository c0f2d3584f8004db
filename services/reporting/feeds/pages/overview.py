"""Pages of the files for donors: their addresses, whether they are valid, and what is left out of them."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import agreed_figures, period_choices, readable_period, released_besides
from services.reporting.disclosure.model import THRESHOLD
from services.reporting.feeds import views
from services.reporting.feeds.actions import files
from services.reporting.feeds.responses import csv_response, iati_response
from services.reporting.feeds.signing import key_of
from services.reporting.guards import Reader, may_see_tokens, may_steer
from services.reporting.parameters import PRESENT_ONLY, BusDep, SettingsDep, StatementQuery
from services.reporting.statements.model import address_of
from shared.contracts.codes import PeriodState
from shared.web import states
from shared.web.render import moved_to, render

router = APIRouter(include_in_schema=False)


@router.get("/reporting/feeds")
async def overview(
    request: Request, principal: Reader, bus: BusDep, period: str | None = None, statement: StatementQuery = None
) -> Response:
    """Show the files of a period with their addresses, and what is wrong with them."""
    if statement is not None:
        return moved_to(address_of(period, statement))
    steers = may_steer(principal)
    async with bus.read() as session:
        approval, _ = await readable_period(session, period, steers=steers)
        found = await views.published(session, approval)
        others = await released_besides(session, approval.period.label)
    checked = steers and approval.state is not PeriodState.PUBLISHED
    figures = (await agreed_figures(bus, period, steers=steers))[1] if checked else []
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
        checked=checked,
        counted=bool(figures),
        findings=files.findings(figures, approval, bus.settings, found.targets, others) if checked else [],
        choices=await period_choices(bus, steers=steers),
    )


@router.get("/reporting/feeds/exclusions", dependencies=[PRESENT_ONLY])
async def exclusions(request: Request, principal: Reader, bus: BusDep, period: str | None = None) -> Response:
    """Show what is left out of the files and why, in general and in one period."""
    steers = may_steer(principal)
    choices = await period_choices(bus, steers=steers)
    approval, released = await agreed_figures(bus, period, steers=steers) if choices else (None, [])
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
        choices=choices,
        show=disclosure_views,
    )


@router.get("/reporting/figures.csv")
async def as_csv(
    principal: Reader, bus: BusDep, period: str | None = None, statement: StatementQuery = None
) -> Response:
    """Download the figures of a period as CSV."""
    if statement is not None:
        return moved_to(address_of(period, statement, "figures.csv"))
    return await csv_response(bus, period, steers=may_steer(principal))


@router.get("/reporting/iati.xml")
async def as_iati(
    _: Reader, bus: BusDep, settings: SettingsDep, period: str | None = None, statement: StatementQuery = None
) -> Response:
    """Download the figures of a published period as an IATI 2.03 activity file."""
    if statement is not None:
        return moved_to(address_of(period, statement, "iati-activities.xml"))
    return await iati_response(bus, settings, period)
