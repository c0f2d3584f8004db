"""Serve proposals for the register, and decisions on them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from services.applications.guards import Coordinator, Decider
from services.applications.parameters import REGISTER_API, Body, BusDep, Text
from services.applications.register.actions import proposals as actions
from services.applications.register.model.proposals import Change, OrganisationChange, RefusedBecause
from services.applications.register.views import proposals as views
from services.applications.register.views.proposals import (
    ApprovedProposals,
    ComparedProposal,
    ListedProposal,
    Proposal,
    Submission,
)
from shared.contracts.codes import ProposalState
from shared.identity.versions import expect_in_body
from shared.web.items import ReadItem, RecordVersion, read_items, with_versions
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix=f"{REGISTER_API}/proposals", tags=["register"])


class Proposed(Body):
    """A change of an entry in the version that was read. With `new` the person must not exist yet."""

    change: Change
    version: RecordVersion = ""
    note: Text = ""
    new: bool = False


class Approval(Body):
    """`entry_version` is the entry's as it was read; by default the proposer's."""

    entry_version: int | None = None


class Several(Body):
    """The proposals to approve, as they were read."""

    proposals: Annotated[tuple[ReadItem, ...], Field(min_length=1, max_length=actions.MOST_AT_ONCE)]


class ProposalRefusal(Body):
    """A refusal of a proposal, with its reason; the proposer reads the text."""

    reason: RefusedBecause
    text: Text = ""


@router.post("", status_code=201)
async def propose(request: Request, body: Proposed, principal: Decider, bus: BusDep) -> Submission:
    """Propose a change; from the programme it takes effect at once, and `id` is the entry's."""
    async with bus.read() as session:
        entry_id = await views.entry_id(session, body.change)
    if entry_id is not None:
        parameter = "organisation_id" if isinstance(body.change, OrganisationChange) else "person_id"
        expect_in_body(request, parameter, entry_id, body.version, "/version")
    return await actions.submit(bus, principal, body.change, note_=body.note, new=body.new)


@router.get("")
async def read_all(
    request: Request, principal: Decider, bus: BusDep, page: PageDep, state: ProposalState | None = None
) -> Page[ListedProposal]:
    """Return the proposals of the caller's country, or all, the newest first; `since`: when made or decided."""
    async with bus.snapshot() as session:
        found = await views.proposals_page(session, principal, state, page)
        return await with_versions(request, session, "proposal_id", found, ListedProposal)


@router.post("/approve")
async def approve_several(request: Request, body: Several, principal: Coordinator, bus: BusDep) -> ApprovedProposals:
    """Approve several; returns those approved, and the others with the reason."""
    read = read_items(request, "proposal_id", "proposals", body.proposals)
    return await actions.approve_several(bus, principal, [each.id for each in body.proposals], read)


@router.get("/{proposal_id:uuid}")
async def read_one(proposal_id: UUID, principal: Decider, bus: BusDep) -> ComparedProposal:
    """Return one proposal: what approving it changes, and what changed since it was proposed."""
    return await actions.compare(bus, principal, proposal_id)


@router.post("/{proposal_id}/approve")
async def approve(proposal_id: UUID, principal: Coordinator, bus: BusDep, body: Approval | None = None) -> Proposal:
    """Approve a proposal; 409 if the entry was changed since and `entry_version` is not the current one."""
    return await actions.approve(bus, principal, proposal_id, version=None if body is None else body.entry_version)


@router.post("/{proposal_id}/refuse")
async def refuse(proposal_id: UUID, body: ProposalRefusal, principal: Coordinator, bus: BusDep) -> Proposal:
    """Refuse a proposal."""
    return await actions.refuse(bus, principal, proposal_id, body.reason, body.text)


@router.post("/{proposal_id}/take-back")
async def take_back(proposal_id: UUID, principal: Decider, bus: BusDep) -> Proposal:
    """Withdraw one's own proposal."""
    return await actions.take_back(bus, principal, proposal_id)
