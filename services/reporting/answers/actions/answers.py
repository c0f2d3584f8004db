"""Submit evaluations, reports and follow-ups, each once; what is sent again changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT, WAIVER
from services.reporting.answers.store import answers, drafts
from services.reporting.answers.views.forms import RequestedForm, requested_form
from services.reporting.cases import views as cases_views
from shared.contracts.codes import Respondent, WaiverReason
from shared.contracts.outcomes import EvaluationWaived, ReportSubmitted
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.contracts import Event
    from shared.identity import Principal


async def evaluate(
    bus: Bus, subject: str, answered: model_forms.Evaluation, written: Mapping[str, str]
) -> tuple[RequestedForm, bool]:
    """Submit an evaluation; return the form as it is now, and whether it was saved by this call (False: it was there).

    Raises `Refused`: 404 without a visit, 409 before its end, 422 with the fields that are missing.
    """
    async with bus.transaction("respondent") as tx:
        form = await requested_form(tx.session, subject, EVALUATION)
        if form.submission:
            return form, False
        _over(form)
        try:
            event = model_forms.evaluated(
                form.case, form.respondent, answered, form.objectives, form.evaluation_due, clock.today()
            )
            texts = model_forms.texts(model_forms.COMMENTS, written)
        except model_forms.NotComplete as problem:
            raise _refused(problem) from None
        closed = event.model_dump(mode="json", include={"overall", "objectives", "goals", "answers", "form_version"})
        kept = await _keep(tx, form, EVALUATION, event, closed, texts, late=event.late)
    return await _reread(bus, form, EVALUATION), kept


async def report(bus: Bus, subject: str, written: Mapping[str, str]) -> tuple[RequestedForm, bool]:
    """Submit the report on a visit; returns and raises as `evaluate`."""
    async with bus.transaction("respondent") as tx:
        form = await requested_form(tx.session, subject, REPORT)
        if form.submission:
            return form, False
        _over(form)
        _applicant(form)
        try:
            texts = model_forms.texts(model_forms.REPORT, written)
        except model_forms.NotComplete as problem:
            raise _refused(problem) from None
        due = form.report_due
        late = due is not None and clock.today() > due
        event = ReportSubmitted(**_of(form), late=late)
        kept = await _keep(tx, form, REPORT, event, {}, texts, late=late)
    return await _reread(bus, form, REPORT), kept


async def follow_up(
    bus: Bus, subject: str, answered: model_forms.FollowUp, written: Mapping[str, str]
) -> tuple[RequestedForm, bool]:
    """Answer the follow-up after six months, as officer or as line manager; returns and raises as `evaluate`."""
    async with bus.transaction("respondent") as tx:
        form = await requested_form(tx.session, subject, FOLLOW_UP)
        if form.submission:
            return form, False
        _over(form)
        in_window = form.case.in_follow_up_window(form.timers, clock.today())
        try:
            event = model_forms.followed_up(form.case, form.respondent, answered, form.objectives, in_window=in_window)
            texts = model_forms.texts(model_forms.FOLLOW_UP, written)
        except model_forms.NotComplete as problem:
            raise _refused(problem) from None
        closed = event.model_dump(mode="json", include={"applied", "answers", "objectives"})
        kept = await _keep(tx, form, FOLLOW_UP, event, closed, texts, late=not in_window)
    return await _reread(bus, form, FOLLOW_UP), kept


async def waive(bus: Bus, principal: Principal, visit_id: UUID, reason: str) -> None:
    """Waive the host's evaluation when it is missing after the report was due.

    Raises `Refused`: 404 for an unknown visit, 409 when it is there or may still come, 422 for an unknown reason.
    """
    if reason not in set(WaiverReason):
        sentence = gettext("Choose a reason")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        case = await cases_views.case(tx.session, visit_id)
        if case is None or case.kind != "visit":
            raise Refused(gettext("There is no such visit."), 404)
        received = (await answers.received(tx.session, [visit_id])).get(visit_id, {})
        host = await answers.submission(tx.session, visit_id, EVALUATION, Respondent.HOST)
        if host or (WAIVER, Respondent.HOST) in received:
            raise Refused(gettext("The host has answered, or it was waived before."), code=ProblemCode.ALREADY_DONE)
        due = case.report_due(await cases_views.timers(tx.session, case.call_id))
        if due is None or clock.today() <= due:
            raise Refused(
                gettext("The host still has time: it can be waived when the report is due."), code=ProblemCode.TOO_EARLY
            )
        waived = EvaluationWaived(
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
        if await answers.submit(tx.session, row):
            await tx.record(waived, visit_id, correlation=case.application_id)


async def _keep(
    tx: Tx, form: RequestedForm, name: str, event: Event, closed: dict[str, Any], texts: dict[str, str], *, late: bool
) -> bool:
    """Save a form and record its event, unless it came twice at the same time."""
    tx.actor = f"respondent:{form.respondent.value}"
    await drafts.hold(tx.session, form.case.id, name, form.respondent)
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
    first = await answers.submit(tx.session, row)
    await drafts.drop(tx.session, form.case.id, name, form.respondent)
    if first:
        await tx.record(event, form.case.id, correlation=form.case.application_id)
    return first


async def _reread(bus: Bus, form: RequestedForm, name: str) -> RequestedForm:
    async with bus.read() as session:
        return await requested_form(session, form.subject, name)


def _of(form: RequestedForm) -> dict[str, Any]:
    case = form.case
    return {
        "application_id": case.application_id,
        "visit_id": case.visit_id,
        "mentorship_id": case.mentorship_id,
        "country": case.country,
        "topic_code": case.topic,
    }


def _over(form: RequestedForm) -> None:
    if not form.case.open:
        raise Refused(gettext("It is not over yet: you can answer from its last day on."), code=ProblemCode.TOO_EARLY)
    if not form.open:
        raise Refused(
            gettext("It is too early to say what came of it: this is asked for about six months later."),
            code=ProblemCode.TOO_EARLY,
        )
    if form.closed is not None:
        raise Refused(
            gettext("Answers are no longer taken: %(reason)s") % {"reason": form.closed.reason},
            code=ProblemCode.DEADLINE_PASSED,
        )


def _applicant(form: RequestedForm) -> None:
    if form.respondent is not form.case.respondents[0]:
        raise Refused(gettext("There is no such form."), 404)


def _refused(problem: model_forms.NotComplete) -> Refused:
    fields = {name: gettext(text) for name, text in problem.fields.items()}
    return Refused(gettext("Something is missing."), 422, fields)
