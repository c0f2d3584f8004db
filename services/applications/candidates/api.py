"""API routes by which a host or mentor reads anonymous candidates and says what fits."""

from uuid import UUID

from fastapi import APIRouter

from services.applications.candidates.actions import choose
from services.applications.candidates.model import Choices
from services.applications.candidates.views import CandidateList, candidate_list
from services.applications.guards import Host, Mentor
from services.applications.parameters import BusDep
from shared.contracts.codes import ApplicationKind

router = APIRouter(prefix="/applications/api/v1", tags=["candidates"])

_VISIT, _MENTEE = ApplicationKind.STUDY_VISIT, ApplicationKind.MENTEE


@router.get("/offers/{offer_id}/candidates", operation_id="read_placement_candidates")
async def read_of_offer(offer_id: UUID, principal: Host, bus: BusDep) -> CandidateList:
    """Return the suitable candidates of your placement, without names, and what you said of them.

    Candidates are eligible and have no match yet. The list is empty while your placement or its call is not open.
    """
    async with bus.read() as session:
        return await candidate_list(session, principal, _VISIT, offer_id)


@router.put("/offers/{offer_id}/candidates", operation_id="choose_placement_candidates")
async def choose_of_offer(offer_id: UUID, body: Choices, principal: Host, bus: BusDep) -> CandidateList:
    """Put candidates of your placement in order, and say who is not suitable. What you send replaces the present."""
    await choose(bus, principal, _VISIT, offer_id, body)
    async with bus.read() as session:
        return await candidate_list(session, principal, _VISIT, offer_id)


@router.get("/mentors/{mentor_id}/candidates", operation_id="read_mentor_candidates")
async def read_of_mentor(mentor_id: UUID, principal: Mentor, bus: BusDep) -> CandidateList:
    """Return the suitable candidates for your mentoring, without names, and what you said of them."""
    async with bus.read() as session:
        return await candidate_list(session, principal, _MENTEE, mentor_id)


@router.put("/mentors/{mentor_id}/candidates", operation_id="choose_mentor_candidates")
async def choose_of_mentor(mentor_id: UUID, body: Choices, principal: Mentor, bus: BusDep) -> CandidateList:
    """Put candidates for your mentoring in order, and say who is not suitable. What you send replaces the present."""
    await choose(bus, principal, _MENTEE, mentor_id, body)
    async with bus.read() as session:
        return await candidate_list(session, principal, _MENTEE, mentor_id)
