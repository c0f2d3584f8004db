"""How does a program act for mentee and mentor: sign, set and close goals, log and confirm sessions, end, forms?"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from services.applications.actions import forms
from services.applications.actions import mentorships as actions
from services.applications.actions.overview import mentorship_view
from services.applications.api import shown
from services.applications.api.parts import Body, MaybeReason, Portal, Store, Text, TicketFor
from shared.bus import Bus
from shared.contracts.codes import Role
from shared.identity import Principal, allow

router = APIRouter(prefix="/applications/api/mentorships", tags=["mentorships"])
Pair = Annotated[Principal, Depends(allow(Role.OFFICER, Role.MENTOR))]
Anyone = Annotated[
    Principal,
    Depends(
        allow(
            Role.OFFICER,
            Role.MENTOR,
            Role.NATIONAL_COORDINATOR,
            Role.CLEARANCE_OFFICER,
            Role.PROGRAMME_COORDINATOR,
        )
    ),
]


class NewGoal(Body):
    """A goal, and by when."""

    text: Annotated[str, Field(min_length=1, max_length=actions.LONGEST_GOAL)]
    target: date | None = None


class Closing(Body):
    """Whether the goal was met."""

    met: bool


class NewSession(Body):
    """A session that was held; the note is for the two of them."""

    held_on: date
    minutes: int
    on_site: bool = False
    note: Text = ""


async def _shown(bus: Bus, principal: Principal, mentorship_id: UUID) -> dict[str, Any]:
    async with bus.read() as session:
        return shown.mentorship(await mentorship_view(session, principal, mentorship_id))


@router.get("/{mentorship_id}")
async def read_one(mentorship_id: UUID, principal: Anyone, bus: Store) -> dict[str, Any]:
    """One mentorship."""
    return await _shown(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/sign")
async def sign(mentorship_id: UUID, principal: Pair, bus: Store) -> dict[str, Any]:
    """Sign the agreement."""
    await actions.sign(bus, principal, mentorship_id)
    return await _shown(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/goals", status_code=201)
async def set_goal(mentorship_id: UUID, body: NewGoal, principal: Pair, bus: Store) -> dict[str, Any]:
    """Set a goal."""
    return shown.goal(await actions.set_goal(bus, principal, mentorship_id, body.text, body.target))


@router.post("/{mentorship_id}/goals/{goal_id}/close")
async def close_goal(mentorship_id: UUID, goal_id: UUID, body: Closing, principal: Pair, bus: Store) -> dict[str, Any]:
    """Close a goal: met, or given up."""
    return shown.goal(await actions.close_goal(bus, principal, mentorship_id, goal_id, met=body.met))


@router.post("/{mentorship_id}/sessions", status_code=201)
async def log_session(mentorship_id: UUID, body: NewSession, principal: Pair, bus: Store) -> dict[str, Any]:
    """Log a session."""
    held = await actions.log_session(
        bus, principal, mentorship_id, body.held_on, body.minutes, on_site=body.on_site, note=body.note
    )
    return shown.session(held)


@router.post("/{mentorship_id}/sessions/{session_id}/confirm")
async def confirm(mentorship_id: UUID, session_id: UUID, principal: Pair, bus: Store) -> dict[str, Any]:
    """Confirm a session that the other side logged."""
    return shown.session(await actions.confirm_session(bus, principal, mentorship_id, session_id))


@router.post("/{mentorship_id}/end", status_code=202)
async def end(mentorship_id: UUID, principal: Pair, bus: Store, body: MaybeReason | None = None) -> dict[str, Any]:
    """Ask to end the mentorship; with a reason where it is early."""
    body = body or MaybeReason()
    await actions.end(bus, principal, mentorship_id, body.reason, body.text)
    return await _shown(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/tickets", status_code=201)
async def ticket(mentorship_id: UUID, body: TicketFor, principal: Pair, bus: Store, settings: Portal) -> dict[str, str]:
    """A ticket into reporting's form about the mentorship; good for two minutes."""
    way = await forms.for_mentorship(bus, settings, principal, mentorship_id, body.purpose)
    return {"ticket": way.ticket, "address": way.address, "link": way.link}
