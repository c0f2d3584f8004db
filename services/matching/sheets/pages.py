"""The page on which the programme coordinator has own spreadsheets checked and matched; nothing is stored."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from services.matching.sheets.actions import SECONDS, SheetRuns
from services.matching.sheets.files.encodings import ENCODINGS
from services.matching.sheets.files.templates import make_problem
from services.matching.sheets.model import (
    COPIED,
    MOST_BYTES,
    MOST_FILES,
    PART,
    SHOWN,
    SentFile,
    SheetOutcome,
    SheetRequest,
    Wish,
)
from shared.contracts.codes import Objective, Role
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.csrf import sent_form
from shared.time import clock
from shared.web.render import render

router = APIRouter(prefix="/matching/sheets", include_in_schema=False)

Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS = (".xlsx", ".csv", ".json")
_RESULTS = (".xlsx", ".csv")
_RUNS = SheetRuns()


class Workbook(NamedTuple):
    """A workbook to download from a page: its name, the text of its link, its bytes and its `data:` address."""

    name: str
    title: str
    size: int
    address: str


@router.get("")
async def form(request: Request, _: Programme) -> Response:
    """Show the form for the files."""
    return _page(request)


@router.get("/template.xlsx")
async def template(_: Programme) -> Response:
    """Download a workbook to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="tandem-sheets.xlsx"', "Cache-Control": "no-store"}
    return Response(_template(), media_type=_XLSX, headers=headers)


@router.post("")
async def send(request: Request, principal: Programme) -> Response:
    """Check or match the files, and answer with a page that holds its workbooks; nothing of them is kept."""
    sent = await sent_form(request)
    chosen = (_objective(sent), _encoding(sent))
    try:
        files, earlier = await _files(sent)
        question = SheetRequest(files, clock.today(), _wish(sent), *chosen, earlier=earlier)
        outcome = await _RUNS.run(principal.subject, question)
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        problem_at = next(iter(refused.fields), "file")
        return _page(request, refused.status_code, problem=refused.detail, problem_at=problem_at, chosen=chosen)
    finally:
        await sent.close()
    return _page(request, 422 if outcome.counts[0] else 200, outcome=outcome, chosen=chosen)


async def _files(sent: FormData) -> tuple[tuple[SentFile, ...], SentFile | None]:
    """Return the files of a form, and the result of an earlier run if there is one. Raises `Refused` (422)."""
    uploads, before = _uploads(sent, "file"), _uploads(sent, "earlier")
    if not uploads:
        raise Refused(gettext("Select a file"), 422)
    if len(uploads) > MOST_FILES:
        raise Refused(gettext("Select %(most)d files or fewer") % {"most": MOST_FILES}, 422)
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for each in uploads:
        name = _name(each, _KINDS)
        if name in found:
            raise Refused(gettext("Two files have the same name. Rename one of them."), 422)
        found[name] = await _content(each, left)
        left -= len(found[name])
    earlier = [SentFile(_name(each, _RESULTS), await _content(each, left)) for each in before[:1]]
    return tuple(SentFile(name, content) for name, content in found.items()), next(iter(earlier), None)


def _uploads(sent: FormData, name: str) -> list[UploadFile]:
    return [each for each in sent.getlist(name) if isinstance(each, UploadFile) and each.filename]


def _name(file: UploadFile, kinds: tuple[str, ...]) -> str:
    """Return the name of a file without its folders. Raises `Refused` (422) for another kind of file."""
    name = Path(str(file.filename).replace("\\", "/")).name[-100:]
    if Path(name).suffix.lower() in kinds:
        return name
    if kinds == _RESULTS:
        sentence = gettext("Select an earlier result whose name ends with .xlsx or .csv")
        raise Refused(sentence, 422, {"earlier": sentence})
    raise Refused(gettext("Select files whose names end with .xlsx, .csv or .json"), 422)


async def _content(file: UploadFile, left: int) -> bytes:
    """Return the content of a file of at most `left` bytes. Raises `Refused` (422) for a larger one."""
    content = await file.read(left + 1)
    if len(content) > left:
        sentence = gettext("Files must be smaller than %(most)d MB in total")
        raise Refused(sentence % {"most": MOST_BYTES // 1_000_000}, 422)
    return content


def _wish(sent: FormData) -> Wish:
    text = str(sent.get("wish", ""))
    return Wish(text) if text in set(Wish) else Wish.CHECK


def _objective(sent: FormData) -> Objective | None:
    text = str(sent.get("objective", ""))
    return Objective(text) if text in set(Objective) else None


def _encoding(sent: FormData) -> str | None:
    text = str(sent.get("encoding", ""))
    return text if text in ENCODINGS else None


def _page(
    request: Request,
    status: int = 200,
    *,
    problem: str = "",
    problem_at: str = "file",
    outcome: SheetOutcome | None = None,
    chosen: tuple[Objective | None, str | None] = (None, None),
) -> Response:
    """Return the page, with a problem at the field `problem_at`.

    `chosen` are the objective and the encoding, which the next step keeps.
    """
    answer = render(
        request,
        "sheets/sheets.html",
        status,
        problem=problem,
        problem_at=problem_at,
        outcome=outcome,
        workbooks=_workbooks(outcome) if outcome else [],
        copied=COPIED,
        objectives=list(Objective),
        objective=chosen[0],
        encodings=ENCODINGS,
        encoding=chosen[1],
        most_bytes=MOST_BYTES // 1_000_000,
        most_files=MOST_FILES,
        seconds=SECONDS,
        shown=SHOWN,
        part=PART,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _workbooks(outcome: SheetOutcome) -> list[Workbook]:
    """Return the workbooks of a page, inside of it: a link downloads each, and the server keeps none."""
    made = [
        (outcome.workbook, "result.xlsx", gettext("Download result workbook")),
        (outcome.copy, "annotated.xlsx", gettext("Download annotated copy")),
    ]
    return [
        Workbook(name, title, len(content), f"data:{_XLSX};base64,{b64encode(content).decode()}")
        for content, name, title in made
        if content is not None
    ]


@cache
def _template() -> bytes:
    return make_problem()
