"""List, show and decide proposals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.applications.display import tag
from services.applications.guards import Coordinator, Decider
from services.applications.parameters import REGISTER, BusDep
from services.applications.register.actions import proposals as actions
from services.applications.register.forms import RefuseForm
from services.applications.register.model.proposals import RefusedBecause, kind_name, kinds
from services.applications.register.pages.approvals import ACTS, SEVERAL
from services.applications.register.views import proposals as views
from services.applications.register.views.proposals import Proposal
from services.applications.register.views.scope import decides
from shared.bus import Bus
from shared.contracts import labels
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity import Principal
from shared.time import clock, dates
from shared.web import states
from shared.web.decisions import Decision, DecisionRequest, Question, add_decision
from shared.web.forms import version_of
from shared.web.lists import Cell, Column, Empty, Filter, Link, Listing, Tick, list_page, state_counts
from shared.web.query import TickAll
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
    ticked: TickAll = "",
) -> Response:
    """List the proposals that the reader sees; waiting ones first, oldest on top."""
    async with bus.read() as session:
        listed = await views.proposal_list(session, principal, state=state or None, kind=kind or None, page=page)
    ticks = decides(principal) and any(proposal.pending for proposal in listed.shown)
    heads = (
        gettext("Who or what"),
        gettext("What changes"),
        gettext("Country"),
        gettext("Proposed"),
        gettext("State"),
        gettext("Decided"),
    )
    listing = Listing(
        gettext("Proposals"),
        AT,
        [Column(head) for head in heads],
        [[*([_tick(proposal, ticked=bool(ticked))] if ticks else []), *_row(proposal)] for proposal in listed.shown],
        listed.total,
        Empty(gettext("No proposals yet.")),
        none_fit=gettext("No proposals match these filters."),
        page=page,
        intro=gettext("Proposals of countries and agencies for the register. Nothing changes until they are approved."),
        counts=state_counts("proposal", listed.counts, AT),
        filters=[
            Filter(
                "state",
                gettext("State"),
                state,
                [(state_word.code, state_word.word) for state_word in states.states("proposal")],
            ),
            Filter("kind", gettext("What changes"), kind, kinds()),
        ],
        acts=[(act, gettext(ACTS[act].button)) for act in ACTS] if ticks else [],
        decide=SEVERAL,
        tick_all=gettext("Select all on this page that are waiting"),
        back=REGISTER,
        legend="proposal",
    )
    return list_page(request, listing)


def _tick(proposal: Proposal, *, ticked: bool) -> Tick | str:
    """Return the box of a proposal that waits; empty for the others."""
    return Tick("proposal", str(proposal.id), proposal.name, ticked) if proposal.pending else ""


def _row(proposal: Proposal) -> list[Cell]:
    return [
        Link(proposal.name, f"{AT}/{proposal.id}"),
        kind_name(proposal.kind),
        labels.country(proposal.country) or None,
        f"{dates.day(proposal.proposed_at, short=True)} ({dates.relative(proposal.proposed_at, clock.today())})",
        tag("proposal", proposal.state),
        None if proposal.settled_at is None else dates.day(proposal.settled_at, short=True),
    ]


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
        where=Standing.of(state("proposal", proposal.state), details.standing, details.since, reason),
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


async def _ask_refuse(request: DecisionRequest[RefuseForm]) -> Question:
    async with request.bus.read() as session:
        proposal = await views.proposal(session, request.principal, request.id)
    return Question(
        gettext("Refuse the proposal"),
        gettext("Refuse proposal"),
        f"{AT}/{proposal.id}",
        caption=proposal.name,
        text=gettext("The register stays as it is. The proposer can read why, and can propose it again."),
        warning=True,
    )


async def _refuse(request: DecisionRequest[RefuseForm]) -> str:
    reason, text = RefusedBecause(request.form.reason.data), request.form.text.data or ""
    await actions.refuse(request.bus, request.principal, request.id, reason, text)
    return f"{AT}/{request.id}?done=refused"


add_decision(router, Coordinator, Decision("/{proposal_id}/refuse", RefuseForm, _ask_refuse, _refuse))


@router.post("/{proposal_id}/take-back")
async def take_back(request: Request, proposal_id: UUID, principal: Decider, bus: BusDep) -> Response:
    """Withdraw one's own proposal."""
    try:
        await actions.take_back(bus, principal, proposal_id)
    except Refused as refused:
        if refused.status_code != 409:
            raise
        return await _page(request, principal, bus, proposal_id, 409, refused.detail)
    return see_other(f"{AT}/{proposal_id}?done=taken_back")
