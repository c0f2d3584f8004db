"""How does a program propose changes of the register, and decide about those that wait?"""

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
    """A change; `version` is the entry's as it was read. `new`: there must be no such person yet."""

    change: Change
    version: int | None = None
    note: Text = ""
    new: bool = False


class Approval(Body):
    """`version` is the entry's as it was read; without it, the proposer's counts."""

    version: int | None = None


class Several(Body):
    """Which proposals are approved."""

    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=actions.MOST_AT_ONCE)]


class Refusal(Body):
    """Why not; the proposer reads the text."""

    reason: RefusedBecause
    text: Text = ""


def _shown(one: store.Proposal) -> dict[str, Any]:
    return one.model_dump(mode="json")


@router.post("", status_code=201)
async def propose(body: Proposed, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """Propose a change; from the programme it takes effect at once, and `id` is the entry's."""
    made = await actions.submit(bus, principal, body.change, version=body.version, note_=body.note, new=body.new)
    return {"id": made.id, "proposal": None if made.proposal is None else _shown(made.proposal)}


@router.get("")
async def read_all(
    principal: Decider,
    bus: BusDep,
    state: ProposalState | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> dict[str, Any]:
    """One page (50) of the proposals of the own country, or all; those that wait first."""
    async with bus.read() as session:
        found, total = await store.proposals(session, scope_of(principal), principal.subject, state=state, page=page)
    return {"proposals": [_shown(one) for one in found], "total": total}


@router.post("/approve")
async def approve_several(body: Several, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Approve several; gives those approved, and those that were left with the reason."""
    done, left = await actions.approve_several(bus, principal, body.ids)
    return {"approved": [one.id for one in done], "left": [{"id": one.id, "why": why} for one, why in left]}


@router.get("/{proposal_id}")
async def read_one(proposal_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """One proposal: what approving it changes (field -> before, after), and what changed since it was proposed."""
    found = await actions.compared(bus, principal, proposal_id)
    return _shown(found.proposal) | {
        "version": found.version,
        "changes": found.changes,
        "meanwhile": found.meanwhile,
    }


@router.post("/{proposal_id}/approve")
async def approve(
    proposal_id: UUID, principal: Coordinator, bus: BusDep, body: Approval | None = None
) -> dict[str, Any]:
    """Make what was proposed; 409 where the entry was changed since and `version` does not say that this was seen."""
    return _shown(await actions.approve(bus, principal, proposal_id, version=None if body is None else body.version))


@router.post("/{proposal_id}/refuse")
async def refuse(proposal_id: UUID, body: Refusal, principal: Coordinator, bus: BusDep) -> dict[str, Any]:
    """Do not approve it."""
    return _shown(await actions.refuse(bus, principal, proposal_id, body.reason, body.text))


@router.post("/{proposal_id}/take-back")
async def take_back(proposal_id: UUID, principal: Decider, bus: BusDep) -> dict[str, Any]:
    """The proposer does not want it any more."""
    return _shown(await actions.take_back(bus, principal, proposal_id))
