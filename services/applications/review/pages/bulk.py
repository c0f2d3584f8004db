"""The pages that decide on several applications: one asks, one shows the result."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.applications.bulk import still_open
from services.applications.guards import Decider
from services.applications.review.actions import bulk, eligibility, endorsement
from services.applications.review.forms.decisions import ConfirmForm, EndorseForm, NotEndorseForm, ReturnAllForm
from services.applications.review.forms.queue import ELIGIBILITY
from services.applications.review.views.decisions import selected_items
from services.applications.review.views.eligibility import Judgement, judge_applications
from shared.contracts.applications import (
    ApplicationEndorsed,
    ApplicationEvent,
    ApplicationFoundEligible,
    ApplicationNotEndorsed,
    ApplicationReturned,
)
from shared.contracts.codes import NotEndorsedReason, Role, Section
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.web.decisions import BulkAct, BulkDecision, BulkWords, Items, Result, Ticked, add_bulk_decision
from shared.web.forms import Form

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
ACTS = {
    "endorse": BulkAct(
        EndorseForm,
        N_("Endorse"),
        N_("Endorse selected applications"),
        lambda count: ngettext("Endorse this application?", "Endorse these applications?", count),
    ),
    "return": BulkAct(
        ReturnAllForm,
        N_("Return for information"),
        N_("Return selected for information"),
        lambda count: ngettext(
            "Return this application for information?", "Return these applications for information?", count
        ),
    ),
    "not_endorse": BulkAct(
        NotEndorseForm,
        N_("Do not endorse"),
        N_("Do not endorse selected"),
        lambda count: ngettext("Do not endorse this application?", "Do not endorse these applications?", count),
        warning=True,
    ),
    ELIGIBILITY: BulkAct(
        ConfirmForm,
        N_("Confirm eligibility"),
        N_("Confirm eligibility of selected"),
        lambda count: ngettext(
            "Confirm eligibility of this application?", "Confirm eligibility of these applications?", count
        ),
    ),
}
_EVENTS: dict[str, type[ApplicationEvent]] = {
    "endorse": ApplicationEndorsed,
    "return": ApplicationReturned,
    "not_endorse": ApplicationNotEndorsed,
    ELIGIBILITY: ApplicationFoundEligible,
}
_HAPPENS = {
    "endorse": N_("It is endorsed, and checked against the rules of its call."),
    "return": N_("It goes back to the officer with your question."),
    "not_endorse": N_("It ends here. The officer reads the reason and may appeal."),
}
_DONE = {
    "endorse": N_("Endorsed"),
    "return": N_("Returned with your question"),
    "not_endorse": N_("Not endorsed"),
    ELIGIBILITY: N_("Confirmed"),
}


def acts_of(principal: Principal) -> list[str]:
    """Return the actions that the principal can take on several applications."""
    return [act for act in ACTS if _may(principal, act)]


def _may(principal: Principal, act: str) -> bool:
    return act != ELIGIBILITY or principal.has(Role.PROGRAMME_COORDINATOR)


async def _preview(ticked: Ticked[Any]) -> Items:
    async with ticked.bus.read() as session:
        items = await bulk.bulk_items(session, ticked.principal, ticked.ids, _EVENTS[ticked.act])
        if ticked.act == ELIGIBILITY:
            items = await _for_programme(session, ticked.principal, items)
            judged = await judge_applications(session, [item.application for item in items])
            effects = {judgement.application.id: effect(judgement) for judgement in judged}
        else:
            effects = {item.application.id: (gettext(_HAPPENS[ticked.act]), ()) for item in items}
        return Items(
            await selected_items(
                session, [(item.application, *effects[item.application.id]) for item in items if item.obstacle is None]
            ),
            await selected_items(
                session, [(item.application, item.obstacle, ()) for item in items if item.obstacle is not None]
            ),
        )


async def _for_programme(
    session: AsyncSession, principal: Principal, items: Sequence[bulk.BulkItem]
) -> list[bulk.BulkItem]:
    """Return the items without a country's obstacle: eligibility is the programme's to confirm."""
    obstacles = await eligibility.obstacles(session, principal.subject, [item.application for item in items])
    return [bulk.BulkItem(item.application, obstacles.get(item.application.id)) for item in items]


def effect(judged: Judgement) -> tuple[str, tuple[str, ...]]:
    """Return what confirming the judgement does, and each rule that is not met."""
    if judged.eligible:
        return gettext("It is eligible, and joins the matching."), ()
    text = gettext("Answer: %(given)s. Required: %(asks)s")
    notes = tuple(
        text % {"given": finding.given, "asks": finding.asks} for finding in judged.findings if not finding.met
    )
    return gettext("It is not eligible. The officer reads why and may appeal."), notes


def _back(act: str, query: str) -> str:
    """Return the address of the list on which the cases were selected."""
    if act == ELIGIBILITY and query == ELIGIBILITY:
        return "/applications/eligibility"
    return "/applications/cases" + (f"?{query}" if query else "")


async def _decide(ticked: Ticked[Any]) -> Result:
    if ticked.act == ELIGIBILITY:
        judged = await eligibility.confirm(ticked.bus, ticked.principal.subject, ticked.ids, ticked.read)
        return Result(
            [judgement.application.id for judgement in judged.done],
            [judgement.application.id for judgement, _ in judged.left],
            judged.changed,
        )
    decision = _decision(ticked.act, ticked.form)
    outcome = await bulk.decide_all(ticked.bus, ticked.principal, ticked.ids, decision, ticked.read)
    return Result(
        [application.id for application in outcome.done],
        [application.id for application, _ in outcome.left],
        outcome.changed,
    )


def _decision(act: str, form: Form) -> endorsement.Decision:
    data = form.data
    match act:
        case "endorse":
            return endorsement.Endorse(data["note"] or "")
        case "return":
            return endorsement.Return({Section(data["section"]): data["remark"] or ""})
    return endorsement.NotEndorse(NotEndorsedReason(data["reason"]), data["text"] or "")


async def _outcome(ticked: Ticked[Any], done_ids: Sequence[UUID], left_ids: Sequence[UUID]) -> Items:
    async with ticked.bus.read() as session:
        done_items = await bulk.bulk_items(session, ticked.principal, done_ids, _EVENTS[ticked.act])
        others = await bulk.bulk_items(session, ticked.principal, left_ids, _EVENTS[ticked.act])
        if ticked.act == ELIGIBILITY:
            others = await _for_programme(session, ticked.principal, others)
        return Items(
            await selected_items(session, [(item.application, gettext(_DONE[ticked.act]), ()) for item in done_items]),
            await selected_items(
                session, [(other.application, other.obstacle or still_open(), ()) for other in others]
            ),
        )


add_bulk_decision(
    router,
    Decider,
    BulkDecision(
        path="/decide",
        done_path="/decided",
        query="case",
        record="application_id",
        home="/applications/cases/",
        acts=ACTS,
        may=_may,
        words=BulkWords(
            none=lambda: gettext("Select at least one application"),
            several=lambda count: ngettext("%(num)d application", "%(num)d applications", count) % {"num": count},
            button=lambda count, act: (
                ngettext("%(act)s: %(num)d application", "%(act)s: %(num)d applications", count)
                % {"num": count, "act": act}
            ),
            done=lambda count: (
                ngettext("Decision saved for %(num)d application", "Decision saved for %(num)d applications", count)
                % {"num": count}
            ),
        ),
        back=_back,
        preview=_preview,
        decide=_decide,
        outcome=_outcome,
    ),
)
