"""What does a program decide for a pair: the agreement, pause and end, a visit; and what does it read?"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from services.applications.actions import forms
from services.applications.actions.mentorships import agreement, course, visit
from services.applications.actions.mentorships.view import mentorship_rows
from services.applications.api import shown_pairs
from services.applications.api.mentorships.parts import answered, router
from services.applications.api.parts import Body, MaybeReason, Portal, Reason, Store, Text, TicketFor
from services.applications.guards import Pair, PairOrDecider
from services.applications.model.mentorship.agreement import Terms
from services.applications.model.mentorship.visit import MOST_PERIODS
from services.applications.pages.parts import paged
from services.applications.store.paging import PAGE
from shared.contracts.calls import DatePeriod
from shared.contracts.codes import Answer, MentorshipState, Party


class Signing(Body):
    """Which version was read."""

    version: int | None = None


class Proposal(Body):
    """What the pair agrees on; `based_on` is the newest version that was read."""

    terms: Terms
    based_on: int


class NewVisit(Body):
    """A visit: who travels (`mentee` or `mentor`), for how many working days, and when; the note is for the two."""

    guest: Party
    days: int
    periods: Annotated[tuple[DatePeriod, ...], Field(max_length=MOST_PERIODS)]
    note: Text = ""


class VisitAnswer(Body):
    """Whether the visit suits; if not, why, for the two of them."""

    answer: Answer
    text: Text = ""


@router.get("")
async def read_all(
    principal: PairOrDecider,
    bus: Store,
    state: MentorshipState | None = None,
    page: Annotated[int, Query(ge=1, le=100)] = 1,
    *,
    waits: bool = False,
) -> dict[str, Any]:
    """The mentorships that concern the caller, those that wait for the caller first; 50 a page."""
    async with bus.read() as session:
        rows = await mentorship_rows(session, principal)
    found = [one for one in rows if (state is None or one.mentorship.stands is state) and (one.waits or not waits)]
    return {
        "total": len(found),
        "page": page,
        "size": PAGE,
        "mentorships": [shown_pairs.row(one) for one in paged(found, page)],
    }


@router.get("/{mentorship_id}")
async def read_one(mentorship_id: UUID, principal: PairOrDecider, bus: Store) -> dict[str, Any]:
    """One mentorship."""
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/sign")
async def sign(mentorship_id: UUID, principal: Pair, bus: Store, body: Signing | None = None) -> dict[str, Any]:
    """Sign the agreement: the version that was read, or the one that waits."""
    await agreement.sign(bus, principal, mentorship_id, body.version if body is not None else None)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement", status_code=201)
async def propose(mentorship_id: UUID, body: Proposal, principal: Pair, bus: Store) -> dict[str, Any]:
    """Propose the next version of the agreement, and sign it."""
    await agreement.propose(bus, principal, mentorship_id, body.terms, based_on=body.based_on)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/agreement/versions/{version}/take-back")
async def take_back(mentorship_id: UUID, version: int, principal: Pair, bus: Store) -> dict[str, Any]:
    """Take an own proposal back before the other signs it."""
    await agreement.take_back(bus, principal, mentorship_id, version)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/pause", status_code=202)
async def pause(mentorship_id: UUID, body: Reason, principal: Pair, bus: Store) -> dict[str, Any]:
    """Ask for a pause."""
    await course.pause(bus, principal, mentorship_id, body.reason, body.text)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/resume", status_code=202)
async def resume(mentorship_id: UUID, principal: Pair, bus: Store) -> dict[str, Any]:
    """Ask to go on after a pause."""
    await course.resume(bus, principal, mentorship_id)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/end", status_code=202)
async def end(mentorship_id: UUID, principal: Pair, bus: Store, body: MaybeReason | None = None) -> dict[str, Any]:
    """Ask to complete the mentorship, or, with a reason, to end it early."""
    body = body or MaybeReason()
    await course.end(bus, principal, mentorship_id, body.reason, body.text)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/visit", status_code=201)
async def ask_visit(mentorship_id: UUID, body: NewVisit, principal: Pair, bus: Store) -> dict[str, Any]:
    """Propose a visit under the same agreement."""
    made = await visit.ask(bus, principal, mentorship_id, body.periods, body.days, body.guest, body.note)
    return shown_pairs.pair_visit(made)


@router.post("/{mentorship_id}/visit/{request_id}/answer", status_code=202)
async def answer_visit(
    mentorship_id: UUID, request_id: UUID, body: VisitAnswer, principal: Pair, bus: Store
) -> dict[str, Any]:
    """Agree to a visit that the other side proposed, or say why not."""
    made = await visit.answer(bus, principal, mentorship_id, request_id, body.answer, body.text)
    return shown_pairs.pair_visit(made)


@router.post("/{mentorship_id}/visit/{request_id}/withdraw")
async def withdraw_visit(mentorship_id: UUID, request_id: UUID, principal: Pair, bus: Store) -> dict[str, Any]:
    """Take back a visit that one proposed, before it is answered."""
    return shown_pairs.pair_visit(await visit.withdraw(bus, principal, mentorship_id, request_id))


@router.post("/{mentorship_id}/visits/{pair_visit_id}/cancel", status_code=202)
async def cancel_visit(
    mentorship_id: UUID, pair_visit_id: UUID, body: Reason, principal: Pair, bus: Store
) -> dict[str, Any]:
    """Ask that the pair's visit be cancelled; the mentorship goes on."""
    await visit.cancel(bus, principal, mentorship_id, pair_visit_id, body.reason, body.text)
    return await answered(bus, principal, mentorship_id)


@router.post("/{mentorship_id}/tickets", status_code=201)
async def ticket(
    mentorship_id: UUID, body: TicketFor, principal: PairOrDecider, bus: Store, settings: Portal
) -> dict[str, str]:
    """A ticket into reporting's form about the mentorship; good for two minutes."""
    way = await forms.for_mentorship(bus, settings, principal, mentorship_id, body.purpose)
    return {"ticket": way.ticket, "address": way.address, "link": way.link}
