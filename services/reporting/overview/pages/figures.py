"""Pages of the overview: a period's figures, how far it is approved, its charts, and where to download them."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.approval.actions import restatements
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import period_choices, released_besides, released_figures
from services.reporting.disclosure.model import Released
from services.reporting.guards import STEERER, Reader, may_protect, may_steer, may_trace
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.views.charts import NamedChart, charts
from services.reporting.overview.views.charts import csv_text as rows_as_csv
from services.reporting.parameters import PRESENT_ONLY, BusDep, RunningCountsDep, SettingsDep, StatementQuery
from services.reporting.periods.model.approval import FIXED, Approval
from services.reporting.settings import Settings
from services.reporting.statements.model import address_of
from services.reporting.targets.views import target_values
from shared.bus import Bus
from shared.contracts.codes import PeriodReturnReason, PeriodState
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity import Principal
from shared.next_steps import PeriodFacts, period_standing
from shared.time import clock
from shared.web import states
from shared.web.live import live_route
from shared.web.render import moved_to, render
from shared.web.states import Standing

router = APIRouter(include_in_schema=False)
_DONE = {
    "submitted": N_("The figures are submitted. Another person must now approve or return them."),
    "returned": N_("The figures are returned to the person who submitted them."),
    "approved": N_("The figures are approved and frozen. The next step is to publish them."),
    "published": N_("The figures are published. Donors can read and download them."),
    "restated": N_("The restatement is approved. These figures are now statement %(number)s."),
}


# Readers do not follow: each fact is signalled, so they would learn when and how often something happens.
router.add_api_route("/reporting/live", live_route("figures"), dependencies=[STEERER])


async def _figures_and_charts(
    bus: Bus, settings: Settings, label: str | None, *, steers: bool
) -> tuple[Approval, list[Released], list[NamedChart]]:
    """Return how far a period is approved, all its figures as they may be shown, and the charts of the overview."""
    approval, released = await released_figures(bus, label, steers=steers)
    async with bus.read() as session:
        targets = await target_values(session)
        history = await released_besides(session, approval.period.label)
    figures = {each.definition.id: each for each in released}
    return approval, released, charts(figures, approval.period, targets, history, settings.programme_start)


@router.get("/reporting/")
async def overview(
    request: Request,
    principal: Reader,
    bus: BusDep,
    settings: SettingsDep,
    counts: RunningCountsDep,
    period: str | None = None,
    statement: StatementQuery = None,
) -> Response:
    """Show all figures of a period."""
    if statement is not None:
        return moved_to(address_of(period, statement))
    steers = may_steer(principal)
    choices = await period_choices(bus, steers=steers)
    if not choices:
        about = {"traces": may_trace(principal), "protects": may_protect(principal)}
        return render(request, "overview/nothing_published.html", **about)
    approval, all_of_it, named_charts = await _figures_and_charts(bus, settings, period, steers=steers)
    released = agreed(all_of_it)
    figures = {each.definition.id: each for each in released}
    fixed = approval.state in FIXED
    stated = [each.cut_off for each in released if fixed] + [at for at in (approval.cut_off,) if at is not None]
    steps = _own_step(approval, principal) if steers else None
    publishable = steps is not None and steps.action == "publish"
    counted = max(stated, default=None)
    return render(
        request,
        "overview/figures.html",
        approval=approval,
        state=states.state("period", approval.state),
        fixed=fixed,
        counted_at=min((each.cut_off for each in released), default=None),
        choices=choices,
        levels=[(level, [f for f in released if f.definition.level == level]) for level in disclosure_views.LEVELS],
        headline=disclosure_views.headline(figures)
        if released
        else gettext("Nothing has been counted for this period yet"),
        charts=named_charts,
        show=disclosure_views,
        traces=may_trace(principal),
        protects=may_protect(principal),
        steps=steps,
        where=await _standing(bus, approval, principal) if steers else None,
        work=counts.of(approval.period.label, counted, publishable=publishable) if steers else None,
        reasons=list(PeriodReturnReason),
        report=_report(approval, principal),
        done=_done(request, approval),
    )


def _done(request: Request, approval: Approval) -> str:
    """Return what the reader has just done with the period; empty for nothing."""
    done = request.query_params.get("done")
    return gettext(_DONE[done]) % {"number": approval.statement} if done in _DONE else ""


def _report(approval: Approval, principal: Principal) -> str:
    """Return which report the reader may have: `published`, `draft`, or none (empty)."""
    if approval.period.kind is None:
        return ""
    if approval.state is PeriodState.PUBLISHED:
        return "published"
    return "draft" if may_steer(principal) else ""


@dataclass(frozen=True, slots=True)
class OwnStep:
    """The step of a period that the reader can take: `action`, and the label of its `button`; empty if none."""

    action: str = ""
    button: str = ""

    @property
    def returns(self) -> bool:
        """Return whether the figures may be returned to their author instead."""
        return self.action == "approve"


def _own_step(approval: Approval, principal: Principal) -> OwnStep:
    step = OwnStep()
    if approval.period.kind is None:
        return step
    match approval.state:
        case PeriodState.DRAFT | PeriodState.RETURNED if clock.today() > approval.period.end:
            step = OwnStep("submit", gettext("Submit figures for approval"))
        case PeriodState.SUBMITTED if approval.author != principal.subject:
            step = OwnStep("approve", gettext("Approve and freeze figures"))
        case PeriodState.FROZEN:
            step = OwnStep("publish", gettext("Publish figures"))
    return step


async def _standing(bus: Bus, approval: Approval, principal: Principal) -> Standing:
    """Return a period's state with its next step, for those who take it."""
    async with bus.read() as session:
        proposal = await restatements.open_proposal(session, approval.period.label)
    facts = PeriodFacts(
        state=approval.state,
        end=approval.period.end,
        approved_itself=approval.period.kind is not None,
        own=approval.author == principal.subject,
        restated=proposal is not None,
        own_restatement=proposal is not None and proposal.author == principal.subject,
    )
    return Standing.of(states.state("period", approval.state), period_standing(facts))


@router.get("/reporting/charts/{name}.csv", dependencies=[PRESENT_ONLY])
async def chart_as_csv(
    principal: Reader, bus: BusDep, settings: SettingsDep, name: str, period: str | None = None
) -> Response:
    """Download the numbers of one chart of the overview as CSV. Raises `Refused` (404)."""
    approval, _released, named_charts = await _figures_and_charts(bus, settings, period, steers=may_steer(principal))
    found = [each for each in named_charts if each.name == name]
    if not found:
        raise Refused(gettext("There is no such chart for this period. There may be too few numbers to draw it."), 404)
    headers = {"Content-Disposition": f'attachment; filename="tandem-{name}-{approval.period.label}.csv"'}
    return Response(rows_as_csv(found, approval), media_type="text/csv; charset=utf-8", headers=headers)
