"""Pages of the overview: a period's figures, how far it is approved, its charts, and where to download them."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import released_figures
from services.reporting.disclosure.model import Released
from services.reporting.figures.actions.periods import period_choices
from services.reporting.guards import READER, Reader, may_protect, may_steer, may_trace
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.views.charts import NamedChart, charts
from services.reporting.overview.views.charts import csv_text as rows_as_csv
from services.reporting.parameters import BusDep, RunningCountsDep
from services.reporting.periods.model.approval import FIXED, Approval
from services.reporting.targets.views import target_values
from shared.bus import Bus
from shared.contracts.codes import PeriodReturnReason, PeriodState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock
from shared.web import states
from shared.web.live import live_route
from shared.web.render import render

router = APIRouter(include_in_schema=False)


router.add_api_route("/reporting/live", live_route("figures"), dependencies=[READER])


async def _figures_and_charts(bus: Bus, label: str | None) -> tuple[Approval, list[Released], list[NamedChart]]:
    """Return how far a period is approved, all its figures as they may be shown, and the charts of the overview."""
    approval, released = await released_figures(bus, label)
    async with bus.read() as session:
        targets = await target_values(session)
    return approval, released, charts({each.definition.id: each for each in released}, approval.period, targets)


@router.get("/reporting/")
async def overview(
    request: Request, principal: Reader, bus: BusDep, counts: RunningCountsDep, period: str | None = None
) -> Response:
    """Show all figures of a period."""
    approval, all_of_it, named_charts = await _figures_and_charts(bus, period)
    released = agreed(all_of_it)
    figures = {each.definition.id: each for each in released}
    fixed = approval.state in FIXED
    stated = [each.cut_off for each in released if fixed] + [at for at in (approval.cut_off,) if at is not None]
    return render(
        request,
        "overview/figures.html",
        approval=approval,
        state=states.state("period", approval.state),
        fixed=fixed,
        counted_at=min((each.cut_off for each in released), default=None),
        choices=await period_choices(bus),
        levels=[(level, [f for f in released if f.definition.level == level]) for level in disclosure_views.LEVELS],
        headline=disclosure_views.headline(figures)
        if released
        else gettext("Nothing has been counted for this period yet"),
        charts=named_charts,
        show=disclosure_views,
        traces=may_trace(principal),
        protects=may_protect(principal),
        steps=_next_step(approval, principal) if may_steer(principal) else None,
        work=counts.of(approval.period.label, max(stated, default=None)) if may_steer(principal) else None,
        reasons=list(PeriodReturnReason),
        report=_report(approval, principal),
    )


def _report(approval: Approval, principal: Principal) -> str:
    """Return which report the reader may have: `published`, `draft`, or none (empty)."""
    if approval.period.kind is None:
        return ""
    if approval.state is PeriodState.PUBLISHED:
        return "published"
    return "draft" if may_steer(principal) else ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next step for a period (`action`, the label of its `button`), or `why` there is none."""

    action: str = ""
    button: str = ""
    why: str = ""

    @property
    def returns(self) -> bool:
        """Return whether the figures may be returned to their author instead."""
        return self.action == "approve"


def _next_step(approval: Approval, principal: Principal) -> NextStep:
    if approval.period.kind is None:
        return NextStep(why=gettext("The programme as a whole is not approved: its periods are."))
    step = NextStep()
    match approval.state:
        case PeriodState.DRAFT | PeriodState.RETURNED if clock.today() > approval.period.end:
            step = NextStep("submit", gettext("Submit these figures for approval"))
        case PeriodState.DRAFT | PeriodState.RETURNED:
            step = NextStep(why=gettext("It can be submitted when its last day has passed."))
        case PeriodState.SUBMITTED if approval.author == principal.subject:
            step = NextStep(why=gettext("You submitted it: somebody else has to approve it."))
        case PeriodState.SUBMITTED:
            step = NextStep("approve", gettext("Approve and freeze these figures"))
        case PeriodState.FROZEN:
            step = NextStep("publish", gettext("Publish these figures"))
    return step


@router.get("/reporting/charts/{name}.csv")
async def chart_as_csv(_: Reader, bus: BusDep, name: str, period: str | None = None) -> Response:
    """Download the numbers of one chart of the overview as CSV. Raises `Refused` (404)."""
    approval, _released, named_charts = await _figures_and_charts(bus, period)
    found = [each for each in named_charts if each.name == name]
    if not found:
        raise Refused(gettext("There is no such chart for this period: it may have too few numbers to be drawn."), 404)
    headers = {"Content-Disposition": f'attachment; filename="tandem-{name}-{approval.period.label}.csv"'}
    return Response(rows_as_csv(found, approval), media_type="text/csv; charset=utf-8", headers=headers)
