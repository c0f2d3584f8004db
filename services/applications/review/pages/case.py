"""The page of one case, and its three decisions.

A clearance officer sees and decides it for an EU agency, the programme coordinator for all once a deadline has passed.
Opened from the queue, all pages have the list beside them, and after a decision the next case of the list is open.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.applications.application.model import states
from services.applications.application.views.answers import answer_sections
from services.applications.application.views.standing import Case
from services.applications.beside import done_address, following, list_context, opened, present, said_about
from services.applications.guards import Decider
from services.applications.outcomes.actions import line_managers
from services.applications.outcomes.views import NamedCoordinator, manager_to_confirm, named_coordinator
from services.applications.parameters import BusDep
from services.applications.review.actions import endorsement as actions
from services.applications.review.actions.endings import can_cancel
from services.applications.review.forms.decisions import EndorseForm, ManagerForm, NotEndorseForm, ReturnForm
from services.applications.review.pages.beside import KEEPS_LIST
from services.applications.review.views.case import (
    captioned,
    case_address,
    case_page,
    case_reference,
    load_case,
    visible_case,
)
from shared.contracts.applications import ApplicationFoundEligible, ApplicationVoided
from shared.contracts.codes import NotEndorsedReason, Role
from shared.i18n import N_, gettext
from shared.identity import allow
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.query import IdText
from shared.web.render import render

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
deciders = allow(Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.PROGRAMME_COORDINATOR)


_NOTHING: Mapping[str, object] = MappingProxyType({})
_DECIDED = {
    "endorsed": N_("Application %(reference)s is endorsed. The next application in the list is open."),
    "returned": N_(
        "We sent your question about %(reference)s to the officer. The next application in the list is open."
    ),
    "not_endorsed": N_("Application %(reference)s is not endorsed. The next application in the list is open."),
    "confirmed": N_("The result of %(reference)s is confirmed. The next application in the list is open."),
}
"""The sentences about a decided case on the page of the next one."""


@router.get("/{application_id}", dependencies=[KEEPS_LIST])
async def show(
    request: Request, application_id: UUID, principal: Decider, bus: BusDep, done_about: IdText = ""
) -> Response:
    """Show one case: status, rules, answers, and what can be decided now; beside it the list, if opened there."""
    programme = principal.has(Role.PROGRAMME_COORDINATOR)
    done = request.query_params.get("done")
    async with bus.read() as session:
        view = await case_page(session, principal, application_id)
        beside = await list_context(session, request, principal, application_id)
        said = await said_about(done_about, _DECIDED.get(done or "", ""), partial(case_reference, session, principal))
        may_cancel = programme and await can_cancel(session, view.case.application)
    return render(
        request,
        "review/case.html",
        view=view,
        case=view.case,
        application=view.case.application,
        call=view.case.call,
        findings=view.case.findings_for(others=True),
        may_cancel=may_cancel,
        may_confirm=programme and states.possible(ApplicationFoundEligible, view.case.application.own_state),
        may_void=programme and states.possible(ApplicationVoided, view.case.application.own_state),
        named_coordinator=_note_on_named_coordinator(view.named_coordinator, principal.subject),
        done=None if done_about else done,
        decided=said,
        **beside,
    )


def _note_on_named_coordinator(named: NamedCoordinator | None, reader: str) -> str:
    """Return what a coordinator reads where the officer names one as line manager; empty where there is none."""
    if named is None:
        return ""
    if named.subject == reader:
        return gettext(
            "The officer names you as line manager. If that is right, confirm it. Another coordinator then decides."
        )
    text = gettext(
        "The officer names a coordinator, %(address)s, as line manager. If that is right, confirm it. That coordinator"
        " then does not decide on this case."
    )
    return text % {"address": named.address}


async def _question(
    request: DecisionRequest[Any],
    case: Case,
    title: str,
    button: str,
    *,
    more: Mapping[str, object] = _NOTHING,
    **rest: Any,
) -> Question:
    rest.setdefault("template", "review/decision.html")
    async with request.bus.read() as session:
        beside = await list_context(session, request.http, request.principal, request.id)
    return Question(
        title,
        button,
        case_address(case.application.id) + opened(request.http),
        caption=captioned(case.application),
        more={**beside, **more},
        **rest,
    )


async def _decide(request: DecisionRequest[Any], decision: actions.Decision, done: str) -> str:
    after = await following(request.http, request.bus, request.principal, request.id)
    await actions.decide(request.bus, request.principal, request.id, decision)
    after = await present(request.http, request.bus, request.principal, after)
    return done_address(request.http, case_address(request.id), request.id, done, after)


async def _ask_endorse(request: DecisionRequest[EndorseForm]) -> Question:
    case = await load_case(request.bus, request.principal, request.id)
    text = gettext(
        "Your endorsement means that your country supports it. It is then checked against the rules of the call."
    )
    return await _question(
        request, case, gettext("Endorse this application?"), gettext("Endorse application"), text=text
    )


async def _endorse(request: DecisionRequest[EndorseForm]) -> str:
    return await _decide(request, actions.Endorse(request.form.note.data or ""), "endorsed")


async def _ask_return(request: DecisionRequest[ReturnForm]) -> Question:
    async with request.bus.read() as session:
        case = await visible_case(session, request.principal, request.id)
        answers = {section.code: section.rows for section in await answer_sections(session, case, others=True)}
    text = gettext(
        "Enter your question next to the part that it is about. The officer reads it, answers and submits "
        "again. Your deadline then starts again."
    )
    return await _question(
        request,
        case,
        gettext("Return for information"),
        gettext("Return for information"),
        text=text,
        template="review/return.html",
        more={"shown": answers},
    )


async def _check_return(request: DecisionRequest[ReturnForm]) -> None:
    if not request.form.problems() and not any(request.form.remarks.values()):
        request.form.refuse("contact", gettext("Enter what information you need for at least one section"))


async def _return(request: DecisionRequest[ReturnForm]) -> str:
    return await _decide(request, actions.Return(request.form.remarks), "returned")


async def _ask_not_endorse(request: DecisionRequest[NotEndorseForm]) -> Question:
    case = await load_case(request.bus, request.principal, request.id)
    title, button = gettext("Do not endorse this application?"), gettext("Do not endorse")
    return await _question(request, case, title, button, warning=True)


async def _not_endorse(request: DecisionRequest[NotEndorseForm]) -> str:
    decision = actions.NotEndorse(NotEndorsedReason(request.form.reason.data), request.form.text.data or "")
    return await _decide(request, decision, "not_endorsed")


async def _ask_manager(request: DecisionRequest[ManagerForm]) -> Question | str:
    async with request.bus.read() as session:
        case = await visible_case(session, request.principal, request.id)
        address = await manager_to_confirm(session, case.application)
        if address is None and (named := await named_coordinator(session, case.application)) is not None:
            address = named.address
    if address is None:
        return case_address(request.id) + opened(request.http)
    request.form.address.data = request.form.address.data or address
    text = gettext(
        "The officer named %(name)s, %(address)s, as line manager. Confirm it only if you know that this is "
        "the line manager's service email. A coordinator who is the line manager does not decide on this "
        "officer's cases."
    )
    return await _question(
        request,
        case,
        gettext("Is this the line manager's address?"),
        gettext("Confirm the address"),
        text=text % {"name": case.application.answers.line_manager_name or "", "address": address},
    )


async def _confirm_manager(request: DecisionRequest[ManagerForm]) -> str:
    await line_managers.confirm_line_manager(
        request.bus, request.principal, request.id, request.form.address.data or ""
    )
    return done_address(request.http, case_address(request.id), request.id, "manager", None)


_LIST = (KEEPS_LIST,)
add_decision(
    router,
    Decider,
    Decision("/{application_id}/line-manager", ManagerForm, _ask_manager, _confirm_manager, query=_LIST),
)
add_decision(router, Decider, Decision("/{application_id}/endorse", EndorseForm, _ask_endorse, _endorse, query=_LIST))
add_decision(
    router,
    Decider,
    Decision("/{application_id}/return", ReturnForm, _ask_return, _return, check=_check_return, query=_LIST),
)
add_decision(
    router,
    Decider,
    Decision("/{application_id}/not-endorse", NotEndorseForm, _ask_not_endorse, _not_endorse, query=_LIST),
)
