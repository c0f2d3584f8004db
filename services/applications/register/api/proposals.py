"""Serve proposals for the register, and decisions on them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.guards import Coordinator, Decider
from services.applications.parameters import REGISTER_API, Body, BusDep, Text
from services.applications.register.actions import proposals as actions
from services.applications.register.model.proposals import Change, RefusedBecause
from services.applications.register.store import proposals as store
from services.applications.register.views.scope import scope_of
from shared.contracts.codes import ProposalState

router = APIRouter(prefix=f"{REGISTER_API}/proposals", tags=["register"])


class Proposed(Body):
    """A change; `version` is the entry's as it was read. With `new` the person must not exist yet."""

    change: Change
    version: int | None = None
    note: Text = ""
    new: bool = False


class Approval(Body):
    """`version` is the entry's as it was read; by default the proposer's."""

    version: int | None = None


class Several(Body):
    """The proposals to approve."""

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=actions.MOST_AT_ONCE)]


class Refusal(Body):
    """Why a proposal is refused; the proposer reads the text."""

    reason: RefusedBecause
    text: Text = ""


def _proposal_json(proposal: store.Proposal) -> dict[str, Any]:
    return proposal.model_dump(mode="json")


@router.post("", status_code=201)
async def propose(body: Proposed, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Propose a change; from the programme it takes effect at once, and `id` is the entry's."""
    submission = await actions.submit(bus, principal, body.change, version=body.version, note_=body.note, new=body.new)
    return {
        "id": submission.id,
        "proposal": None if submission.proposal is None else _proposal_json(submission.proposal),
    }


@router.get("")
async def read_all(
    principal: Decider,
    bus: BusDep,
    state: ProposalState | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """One page (50) of the proposals of the caller's country, or all; waiting ones first."""
    async with bus.read() as session:
        found, total = await store.proposals(session, scope_of(principal), principal.subject, state=state, page=page)
    return {"proposals": [_proposal_json(proposal) for proposal in found], "total": total}


@router.post("/approve")
async def approve_several(body: Several, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Approve several; returns those approved, and the others with the reason."""
    done, left = await actions.approve_several(bus, principal, body.ids)
    return {
        "approved": [proposal.id for proposal in done],
        "left": [{"id": proposal.id, "why": why} for proposal, why in left],
    }


@router.get("/{proposal_id}")
async def read_one(proposal_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One proposal: what approving it changes (field -> before, after), and what changed since it was proposed."""
    comparison = await actions.compare(bus, principal, proposal_id)
    return _proposal_json(comparison.proposal) | {
        "version": comparison.version,
        "changes": comparison.changes,
        "meanwhile": comparison.meanwhile,
    }


@router.post("/{proposal_id}/approve")
async def approve(
    proposal_id: UUID, principal: Coordinator, bus: BusDep, body: Approval | None = None
) -> dict[str, Any]:
    """Approve a proposal; 409 if the entry was changed since and `version` is not the current one."""
    return _proposal_json(
        await actions.approve(bus, principal, proposal_id, version=None if body is None else body.version)
    )


@router.post("/{proposal_id}/refuse")
async def refuse(proposal_id: UUID, body: Refusal, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Refuse a proposal."""
    return _proposal_json(await actions.refuse(bus, principal, proposal_id, body.reason, body.text))


@router.post("/{proposal_id}/take-back")
async def take_back(proposal_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Take back one's own proposal."""
    return _proposal_json(await actions.take_back(bus, principal, proposal_id))
