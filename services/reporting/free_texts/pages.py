"""Pages of free text: the data protection officer finds and erases it, its writer corrects it.

Words are erased on the page that found them, so that is answered here and not by a `Decision`.
"""

from functools import partial
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT
from services.reporting.answers.views.forms import RequestedForm, correctable, requested_form, submission_record
from services.reporting.free_texts import actions
from services.reporting.free_texts.views import Words
from services.reporting.guards import Evaluating, Following, Protector, Reporting
from services.reporting.parameters import BusDep
from shared.errors import Refused
from shared.i18n import N_, gettext
from shared.identity.versions import expect_opened, opened_versions
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import Form, Longest, Needed, SelectField, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)

_ALL = "all"
_FORMS = (
    (_ALL, N_("Everything that was written")),
    ("evaluation", N_("Evaluations")),
    ("report", N_("The report")),
    ("follow_up", N_("Follow-ups")),
    ("cascade", N_("Training sessions at home")),
)


class EraseForm(Form):
    """The form to erase a text, with a reason."""

    form = SelectField(N_("What do you want to erase?"), [Needed(N_("Choose what to erase"))], choices=_FORMS)
    why = TextAreaField(
        N_("Who requested this, or why?"),
        [Needed(N_("Enter who requested this or why, without repeating the text")), Longest(500)],
        description=N_("This sentence is kept. Do not repeat the erased text."),
    )


@router.get("/reporting/words")
async def words(request: Request, principal: Protector, bus: BusDep, reference: str | None = None) -> Response:
    """Find what was written about an application, by its reference; each access is logged."""
    reference_text = (reference or "").strip()
    if not reference_text:
        problem = "" if reference is None else gettext("Enter a reference")
        return _page(request, None, reference="", problem=problem, status=422 if problem else 200)
    found = await actions.read(bus, principal, reference_text)
    problem = "" if found is not None else gettext("There is no application with this reference")
    return _page(request, found, reference=reference_text, problem=problem, status=404 if problem else 200)


def _page(
    request: Request,
    found: Words | None,
    *,
    reference: str,
    problem: str = "",
    erasing: Form | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "free_texts/search.html",
        status,
        found=found,
        reference=reference,
        problem=problem,
        erasing=erasing or EraseForm(),
        names=dict(_FORMS),
        erased=request.query_params.get("done_erased"),
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
            return see_other(f"/reporting/words?reference={found.reference if found else ''}&done_erased={cut}")
    found = await actions.read(bus, principal, str(application_id))
    if found is None:
        raise Refused(gettext("There is no application with this reference."), 404)
    return _page(request, found, reference=found.reference, erasing=form, status=422)


def _form(kind: str) -> type[Form]:
    fields = {
        heading.name: TextAreaField(
            heading.text,
            [*([Needed(N_("Enter a few sentences here"))] if heading.needed else []), Longest(model_forms.LONGEST)],
            description=heading.hint,
        )
        for heading in model_forms.HEADINGS[kind]
    }
    return type("WordsForm", (Form,), fields)


def _correction(path: str, kind: str) -> Decision[Form]:
    """Return the page on which the writer of a form of that kind corrects its words."""

    def back(request: DecisionRequest[Form]) -> str:
        return request.http.url.path.removesuffix("/words")

    async def requested(request: DecisionRequest[Form]) -> tuple[RequestedForm, bool]:
        async with request.bus.read() as session:
            form = await requested_form(session, request.words["subject"], kind)
            await expect_opened(request.http, session, submission_record(form))
            return form, await correctable(session, form)

    async def as_written(request: DecisionRequest[Form]) -> Form:
        form, _ = await requested(request)
        return _form(kind)(data=form.submission.texts if form.submission else {})

    async def ask(request: DecisionRequest[Form]) -> Question | str:
        form, may = await requested(request)
        if not may:
            return back(request)
        return Question(
            gettext("Correct your text"),
            gettext("Save text"),
            back(request),
            gettext("Your submitted answers"),
            caption=form.reference,
            text=gettext(
                "Your ratings and the day of your answer stay as they are. You can correct the text until the "
                "figures of that period are frozen."
            ),
            template="free_texts/correct.html",
            more={"opened": partial(opened_versions, request.http)},
        )

    async def act(request: DecisionRequest[Form]) -> str:
        await requested(request)  # notes the version with which the page was opened
        texts = {name: str(value or "") for name, value in request.form.data.items()}
        await actions.correct(request.bus, request.words["subject"], kind, texts)
        return back(request)

    return Decision(path, _form(kind), ask, act, new=as_written)


add_decision(router, Evaluating, _correction("/reporting/evaluations/{subject}/words", EVALUATION))
add_decision(router, Reporting, _correction("/reporting/reports/{subject}/words", REPORT))
add_decision(router, Following, _correction("/reporting/follow-ups/{subject}/words", FOLLOW_UP))
