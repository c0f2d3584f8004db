"""The JSON API of mentors' profiles."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.applications import guards
from services.applications.mentors import actions
from services.applications.mentors.model import MentorEntry
from services.applications.mentors.views import lists
from services.applications.mentors.views.mentor import Mentor, readable_mentor
from services.applications.parameters import Body, BusDep
from shared.contracts.base import Country
from shared.contracts.codes import MentorState
from shared.web.paging import PageDep
from shared.web.read_models import Page

router = APIRouter(prefix="/applications/api/v1/mentors", tags=["mentors"])
StateFilter = MentorState | Literal["asked"]


class NewMentor(Body):
    """A profile for a call, with the fields written so far."""

    call_id: UUID
    entry: MentorEntry = MentorEntry()
    publish: Annotated[bool, Field(description="Publish it at once.")] = False


class MentorChange(Body):
    """A change of a profile: fields that are sent replace the present ones, fields that are not sent stay."""

    entry: MentorEntry


@router.post("", status_code=201)
async def begin(body: NewMentor, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Draft your profile for a call, or continue the existing one."""
    row = await actions.begin(bus, principal, body.call_id, body.entry)
    if body.publish:
        row = await actions.publish(bus, principal, row.id)
    return Mentor.of(row, principal)


@router.get("")
async def read_own(principal: guards.Mentor, bus: BusDep) -> Page[Mentor]:
    """Return your profiles, the newest first."""
    async with bus.read() as session:
        return await lists.own(session, principal)


@router.get("/country", operation_id="list_country_mentors")
async def read_country(
    principal: guards.Decider,
    bus: BusDep,
    page: PageDep,
    state: StateFilter | None = None,
    call_id: UUID | None = None,
    country: Country | None = None,
    reference: str | None = None,
) -> Page[lists.CountryMentor]:
    """Return the published profiles of your country (all, for the programme coordinator), the newest first.

    `state=asked` gives only those whose mentor is asked whether there is still time.
    """
    async with bus.read() as session:
        return await lists.page(session, principal, lists.Filters(state, call_id, country, reference), page)


@router.get("/country/counts", operation_id="count_country_mentors")
async def count_country(
    principal: guards.Decider,
    bus: BusDep,
    call_id: UUID | None = None,
    country: Country | None = None,
    reference: str | None = None,
) -> lists.MentorCounts:
    """Return how many published profiles the reader sees in each state, and how many are asked."""
    async with bus.read() as session:
        return await lists.counts(session, principal, lists.Filters(None, call_id, country, reference))


@router.get("/{mentor_id:uuid}")
async def read_one(mentor_id: UUID, principal: guards.MentorOrDecider, bus: BusDep) -> Mentor:
    """Return your profile; for coordinators a published one of their country."""
    async with bus.read() as session:
        return await readable_mentor(session, principal, mentor_id)


@router.put("/{mentor_id:uuid}")
async def save(mentor_id: UUID, body: MentorChange, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Save what the mentor writes; for a published profile it is a revision."""
    return Mentor.of(await actions.save(bus, principal, mentor_id, body.entry), principal)


@router.post("/{mentor_id}/publish")
async def publish(mentor_id: UUID, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Publish it, so that mentees can be matched."""
    return Mentor.of(await actions.publish(bus, principal, mentor_id), principal)


@router.post("/{mentor_id}/pause")
async def pause(mentor_id: UUID, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Pause it: no new mentee for a while."""
    return Mentor.of(await actions.pause(bus, principal, mentor_id), principal)


@router.post("/{mentor_id}/resume")
async def resume(mentor_id: UUID, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Resume it, so that mentees can be matched again."""
    return Mentor.of(await actions.resume(bus, principal, mentor_id), principal)


@router.post("/{mentor_id}/close")
async def close(mentor_id: UUID, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Close it: no more mentees, open mentorships remain."""
    return Mentor.of(await actions.close(bus, principal, mentor_id), principal)


@router.post("/{mentor_id}/available", operation_id="confirm_mentor_availability")
async def confirm(mentor_id: UUID, principal: guards.Mentor, bus: BusDep) -> Mentor:
    """Confirm that you still have time for mentees."""
    return Mentor.of(await actions.confirm(bus, principal, mentor_id), principal)
