"""Where do those who pay find a published period's files, are they valid, and what is left out of them?"""

from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.access import Reader
from services.reporting.actions import feeds as actions
from services.reporting.model.disclosure import THRESHOLD
from services.reporting.pages import show
from services.reporting.pages.figures import choices, load
from services.reporting.store import aims
from shared.bus import Bus
from shared.contracts.codes import PeriodState
from shared.service import bus_of
from shared.web import states
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.web.render import render

router = APIRouter(include_in_schema=False)
Store = Annotated[Bus, Depends(bus_of)]


@router.get("/reporting/feeds")
async def overview(request: Request, _: Reader, bus: Store, period: str | None = None) -> Response:
    """The files of a period with their addresses, and what is wrong with them."""
    where, released = await load(bus, period)
    return render(
        request,
        "feeds.html",
        where=where,
        state=states.state("period", where.state),
        published=where.state is PeriodState.PUBLISHED,
        at=actions.made_at(released, where),
        kinds=actions.KINDS.values(),
        findings=actions.findings(released, where, bus.settings),
        choices=await choices(bus),
    )


@router.get("/reporting/feeds/exclusions")
async def exclusions(request: Request, _: Reader, bus: Store, period: str | None = None) -> Response:
    """What is left out of the files and why, in general and in one period."""
    where, released = await load(bus, period)
    left_out = []
    for figure in released:
        parts = sum(shown.suppressed for cells in figure.breakdowns.values() for shown in cells.values())
        if figure.total.hidden or parts or figure.withheld:
            left_out.append((figure, parts))
    return render(
        request,
        "exclusions.html",
        where=where,
        left_out=left_out,
        threshold=THRESHOLD,
        choices=await choices(bus),
        show=show,
    )


@router.get("/reporting/feeds/{period}/{name}")
async def file(request: Request, _: Reader, bus: Store, period: str, name: str) -> Response:
    """One file of a published period."""
    return await file_answer(request, bus, period, name)


async def file_answer(request: Request, bus: Bus, period: str, name: str) -> Response:
    """The file with its validators, or that it is as the asker has it (304). Raises `Refused` (404, 409)."""
    kind = actions.KINDS.get(name)
    if kind is None:
        known = ", ".join(actions.KINDS)
        raise Refused(gettext("There is no such file. A period has these: %(names)s.") % {"names": known}, 404)
    where, released = await load(bus, period)
    async with bus.read() as session:
        written = await aims.everything(session)
    content, at = actions.file(kind, released, where, bus.settings, written)
    headers = {
        "ETag": actions.etag(content),
        "Last-Modified": format_datetime(at.replace(microsecond=0), usegmt=True),
        "Cache-Control": "private, no-cache",
    }
    if name == "figures.csv":
        headers["Link"] = '<figures.csv-metadata.json>; rel="describedby"; type="application/csvm+json"'
    if actions.unchanged(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="tandem-{where.period.label}-{name}"'
    return Response(content, media_type=kind.media_type, headers=headers)
