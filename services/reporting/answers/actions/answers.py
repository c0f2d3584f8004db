"""Submit evaluations, reports and follow-ups, each once.

The same answers again are answered as the first time, other answers are refused: nothing is overwritten.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from services.reporting.answers.actions.drafts import locked_form
from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT, WAIVER
from services.reporting.answers.store import answers, drafts
from services.reporting.answers.views.forms import RequestedForm, requested_form
from services.reporting.cases import views as cases_views
from shared.bus.db.last_fact import last_fact
from shared.contracts.codes import Respondent, WaiverReason
from shared.contracts.labels import label
from shared.contracts.outcomes import EvaluationWaived, ReportSubmitted
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.arrival import arrived_on
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.contracts import Event
    from shared.identity import Principal


async def evaluate(
    bus: Bus, subject: str, answered: model_forms.Evaluation, written: Mapping[str, str]
) -> tuple[RequestedForm, bool]:
    """Submit an evaluation; return the form as it is now, and whether it was saved by this call (False: it was there).

    Raises `Refused`: 404 without a visit, 409 before its end or when other answers were submitted, 422 with the fields
    that are missing.
    """
    async with bus.transaction("respondent") as tx:
        form = await locked_form(tx.session, subject, EVALUATION)
        _answerable(form)
        with _complete(form):
            event = model_forms.evaluated(
                form.case, form.respondent, answered, form.objectives, form.evaluation_due, arrived_on()
            )
            texts = model_forms.texts(model_forms.COMMENTS, written)
        closed = event.model_dump(mode="json", include={"overall", "objectives", "goals", "answers", "form_version"})
        if _submitted_so(form, closed, texts):
            return form, False
        await _keep(tx, form, EVALUATION, event, closed, texts, late=event.late)
    return await _reread(bus, form, EVALUATION), True


async def report(bus: Bus, subject: str, written: Mapping[str, str]) -> tuple[RequestedForm, bool]:
    """Submit the report on a visit; returns and raises as `evaluate`."""
    async with bus.transaction("respondent") as tx:
        form = await locked_form(tx.session, subject, REPORT)
        _applicant(form)
        _answerable(form)
        with _complete(form):
            texts = model_forms.texts(model_forms.REPORT, written)
        if _submitted_so(form, {}, texts):
            return form, False
        due = form.report_due
        late = due is not None and arrived_on() > due
        event = ReportSubmitted(**_of(form), late=late)
        await _keep(tx, form, REPORT, event, {}, texts, late=late)
    return await _reread(bus, form, REPORT), True


async def follow_up(
    bus: Bus, subject: str, answered: model_forms.FollowUp, written: Mapping[str, str]
) -> tuple[RequestedForm, bool]:
    """Answer the follow-up after six months, as officer or as line manager; returns and raises as `evaluate`."""
    async with bus.transaction("respondent") as tx:
        form = await locked_form(tx.session, subject, FOLLOW_UP)
        _answerable(form)
        in_window = form.case.in_follow_up_window(form.timers, arrived_on())
        with _complete(form):
            event = model_forms.followed_up(form.case, form.respondent, answered, form.objectives, in_window=in_window)
            texts = model_forms.texts(model_forms.FOLLOW_UP, written)
        closed = event.model_dump(mode="json", include={"applied", "answers", "objectives"})
        if _submitted_so(form, closed, texts):
            return form, False
        await _keep(tx, form, FOLLOW_UP, event, closed, texts, late=not in_window)
    return await _reread(bus, form, FOLLOW_UP), True


async def waive(bus: Bus, principal: Principal, visit_id: UUID, reason: str) -> None:
    """Waive the host's evaluation when it is missing after the report was due; the same again changes nothing.

    Raises `Refused`: 404 for an unknown visit, 409 when it is there, may still come or was waived otherwise, 422 for an
    unknown reason.
    """
    if reason not in set(WaiverReason):
        sentence = gettext("Choose a reason")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        case = await cases_views.case(tx.session, visit_id)
        if case is None or case.kind != "visit":
            raise Refused(gettext("There is no such visit."), 404)
        # A waiver and the evaluation itself wait for each other.
        await drafts.hold(tx.session, visit_id, EVALUATION, Respondent.HOST)
        host = await answers.submission(tx.session, visit_id, EVALUATION, Respondent.HOST)
        if host is not None:
            sentence = gettext("The host's evaluation was submitted on %(when)s, so there is nothing to waive.")
            raise Refused(sentence % {"when": moment(host.at)}, code=ProblemCode.ALREADY_DONE)
        waived = await last_fact(tx.session, visit_id, [EvaluationWaived])
        if waived is not None:
            if (waived.actor, waived.reason) == (principal.subject, reason):
                return
            sentence = gettext("The host's evaluation was waived on %(when)s: %(reason)s.")
            words = {"when": moment(waived.at), "reason": label(WaiverReason(waived.reason or reason))}
            raise Refused(sentence % words, code=ProblemCode.ALREADY_DONE)
        due = case.report_due(await cases_views.timers(tx.session, case.call_id))
        if due is None or clock.today() <= due:
            raise Refused(
                gettext("The host still has time. You can waive the evaluation when the report is due."),
                code=ProblemCode.TOO_EARLY,
            )
        event = EvaluationWaived(
            application_id=case.application_id,
            visit_id=visit_id,
            country=case.country,
            topic_code=case.topic,
            respondent=Respondent.HOST,
            reason=WaiverReason(reason),
        )
        row = answers.Submission(
            case_id=visit_id,
            form=WAIVER,
            respondent=Respondent.HOST,
            application_id=case.application_id,
            at=clock.now(),
            answers={"reason": reason},
            texts={},
        )
        tx.session.add(row)
        await tx.record(event, visit_id, correlation=case.application_id)


async def _keep(
    tx: Tx, form: RequestedForm, name: str, event: Event, closed: dict[str, Any], texts: dict[str, str], *, late: bool
) -> None:
    """Save a locked form and record its event."""
    tx.actor = f"respondent:{form.respondent.value}"
    row = answers.Submission(
        case_id=form.case.id,
        form=name,
        respondent=form.respondent,
        application_id=form.case.application_id,
        at=clock.now(),
        late=late,
        answers=closed,
        texts=texts,
    )
    tx.session.add(row)
    await drafts.drop(tx.session, form.case.id, name, form.respondent)
    await tx.record(event, form.case.id, correlation=form.case.application_id)


async def _reread(bus: Bus, form: RequestedForm, name: str) -> RequestedForm:
    async with bus.read() as session:
        return await requested_form(session, form.subject, name)


def _submitted_so(form: RequestedForm, closed: dict[str, Any], texts: dict[str, str]) -> bool:
    """Return whether these answers were submitted before. Raises `Refused` (409) where others were."""
    before = form.submission
    if before is not None and (before.answers, before.texts) != (closed, texts):
        raise _others_submitted(before)
    return before is not None


def _others_submitted(before: answers.Submission) -> Refused:
    sentence = gettext("Other answers were submitted on %(when)s. What you sent now was not saved.")
    return Refused(sentence % {"when": moment(before.at)}, code=ProblemCode.ALREADY_DONE)


@contextmanager
def _complete(form: RequestedForm) -> Iterator[None]:
    """Refuse incomplete answers (422); where some were submitted before, they are other ones (409)."""
    try:
        yield
    except model_forms.NotComplete as problem:
        if form.submission is not None:
            raise _others_submitted(form.submission) from None
        fields = {name: gettext(text) for name, text in problem.fields.items()}
        raise Refused(gettext("Something is missing."), 422, fields) from None


def _of(form: RequestedForm) -> dict[str, Any]:
    case = form.case
    return {
        "application_id": case.application_id,
        "visit_id": case.visit_id,
        "mentorship_id": case.mentorship_id,
        "country": case.country,
        "topic_code": case.topic,
    }


def _answerable(form: RequestedForm) -> None:
    """Raise `Refused` (409) for a form that was not submitted before and cannot be submitted now."""
    if form.submission is not None:
        return
    form.case.check_open()
    if not form.open:
        raise Refused(
            gettext("It is too early to report results. We ask for them about six months later."),
            code=ProblemCode.TOO_EARLY,
        )
    if form.closed is not None:
        raise Refused(
            gettext("Answers are no longer accepted: %(reason)s") % {"reason": form.closed.reason},
            code=ProblemCode.DEADLINE_PASSED,
        )


def _applicant(form: RequestedForm) -> None:
    if form.respondent is not form.case.respondents[0]:
        raise Refused(gettext("This form does not exist."), 404)
