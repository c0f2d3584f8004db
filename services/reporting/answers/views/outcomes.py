"""Show what was received and what is missing about each visit and mentorship that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT, WAIVER, earnable, missing
from services.reporting.answers.model.waves import name_of
from services.reporting.answers.store import answers, waves
from services.reporting.cases import views as cases_views
from services.reporting.facts import views as facts_views
from shared.contracts.codes import FollowUpBy, Respondent
from shared.time import clock
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.answers.store.answers import ReceivedAnswer
    from services.reporting.answers.store.waves import Closing
    from services.reporting.cases.model import Case
    from shared.contracts.calls import Timers

    ReceivedForms = Mapping[tuple[str, str], ReceivedAnswer]


@dataclass(frozen=True, slots=True)
class RequestedAnswer:
    """One answer about a case: from whom, by when, and whether it is in, missing or closed."""

    form: str
    respondent: Respondent
    due: date | None
    state: states.State
    late: bool
    missing: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class MissingForm:
    """A form that a certificate waits for; `host`: it may be waived."""

    name: str
    closed: bool
    host: bool


@dataclass(frozen=True, slots=True)
class GrantedCertificate:
    """The certificate of a visit."""

    number: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """A visit or a mentorship that is over, what is asked about it, and its certificate or what that waits for."""

    case: Case
    reference: str
    state: states.State
    requested: list[RequestedAnswer]
    certificate: GrantedCertificate | None
    waits: list[MissingForm]
    waivable: bool
    waivable_after: date | None

    @property
    def earnable(self) -> bool:
        """Return whether a certificate can be earned by it."""
        return earnable(self.case)


async def case_outcomes(
    session: AsyncSession, limit: int, offset: int, *, country: str = ""
) -> tuple[list[CaseOutcome], int]:
    """Return visits and mentorships that are over, the newest end first, and their number."""
    found, total = await cases_views.ended_cases(session, limit, offset, country=country)
    ids = [case.id for case in found]
    received = await answers.received(session, ids)
    certificates = await answers.certificates(session, ids)
    references = await facts_views.references(session, {case.application_id for case in found})
    calls = {case.call_id for case in found}
    timers = await cases_views.timers_of(session, calls)
    closings = await waves.standing(session, calls)
    outcomes = []
    for case in found:
        forms, until = received.get(case.id, {}), timers[case.call_id]
        requested = list(_requested_answers(case, forms, until, closings))
        certificate = certificates.get(case.id)
        outcomes.append(
            CaseOutcome(
                case,
                references[case.application_id],
                states.state(case.kind, case.state),
                requested,
                None if certificate is None else GrantedCertificate(certificate.number, certificate.revoked),
                _missing_forms(requested, forms),
                _waivable(case, forms, until),
                case.report_due(until),
            )
        )
    return outcomes, total


def _wanted(case: Case, timers: Timers) -> Iterator[tuple[str, Respondent, date | None]]:
    """Yield what is asked for about a case: form, respondent and day."""
    applicant, other = case.respondents
    yield EVALUATION, applicant, case.evaluation_due(timers)
    yield EVALUATION, other, case.evaluation_due(timers)
    if case.kind == "visit":
        yield REPORT, applicant, case.report_due(timers)
    if case.in_follow_up_time(timers, clock.today()):
        for respondent in (applicant, Respondent.LINE_MANAGER):
            yield FOLLOW_UP, respondent, case.follow_up_on(timers)
        yield EVALUATION, Respondent.NATIONAL_COORDINATOR, case.follow_up_on(timers)


def _requested_answers(
    case: Case, received: ReceivedForms, timers: Timers, closings: Sequence[Closing]
) -> Iterator[RequestedAnswer]:
    for form, respondent, due in _wanted(case, timers):
        row = received.get((form, _by(form, respondent)))
        waived = form == EVALUATION and (WAIVER, respondent) in received
        closed = due is not None and any(
            (closing.call_id, closing.form, closing.respondent) == (case.call_id, form, respondent)
            and closing.due_until >= due
            for closing in closings
        )
        code = _state(due, received=row is not None, waived=waived, closed=closed)
        yield RequestedAnswer(
            form,
            respondent,
            due,
            states.state("outcome", code).for_others,
            late=row is not None and row.late,
            missing=code in {"late", "due"},
            closed=code == "closed",
        )


def _state(due: date | None, *, received: bool, waived: bool, closed: bool) -> str:
    for code, holds in (("submitted", received), ("waived", waived), ("closed", closed)):
        if holds:
            return code
    return "late" if due is not None and clock.today() > due else "due"


def _missing_forms(requested: Sequence[RequestedAnswer], received: ReceivedForms) -> list[MissingForm]:
    """Return what a certificate waits for."""
    forms = missing(received).forms
    return [
        MissingForm(name_of(each.form, each.respondent), each.closed, each.respondent is Respondent.HOST)
        for each in requested
        if (each.form, each.respondent) in forms
    ]


def _by(form: str, respondent: Respondent) -> str:
    """Return the respondent as the log names it: for a follow-up, self or manager."""
    if form != FOLLOW_UP:
        return respondent
    return FollowUpBy.MANAGER if respondent is Respondent.LINE_MANAGER else FollowUpBy.SELF


def _waivable(case: Case, received: ReceivedForms, timers: Timers) -> bool:
    due = case.report_due(timers)
    forms = {(EVALUATION, Respondent.HOST), (WAIVER, Respondent.HOST)} & received.keys()
    return case.kind == "visit" and not forms and due is not None and clock.today() > due
