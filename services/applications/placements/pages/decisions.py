"""The pages on which a placement is returned, withdrawn, voided or copied to another call."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.applications.forms import ReasonForm
from services.applications.guards import Coordinator, Decider, Host
from services.applications.placements.actions import placements, revisions
from services.applications.placements.forms import CopyForm, ReturnForm, ReturnOfferForm, VoidForm
from services.applications.placements.model.placement import offer_path
from services.applications.placements.views.placement import (
    copy_context,
    own_placement,
    readable_placement,
    void_effects,
)
from shared.contracts.codes import StatedReason, VoidReason
from shared.i18n import gettext, ngettext
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import options

router = APIRouter(prefix="/applications/offers", include_in_schema=False)


async def _ask_withdraw(request: DecisionRequest[ReasonForm]) -> Question:
    async with request.bus.read() as session:
        placement = await own_placement(session, request.principal, request.id)
    return Question(
        gettext("Withdraw placement"),
        gettext("Withdraw placement"),
        offer_path(placement.id),
        caption=placement.reference,
        text=gettext("Matches that are not confirmed are cancelled. Confirmed visits stay as they are."),
        warning=True,
    )


async def _withdraw(request: DecisionRequest[ReasonForm]) -> str:
    await placements.withdraw(request.bus, request.principal, request.id, StatedReason(request.form.reason.data))
    return offer_path(request.id) + "?done=withdraw"


async def _ask_return(request: DecisionRequest[ReturnForm]) -> Question:
    async with request.bus.read() as session:
        placement = await readable_placement(session, request.principal, request.id)
    return Question(
        gettext("Return placement for information"),
        gettext("Return to host"),
        offer_path(placement.id),
        caption=placement.reference,
        text=gettext(
            "Enter at least one question, at the section that it is about."
            " The host changes the placement and submits it again."
        ),
    )


async def _return(request: DecisionRequest[ReturnForm]) -> str:
    await placements.send_back(request.bus, request.principal, request.id, request.form.remarks())
    return offer_path(request.id) + "?done=return"


async def _ask_void(request: DecisionRequest[VoidForm]) -> Question:
    async with request.bus.read() as session:
        effects = await void_effects(session, request.principal, request.id)
    follows = [gettext("It is no longer counted, and the host is notified.")]
    if effects.confirmed:
        stands = ngettext(
            "%(num)d confirmed place depends on it. First cancel or remove that application.",
            "%(num)d confirmed places depend on it. First cancel or remove those applications.",
            effects.confirmed,
        )
        follows.append(stands % {"num": effects.confirmed})
    if effects.cancelled:
        cancelled = ngettext(
            "%(num)d match that is not confirmed is cancelled.",
            "%(num)d matches that are not confirmed are cancelled.",
            effects.cancelled,
        )
        follows.append(cancelled % {"num": effects.cancelled})
    return Question(
        gettext("Was this placement entered in error?"),
        gettext("Remove placement"),
        offer_path(request.id),
        caption=f"{effects.placement.reference} · {effects.placement.title}",
        follows=follows,
        final=True,
        warning=True,
    )


async def _void(request: DecisionRequest[VoidForm]) -> str:
    await placements.void(request.bus, request.principal, request.id, VoidReason(request.form.reason.data))
    return offer_path(request.id) + "?done=void"


async def _offer_calls(request: DecisionRequest[CopyForm]) -> None:
    async with request.bus.read() as session:
        context = await copy_context(session, request.principal, request.id)
    choices: Any = options([(str(call.id), call.title, call.reference) for call in context.open_calls])
    request.form.call.choices = choices


async def _ask_copy(request: DecisionRequest[CopyForm]) -> Question:
    async with request.bus.read() as session:
        context = await copy_context(session, request.principal, request.id)
    placement = context.placement
    moves = gettext(
        "The copy is a draft. Its periods move by whole weeks, by the time between the visit periods of the "
        "two calls. Topics that the call does not have are left out."
    )
    closed = gettext("No call is open for placements now. When a call opens, you can copy this placement to it.")
    return Question(
        gettext("Copy placement"),
        gettext("Copy placement"),
        offer_path(placement.id),
        caption=f"{placement.reference} · {placement.title}",
        text=moves if context.open_calls else "",
        obstacle="" if context.open_calls else closed,
    )


async def _copy(request: DecisionRequest[CopyForm]) -> str:
    draft = await revisions.copy(request.bus, request.principal, request.id, UUID(request.form.call.data))
    return offer_path(draft.id) + "?done=copied"


add_decision(router, Host, Decision("/{offer_id}/copy", CopyForm, _ask_copy, _copy, prepare=_offer_calls))
add_decision(router, Host, Decision("/{offer_id}/withdraw", ReasonForm, _ask_withdraw, _withdraw))
add_decision(router, Decider, Decision("/{offer_id}/return", ReturnOfferForm, _ask_return, _return, at="service"))
add_decision(router, Coordinator, Decision("/{offer_id}/void", VoidForm, _ask_void, _void, at="reason"))
