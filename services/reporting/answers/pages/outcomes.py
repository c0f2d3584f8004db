"""Page of received and missing forms about each visit and mentorship that is over, and of its certificate."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.answers.actions import answers
from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT, WAIVER, earnable, missing
from services.reporting.answers.pages.waves import name_of
from services.reporting.answers.store import answers as answers_store
from services.reporting.answers.store import waves
from services.reporting.answers.store.answers import Received
from services.reporting.answers.store.waves import Closing
from services.reporting.cases import views as cases_views
from services.reporting.cases.model import Case
from services.reporting.facts import store as facts_store
from services.reporting.guards import Coordinator, Steerer
from services.reporting.parameters import BusDep
from shared.contracts.calls import Timers
from shared.contracts.codes import PARTNERS, FollowUpBy, Respondent, Role, WaiverReason
from shared.time import clock
from shared.web import states
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
PAGE = 50


@router.get("/reporting/outcomes")
async def overview(
    request: Request,
    principal: Steerer,
    bus: BusDep,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    country: Annotated[str, Query(pattern="^([A-Z]{2})?$")] = "",
) -> Response:
    """Show what is in and what is missing, newest end first."""
    async with bus.read() as session:
        found, total = await cases_views.ended_cases(session, PAGE, (page - 1) * PAGE, country=country)
        ids = [case.id for case in found]
        received = await answers_store.received(session, ids)
        certificates = await answers_store.certificates(session, ids)
        references = await facts_store.references(session, {case.application_id for case in found})
        calls = sorted({case.call_id for case in found})
        timers = {call: await cases_views.timers(session, call) for call in calls}
        closings = await waves.standing(session, calls)
    rows: list[dict[str, Any]] = []
    for case in found:
        forms, until = received.get(case.id, {}), timers[case.call_id]
        requested = _requested_answers(case, forms, until, closings)
        rows.append(
            {
                "case": case,
                "reference": references.get(case.application_id, str(case.application_id)[:8]),
                "state": states.state(case.kind, case.state),
                "asked": requested,
                "certificate": certificates.get(case.id),
                "earnable": earnable(case),
                "waits": _waits(requested, forms),
                "waivable": _waivable(case, forms, until),
                "waivable_after": case.report_due(until),
            }
        )
    return render(
        request,
        "answers/outcomes.html",
        rows=rows,
        page=page,
        size=PAGE,
        total=total,
        reasons=list(WaiverReason),
        waives=principal.has(Role.PROGRAMME_COORDINATOR),
        country=country,
        countries=sorted(PARTNERS),
    )


@router.post("/reporting/outcomes/{visit_id}/waiver")
async def waive(principal: Coordinator, bus: BusDep, visit_id: UUID, reason: Annotated[str, Form()] = "") -> Response:
    """Waive the host's evaluation."""
    await answers.waive(bus, principal, visit_id, reason)
    return see_other("/reporting/outcomes")


def _requested_answers(
    case: Case, received: dict[tuple[str, str], Received], timers: Timers, closings: Sequence[Closing]
) -> list[dict[str, Any]]:
    """Return what is asked for about a case: from whom, by when, and whether it is in or closed."""
    applicant, other = case.respondents
    wanted = [(EVALUATION, applicant, case.evaluation_due(timers)), (EVALUATION, other, case.evaluation_due(timers))]
    if case.kind == "visit":
        wanted.append((REPORT, applicant, case.report_due(timers)))
    if case.in_follow_up_time(timers, clock.today()):
        wanted += [(FOLLOW_UP, who, case.follow_up_on(timers)) for who in (applicant, Respondent.LINE_MANAGER)]
        wanted.append((EVALUATION, Respondent.NATIONAL_COORDINATOR, case.follow_up_on(timers)))
    requested = []
    for form, respondent, due in wanted:
        row = received.get((form, _by(form, respondent)))
        waived = received.get((WAIVER, respondent)) if form == EVALUATION else None
        closed = due is not None and any(
            (closing.call_id, closing.form, closing.respondent) == (case.call_id, form, respondent)
            and closing.due_until >= due
            for closing in closings
        )
        late = due is not None and clock.today() > due
        code = "submitted" if row else "waived" if waived else "closed" if closed else "late" if late else "due"
        requested.append(
            {
                "form": form,
                "respondent": respondent,
                "due": due,
                "state": states.state("outcome", code).for_others,
                "late": bool(row and row.late),
                "missing": not (row or waived or closed),
                "closed": code == "closed",
            }
        )
    return requested


def _waits(requested: list[dict[str, Any]], received: dict[tuple[str, str], Received]) -> list[dict[str, Any]]:
    """Return what a certificate waits for: each form's name, whether it is closed, and whether it is the host's."""
    forms = missing(received).forms
    return [
        {
            "name": name_of(closing["form"], closing["respondent"]),
            "closed": closing["closed"],
            "host": closing["respondent"] is Respondent.HOST,
        }
        for closing in requested
        if (closing["form"], closing["respondent"]) in forms
    ]


def _by(form: str, respondent: Respondent) -> str:
    """Return the respondent as the log names it: for a follow-up, self or manager."""
    if form != FOLLOW_UP:
        return respondent
    return FollowUpBy.MANAGER if respondent is Respondent.LINE_MANAGER else FollowUpBy.SELF


def _waivable(case: Case, received: dict[tuple[str, str], Received], timers: Timers) -> bool:
    due = case.report_due(timers)
    forms = {(EVALUATION, Respondent.HOST), (WAIVER, Respondent.HOST)} & received.keys()
    return case.kind == "visit" and not forms and due is not None and clock.today() > due
