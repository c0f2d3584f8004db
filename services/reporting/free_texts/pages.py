"""Pages of free text: the data protection officer finds and erases it, its writer corrects it."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT
from services.reporting.answers.views.forms import RequestedForm, correctable, requested_form
from services.reporting.free_texts import actions
from services.reporting.free_texts.views import Words
from services.reporting.guards import Evaluating, Following, Protector, Reporting
from services.reporting.parameters import BusDep
from shared.bus import Bus
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.web.forms import Form, Longest, Needed, SelectField, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)

_ALL = "all"
_FORMS = (
    (_ALL, N_("Everything that was written")),
    ("evaluation", N_("Evaluations")),
    ("report", N_("The report")),
    ("follow_up", N_("Follow-ups")),
    ("cascade", N_("Cascade sessions")),
)


class EraseForm(Form):
    """What is erased, and why."""

    form = SelectField(N_("What is erased?"), [Needed(N_("Say what is erased"))], choices=_FORMS)
    why = TextAreaField(
        N_("On whose request, or why?"),
        [Needed(N_("Say on whose request or why, without repeating what was written")), Longest(500)],
        description=N_("This sentence is kept. Do not repeat what was written."),
    )


@router.get("/reporting/words")
async def words(request: Request, principal: Protector, bus: BusDep, reference: str = "") -> Response:
    """Find what was written about an application, by its reference; each access is logged."""
    wanted = reference.strip()
    found = await actions.read(bus, principal, wanted) if wanted else None
    missing = bool(wanted) and found is None
    return _page(request, found, reference=wanted, missing=missing, status=404 if missing else 200)


def _page(
    request: Request,
    found: Words | None,
    *,
    reference: str,
    missing: bool = False,
    erasing: Form | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "free_texts/search.html",
        status,
        found=found,
        reference=reference,
        missing=missing,
        erasing=erasing or EraseForm(),
        names=dict(_FORMS),
        erased=request.query_params.get("erased"),
    )


@router.post("/reporting/words/{application_id}/erasure")
async def erase(request: Request, principal: Protector, bus: BusDep, application_id: UUID) -> Response:
    """Erase what was written, of one form or of all; ratings stay."""
    form = await EraseForm.read(request)
    if form.validate():
        try:
            which = "" if form.form.data == _ALL else str(form.form.data)
            cut = await actions.erase(bus, principal, application_id, which, form.why.data or "")
        except Refused as problem:
            form.take(problem, "why")
        else:
            found = await actions.read(bus, principal, str(application_id))
            return see_other(f"/reporting/words?reference={found.reference if found else ''}&erased={cut}")
    found = await actions.read(bus, principal, str(application_id))
    if found is None:
        raise Refused(gettext("No application with that reference has arrived here."), 404)
    return _page(request, found, reference=found.reference, erasing=form, status=422)


def _form(kind: str) -> type[Form]:
    fields = {
        heading.name: TextAreaField(
            heading.text,
            [*([Needed(N_("Write a few sentences here"))] if heading.needed else []), Longest(model_forms.LONGEST)],
            description=heading.hint,
        )
        for heading in model_forms.HEADINGS[kind]
    }
    return type("WordsForm", (Form,), fields)


async def _show(request: Request, bus: Bus, subject: str, kind: str) -> Response:
    async with bus.read() as session:
        form = await requested_form(session, subject, kind)
        may = await correctable(session, form)
    if not may or form.submission is None:
        return see_other(request.url.path.removesuffix("/words"))
    return _correction_page(request, form, _form(kind)(data=form.submission.texts))


def _correction_page(request: Request, form: RequestedForm, form_: Form, status: int = 200) -> Response:
    return render(
        request,
        "free_texts/correct.html",
        status,
        asked=form,
        form_=form_,
        names=[heading.name for heading in form.headings],
        back=request.url.path.removesuffix("/words"),
    )


async def _correct(request: Request, bus: Bus, subject: str, kind: str) -> Response:
    form_ = await _form(kind).read(request)
    if form_.validate():
        try:
            await actions.correct(bus, subject, kind, {name: str(value or "") for name, value in form_.data.items()})
        except Refused as problem:
            form_.take(problem)
        else:
            return see_other(request.url.path.removesuffix("/words"))
    async with bus.read() as session:
        form = await requested_form(session, subject, kind)
    return _correction_page(request, form, form_, 422)


@router.get("/reporting/evaluations/{subject}/words")
async def evaluation_words(request: Request, _: Evaluating, bus: BusDep, subject: str) -> Response:
    """Show the text of an evaluation, to be corrected."""
    return await _show(request, bus, subject, EVALUATION)


@router.post("/reporting/evaluations/{subject}/words")
async def correct_evaluation(request: Request, _: Evaluating, bus: BusDep, subject: str) -> Response:
    """Correct the text of an evaluation."""
    return await _correct(request, bus, subject, EVALUATION)


@router.get("/reporting/reports/{subject}/words")
async def report_words(request: Request, _: Reporting, bus: BusDep, subject: str) -> Response:
    """Show the text of the report, to be corrected."""
    return await _show(request, bus, subject, REPORT)


@router.post("/reporting/reports/{subject}/words")
async def correct_report(request: Request, _: Reporting, bus: BusDep, subject: str) -> Response:
    """Correct the text of the report."""
    return await _correct(request, bus, subject, REPORT)


@router.get("/reporting/follow-ups/{subject}/words")
async def follow_up_words(request: Request, _: Following, bus: BusDep, subject: str) -> Response:
    """Show the text of a follow-up, to be corrected."""
    return await _show(request, bus, subject, FOLLOW_UP)


@router.post("/reporting/follow-ups/{subject}/words")
async def correct_follow_up(request: Request, _: Following, bus: BusDep, subject: str) -> Response:
    """Correct the text of a follow-up."""
    return await _correct(request, bus, subject, FOLLOW_UP)
