"""How does a program publish, read and close a call?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.applications.actions import calls as actions
from services.applications.actions.common import not_found
from services.applications.model.call import rule_sentences
from services.applications.store import calls as store
from shared import clock
from shared.bus import Bus
from shared.contracts.calls import CallTerms
from shared.contracts.codes import Role
from shared.identity import Principal, allow, signed_in
from shared.service import bus_of

router = APIRouter(prefix="/applications/api/calls", tags=["calls"])
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
Anybody = Annotated[Principal, Depends(signed_in())]
Store = Annotated[Bus, Depends(bus_of)]


class CallDraft(CallTerms):
    """A call to be published: reference and revision are given by the portal."""

    reference: str = "TC-0"
    revision: int = 1


def described(call: store.Call) -> dict[str, Any]:
    """A call as the API shows it."""
    return {
        "id": call.id,
        "reference": call.reference,
        "state": call.shown_state(clock.now()),
        "terms": call.terms.model_dump(mode="json"),
        "rules": rule_sentences(call.terms),
    }


@router.post("", status_code=201)
async def publish(body: CallDraft, principal: Coordinator, bus: Store) -> dict[str, Any]:
    """Publish a call."""
    terms = CallTerms.model_validate(body.model_dump())
    return described(await actions.publish(bus, principal.subject, terms))


@router.get("")
async def read_all(_: Anybody, bus: Store) -> dict[str, list[dict[str, Any]]]:
    """All calls, the one with the latest deadline first."""
    async with bus.read() as session:
        found = await store.calls(session)
    return {"calls": [described(call) for call in found]}


@router.get("/{call_id}")
async def read_one(call_id: UUID, _: Anybody, bus: Store) -> dict[str, Any]:
    """One call."""
    async with bus.read() as session:
        call = await store.call(session, call_id)
    if call is None:
        raise not_found()
    return described(call)


@router.post("/{call_id}/close")
async def close(call_id: UUID, principal: Coordinator, bus: Store) -> dict[str, int]:
    """Close a call after the last cohort; gives how many applications it leaves without a place."""
    return {"unplaced": await actions.close(bus, principal.subject, call_id)}
