"""Find the form that a ticket opens: whose it is, and about which visit or mentorship.

A ticket's subject is `<respondent>.<visit or mentorship>`, for example `host.0190...`. The id of a visit or mentorship
alone means its applicant's form, an application's id that about its newest visit or mentorship: the portal gives
tickets with such a subject to the applicant only. `line_manager.<visit, mentorship or application>` is the line
manager's, who is asked for the follow-up and about cascade sessions only; `national_coordinator.<visit or mentorship>`
is the sending country's coordinator's, who evaluates the results when the follow-up is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.answers.model import forms as model
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP
from services.reporting.answers.store import answers, drafts, waves
from services.reporting.cases import views as cases_views
from services.reporting.facts import store as facts_store
from services.reporting.periods.views import in_frozen_period
from shared.bus.db.records import named
from shared.contracts.codes import AnswerForm, Applied, MentorshipState, Respondent, VisitState
from shared.contracts.outcomes import GoalScore, ObjectiveScore, QuestionScore
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.time import clock
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.answers.store.answers import Submission
    from services.reporting.answers.store.waves import Closing
    from services.reporting.cases.model import Case
    from shared.bus.db.records import Named
    from shared.contracts.calls import Timers


@dataclass(frozen=True, slots=True)
class RequestedForm:
    """A form that somebody is asked to fill in: about what, in which capacity, by when, and what was submitted."""

    kind: str
    subject: str
    case: Case
    respondent: Respondent
    reference: str
    objectives: int
    timers: Timers
    submission: Submission | None
    closed: Closing | None = None

    @property
    def evaluation_due(self) -> date | None:
        """The last day on which the evaluation is in time."""
        if self.respondent is Respondent.NATIONAL_COORDINATOR:
            return self.case.follow_up_on(self.timers)
        return self.case.evaluation_due(self.timers)

    @property
    def open(self) -> bool:
        """Return whether the form can be filled in by now."""
        return self.case.evaluable(self.respondent, self.timers, clock.today())

    @property
    def goals(self) -> int:
        """The number of a mentorship's goals of which it is asked whether they were met."""
        return model.asked_goals(self.respondent, self.case.goals)

    @property
    def questions(self) -> tuple[model.Question, ...]:
        """The closed questions of the form."""
        if self.kind == EVALUATION:
            return model.questions(self.respondent)
        return model.later_questions(self.respondent) if self.kind == FOLLOW_UP else ()

    @property
    def scored(self) -> int:
        """The number of the application's objectives that are scored."""
        if self.kind == EVALUATION:
            return model.asked_objectives(self.respondent, self.objectives)
        return model.later_objectives(self.respondent, self.objectives) if self.kind == FOLLOW_UP else 0

    @property
    def headings(self) -> tuple[model.Heading, ...]:
        """The texts that are asked for."""
        return model.HEADINGS.get(self.kind, ())

    @property
    def report_due(self) -> date | None:
        """The last day on which the report is in time."""
        return self.case.report_due(self.timers)


async def requested_form(session: AsyncSession, subject: str, form: str) -> RequestedForm:
    """Return the form that a ticket's `subject` means. Raises `Refused` (404) if there is nothing to ask about yet."""
    named, _, key = subject.rpartition(".")
    case = await _case(session, key)
    if case is None:
        raise Refused(gettext("There is no visit or mentorship that you can answer about yet."), 404)
    respondent = _respondent(case, named, form)
    application = await facts_store.application(session, str(case.application_id))
    timers = await cases_views.timers(session, case.call_id)
    due = _due(case, form, respondent, timers)
    return RequestedForm(
        kind=form,
        subject=subject,
        case=case,
        respondent=respondent,
        reference=application.reference if application else "",
        objectives=application.objectives if application else 0,
        timers=timers,
        submission=await answers.submission(session, case.id, form, respondent),
        closed=await waves.closed(session, case.call_id, form, respondent, due),
    )


def submission_record(form: RequestedForm) -> Named:
    """Return the submission as a record, for its version."""
    return named(answers.SUBMISSION, "submission", (form.case.id, form.kind, form.respondent))


def _due(case: Case, form: str, respondent: Respondent, timers: Timers) -> date | None:
    """Return the day by which an answer is asked for."""
    if respondent is Respondent.NATIONAL_COORDINATOR:
        return case.follow_up_on(timers)
    match form:
        case "evaluation":
            return case.evaluation_due(timers)
        case "report":
            return case.report_due(timers)
        case "follow_up":
            return case.follow_up_on(timers)
    return None


async def _case(session: AsyncSession, key: str) -> Case | None:
    wanted = read_id(key)
    if wanted is None:
        return None
    if (case := await cases_views.case(session, wanted)) is not None:
        return case
    found = await cases_views.cases_of_application(session, wanted)
    return next((case for case in found if case.open), found[0] if found else None)


def _respondent(case: Case, named: str, form: str) -> Respondent:
    if not named:
        return case.respondents[0]
    later = (case.respondents[0], Respondent.LINE_MANAGER)
    asked_of = {
        FOLLOW_UP: later,
        AnswerForm.CASCADE: later,
        EVALUATION: (*case.respondents, Respondent.NATIONAL_COORDINATOR),
    }
    if named not in asked_of.get(form, case.respondents):
        raise Refused(gettext("This form does not exist."), 404)
    return Respondent(named)


async def correctable(session: AsyncSession, form: RequestedForm) -> bool:
    """Return whether the writer may still correct the text: until a period with the day of the answer is frozen."""
    if form.submission is None or not form.submission.texts or model.ERASED in form.submission.texts.values():
        return False
    return not await in_frozen_period(session, form.submission.at.date())


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A form that is being filled in: each field as it was last written, and when."""

    values: Mapping[str, str]
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with its draft, if there is one; `correctable`: its writer may still correct the text."""

    form: RequestedForm
    draft: SavedDraft | None
    correctable: bool


async def saved_draft(session: AsyncSession, form: RequestedForm) -> SavedDraft | None:
    """Return the draft of a form, if there is one."""
    row = await drafts.draft(session, form.case.id, form.kind, form.respondent)
    return None if row is None else SavedDraft(row.values, row.at, row.version)


async def form_page(session: AsyncSession, subject: str, kind: str) -> FormPage:
    """Return the form that a ticket's `subject` means, with its draft. Raises `Refused` (404)."""
    form = await requested_form(session, subject, kind)
    return FormPage(form, await saved_draft(session, form), await correctable(session, form))


class FormQuestion(ReadModel):
    """A statement that is scored from 1 (not at all) to 5 (fully)."""

    name: Annotated[str, Field(examples=["programme_useful"])]
    level: Annotated[int, Field(description="Kirkpatrick's level.", examples=[1])]
    text: Annotated[str, Field(examples=["The programme was useful for my work"])]


class SubmittedAnswers(ReadModel):
    """The closed answers of a form; empty for what it does not ask."""

    overall: Annotated[int | None, Field(description="From 1 to 5.", examples=[5])] = None
    applied: Annotated[Applied | None, Field(description="Whether what was learnt is used on the job.")] = None
    objectives: tuple[ObjectiveScore, ...] = ()
    goals: tuple[GoalScore, ...] = ()
    answers: tuple[QuestionScore, ...] = ()
    form_version: Annotated[int | None, Field(description="Of an evaluation.")] = None


class SubmittedForm(ReadModel):
    """A submitted form, as its writer sees it again."""

    submitted_at: AwareDatetime
    late: bool
    answers: SubmittedAnswers
    texts: Annotated[
        dict[str, str], Field(description="The text under each heading.", examples=[{"went_well": "The labs"}])
    ]


class AnswerRequest(ReadModel):
    """A form about a visit or a mentorship, and what was submitted."""

    form: Annotated[AnswerForm, Field(description="Which form it is.")]
    respondent: Respondent
    reference: Annotated[str, Field(description="Of the application.", examples=["AM-2026-0042"])]
    application_id: UUID
    visit_id: Annotated[UUID | None, Field(description="Null if it is about a mentorship.")]
    mentorship_id: Annotated[UUID | None, Field(description="Null if it is about a visit.")]
    state: Annotated[VisitState | MentorshipState, Field(description="Of the visit or the mentorship.")]
    open: Annotated[bool, Field(description="Whether the form can be filled in by now.")]
    ended_on: date | None
    due: Annotated[date | None, Field(description="The last day on which the answer is in time.")]
    headings: Annotated[list[str], Field(description="The texts that are asked for.", examples=[["went_well"]])]
    submitted: SubmittedForm | None


class FollowUpForm(AnswerRequest):
    """The questions of a follow-up, and the answers submitted."""

    objectives: Annotated[list[int], Field(description="The numbers of the objectives to score.", examples=[[1, 2]])]
    questions: list[FormQuestion]


class EvaluationForm(FollowUpForm):
    """The questions of an evaluation, and the answers submitted."""

    goals: Annotated[
        list[int],
        Field(description="The numbers of the goals of which it is asked whether they were met.", examples=[[]]),
    ]


class ReportForm(AnswerRequest):
    """The questions of a report, and the answers submitted."""


def evaluation_form(form: RequestedForm) -> EvaluationForm:
    """Return what an evaluation asks, and what was submitted."""
    follow_up = _scored_form(form, form.evaluation_due)
    return EvaluationForm(**dict(follow_up), goals=list(range(1, form.goals + 1)))


def follow_up_form(form: RequestedForm) -> FollowUpForm:
    """Return what a follow-up asks, and what was submitted."""
    return _scored_form(form, form.case.follow_up_on(form.timers))


def report_form(form: RequestedForm) -> ReportForm:
    """Return what a report asks, and what was submitted."""
    return ReportForm(**dict(_answer_request(form, form.report_due)))


def _scored_form(form: RequestedForm, due: date | None) -> FollowUpForm:
    return FollowUpForm(
        **dict(_answer_request(form, due)),
        objectives=list(range(1, form.scored + 1)),
        questions=[FormQuestion(name=each.name, level=each.level, text=each.text) for each in form.questions],
    )


def _answer_request(form: RequestedForm, due: date | None) -> AnswerRequest:
    case = form.case
    return AnswerRequest(
        form=AnswerForm(form.kind),
        respondent=form.respondent,
        reference=form.reference,
        application_id=case.application_id,
        visit_id=case.visit_id,
        mentorship_id=case.mentorship_id,
        state=VisitState(case.state) if case.kind == "visit" else MentorshipState(case.state),
        open=form.open,
        ended_on=case.ended_on,
        due=due,
        headings=[heading.name for heading in form.headings],
        submitted=submitted_form(form),
    )


def submitted_form(form: RequestedForm) -> SubmittedForm | None:
    """Return what was submitted, if it was."""
    row = form.submission
    if row is None:
        return None
    answers_of = SubmittedAnswers.model_validate(row.answers)
    return SubmittedForm(submitted_at=row.at, late=row.late, answers=answers_of, texts=row.texts)
