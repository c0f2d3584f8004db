"""How does a program act for those who decide: the national coordinator's endorsement, the programme's eligibility?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.applications.actions import eligibility, endorsement, voiding
from services.applications.store import applications as store
from services.applications.store import queue
from shared.bus import Bus
from shared.contracts.codes import NotEndorsedReason, Role, Section, VoidReason
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.service import bus_of

router = APIRouter(prefix="/applications/api", tags=["decisions"])
Decider = Annotated[Principal, Depends(allow(Role.NATIONAL_COORDINATOR, Role.PROGRAMME_COORDINATOR))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
Store = Annotated[Bus, Depends(bus_of)]


class Endorsement(BaseModel):
    """What goes with an endorsement; the note is for other reviewers."""

    model_config = ConfigDict(extra="forbid")

    note: str = ""


class Return(BaseModel):
    """What is asked for, by section."""

    model_config = ConfigDict(extra="forbid")

    remarks: dict[Section, str]


class Refusal(BaseModel):
    """Why an officer is not endorsed; the text is for the officer to read."""

    model_config = ConfigDict(extra="forbid")

    reason: NotEndorsedReason
    text: str = ""


class Voiding(BaseModel):
    """Why an application leaves the counts."""

    model_config = ConfigDict(extra="forbid")

    reason: VoidReason


class Confirmation(BaseModel):
    """Of which applications eligibility is confirmed."""

    model_config = ConfigDict(extra="forbid")

    application_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]


def _state(application: store.Application) -> dict[str, Any]:
    return {
        "id": application.id,
        "reference": application.reference,
        "state": application.state,
        "due": application.due,
    }


@router.get("/queue")
async def read_queue(
    principal: Decider,
    bus: Store,
    state: str | None = None,
    call_id: UUID | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
) -> dict[str, Any]:
    """Submitted applications of the own country (all, for the programme coordinator), those due first, 50 a page."""
    filters = queue.Filters(state=state, call_id=call_id)
    async with bus.read() as session:
        lines, total = await queue.lines(session, reach(principal), filters, page)
        counts = await queue.counts(session, reach(principal), filters)
    shown = [
        {
            "id": line.id,
            "reference": line.reference,
            "kind": line.kind,
            "country": line.country,
            "state": line.state,
            "since": line.since,
            "due": line.due,
        }
        for line in lines
    ]
    return {"applications": shown, "total": total, "counts": counts}


@router.post("/applications/{application_id}/endorse")
async def endorse(
    application_id: UUID, principal: Decider, bus: Store, body: Endorsement | None = None
) -> dict[str, Any]:
    """Endorse an application of the own country."""
    note = "" if body is None else body.note
    return _state(await endorsement.endorse(bus, principal, application_id, note))


@router.post("/applications/{application_id}/return")
async def send_back(application_id: UUID, body: Return, principal: Decider, bus: Store) -> dict[str, Any]:
    """Ask for information on some sections."""
    return _state(await endorsement.send_back(bus, principal, application_id, body.remarks))


@router.post("/applications/{application_id}/not-endorse")
async def not_endorse(application_id: UUID, body: Refusal, principal: Decider, bus: Store) -> dict[str, Any]:
    """Do not endorse, with a reason."""
    return _state(await endorsement.not_endorse(bus, principal, application_id, body.reason, body.text))


@router.post("/applications/{application_id}/void")
async def void(application_id: UUID, body: Voiding, principal: Coordinator, bus: Store) -> dict[str, Any]:
    """Mark an application as entered in error: it leaves the counts, and its match ends."""
    return _state(await voiding.void(bus, principal.subject, application_id, body.reason))


@router.get("/eligibility")
async def read_eligibility(_: Coordinator, bus: Store, call_id: UUID | None = None) -> dict[str, Any]:
    """Endorsed applications with what the rules of their call say, to be confirmed."""
    async with bus.read() as session:
        judged = await eligibility.judged(session, await store.ready_for_eligibility(session, call_id))
    return {"applications": [_judged(one) for one in judged]}


@router.post("/eligibility/confirm")
async def confirm(body: Confirmation, principal: Coordinator, bus: Store) -> dict[str, Any]:
    """Confirm what the rules say, for all of these applications or for none."""
    judged = await eligibility.confirm(bus, principal.subject, body.application_ids)
    return {"applications": [_judged(one) for one in judged]}


def _judged(one: eligibility.Judgement) -> dict[str, Any]:
    return _state(one.application) | {
        "eligible": one.eligible,
        "checks": [check.model_dump(mode="json") for check in one.checks],
    }
