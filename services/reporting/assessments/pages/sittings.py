"""Pages of the tests before and after a visit, opened with the portal's ticket; answers are saved as they are given."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from services.reporting.assessments.actions import sittings as actions
from services.reporting.assessments.model.bank import QuestionKind
from services.reporting.assessments.model.sittings import Availability
from services.reporting.assessments.pages.bank import topic
from services.reporting.assessments.views.sittings import Paper, other_paper, paper
from services.reporting.guards import After, Before
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.contracts.codes import TestPhase
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time.dates import moment
from shared.web.forms import CheckboxesField, Form, RadioField
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
PRE, POST = TestPhase.PRE, TestPhase.POST


def _form(paper: Paper) -> type[Form]:
    """Return a form with a field for each question; none is required, since not to know is an answer too."""
    fields: dict[str, Any] = {}
    for place, question in enumerate(paper.questions, 1):
        several = question.kind is QuestionKind.MULTIPLE
        texts = [gettext(text) if question.kind is QuestionKind.TRUE_FALSE else text for text in question.answers]
        fields[f"q{place}"] = (CheckboxesField if several else RadioField)(
            f"{place}. {question.text}",
            choices=[(str(at), text) for at, text in enumerate(texts)],
            description=N_("Select all right answers") if several else "",
            validate_choice=False,  # the action checks it, for the page and for programs alike
        )
    return type("PaperForm", (Form,), fields)


def _answers_from(paper: Paper, form: Form) -> Mapping[int, list[int]]:
    answers: dict[int, list[int]] = {}
    for place in range(1, len(paper.questions) + 1):
        data = form.data.get(f"q{place}") or []
        chosen = data if isinstance(data, list) else [data]
        # Text that is no number is none of the answers: the action refuses it like a number that is too high.
        answers[place] = [
            int(choice) if str(choice).isdecimal() and len(str(choice)) < 4 else -1 for choice in chosen if str(choice)
        ]
    return answers


def _values(paper: Paper) -> dict[str, Any]:
    """Return the saved answers as values of the form."""
    found: dict[str, Any] = {}
    for place, chosen in paper.sitting.chosen.items():
        several = paper.questions[place - 1].kind is QuestionKind.MULTIPLE
        found[f"q{place}"] = [str(choice) for choice in chosen] if several else str(chosen[0])
    return found


async def _show(
    request: Request, bus: Bus, subject: str, phase: TestPhase, status: int = 200, *, refused: str = ""
) -> Response:
    async with bus.read() as session:
        found = await paper(session, subject, phase)
        other = await other_paper(session, found)
    return _page(request, found, _form(found)(data=_values(found)), status, other=other, refused=refused)


def _page(
    request: Request, paper: Paper, form: Form, status: int = 200, *, other: Paper | None = None, refused: str = ""
) -> Response:
    template = "assessments/sitting_done.html" if paper.stand is Availability.HANDED_IN else "assessments/sitting.html"
    both = {choice.phase: choice for choice in (paper, other) if choice is not None}
    return render(
        request,
        template,
        status,
        paper=paper,
        form_=form,
        before=both.get(PRE),
        after=both.get(POST),
        refused=refused,
        saved=request.query_params.get("done") == "saved",
        address=request.url.path,
        named=topic,
    )


async def _take(request: Request, bus: Bus, subject: str, phase: TestPhase) -> Response:
    """Submit a test, or save it for later; where other answers were submitted before, say so."""
    async with bus.read() as session:
        found = await paper(session, subject, phase)
    form = await _form(found).read(request)
    address, later = request.url.path, "later" in await request.form()
    try:
        if later:
            await actions.save(bus, subject, phase, _answers_from(found, form))
        else:
            await actions.hand_in(bus, subject, phase, _answers_from(found, form))
    except Refused as problem:
        if problem.code is ProblemCode.ALREADY_DONE:
            return await _show(request, bus, subject, phase, 409, refused=problem.detail)
        if problem.status_code == 409:  # its time is over: the page says so, and saved answers stay
            return _page(request, found, form, 409)
        form.take(problem)
        return _page(request, found, form, 422)
    return see_other(f"{address}?done=saved" if later else address)


async def _keep(request: Request, bus: Bus, subject: str, phase: TestPhase) -> Response:
    """Save what a page sends while its writer goes on, and say when."""
    async with bus.read() as session:
        found = await paper(session, subject, phase)
    form = await _form(found).read(request)
    kept = await actions.save(bus, subject, phase, _answers_from(found, form))
    at = kept.sitting.saved_at
    return JSONResponse({"said": gettext("Saved %(moment)s.") % {"moment": moment(at)} if at else ""})


@router.get("/reporting/test-before/{subject}")
async def before(request: Request, _: Before, bus: BusDep, subject: str) -> Response:
    """Show the test before the visit, or that it was submitted."""
    return await _show(request, bus, subject, PRE)


@router.post("/reporting/test-before/{subject}")
async def take_before(request: Request, _: Before, bus: BusDep, subject: str) -> Response:
    """Submit the test before the visit."""
    return await _take(request, bus, subject, PRE)


@router.post("/reporting/test-before/{subject}/draft")
async def keep_before(request: Request, _: Before, bus: BusDep, subject: str) -> Response:
    """Save the test before the visit while it is taken."""
    return await _keep(request, bus, subject, PRE)


@router.get("/reporting/test-after/{subject}")
async def after(request: Request, _: After, bus: BusDep, subject: str) -> Response:
    """Show the test after the visit; once it is in, what was learnt and which answers are right."""
    return await _show(request, bus, subject, POST)


@router.post("/reporting/test-after/{subject}")
async def take_after(request: Request, _: After, bus: BusDep, subject: str) -> Response:
    """Submit the test after the visit."""
    return await _take(request, bus, subject, POST)


@router.post("/reporting/test-after/{subject}/draft")
async def keep_after(request: Request, _: After, bus: BusDep, subject: str) -> Response:
    """Save the test after the visit while it is taken."""
    return await _keep(request, bus, subject, POST)
