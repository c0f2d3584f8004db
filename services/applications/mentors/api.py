"""The JSON API of mentors' profiles."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.applications.guards import Decider, Mentor, MentorOrDecider
from services.applications.matches.store import matches
from services.applications.mentors import actions, store, views
from services.applications.overview.views import resources
from services.applications.parameters import Body, BusDep
from services.applications.visibility import visibility_of

router = APIRouter(prefix="/applications/api/v1/mentors", tags=["mentors"])


class NewMentor(Body):
    """A profile for a call; `entry` holds the fields written so far. `publish` publishes it at once."""

    call_id: UUID
    entry: Annotated[dict[str, Any], Field(default_factory=dict)]
    publish: bool = False


class MentorChange(Body):
    """Fields that replace the present ones; `version` is the one that was read."""

    entry: dict[str, Any]
    version: int | None = None


@router.post("", status_code=201)
async def begin(body: NewMentor, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Draft your profile for a call, or continue the existing one."""
    mentor = await actions.begin(bus, principal, body.call_id, body.entry)
    if body.publish:
        mentor = await actions.publish(bus, principal, mentor.id)
    return resources.mentor(mentor)


@router.get("")
async def read_own(principal: Mentor, bus: BusDep) -> dict[str, list[dict[str, Any]]]:
    """Return your profiles, the newest first."""
    async with bus.read() as session:
        return {"mentors": [resources.mentor(mentor) for mentor in await store.of_subject(session, principal.subject)]}


@router.get("/country")
async def read_country(
    principal: Decider,
    bus: BusDep,
    state: str | None = None,
    call_id: UUID | None = None,
    country: str | None = None,
    reference: str | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
) -> dict[str, Any]:
    """Return the published profiles of your country (all, for the programme coordinator), those asked first."""
    filters, visibility = store.Filters(state, call_id, country, reference), visibility_of(principal)
    async with bus.read() as session:
        found, total = await store.list_page(session, visibility, filters, page)
        counts = await store.counts(session, visibility, filters)
        mentees = await matches.mentee_counts(session, [mentor.id for mentor in found])
    return {
        "mentors": [
            resources.mentor(mentor, about=views.reads_all(principal, mentor)) | {"mentees": mentees[mentor.id]}
            for mentor in found
        ],
        "total": total,
        "counts": counts,
    }


@router.get("/{mentor_id}")
async def read_one(mentor_id: UUID, principal: MentorOrDecider, bus: BusDep) -> dict[str, Any]:
    """Return your profile; for coordinators a published one of their country."""
    async with bus.read() as session:
        mentor = await views.readable_mentor(session, principal, mentor_id)
    return resources.mentor(mentor, about=views.reads_all(principal, mentor))


@router.put("/{mentor_id}")
async def save(mentor_id: UUID, body: MentorChange, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Save what the mentor writes; for a published profile it is a revision."""
    return resources.mentor(await actions.save(bus, principal, mentor_id, body.entry, version=body.version))


@router.post("/{mentor_id}/publish")
async def publish(mentor_id: UUID, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Publish it, so that mentees can be matched."""
    return resources.mentor(await actions.publish(bus, principal, mentor_id))


@router.post("/{mentor_id}/pause")
async def pause(mentor_id: UUID, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Pause it: no new mentee for a while."""
    return resources.mentor(await actions.pause(bus, principal, mentor_id))


@router.post("/{mentor_id}/resume")
async def resume(mentor_id: UUID, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Resume it, so that mentees can be matched again."""
    return resources.mentor(await actions.resume(bus, principal, mentor_id))


@router.post("/{mentor_id}/close")
async def close(mentor_id: UUID, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Close it: no more mentees, open mentorships remain."""
    return resources.mentor(await actions.close(bus, principal, mentor_id))


@router.post("/{mentor_id}/available")
async def confirm(mentor_id: UUID, principal: Mentor, bus: BusDep) -> dict[str, Any]:
    """Confirm that you still have time for mentees."""
    return resources.mentor(await actions.confirm(bus, principal, mentor_id))
