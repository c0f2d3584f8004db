"""Pages of one indicator: what it counts, its figure for a period, and the events that prove it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from markupsafe import Markup
from starlette.requests import Request

from services.reporting.approval.actions import restatements
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import period_choices, released_figure
from services.reporting.facts import views as facts_views
from services.reporting.figures.actions.periods import events_of
from services.reporting.guards import Reader, Tracer, may_steer, may_trace
from services.reporting.parameters import BusDep, StatementQuery
from services.reporting.statements.model import address_of
from shared.i18n import gettext, ngettext
from shared.web import states
from shared.web.lists import Empty, Listing, list_page
from shared.web.render import moved_to, render

router = APIRouter(include_in_schema=False)
PAGE = 50


@router.get("/reporting/indicators/{indicator}")
async def indicator(
    request: Request,
    principal: Reader,
    bus: BusDep,
    indicator: str,
    period: str | None = None,
    statement: StatementQuery = None,
) -> Response:
    """Show one figure with its definition and breakdowns."""
    if statement is not None:
        return moved_to(address_of(period, statement, f"indicators/{indicator}"))
    steers = may_steer(principal)
    shown = await released_figure(bus, indicator, period, steers=steers)
    approval, released, fixed = shown.approval, shown.released, shown.approval.fixed
    async with bus.read() as session:
        statements = await restatements.history(session, approval, indicator, steers=steers) if fixed else []
    return render(
        request,
        "overview/indicator.html",
        approval=approval,
        state=states.state("period", approval.state),
        figure=released,
        statements=statements,
        charts={name: disclosure_views.chart(released, name) for name in released.breakdowns},
        choices=await period_choices(bus, steers=steers),
        show=disclosure_views,
        traces=may_trace(principal),
    )


@router.get("/reporting/indicators/{indicator}/events")
async def events(
    request: Request,
    principal: Tracer,
    bus: BusDep,
    indicator: str,
    period: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    statement: StatementQuery = None,
) -> Response:
    """Show the events that a figure was computed from, by their opaque ids."""
    if statement is not None:
        return moved_to(address_of(period, statement, f"indicators/{indicator}/events"))
    shown = await released_figure(bus, indicator, period, steers=may_steer(principal))
    approval, figure, released = shown.approval, shown.figure, shown.released
    async with bus.read() as session:
        first = (page - 1) * PAGE
        ids = await events_of(session, approval, figure, statement=shown.statement, first=first, count=PAGE)
        steps = await facts_views.events(session, ids)
    label, definition, total = approval.period.label, released.definition, figure.total.count
    listed = f"{request.url.path}?period={label}" + (f"&page={page}" if page > 1 else "")
    listing = Listing(
        gettext("Events behind a figure"),
        request.url.path,
        facts_views.event_columns(),
        [facts_views.event_row(step, listed) for step in steps],
        total,
        Empty(
            gettext("No event counts for this figure in this period yet."),
            gettext("See another period"),
            f"/reporting/?period={label}",
        ),
        page=page,
        size=PAGE,
        intro=Markup('{} <code class="tandem-break">{}</code>').format(
            gettext("SHA-256 over their ids, sorted, each on a line:"), figure.total.digest
        ),
        caption=disclosure_views.finding(released),
        back=f"/reporting/indicators/{definition.id}?period={label}",
        back_text=gettext(definition.title),
        heading=ngettext("This figure is based on %(num)d event", "This figure is based on %(num)d events", total)
        % {"num": total},
        table_title=gettext("Events"),
    )
    return list_page(request, listing)
