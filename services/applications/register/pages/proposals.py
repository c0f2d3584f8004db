"""What does somebody see and do about proposals: the own ones, and, as the programme, those that wait?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.forms import refuse, version_of
from services.applications.guards import Coordinator, Decider
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals as actions
from services.applications.register.forms import RefuseForm
from services.applications.register.model.proposals import Leave, RefusedBecause, Transfer, kind_name, kinds
from services.applications.register.store import entries
from services.applications.register.store import proposals as store
from services.applications.register.views import words
from services.applications.register.views.scope import decides, scope_of
from services.applications.register.views.words import NOTHING
from shared.bus import Bus
from shared.contracts import labels
from shared.contracts.codes import ProposalState
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.ids import read_id
from shared.time import clock, dates
from shared.web import states
from shared.web.render import render, see_other
from shared.web.states import Standing, state

router = APIRouter(prefix=f"{REGISTER}/proposals", include_in_schema=False)
AT = f"{REGISTER}/proposals"


@router.get("")
async def show_all(
    request: Request,
    principal: Decider,
    bus: BusDep,
    state: str = "",
    kind: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The proposals of the own country, or all; those that wait first, the oldest of them on top."""
    seen = scope_of(principal)
    async with bus.read() as session:
        found, total = await store.proposals(
            session, seen, principal.subject, state=state or None, kind=kind or None, page=page
        )
        counts = await store.counts(session, seen, principal.subject)
    waits = counts.get("waits", 0)
    return list_page(
        request,
        title=gettext("Proposals"),
        action=AT,
        intro=gettext("What countries and agencies propose for the register. Nothing changes before it is approved."),
        buttons=[(gettext("Approve several"), f"{AT}/several")] if decides(principal) and waits > 1 else [],
        counts=[
            {"count": counts[one.code], "name": one.word, "href": f"{AT}?state={one.code}", "tone": one.tone}
            for one in states.states("proposal")
            if counts.get(one.code)
        ],
        fields=[
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(s.code, s.word) for s in states.states("proposal")],
                "value": state,
            },
            {"name": "kind", "label": gettext("What changes"), "options": kinds(), "value": kind},
        ],
        columns=[
            gettext("Who or what"),
            gettext("What changes"),
            gettext("Country"),
            gettext("Proposed"),
            gettext("State"),
            gettext("Decided"),
        ],
        rows=[_row(one) for one in found],
        page=page,
        total=total,
        empty_why=gettext("Nothing was proposed yet, or nothing fits the filters."),
        legend="proposal",
    )


def _row(one: store.Proposal) -> list[Any]:
    return [
        {"text": one.name, "href": f"{AT}/{one.id}"},
        kind_name(one.kind),
        labels.country(one.country) or None,
        f"{dates.day(one.proposed_at, short=True)} ({dates.relative(one.proposed_at, clock.today())})",
        tag("proposal", one.state),
        None if one.settled_at is None else dates.day(one.settled_at, short=True),
    ]


@router.get("/several")
async def ask_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Those that wait, to be ticked; each with what it changes."""
    return await _several_page(request, principal, bus)


async def _several_page(
    request: Request, principal: Principal, bus: Bus, status: int = 200, problem: str = ""
) -> Response:
    async with bus.read() as session:
        found, total = await store.proposals(session, scope_of(principal), principal.subject, state="waits")
    shown = []
    for one in found:
        compared = await actions.compared(bus, principal, one.id)
        async with bus.read() as session:
            names = await words.organisation_names(session, [compared.changes, compared.proposal.change_json])
        shown.append({"one": one, "kind": kind_name(one.kind), "stale": compared.stale, "rows": _says(compared, names)})
    return render(request, "register/several.html", status, shown=shown, total=total, problem=problem)


@router.post("/several")
async def approve_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Approve those that are ticked, as far as they can be; say which were left, and why."""
    sent = (await request.form()).getlist("proposal")
    chosen = [found for text in sent if isinstance(text, str) and (found := read_id(text)) is not None]
    if not chosen:
        return await _several_page(request, principal, bus, 422, gettext("Choose at least one proposal."))
    done, left = await actions.approve_several(bus, principal, chosen)
    return render(request, "register/several_done.html", done=done, left=left)


def _says(compared: actions.Compared, names: dict[str, str]) -> list[list[str]]:
    """What a proposal changes, as rows: field, now, then."""
    match compared.change:
        case Leave(last_day=last_day, successor=successor):
            rows = [[gettext("Last day with access"), NOTHING, dates.day(last_day)]]
            return rows + ([[gettext("Takes over"), NOTHING, successor]] if successor else [])
        case Transfer(organisation_id=target, day=day):
            return [
                [gettext("Organisation"), NOTHING, names.get(str(target), gettext("another organisation"))],
                [gettext("From"), NOTHING, dates.day(day)],
            ]
    return words.table(compared.changes, names)


@router.get("/{proposal_id}")
async def show(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """One proposal: where it stands, what it changes, what has changed since."""
    return await _page(request, principal, bus, proposal_id)


async def _page(
    request: Request, principal: Principal, bus: Bus, proposal_id: UUID, status: int = 200, problem: str = ""
) -> Response:
    compared = await actions.compared(bus, principal, proposal_id)
    one, seen = compared.proposal, scope_of(principal)
    async with bus.read() as session:
        names = await words.organisation_names(session, [compared.changes, compared.meanwhile, one.change_json])
        known = await entries.people_by_subject(session, [one.proposed_by, one.settled_by or ""])
        rows = _says(compared, names)
        if isinstance(compared.change, Leave) and compared.change.successor:
            taker = await entries.person(session, compared.change.successor)
            rows[-1][2] = taker.name if taker else ""
    proposer = known.get(one.proposed_by)
    reason = labels.label(RefusedBecause(one.reason)) if one.reason else None
    return render(
        request,
        "register/proposal.html",
        status,
        one=one,
        kind=kind_name(one.kind),
        compared=compared,
        rows=rows,
        new=not one.base_version,
        meanwhile=words.table(compared.meanwhile, names),
        where=Standing(state("proposal", one.state), one.settled_at or one.proposed_at, reason=reason),
        proposer=proposer.name
        if proposer and seen.covers(proposer.country, proposer.organisation_id)
        else gettext("another coordinator"),
        entry_href=_entry_href(compared),
        may_decide=decides(principal) and one.stands is ProposalState.WAITS,
        mine=one.proposed_by == principal.subject and one.stands is ProposalState.WAITS,
        problem=problem,
        done=request.query_params.get("done"),
    )


def _entry_href(compared: actions.Compared) -> str | None:
    if compared.person_id is not None:
        return f"{REGISTER}/people/{compared.person_id}"
    if compared.organisation_id is not None:
        return f"{REGISTER}/organisations/{compared.organisation_id}"
    return None


@router.post("/{proposal_id}/approve")
async def approve(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Approve it as it was shown; what changed meanwhile is shown first."""
    try:
        await actions.approve(bus, principal, proposal_id, version=await version_of(request))
    except Refused as refused:
        if refused.status_code not in {409, 422}:
            raise
        sentence = " ".join(refused.fields.values()) or refused.detail
        return await _page(request, principal, bus, proposal_id, refused.status_code, sentence)
    return see_other(f"{AT}/{proposal_id}?done=approved")


@router.get("/{proposal_id}/refuse")
async def ask_refuse(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Ask why."""
    return _refuse_page(request, await actions.seen(bus, principal, proposal_id), RefuseForm())


def _refuse_page(request: Request, one: store.Proposal, form: RefuseForm, status: int = 200) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Refuse the proposal"),
        caption=one.name,
        back=f"{AT}/{one.id}",
        button=gettext("Refuse it"),
        text=gettext("The register stays as it is. The proposer reads why, and can propose it anew."),
        warning=True,
    )


@router.post("/{proposal_id}/refuse")
async def refuse_it(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Do not approve it."""
    form = await RefuseForm.read(request)
    one = await actions.seen(bus, principal, proposal_id)
    if not form.validate():
        return _refuse_page(request, one, form, 422)
    try:
        await actions.refuse(bus, principal, proposal_id, RefusedBecause(form.reason.data), form.text.data or "")
    except Refused as refused:
        refuse(form, refused)
        return _refuse_page(request, one, form, refused.status_code)
    return see_other(f"{AT}/{proposal_id}?done=refused")


@router.post("/{proposal_id}/take-back")
async def take_back(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Its proposer does not want it any more."""
    try:
        await actions.take_back(bus, principal, proposal_id)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        return await _page(request, principal, bus, proposal_id, 409, refused.detail)
    return see_other(f"{AT}/{proposal_id}?done=taken_back")
