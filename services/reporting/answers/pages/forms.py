"""Pages of the forms after a visit or a mentorship, opened with the portal's ticket: evaluation, report, follow-up."""

import secrets
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from services.reporting.answers.actions import answers, drafts
from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT
from services.reporting.answers.portal import objectives
from services.reporting.answers.views.forms import (
    FormPage,
    RequestedForm,
    SavedDraft,
    form_page,
    requested_form,
    submitted_form,
)
from services.reporting.guards import Evaluating, Following, Reporting
from services.reporting.parameters import BusDep, ServiceDep
from shared.bus import Bus
from shared.contracts.codes import Applied, Respondent
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.runtime.service import Service
from shared.time import clock
from shared.time.dates import moment
from shared.web.forms import Difference, Form, Longest, Needed, RadioField, TextAreaField
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)

_SCALE = (("1", N_("1, not at all")), ("2", "2"), ("3", "3"), ("4", "4"), ("5", N_("5, fully")))
_MET = (("yes", N_("Yes")), ("no", N_("No")))


def _form(form: RequestedForm, texts: dict[int, str]) -> type[Form]:
    """Return the form class with exactly the questions that this respondent is asked."""
    fields: dict[str, Any] = {}
    if form.kind == EVALUATION:
        fields = _evaluation_fields(form, texts)
    elif form.kind == FOLLOW_UP:
        fields = _later_fields(form, texts)
    for heading in form.headings:
        checks = [Needed(N_("Enter a few sentences here"))] if heading.needed else []
        fields[heading.name] = TextAreaField(
            heading.text, [*checks, Longest(model_forms.LONGEST)], description=heading.hint
        )
    return type("AnswerForm", (Form,), fields)


def _evaluation_fields(form: RequestedForm, texts: dict[int, str]) -> dict[str, Any]:
    """Return the fields of an evaluation, except the texts."""
    fields: dict[str, Any] = {
        "overall": RadioField(
            N_("Overall, how do you rate it?"),
            [Needed(N_("Select an overall rating from 1 to 5"))],
            choices=(("1", N_("1, very poor")), ("2", "2"), ("3", "3"), ("4", "4"), ("5", N_("5, very good"))),
        )
    }
    fields |= _objective_fields(form, texts)
    for number in range(1, form.goals + 1):
        fields[f"goal_{number}"] = RadioField(
            gettext("Goal %(number)s") % {"number": number},
            [Needed(N_("Select for each goal whether it was met"))],
            choices=_MET,
        )
    return fields | _question_fields(form)


def _later_fields(form: RequestedForm, texts: dict[int, str]) -> dict[str, Any]:
    """Return the fields that are asked six months later, except the open question."""
    managed = form.respondent is Respondent.LINE_MANAGER
    applied = (
        N_("At work, does the officer use what was learnt?") if managed else N_("At work, do you use what you learnt?")
    )
    fields: dict[str, Any] = {
        "applied": RadioField(applied, [Needed(N_("Select whether it is used"))], choices=Applied)
    }
    return fields | _objective_fields(form, texts) | _question_fields(form)


def _objective_fields(form: RequestedForm, texts: dict[int, str]) -> dict[str, Any]:
    return {
        f"objective_{number}": RadioField(
            texts.get(number) or gettext("Objective %(number)s") % {"number": number},
            [Needed(N_("Select how far each objective was met, from 1 to 5"))],
            choices=_SCALE,
        )
        for number in range(1, form.scored + 1)
    }


def _question_fields(form: RequestedForm) -> dict[str, Any]:
    return {
        question.name: RadioField(
            question.text, [Needed(N_("Select an answer from 1 to 5 for each statement"))], choices=_SCALE
        )
        for question in form.questions
    }


async def _show(request: Request, bus: Bus, service: Service, subject: str, kind: str) -> Response:
    async with bus.read() as session:
        page = await form_page(session, subject, kind)
    form = page.form
    if form.submission is not None:
        return _submitted_page(request, page)
    texts = await _objectives(service, form)
    return _page(request, form, _form(form, texts)(data=page.draft.values if page.draft else {}), texts, page.draft)


def _submitted_page(
    request: Request, page: FormPage, *, refused: str = "", differences: Sequence[Difference] = ()
) -> Response:
    """Show what was submitted; with why something else that was sent was `refused`, and where it differs."""
    form = page.form
    return render(
        request,
        "answers/submitted.html",
        409 if refused else 200,
        requested=form,
        kind=form.kind,
        submitted=submitted_form(form),
        headings=form.headings,
        questions=form.questions,
        today=clock.today(),
        correctable=page.correctable,
        address=request.url.path,
        refused=refused,
        differences=differences,
    )


def _page(
    request: Request,
    form: RequestedForm,
    form_: Form,
    texts: dict[int, str],
    draft: SavedDraft | None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "answers/form.html",
        status,
        requested=form,
        kind=form.kind,
        form_=form_,
        texts=texts,
        questions=form.questions,
        today=clock.today(),
        scored=form.scored,
        draft=draft,
        saved=request.query_params.get("done") == "saved",
        writer=secrets.token_hex(8),
        address=request.url.path,
    )


async def _objectives(service: Service, form: RequestedForm) -> dict[int, str]:
    if not form.scored or not form.case.open or form.submission:
        return {}
    return await objectives(service.settings, form.case.application_id, f"{form.kind} by {form.respondent}")


async def _take(request: Request, bus: Bus, service: Service, subject: str, kind: str) -> Response:
    """Submit a form, or save it for later; where other answers were submitted before, show both."""
    async with bus.read() as session:
        form = await requested_form(session, subject, kind)
    address = str(request.url.path)
    texts = await _objectives(service, form)
    form_ = await _form(form, texts).read(request)
    later = "later" in await request.form()
    valid = not later and form_.validate()
    data = {name: str(value or "") for name, value in form_.data.items()}
    # An incomplete form is saved as a draft, so that nothing must be written twice.
    draft = None
    try:
        if valid:
            try:
                await _submit(bus, form, data)
            except Refused as problem:
                form_.take(problem)
            else:
                return see_other(address)
        draft = await drafts.keep(bus, subject, kind, data, writer=secrets.token_hex(8))
    except Refused as problem:
        if problem.code is ProblemCode.ALREADY_DONE:
            return await _refused(request, bus, form, form_, problem)
        form_.take(problem)
    if later and draft is not None:
        return see_other(f"{address}?done=saved")
    return _page(request, form, form_, texts, draft, 422)


async def _refused(request: Request, bus: Bus, form: RequestedForm, form_: Form, problem: Refused) -> Response:
    """Show what was submitted before beside what was sent now."""
    async with bus.read() as session:
        page = await form_page(session, form.subject, form.kind)
    form_.compare(problem.detail, _form(page.form, {})(data=_values(page.form)))
    return _submitted_page(request, page, refused=problem.detail, differences=form_.differences)


def _values(form: RequestedForm) -> dict[str, str]:
    """Return what was submitted as values of the form's fields."""
    submitted = submitted_form(form)
    if submitted is None:
        return {}
    given = submitted.answers
    found = {each.question: str(each.score) for each in given.answers}
    found |= {f"objective_{each.number}": str(each.score) for each in given.objectives}
    found |= {f"goal_{each.number}": "yes" if each.met else "no" for each in given.goals}
    if given.overall is not None:
        found["overall"] = str(given.overall)
    if given.applied is not None:
        found["applied"] = given.applied.value
    return found | submitted.texts


async def _submit(bus: Bus, form: RequestedForm, data: dict[str, str]) -> None:
    match form.kind:
        case "evaluation":
            await answers.evaluate(bus, form.subject, _evaluation_from(form, data), data)
        case "report":
            await answers.report(bus, form.subject, data)
        case _:
            await answers.follow_up(bus, form.subject, _follow_up_from(form, data), data)


async def _keep(request: Request, bus: Bus, subject: str, kind: str) -> Response:
    """Save the fields that a page sends while its writer goes on, and say when."""
    async with bus.read() as session:
        form = await requested_form(session, subject, kind)
    sent = await request.form()
    form_ = await _form(form, {}).read(request)
    values = {name: str(value or "") for name, value in form_.data.items() if name in sent}
    turn = str(sent.get("draft_turn", ""))
    draft = await drafts.keep(
        bus,
        subject,
        kind,
        values,
        writer=str(sent.get("draft_writer", ""))[:40] or secrets.token_hex(8),
        turn=int(turn) if turn.isdecimal() and len(turn) < 9 else 0,
    )
    return JSONResponse({"said": _saved(draft), "version": draft.version})


def _saved(draft: SavedDraft) -> str:
    return gettext("Saved %(moment)s.") % {"moment": moment(draft.at)}


def _score(data: dict[str, str], name: str) -> int:
    text = data.get(name, "")
    return int(text) if text in {"1", "2", "3", "4", "5"} else 0


def _follow_up_from(form: RequestedForm, data: dict[str, str]) -> model_forms.FollowUp:
    return model_forms.FollowUp(data["applied"], _answers_from(form, data), _scores_from(form, data))


def _evaluation_from(form: RequestedForm, data: dict[str, str]) -> model_forms.Evaluation:
    return model_forms.Evaluation(
        overall=_score(data, "overall"),
        objectives=_scores_from(form, data),
        goals={n: data[f"goal_{n}"] == "yes" for n in range(1, form.goals + 1) if data.get(f"goal_{n}")},
        answers=_answers_from(form, data),
    )


def _answers_from(form: RequestedForm, data: dict[str, str]) -> dict[str, int]:
    return {question.name: _score(data, question.name) for question in form.questions}


def _scores_from(form: RequestedForm, data: dict[str, str]) -> dict[int, int]:
    return {number: _score(data, f"objective_{number}") for number in range(1, form.scored + 1)}


@router.get("/reporting/evaluations/{subject}")
async def evaluation(request: Request, _: Evaluating, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Show the evaluation form, or what was submitted."""
    return await _show(request, bus, service, subject, EVALUATION)


@router.post("/reporting/evaluations/{subject}")
async def evaluate(request: Request, _: Evaluating, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Submit an evaluation."""
    return await _take(request, bus, service, subject, EVALUATION)


@router.get("/reporting/reports/{subject}")
async def report_form(request: Request, _: Reporting, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Show the report's form, or what was submitted."""
    return await _show(request, bus, service, subject, REPORT)


@router.post("/reporting/reports/{subject}")
async def report(request: Request, _: Reporting, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Submit the report."""
    return await _take(request, bus, service, subject, REPORT)


@router.get("/reporting/follow-ups/{subject}")
async def follow_up_form(request: Request, _: Following, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Show the follow-up's form, or what was submitted."""
    return await _show(request, bus, service, subject, FOLLOW_UP)


@router.post("/reporting/follow-ups/{subject}")
async def follow_up(request: Request, _: Following, bus: BusDep, service: ServiceDep, subject: str) -> Response:
    """Answer the follow-up."""
    return await _take(request, bus, service, subject, FOLLOW_UP)


@router.post("/reporting/evaluations/{subject}/draft")
async def evaluation_draft(request: Request, _: Evaluating, bus: BusDep, subject: str) -> Response:
    """Save an evaluation that is being filled in."""
    return await _keep(request, bus, subject, EVALUATION)


@router.post("/reporting/reports/{subject}/draft")
async def report_draft(request: Request, _: Reporting, bus: BusDep, subject: str) -> Response:
    """Save the report that is being filled in."""
    return await _keep(request, bus, subject, REPORT)


@router.post("/reporting/follow-ups/{subject}/draft")
async def follow_up_draft(request: Request, _: Following, bus: BusDep, subject: str) -> Response:
    """Save the follow-up that is being filled in."""
    return await _keep(request, bus, subject, FOLLOW_UP)
