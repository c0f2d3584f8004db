"""The pages that decide on several applications: one asks, one shows the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.bulk import MOST, BulkResult, bulk_result
from services.applications.guards import Decider
from services.applications.parameters import BusDep
from services.applications.refusals import not_found
from services.applications.review.actions import bulk, eligibility, endorsement
from services.applications.review.forms.decisions import (
    ConfirmForm,
    EndorseForm,
    NotEndorseForm,
    ReturnAllForm,
    seen_at,
)
from services.applications.review.views.decisions import selected_rows
from services.applications.review.views.eligibility import (
    EligibilityConfirmed,
    Judgement,
    confirmed_model,
    judge_applications,
)
from shared.bus import Bus
from shared.contracts.applications import (
    ApplicationEndorsed,
    ApplicationEvent,
    ApplicationFoundEligible,
    ApplicationNotEndorsed,
    ApplicationReturned,
)
from shared.contracts.codes import NotEndorsedReason, Role, Section
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity import Principal
from shared.web.forms import Form
from shared.web.render import render, see_other

router = APIRouter(prefix="/applications/cases", include_in_schema=False)
Cases = Annotated[list[UUID], Query(max_length=MOST)]


@dataclass(frozen=True, slots=True)
class Act:
    """An action on several applications: its event, form, button, question, effect and result."""

    event: type[ApplicationEvent]
    form: type[Form]
    button: str
    question: str
    happens: str
    done: str
    warning: bool = False


ACTS: dict[str, Act] = {
    "endorse": Act(
        ApplicationEndorsed,
        EndorseForm,
        N_("Endorse"),
        N_("Endorse these applications?"),
        N_("It is endorsed, and held against the rules of its call."),
        N_("Endorsed"),
    ),
    "return": Act(
        ApplicationReturned,
        ReturnAllForm,
        N_("Ask for more information"),
        N_("Ask these officers for more information?"),
        N_("It goes back to the officer with your question."),
        N_("Sent back with your question"),
    ),
    "not_endorse": Act(
        ApplicationNotEndorsed,
        NotEndorseForm,
        N_("Do not endorse"),
        N_("Turn these applications down?"),
        N_("It ends here. The officer reads the reason and may appeal."),
        N_("Not endorsed"),
        warning=True,
    ),
    "eligibility": Act(
        ApplicationFoundEligible,
        ConfirmForm,
        N_("Confirm eligibility"),
        N_("Confirm what the rules say about these applications?"),
        "",
        N_("Confirmed"),
    ),
}


def acts_of(principal: Principal) -> list[str]:
    """Return the actions that the principal can take on several applications."""
    return [act for act in ACTS if act != "eligibility" or principal.has(Role.PROGRAMME_COORDINATOR)]


def _act(principal: Principal, act: str) -> Act:
    if act not in acts_of(principal):
        raise not_found()
    return ACTS[act]


@router.get("/decide")
async def ask(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    case: Cases = [],  # noqa: B006 - FastAPI copies it
    back: str = "",
) -> Response:
    """Name every selected case: what will happen to it, or why nothing can."""
    return await _page(request, bus, principal, act, case, _act(principal, act).form(), back)


async def _page(
    request: Request,
    bus: Bus,
    principal: Principal,
    act: str,
    cases: Sequence[UUID],
    form: Form,
    back: str,
    status: int = 200,
) -> Response:
    what = ACTS[act]
    async with bus.read() as session:
        items = await bulk.bulk_items(session, principal, cases, what.event)
        effects: dict[UUID, tuple[str, tuple[str, ...]]] = {
            item.application.id: (gettext(what.happens), ()) for item in items
        }
        if act == "eligibility":
            items = [_for_programme(item) for item in items]
            judged = await judge_applications(session, [item.application for item in items])
            effects = {judgement.application.id: _effect(judgement) for judgement in judged}
        able = await selected_rows(
            session,
            [(item.application, *effects[item.application.id]) for item in items if item.obstacle is None],
        )
        unable = await selected_rows(
            session, [(item.application, item.obstacle, ()) for item in items if item.obstacle is not None]
        )
    return render(
        request,
        "review/decide.html",
        status if cases else 422,
        what=what,
        able=able,
        unable=unable,
        form_=form,
        back=_back(act, back),
        cases=cases,
    )


def _for_programme(item: bulk.BulkItem) -> bulk.BulkItem:
    """Return the item without a country's obstacle: eligibility is the programme's to confirm."""
    try:
        eligibility.check_confirmable(item.application)
    except Refused as refused:
        return bulk.BulkItem(item.application, refused.detail)
    return bulk.BulkItem(item.application, None)


def _effect(judged: Judgement) -> tuple[str, tuple[str, ...]]:
    if judged.eligible:
        return gettext("It is eligible, and joins the matching."), ()
    text = gettext("Says: %(given)s. Asked: %(asks)s")
    notes = tuple(
        text % {"given": finding.given, "asks": finding.asks} for finding in judged.findings if not finding.held
    )
    return gettext("It is not eligible. The officer reads why and may appeal."), notes


def _back(act: str, query: str) -> str:
    """Return the address of the list on which the cases were selected."""
    if act == "eligibility" and query == "eligibility":
        return "/applications/eligibility"
    return "/applications/cases" + (f"?{query}" if query else "")


@router.post("/decide")
async def decide(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    case: Cases = [],  # noqa: B006 - FastAPI copies it
    back: str = "",
) -> Response:
    """Act on all cases that can be decided; the next page shows which, and why not the others."""
    form = await _act(principal, act).form.read(request)
    if not case or not form.validate():
        return await _page(request, bus, principal, act, case, form, back, 422)
    opened_at = await seen_at(request)
    result: BulkResult | EligibilityConfirmed
    if act == "eligibility":
        result = confirmed_model(await eligibility.confirm(bus, principal.subject, case, opened_at=opened_at))
        done = [each.id for each in result.done]
    else:
        result = bulk_result(await bulk.decide_all(bus, principal, case, _decision(act, form), opened_at=opened_at))
        done = result.done
    query = {"act": act, "done": done, "left": [each.id for each in result.left], "back": back}
    return see_other("/applications/cases/decided?" + urlencode(query, doseq=True))


def _decision(act: str, form: Form) -> endorsement.Decision:
    data = form.data
    match act:
        case "endorse":
            return endorsement.Endorse(data["note"] or "")
        case "return":
            return endorsement.Return({Section(data["section"]): data["remark"] or ""})
    return endorsement.NotEndorse(NotEndorsedReason(data["reason"]), data["text"] or "")


@router.get("/decided")
async def decided(
    request: Request,
    principal: Decider,
    bus: BusDep,
    act: str = "",
    done: Cases = [],  # noqa: B006 - FastAPI copies it
    left: Cases = [],  # noqa: B006 - as above
    back: str = "",
) -> Response:
    """Show the result, case by case, with the reason of each that was not done."""
    what = _act(principal, act)
    changed = gettext("It has changed since you opened it. Look at it as it is now, then decide.")
    async with bus.read() as session:
        done_items = await bulk.bulk_items(session, principal, done, what.event)
        others = await bulk.bulk_items(session, principal, left, what.event)
        if act == "eligibility":
            others = [_for_programme(other) for other in others]
        able = await selected_rows(session, [(item.application, gettext(what.done), ()) for item in done_items])
        unable = await selected_rows(session, [(other.application, other.obstacle or changed, ()) for other in others])
    return render(
        request,
        "review/decided.html",
        what=what,
        title=ngettext("%(num)d application is done", "%(num)d applications are done", len(able)) % {"num": len(able)},
        able=able,
        unable=unable,
        back=_back(act, back),
    )
