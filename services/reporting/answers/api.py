"""Evaluations, reports and follow-ups for programs, with the portal's ticket: what is asked, and submitting it."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.answers.actions import answers
from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT
from services.reporting.answers.views import RequestedForm, requested_form
from services.reporting.guards import Evaluating, Following, Reporting
from services.reporting.parameters import BusDep
from shared.bus import Bus

router = APIRouter(prefix="/reporting/api/v1", tags=["outcomes"])
Score = Annotated[int, Field(ge=1, le=5)]


class EvaluationIn(BaseModel):
    """An evaluation: scores from 1 to 5; objectives and goals by their number, statements by their name."""

    model_config = ConfigDict(extra="forbid")

    overall: Score
    objectives: dict[int, Score] = {}
    goals: dict[int, bool] = {}
    answers: dict[str, Score] = {}
    texts: dict[str, str] = {}


class TextsIn(BaseModel):
    """A report: a text under each heading."""

    model_config = ConfigDict(extra="forbid")

    texts: dict[str, str]


class FollowUpIn(BaseModel):
    """Whether what was learnt is used on the job (`yes`, `partly`, `no`), statements scored by their name, an example.

    A line manager also scores the objectives, by their number.
    """

    model_config = ConfigDict(extra="forbid")

    applied: str
    answers: dict[str, Score] = {}
    objectives: dict[int, Score] = {}
    texts: dict[str, str] = {}


def _form_for_programs(form: RequestedForm, kind: str) -> dict[str, Any]:
    case = form.case
    answer: dict[str, Any] = {
        "form": kind,
        "respondent": form.respondent.value,
        "reference": form.reference,
        "application_id": case.application_id,
        case.kind + "_id": case.id,
        "state": case.state,
        "open": form.open,
        "ended_on": case.ended_on,
        "submitted": answers.submitted_values(form.submission) if form.submission else None,
    }
    if kind == EVALUATION:
        answer |= {
            "due": form.evaluation_due,
            "objectives": list(range(1, model_forms.asked_objectives(form.respondent, form.objectives) + 1)),
            "goals": list(range(1, form.goals + 1)),
            "questions": _questions(model_forms.questions(form.respondent)),
            "headings": [heading.name for heading in model_forms.COMMENTS],
        }
    elif kind == REPORT:
        answer |= {"due": form.report_due, "headings": [heading.name for heading in model_forms.REPORT]}
    else:
        answer |= {
            "due": case.follow_up_on(form.timers),
            "objectives": list(range(1, model_forms.later_objectives(form.respondent, form.objectives) + 1)),
            "questions": _questions(model_forms.later_questions(form.respondent)),
            "headings": [heading.name for heading in model_forms.FOLLOW_UP],
        }
    return answer


def _questions(questions: tuple[model_forms.Question, ...]) -> list[dict[str, Any]]:
    return [{"name": question.name, "level": question.level, "text": question.text} for question in questions]


async def _read(bus: Bus, subject: str, kind: str) -> dict[str, Any]:
    async with bus.read() as session:
        return _form_for_programs(await requested_form(session, subject, kind), kind)


def _handed_in(response: Response, form: RequestedForm, kind: str, *, kept: bool) -> dict[str, Any]:
    """Return the form with 201 if it was saved now, 200 if it was there before: nothing is overwritten."""
    response.status_code = 201 if kept else 200
    return _form_for_programs(form, kind)


@router.get("/evaluations/{subject}")
async def evaluation(_: Evaluating, bus: BusDep, subject: str) -> dict[str, Any]:
    """Return what an evaluation asks, and what was submitted."""
    return await _read(bus, subject, EVALUATION)


@router.post("/evaluations/{subject}", status_code=201)
async def evaluate(response: Response, _: Evaluating, bus: BusDep, subject: str, body: EvaluationIn) -> dict[str, Any]:
    """Submit an evaluation."""
    answered = model_forms.Evaluation(body.overall, body.objectives, body.goals, body.answers)
    form, kept = await answers.evaluate(bus, subject, answered, body.texts)
    return _handed_in(response, form, EVALUATION, kept=kept)


@router.get("/reports/{subject}")
async def report_form(_: Reporting, bus: BusDep, subject: str) -> dict[str, Any]:
    """Return what a report asks, and what was submitted."""
    return await _read(bus, subject, REPORT)


@router.post("/reports/{subject}", status_code=201)
async def report(response: Response, _: Reporting, bus: BusDep, subject: str, body: TextsIn) -> dict[str, Any]:
    """Submit the report."""
    form, kept = await answers.report(bus, subject, body.texts)
    return _handed_in(response, form, REPORT, kept=kept)


@router.get("/follow-ups/{subject}")
async def follow_up_form(_: Following, bus: BusDep, subject: str) -> dict[str, Any]:
    """Return what the follow-up asks, and what was submitted."""
    return await _read(bus, subject, FOLLOW_UP)


@router.post("/follow-ups/{subject}", status_code=201)
async def follow_up(response: Response, _: Following, bus: BusDep, subject: str, body: FollowUpIn) -> dict[str, Any]:
    """Answer the follow-up."""
    answered = model_forms.FollowUp(body.applied, body.answers, body.objectives)
    form, kept = await answers.follow_up(bus, subject, answered, body.texts)
    return _handed_in(response, form, FOLLOW_UP, kept=kept)
