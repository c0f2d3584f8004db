"""List, show and decide proposals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import state_counts, tag
from services.applications.forms import submit_form, version_of
from services.applications.guards import Coordinator, Decider
from services.applications.pages import form_page, list_page
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals as actions
from services.applications.register.forms import RefuseForm
from services.applications.register.model.proposals import RefusedBecause, kind_name, kinds
from services.applications.register.views import proposals as views
from services.applications.register.views.proposals import Proposal
from services.applications.register.views.scope import decides
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
    """List the proposals that the reader sees; waiting ones first, oldest on top."""
    async with bus.read() as session:
        listed = await views.proposal_list(session, principal, state=state or None, kind=kind or None, page=page)
    waits = listed.counts.get(ProposalState.WAITS, 0)
    return list_page(
        request,
        title=gettext("Proposals"),
        action=AT,
        intro=gettext("What countries and agencies propose for the register. Nothing changes before it is approved."),
        buttons=[(gettext("Approve several"), f"{AT}/several")] if decides(principal) and waits > 1 else [],
        counts=state_counts("proposal", listed.counts, here=AT),
        fields=[
            {
                "name": "state",
                "label": gettext("State"),
                "options": [(state_option.code, state_option.word) for state_option in states.states("proposal")],
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
        rows=[_row(proposal) for proposal in listed.shown],
        page=page,
        total=listed.total,
        empty_why=gettext("Nothing was proposed yet, or nothing fits the filters."),
        legend="proposal",
    )


def _row(proposal: Proposal) -> list[Any]:
    return [
        {"text": proposal.name, "href": f"{AT}/{proposal.id}"},
        kind_name(proposal.kind),
        labels.country(proposal.country) or None,
        f"{dates.day(proposal.proposed_at, short=True)} ({dates.relative(proposal.proposed_at, clock.today())})",
        tag("proposal", proposal.state),
        None if proposal.settled_at is None else dates.day(proposal.settled_at, short=True),
    ]


@router.get("/several")
async def ask_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Show the waiting proposals with what each changes, to select some."""
    return await _several_page(request, principal, bus)


async def _several_page(
    request: Request, principal: Principal, bus: Bus, status: int = 200, problem: str = ""
) -> Response:
    waiting, total = await actions.compare_waiting(bus, principal)
    async with bus.read() as session:
        shown = await views.in_words(session, waiting)
    return render(
        request, "register/several.html", status, shown=shown, total=total, problem=problem, kind_name=kind_name
    )


@router.post("/several")
async def approve_several(request: Request, principal: Coordinator, bus: BusDep) -> Response:
    """Approve the selected proposals as far as possible; show the others with the reason."""
    sent = (await request.form()).getlist("proposal")
    ids = [proposal_id for text in sent if isinstance(text, str) and (proposal_id := read_id(text)) is not None]
    if not ids:
        return await _several_page(request, principal, bus, 422, gettext("Choose at least one proposal."))
    result = await actions.approve_several(bus, principal, ids)
    return render(request, "register/several_done.html", done=result.approved, left=result.left)


@router.get("/{proposal_id}")
async def show(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Show one proposal: its state, what it changes, and what has changed since."""
    return await _page(request, principal, bus, proposal_id)


async def _page(
    request: Request, principal: Principal, bus: Bus, proposal_id: UUID, status: int = 200, problem: str = ""
) -> Response:
    proposal = await actions.compare(bus, principal, proposal_id)
    async with bus.read() as session:
        details = await views.proposal_details(session, principal, proposal)
    reason = labels.label(proposal.reason) if proposal.reason else None
    return render(
        request,
        "register/proposal.html",
        status,
        proposal=proposal,
        kind=kind_name(proposal.kind),
        rows=details.compared.rows,
        meanwhile=details.compared.meanwhile,
        where=Standing(state("proposal", proposal.state), details.since, reason=reason),
        proposer=details.proposer,
        may_decide=decides(principal) and proposal.pending,
        mine=proposal.proposed_by == principal.subject and proposal.pending,
        problem=problem,
        done=request.query_params.get("done"),
    )


@router.post("/{proposal_id}/approve")
async def approve(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Approve a proposal as it was shown; if the entry changed meanwhile, show that first."""
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
    """Ask for the reason of a refusal."""
    return _refuse_page(request, await _proposal(bus, principal, proposal_id), RefuseForm())


async def _proposal(bus: Bus, principal: Principal, proposal_id: UUID) -> Proposal:
    async with bus.read() as session:
        return await views.proposal(session, principal, proposal_id)


def _refuse_page(request: Request, proposal: Proposal, form: RefuseForm, status: int = 200) -> Response:
    return form_page(
        request,
        form,
        status,
        title=gettext("Refuse the proposal"),
        caption=proposal.name,
        back=f"{AT}/{proposal.id}",
        button=gettext("Refuse it"),
        text=gettext("The register stays as it is. The proposer reads why, and can propose it anew."),
        warning=True,
    )


@router.post("/{proposal_id}/refuse")
async def refuse_it(request: Request, proposal_id: UUID, principal: Coordinator, bus: BusDep) -> Response:
    """Refuse a proposal."""
    form = await RefuseForm.read(request)
    proposal = await _proposal(bus, principal, proposal_id)

    async def act() -> Proposal:
        reason = RefusedBecause(form.reason.data)
        return await actions.refuse(bus, principal, proposal_id, reason, form.text.data or "")

    if status := await submit_form(form, act):
        return _refuse_page(request, proposal, form, status)
    return see_other(f"{AT}/{proposal_id}?done=refused")


@router.post("/{proposal_id}/take-back")
async def take_back(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Take back one's own proposal."""
    try:
        await actions.take_back(bus, principal, proposal_id)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        return await _page(request, principal, bus, proposal_id, 409, refused.detail)
    return see_other(f"{AT}/{proposal_id}?done=taken_back")
