"""Pages of published statements, at addresses that never change: figures, definitions, parts, events and files.

An address with `latest` leads to the statement that is the newest one now.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import Request

from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.actions import stated_approval
from services.reporting.disclosure.model import ROLLED_UP
from services.reporting.facts import views as facts_views
from services.reporting.feeds.actions import files
from services.reporting.feeds.guards import Puller
from services.reporting.feeds.responses import file_response
from services.reporting.guards import Reader, Tracer, may_trace
from services.reporting.parameters import BusDep
from services.reporting.statements.actions import (
    REPORT,
    StatedNumber,
    events_of,
    published_statement,
    stated_figure,
    stated_number,
)
from services.reporting.statements.model import LATEST, address_of
from shared.bus import Bus
from shared.i18n import gettext, ngettext
from shared.web.lists import Empty, Listing
from shared.web.path_parameters import limit_parameter
from shared.web.render import moved_to, render

limit_parameter("stated", pattern=rf"{LATEST}|[0-9]{{4}}[^/]*")  # a period: other pages have words at this place
router = APIRouter(prefix="/reporting/{period:stated}", include_in_schema=False)
PAGE = 50
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/")
async def newest(_: Reader, bus: BusDep, period: str) -> Response:
    """Lead to the newest statement of a period."""
    async with bus.read() as session:
        approval = await stated_approval(session, period, LATEST)
    return moved_to(address_of(approval.period.label, approval.statement))


@router.get("/{statement}/")
async def statement_page(request: Request, _: Reader, bus: BusDep, period: str, statement: str) -> Response:
    """Show the figures of a statement, its report and its files."""
    found = await published_statement(bus, period, statement)
    approval, figures = found.approval, found.figures
    if LATEST in {period, statement}:
        return moved_to(address_of(approval.period.label, approval.statement))
    publication = found.publication
    listed = publication.files if publication else []
    return render(
        request,
        "statements/statement.html",
        approval=approval,
        publication=publication,
        report=next((each for each in listed if each.name == REPORT), None),
        signature=found.signature,
        facts_up_to=max(each.cut_off for each in figures),
        headline=disclosure_views.headline({each.definition.id: each for each in figures}),
        levels=[(level, [f for f in figures if f.definition.level == level]) for level in disclosure_views.LEVELS],
        latest=address_of(approval.period.label, LATEST),
        kinds=files.KINDS,
        show=disclosure_views,
    )


@router.get("/{statement}/indicators/{indicator}")
async def figure_page(
    request: Request, principal: Reader, bus: BusDep, period: str, statement: str, indicator: str
) -> Response:
    """Show one figure of a statement with its definition and its parts."""
    found = await stated_figure(bus, period, statement, indicator)
    approval, released = found.approval, found.shown.released
    label, number = approval.period.label, approval.statement
    address = address_of(label, number, f"indicators/{indicator}")
    if LATEST in {period, statement}:
        return moved_to(address)
    return render(
        request,
        "statements/stated_figure.html",
        approval=approval,
        figure=released,
        home=address_of(label, number),
        address=address,
        charts={name: disclosure_views.chart(released, name) for name in released.breakdowns},
        rolled_up=ROLLED_UP,
        show=disclosure_views,
        traces=may_trace(principal),
    )


@router.get("/{statement}/indicators/{indicator}/events")
async def total_events(
    request: Request, _: Tracer, bus: BusDep, period: str, statement: str, indicator: str, page: PageNumber = 1
) -> Response:
    """List the events behind a figure of a statement, and how to compute it again."""
    number = await stated_number(bus, period, statement, indicator)
    return await _events_page(request, bus, number, page, moves=LATEST in {period, statement})


@router.get("/{statement}/indicators/{indicator}/events.txt")
async def total_event_ids(_: Tracer, bus: BusDep, period: str, statement: str, indicator: str) -> Response:
    """Download the ids of all events behind a figure of a statement, sorted, each on a line."""
    number = await stated_number(bus, period, statement, indicator)
    return await _event_ids(bus, number, moves=LATEST in {period, statement})


@router.get("/{statement}/indicators/{indicator}/{dimension}/{value}/events")
async def part_events(
    request: Request,
    _: Tracer,
    bus: BusDep,
    period: str,
    statement: str,
    indicator: str,
    dimension: str,
    value: str,
    page: PageNumber = 1,
) -> Response:
    """List the events behind one part of a figure of a statement."""
    number = await stated_number(bus, period, statement, indicator, (dimension, value))
    return await _events_page(request, bus, number, page, moves=LATEST in {period, statement})


@router.get("/{statement}/indicators/{indicator}/{dimension}/{value}/events.txt")
async def part_event_ids(
    _: Tracer, bus: BusDep, period: str, statement: str, indicator: str, dimension: str, value: str
) -> Response:
    """Download the ids of all events behind one part of a figure of a statement, sorted, each on a line."""
    number = await stated_number(bus, period, statement, indicator, (dimension, value))
    return await _event_ids(bus, number, moves=LATEST in {period, statement})


@router.api_route("/{statement}/{name}", methods=["GET", "HEAD"])
async def statement_file(
    request: Request, puller: Puller, bus: BusDep, period: str, statement: str, name: str
) -> Response:
    """Return a file of a statement, such as its report: the same bytes for ever."""
    async with bus.read() as session:
        await stated_approval(session, period, statement)
    return await file_response(request, bus, puller, period, statement, name)


async def _events_page(request: Request, bus: Bus, number: StatedNumber, page: int, *, moves: bool) -> Response:
    address = _address(number)
    if moves:
        return moved_to(f"{address}/events")
    async with bus.read() as session:
        ids = await events_of(session, number, first=(page - 1) * PAGE, count=PAGE)
        steps = await facts_views.events(session, ids)
    released, total = number.shown.released, number.cell.count
    listed = f"{address}/events" + (f"?page={page}" if page > 1 else "")
    title = gettext(released.definition.title)
    if number.dimension:
        title = f"{title}, {disclosure_views.value_of(number.dimension, number.value)}"
    statement = {"period": number.approval.period.label, "number": number.approval.statement}
    listing = Listing(
        gettext("Events behind a figure"),
        request.url.path,
        facts_views.event_columns(),
        [facts_views.event_row(step, listed) for step in steps],
        total,
        Empty(gettext("No event counts for this figure in this statement.")),
        page=page,
        size=PAGE,
        caption=f"{title}, " + gettext("%(period)s, statement %(number)s") % statement,
        back=_figure_address(number),
        back_text=gettext(released.definition.title),
        heading=ngettext("This figure is based on %(num)d event", "This figure is based on %(num)d events", total)
        % {"num": total},
        table_title=gettext("Events"),
    )
    return render(
        request,
        "statements/stated_events.html",
        listing=listing,
        digest=number.cell.digest,
        file=f"{address}/events.txt",
        name=number.name,
    )


async def _event_ids(bus: Bus, number: StatedNumber, *, moves: bool) -> Response:
    if moves:
        return moved_to(f"{_address(number)}/events.txt")
    async with bus.read() as session:
        ids = await events_of(session, number)
    headers = {"Content-Disposition": 'attachment; filename="events.txt"'}
    return PlainTextResponse("".join(f"{each}\n" for each in ids), headers=headers)


def _figure_address(number: StatedNumber) -> str:
    indicator = number.shown.released.definition.id
    return address_of(number.approval.period.label, number.approval.statement, f"indicators/{indicator}")


def _address(number: StatedNumber) -> str:
    part = f"/{number.dimension}/{quote(number.value, safe='')}" if number.dimension else ""
    return _figure_address(number) + part
