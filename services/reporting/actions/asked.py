"""Which form does a ticket open: whose, and about which visit or mentorship?

A ticket's subject is `<respondent>.<visit or mentorship>`, for example `host.0190...`. An application's id alone means
its applicant's form about its newest visit or mentorship. The id of a visit or mentorship alone means the applicant's
form, unless whoever brings the ticket holds the role of the other side for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.reporting.store import answers, cases, facts
from shared.contracts.codes import Respondent, Role
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.model.cases import Case
    from services.reporting.store.answers import Submission
    from shared.contracts.calls import Timers
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Asked:
    """A form that somebody is asked to fill in: about what, in which capacity, by when, and what was handed in."""

    subject: str
    case: Case
    respondent: Respondent
    reference: str
    objectives: int
    timers: Timers
    given: Submission | None

    @property
    def evaluation_due(self) -> date | None:
        """The last day on which the evaluation is in time."""
        return self.case.evaluation_due(self.timers)

    @property
    def report_due(self) -> date | None:
        """The last day on which the report is in time."""
        return self.case.report_due(self.timers)


async def asked(session: AsyncSession, subject: str, form: str, principal: Principal | None) -> Asked:
    """The form that `subject` of a ticket means. Raises `Refused` (404) where there is nothing to ask about yet."""
    named, _, key = subject.rpartition(".")
    case = await _case(session, key)
    if case is None:
        raise Refused(gettext("There is no visit or mentorship to answer for yet."), 404)
    respondent = _respondent(case, named, principal)
    application = await facts.application(session, str(case.application_id))
    return Asked(
        subject=subject,
        case=case,
        respondent=respondent,
        reference=application.reference if application else "",
        objectives=application.objectives if application else 0,
        timers=await cases.timers(session, case.call_id),
        given=await answers.submission(session, case.id, form, respondent),
    )


async def _case(session: AsyncSession, key: str) -> Case | None:
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    if (case := await cases.case(session, wanted)) is not None:
        return case
    found = await cases.of_application(session, wanted)
    return next((case for case in found if case.open), found[0] if found else None)


def _respondent(case: Case, named: str, principal: Principal | None) -> Respondent:
    applicant, other = case.respondents
    if named:
        if named not in case.respondents:
            raise Refused(gettext("There is no such form."), 404)
        return Respondent(named)
    if principal is None or principal.has(Role.OFFICER):
        return applicant
    hosts = str(case.host_id) in principal.organisations(Role.HOST_CONTACT)
    mentors = case.kind == "mentorship" and principal.has(Role.MENTOR)
    return other if (case.kind == "visit" and hosts) or mentors else applicant
