"""Import a table of training needs: template, upload, preview and confirmation."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from services.applications.guards import Country
from services.applications.needs.actions import imports
from services.applications.needs.forms import UploadForm, WrongRowsForm
from services.applications.needs.model import LEVELS, MOST_BYTES, MOST_ROWS, ImportState, Plan, Row
from services.applications.needs.pages.template import csv_template, xlsx_template
from services.applications.needs.views import preview
from services.applications.parameters import REGISTER, BusDep
from shared.bus import Bus
from shared.bus.db.outdated import Outdated
from shared.contracts import labels
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import dates
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.form_pages import show_facts
from shared.web.render import render, see_other
from shared.web.stale_forms import Beside, outdated_by, stale_page

_EFFECTS = "effects"
AT = f"{REGISTER}/needs"
router = APIRouter(prefix=AT, include_in_schema=False)


@router.get("/template.csv")
async def as_csv(_: Country) -> Response:
    """Download the template as CSV."""
    return csv_template()


@router.get("/template.xlsx")
async def as_xlsx(_: Country) -> Response:
    """Download the template as a spreadsheet, with the codes on a second sheet."""
    return xlsx_template()


async def _ask_upload(_: DecisionRequest[UploadForm]) -> Question:
    return Question(
        gettext("Import training needs"),
        gettext("Upload table"),
        AT,
        text=gettext(
            "Upload the table of the operational training needs analysis (OTNA). It is a CSV file in UTF-8 or a "
            "spreadsheet (.xlsx). You first see what it would add and change. Nothing is imported until you confirm."
        ),
        template="needs/upload.html",
        more={"most_rows": MOST_ROWS},
    )


async def _upload(request: DecisionRequest[UploadForm]) -> str:
    """Read the table, and go on to its preview."""
    sent = request.form.file.data
    content = await sent.read(MOST_BYTES + 1) if isinstance(sent, UploadFile) else b""
    name = sent.filename or "" if isinstance(sent, UploadFile) else ""
    import_id = await imports.upload(request.bus, request.principal, content, name)
    return f"{AT}/import/{import_id}"


add_decision(router, Country, Decision("/import", UploadForm, _ask_upload, _upload, at="file"))


@router.get("/import/{import_id}")
async def show_import(request: Request, import_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Show what the table would add and change, and what is wrong in which row."""
    return await _import_page(request, principal, bus, import_id)


async def _import_page(
    request: Request, principal: Principal, bus: Bus, import_id: UUID, status: int = 200, problem: str = ""
) -> Response:
    async with bus.read() as session:
        found_preview = await preview(session, principal, import_id)
    if found_preview.shown.state is ImportState.WAITS:
        show_facts(request, _EFFECTS, _facts(found_preview.plan))
    return render(
        request,
        "needs/import.html",
        status,
        upload=found_preview.shown,
        plan=found_preview.plan,
        problem=problem,
        wrong_rows=len({problem.row for problem in found_preview.plan.wrong}),
        line=_line,
    )


def _line(row: Row) -> list[Any]:
    """Return a row of the table in words."""
    entry = row.entry
    assert entry is not None
    return [
        gettext("Row %(num)s") % {"num": row.number},
        labels.topic(entry.topic_code),
        labels.label(entry.area) if entry.area else None,
        labels.country(entry.country),
        gettext(LEVELS[entry.level]),
        entry.quantity,
        dates.span(entry.since, entry.until),
    ]


def _facts(plan: Plan) -> list[tuple[str, str]]:
    """Return what importing a table would do, row by row, in words."""
    effects = [
        *((row, gettext("To be added")) for row in plan.added),
        *((row, gettext("To be changed. People now: %(num)s") % {"num": before}) for row, before in plan.changed),
        *((row, gettext("Unchanged")) for row in plan.unchanged),
    ]
    rows = sorted(effects, key=lambda each: each[0].number)
    found = []
    for row, effect in rows:
        name, *content = _line(row)
        content[-2] = gettext("People: %(num)s") % {"num": content[-2]}
        found.append((str(name), f"{effect}. {', '.join(str(part) for part in content if part is not None)}"))
    wrong = gettext("Row %(num)s: %(column)s")
    counts = (gettext("To be added"), len(plan.added)), (gettext("To be changed"), len(plan.changed))
    return [
        *((name, str(count)) for name, count in counts),
        *found,
        *((wrong % {"num": each.row, "column": each.column}, each.remedy) for each in plan.wrong),
    ]


async def _changed(
    request: Request, bus: Bus, principal: Principal, import_id: UUID, refused: Outdated | Refused
) -> Response:
    """Show what the import would do as the page showed it beside now, with the choice to import it."""
    outdated = outdated_by(refused)
    if outdated.refused:
        raise outdated
    async with bus.read() as session:
        now = await preview(session, principal, import_id)
    outdated.fields["seen"] = now.shown.seen
    form = await WrongRowsForm.read(request) if now.plan.wrong else None
    beside = Beside(_EFFECTS, gettext("What the import would do"), _facts(now.plan), form=form, unlisted={"rows"})
    return await stale_page(request, outdated, beside)


@router.post("/import/{import_id}/confirm")
async def confirm(request: Request, import_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Import the table; if the needs have changed since, show what it would do then beside now, and ask."""
    sent = await request.form()
    chosen = sent.get("rows")
    async with bus.read() as session:
        found_preview = await preview(session, principal, import_id)
    waits = found_preview.shown.state is ImportState.WAITS and found_preview.shown.seen == sent.get("seen")
    if waits and found_preview.plan.wrong and chosen not in {"all", "right"}:
        sentence = gettext("Choose what happens to the wrong rows.")
        return await _import_page(request, principal, bus, import_id, 422, sentence)
    try:
        await imports.confirm(bus, principal, import_id, all_or_none=chosen != "right", seen=str(sent.get("seen", "")))
    except Outdated as outdated:
        return await _changed(request, bus, principal, import_id, outdated)
    except Refused as refused:
        if refused.code is ProblemCode.EDIT_CONFLICT:
            return await _changed(request, bus, principal, import_id, refused)
        if refused.status_code not in {409, 422}:
            raise
        return await _import_page(request, principal, bus, import_id, refused.status_code, refused.detail)
    return see_other(f"{AT}/import/{import_id}")


@router.post("/import/{import_id}/discard")
async def discard(import_id: UUID, principal: Country, bus: BusDep) -> Response:
    """Discard the table."""
    await imports.discard(bus, principal, import_id)
    return see_other(f"{AT}?done=discarded")
