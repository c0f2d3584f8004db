"""The overview: which figures does a period have, how far is it approved, and where are they to be had?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.approval.actions import periods as actions
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import Released
from services.reporting.facts import store as facts_store
from services.reporting.feeds.formats.iati import NotValid, activity
from services.reporting.feeds.formats.table import csv_text
from services.reporting.figures.actions.running_counts import RunningCounts
from services.reporting.guards import READER as _READER
from services.reporting.guards import Reader, Steerer, may_protect, may_steer, may_trace
from services.reporting.indicators.model.catalogue import agreed
from services.reporting.overview.views import NamedChart, charts
from services.reporting.overview.views import csv_text as rows_as_csv
from services.reporting.periods.model import periods
from services.reporting.periods.model.approval import FIXED, Approval
from services.reporting.targets import store as targets_store
from services.reporting.targets.model import standing
from shared.bus import Bus
from shared.contracts.codes import PeriodReturnReason, PeriodState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.runtime.service import Service, bus_of, service_of
from shared.time import clock
from shared.web import states
from shared.web.live import live_route
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]


async def everything(bus: Bus, label: str | None) -> tuple[Approval, list[Released]]:
    """Where a period stands, and all that is counted for it, behind the gate: what pages show, and nothing else."""
    async with bus.read() as session:
        where, made = await actions.standing(session, await actions.period_of(session, label))
        return where, await disclosure_actions.released(session, where, made)


async def load(bus: Bus, label: str | None) -> tuple[Approval, list[Released]]:
    """The same with the figures that were agreed with the donor only: the overview, the report and the feeds."""
    where, released = await everything(bus, label)
    return where, agreed(released)


router.add_api_route("/reporting/live", live_route("figures"), dependencies=[_READER])


async def choices(bus: Bus) -> list[tuple[str, str]]:
    """The periods that can be looked at, for a filter."""
    today = clock.today()
    async with bus.read() as session:
        first, _ = await facts_store.span(session) or (today, today)
    whole = (periods.PROGRAMME, gettext("Programme as a whole"))
    return [whole, *((label, label) for label in periods.labels(min(first, today), today))]


async def _drawn(bus: Bus, label: str | None) -> tuple[Approval, list[Released], list[NamedChart]]:
    """Where a period stands, all its figures behind the gate, and the charts of the overview."""
    where, released = await everything(bus, label)
    async with bus.read() as session:
        written = await targets_store.everything(session)
    return where, released, charts({each.definition.id: each for each in released}, where.period, written)


@router.get("/reporting/")
async def overview(request: Request, principal: Reader, bus: Store, period: str | None = None) -> Response:
    """All figures of a period."""
    where, all_of_it, drawn = await _drawn(bus, period)
    released = agreed(all_of_it)
    figures = {each.definition.id: each for each in released}
    fixed = where.state in FIXED
    stated = [each.cut_off for each in released if fixed] + [at for at in (where.cut_off,) if at is not None]
    return render(
        request,
        "overview/figures.html",
        where=where,
        state=states.state("period", where.state),
        fixed=fixed,
        counted_at=min((each.cut_off for each in released), default=None),
        choices=await choices(bus),
        levels=[(level, [f for f in released if f.definition.level == level]) for level in disclosure_views.LEVELS],
        headline=disclosure_views.headline(figures)
        if released
        else gettext("Nothing has been counted for this period yet"),
        charts=drawn,
        show=disclosure_views,
        traces=may_trace(principal),
        protects=may_protect(principal),
        steps=_steps(where, principal) if may_steer(principal) else None,
        work=under_way(request).of(where.period.label, max(stated, default=None)) if may_steer(principal) else None,
        reasons=list(PeriodReturnReason),
        report=_report(where, principal),
    )


def under_way(request: Request) -> RunningCounts:
    """What is being counted for good in this instance."""
    found: RunningCounts = request.app.state.under_way
    return found


def _report(where: Approval, principal: Principal) -> str:
    """Which report the reader may have: `published`, `draft`, or none (empty)."""
    if where.period.kind is None:
        return ""
    if where.state is PeriodState.PUBLISHED:
        return "published"
    return "draft" if may_steer(principal) else ""


def _steps(where: Approval, principal: Principal) -> dict[str, Any]:
    """What can be done with the period now, and if nothing, why."""
    why, action, button = "", None, ""
    match where.state:
        case _ if where.period.kind is None:
            why = gettext("The programme as a whole is not approved: its periods are.")
        case PeriodState.DRAFT | PeriodState.RETURNED if clock.today() > where.period.end:
            action, button = "submit", gettext("Submit these figures for approval")
        case PeriodState.DRAFT | PeriodState.RETURNED:
            why = gettext("It can be submitted when its last day has passed.")
        case PeriodState.SUBMITTED if where.author == principal.subject:
            why = gettext("You submitted it: somebody else has to approve it.")
        case PeriodState.SUBMITTED:
            action, button = "approve", gettext("Approve and freeze these figures")
        case PeriodState.FROZEN:
            action, button = "publish", gettext("Publish these figures")
    return {"action": action, "button": button, "why": why, "returns": action == "approve"}


@router.post("/reporting/periods/{label}/submit")
async def submit(request: Request, label: str, principal: Steerer, bus: Store) -> Response:
    """Submit a period's figures as they are now; where that takes long, the page tells of it."""
    await under_way(request).run(label, actions.submit(bus, principal, label))
    return see_other(f"/reporting/?period={label}")


@router.post("/reporting/periods/{label}/return")
async def give_back(label: str, principal: Steerer, bus: Store, reason: Annotated[str, Form()] = "") -> Response:
    """Return submitted figures to their author."""
    await actions.give_back(bus, principal, label, reason)
    return see_other(f"/reporting/?period={label}")


@router.post("/reporting/periods/{label}/approve")
async def approve(label: str, principal: Steerer, bus: Store) -> Response:
    """Approve and freeze what another person submitted."""
    await actions.approve(bus, principal, label)
    return see_other(f"/reporting/?period={label}")


@router.post("/reporting/periods/{label}/publish")
async def publish(label: str, principal: Steerer, bus: Store) -> Response:
    """Publish frozen figures."""
    await actions.publish(bus, principal, label)
    return see_other(f"/reporting/?period={label}")


@router.get("/reporting/charts/{name}.csv")
async def chart_as_csv(_: Reader, bus: Store, name: str, period: str | None = None) -> Response:
    """The numbers of one chart of the overview as CSV. Raises `Refused` (404)."""
    where, _released, drawn = await _drawn(bus, period)
    found = [each for each in drawn if each.name == name]
    if not found:
        raise Refused(gettext("There is no such chart for this period: it may have too few numbers to be drawn."), 404)
    headers = {"Content-Disposition": f'attachment; filename="tandem-{name}-{where.period.label}.csv"'}
    return Response(rows_as_csv(found, where), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/reporting/figures.csv")
async def as_csv(_: Reader, bus: Store, period: str | None = None) -> Response:
    """The figures of a period as CSV."""
    return await csv_answer(bus, period)


@router.get("/reporting/iati.xml")
async def as_iati(
    _: Reader, bus: Store, service: Annotated[Service, Depends(service_of)], period: str | None = None
) -> Response:
    """The figures of a period as an IATI 2.03 activity file."""
    return await iati_answer(bus, service, period)


async def csv_answer(bus: Bus, period: str | None) -> Response:
    """The CSV file of a period."""
    where, released = await load(bus, period)
    name = f'attachment; filename="tandem-figures-{where.period.label}.csv"'
    return Response(
        csv_text(released, where), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
    )


async def iati_answer(bus: Bus, service: Service, period: str | None) -> Response:
    """The IATI file of a period. Raises `Refused` (409) where it would break the official schema or the rules."""
    where, released = await load(bus, period)
    async with bus.read() as session:
        written = standing(await targets_store.everything(session))
    try:
        content = activity(released, where, service.settings, clock.now(), written)  # type: ignore[arg-type]  # ours, in our service
    except NotValid as problem:
        raise Refused(gettext("The file would not be valid: %(why)s") % {"why": problem.findings[0]}, 409) from None
    name = f'attachment; filename="tandem-iati-{where.period.label}.xml"'
    return Response(content, media_type="application/xml", headers={"Content-Disposition": name})
