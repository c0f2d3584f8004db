"""Find the form that a ticket opens: whose it is, and about which visit or mentorship.

A ticket's subject is `<respondent>.<visit or mentorship>`, for example `host.0190...`. The id of a visit or mentorship
alone means its applicant's form, an application's id that about its newest visit or mentorship: the portal gives
tickets with such a subject to the applicant only. `line_manager.<visit, mentorship or application>` is the line
manager's, who is asked for the follow-up and about cascade sessions only; `national_coordinator.<visit or mentorship>`
is the sending country's coordinator's, who evaluates the results when the follow-up is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP
from services.reporting.answers.model.forms import asked_goals
from services.reporting.answers.store import answers, waves
from services.reporting.cases import views as cases_views
from services.reporting.facts import store as facts_store
from shared.contracts.codes import AnswerForm, Respondent
from shared.errors import Refused
from shared.i18n import gettext
from shared.ids import read_id
from shared.time import clock

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.answers.store.answers import Submission
    from services.reporting.answers.store.waves import Closing
    from services.reporting.cases.model import Case
    from shared.contracts.calls import Timers


@dataclass(frozen=True, slots=True)
class RequestedForm:
    """A form that somebody is asked to fill in: about what, in which capacity, by when, and what was submitted."""

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
        """Whether the form can be filled in by now."""
        return self.case.evaluable(self.respondent, self.timers, clock.today())

    @property
    def goals(self) -> int:
        """The number of a mentorship's goals of which it is asked whether they were met."""
        return asked_goals(self.respondent, self.case.goals)

    @property
    def report_due(self) -> date | None:
        """The last day on which the report is in time."""
        return self.case.report_due(self.timers)


async def requested_form(session: AsyncSession, subject: str, form: str) -> RequestedForm:
    """Return the form that a ticket's `subject` means. Raises `Refused` (404) if there is nothing to ask about yet."""
    named, _, key = subject.rpartition(".")
    case = await _case(session, key)
    if case is None:
        raise Refused(gettext("There is no visit or mentorship to answer for yet."), 404)
    respondent = _respondent(case, named, form)
    application = await facts_store.application(session, str(case.application_id))
    timers = await cases_views.timers(session, case.call_id)
    due = _due(case, form, respondent, timers)
    return RequestedForm(
        subject=subject,
        case=case,
        respondent=respondent,
        reference=application.reference if application else "",
        objectives=application.objectives if application else 0,
        timers=timers,
        submission=await answers.submission(session, case.id, form, respondent),
        closed=await waves.closed(session, case.call_id, form, respondent, due),
    )


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
        raise Refused(gettext("There is no such form."), 404)
    return Respondent(named)
