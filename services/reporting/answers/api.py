"""Evaluations, reports and follow-ups for programs, with the portal's ticket: what is asked, and submitting it."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting.answers.actions import answers
from services.reporting.answers.model import forms as model
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT
from services.reporting.answers.views import forms as views
from services.reporting.answers.views.forms import (
    EvaluationForm,
    FollowUpForm,
    ReportForm,
    RequestedForm,
    requested_form,
)
from services.reporting.guards import Evaluating, Following, Reporting
from services.reporting.parameters import SUBMITTED_BEFORE, BusDep
from shared.bus import Bus
from shared.contracts.codes import Applied
from shared.identity.idempotency import forget_answer

router = APIRouter(prefix="/reporting/api/v1", tags=["outcomes"])
Score = Annotated[int, Field(ge=1, le=5, description="From 1 (not at all) to 5 (fully).")]
Text = Annotated[str, Field(max_length=model.LONGEST)]
Scores = Annotated[
    dict[str, Score],
    Field(description="By the name of a statement of `questions`.", examples=[{"programme_useful": 5}]),
]
ObjectiveScores = Annotated[
    dict[int, Score], Field(description="By the number of an objective of `objectives`.", examples=[{"1": 4}])
]


class _Body(BaseModel):
    """A request body; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class EvaluationTexts(_Body):
    """The texts of an evaluation."""

    went_well: Text = ""
    improve: Text = ""


class EvaluationIn(_Body):
    """An evaluation."""

    overall: Score
    objectives: ObjectiveScores = {}
    goals: Annotated[
        dict[int, bool],
        Field(description="Whether it was met, by the number of a goal of `goals`.", examples=[{"1": True}]),
    ] = {}
    answers: Scores = {}
    texts: EvaluationTexts = EvaluationTexts()


class ReportTexts(_Body):
    """The texts of a report."""

    programme: Text
    learnt: Text
    use: Text
    contacts: Text = ""
    obstacles: Text = ""
    recommend: Text = ""


class ReportIn(_Body):
    """A report."""

    texts: ReportTexts


class FollowUpTexts(_Body):
    """The text of a follow-up."""

    example: Text = ""


class FollowUpIn(_Body):
    """A follow-up: the use on the job of the knowledge gained; a line manager also scores the objectives."""

    applied: Applied
    answers: Scores = {}
    objectives: ObjectiveScores = {}
    texts: FollowUpTexts = FollowUpTexts()


async def _form(bus: Bus, subject: str, kind: str) -> RequestedForm:
    async with bus.read() as session:
        return await requested_form(session, subject, kind)


def _set_status(response: Response, *, kept: bool) -> None:
    """Answer 201 if the form was saved now, 200 if it was there before: nothing is overwritten."""
    response.status_code = 201 if kept else 200


@router.get("/evaluations/{subject}")
async def evaluation(_: Evaluating, bus: BusDep, subject: str) -> EvaluationForm:
    """Return what an evaluation asks, and what was submitted."""
    return views.evaluation_form(await _form(bus, subject, EVALUATION))


@router.post(
    "/evaluations/{subject}",
    status_code=201,
    responses={200: {"description": SUBMITTED_BEFORE, "model": EvaluationForm}},
)
async def evaluate(
    request: Request, response: Response, _: Evaluating, bus: BusDep, subject: str, body: EvaluationIn
) -> EvaluationForm:
    """Submit an evaluation."""
    forget_answer(request)
    answered = model.Evaluation(body.overall, body.objectives, body.goals, body.answers)
    form, kept = await answers.evaluate(bus, subject, answered, body.texts.model_dump())
    _set_status(response, kept=kept)
    return views.evaluation_form(form)


@router.get("/reports/{subject}")
async def report_form(_: Reporting, bus: BusDep, subject: str) -> ReportForm:
    """Return what a report asks, and what was submitted."""
    return views.report_form(await _form(bus, subject, REPORT))


@router.post(
    "/reports/{subject}", status_code=201, responses={200: {"description": SUBMITTED_BEFORE, "model": ReportForm}}
)
async def report(
    request: Request, response: Response, _: Reporting, bus: BusDep, subject: str, body: ReportIn
) -> ReportForm:
    """Submit the report."""
    forget_answer(request)
    form, kept = await answers.report(bus, subject, body.texts.model_dump())
    _set_status(response, kept=kept)
    return views.report_form(form)


@router.get("/follow-ups/{subject}")
async def follow_up_form(_: Following, bus: BusDep, subject: str) -> FollowUpForm:
    """Return what the follow-up asks, and what was submitted."""
    return views.follow_up_form(await _form(bus, subject, FOLLOW_UP))


@router.post(
    "/follow-ups/{subject}", status_code=201, responses={200: {"description": SUBMITTED_BEFORE, "model": FollowUpForm}}
)
async def follow_up(
    request: Request, response: Response, _: Following, bus: BusDep, subject: str, body: FollowUpIn
) -> FollowUpForm:
    """Answer the follow-up."""
    forget_answer(request)
    answered = model.FollowUp(body.applied.value, body.answers, body.objectives)
    form, kept = await answers.follow_up(bus, subject, answered, body.texts.model_dump())
    _set_status(response, kept=kept)
    return views.follow_up_form(form)
