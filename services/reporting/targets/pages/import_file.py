"""Pages to upload many baselines and targets at once, and to see what is wrong in which row."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.datastructures import UploadFile
from starlette.requests import Request

from services.reporting.guards import Reader, Steerer
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.parameters import BusDep
from services.reporting.targets.actions import import_file
from services.reporting.targets.views import target_values
from shared.errors import Refused
from shared.web.csv_files import csv_file
from shared.web.render import render, see_other

router = APIRouter(prefix="/reporting/targets", include_in_schema=False)


@router.get("/template.csv")
async def template(_: Reader, bus: BusDep) -> Response:
    """Download the table of present values, to be continued."""
    async with bus.read() as session:
        known = await target_values(session)
    return csv_file("tandem-targets.csv", import_file.COLUMNS, import_file.template(known))


@router.get("/import")
async def ask(request: Request, _: Steerer) -> Response:
    """Show the form for the table."""
    return _page(request)


@router.post("/import")
async def upload(request: Request, principal: Steerer, bus: BusDep) -> Response:
    """Import all values of the table that do not exist yet, or show what is wrong and import none."""
    form = await request.form()
    sent = form.get("file")
    content = await sent.read(import_file.MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    await form.close()
    try:
        result = await import_file.import_table(bus, principal, content)
    except import_file.InvalidTable as refused:
        return _page(request, 422, wrong=refused.wrong)
    except Refused as refused:
        if refused.status_code != 422:
            raise
        return _page(request, 422, problem=refused.detail)
    return see_other(f"/reporting/targets?done_added={len(result.added)}&done_unchanged={result.unchanged}")


def _page(
    request: Request, status: int = 200, *, problem: str = "", wrong: list[import_file.RowError] | None = None
) -> Response:
    return render(
        request,
        "targets/import_file.html",
        status,
        problem=problem,
        wrong=wrong or [],
        rows=len({each.row for each in wrong or []}),
        most=import_file.MOST_ROWS,
        definitions=INDICATORS,
    )
