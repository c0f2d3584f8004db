"""What do mentee and mentor do about their next session: plan it, move it, cancel it? When does it fall away by itself?

Either side does each: the other gets a mail with an invitation, and can move it in turn.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.mentorships.actions.parties import acting
from services.applications.mentorships.model import meetings as model
from services.applications.mentorships.store import meetings as store
from services.applications.mentorships.store import mentorships
from services.applications.mentorships.views.agreement import agreement_of
from services.applications.mentorships.views.requests import planned_end
from services.applications.refusals import may_proceed, not_found
from shared.contracts.codes import Party
from shared.contracts.mentorships import MentorshipCompleted, MentorshipEndedEarly, MentorshipEvent, MentorshipPaused
from shared.contracts.participation import MeetingEvent, SessionCancelled, SessionMoved, SessionPlanned
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.applications.mentorships.actions.parties import Acting
    from services.applications.mentorships.model.meetings import MeetingTime
    from services.applications.mentorships.store.meetings import Meeting
    from services.applications.mentorships.store.mentorships import Mentorship
    from shared.bus import Bus, Envelope, Tx
    from shared.identity import Principal

_REST = MentorshipPaused | MentorshipCompleted | MentorshipEndedEarly


async def plan(bus: Bus, principal: Principal, mentorship_id: UUID, wanted: MeetingTime) -> Meeting:
    """Plan the next session; the same again is the same session. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = (await store.to_come(tx.session, [mentorship_id], clock.now())).get(mentorship_id)
        begins_at = model.begins(wanted.day, wanted.clock, country_of(one.mentorship, one.party))
        if held is not None and _says(held) == (begins_at.astimezone(UTC), wanted.minutes, wanted.on_site):
            return held
        may_proceed(model.may_plan, one.mentorship.stands, None if held is None else _planned(held))
        await _lawful(one, begins_at, wanted.minutes)
        made = store.Meeting(
            id=new_id(),
            mentorship_id=mentorship_id,
            party=one.party,
            begins_at=begins_at,
            minutes=wanted.minutes,
            on_site=wanted.on_site,
            at=clock.now(),
        )
        tx.session.add(made)
        await one.tell(_event(SessionPlanned, one.mentorship, made, one.party))
        return made


async def move(
    bus: Bus,
    principal: Principal,
    mentorship_id: UUID,
    meeting_id: UUID,
    wanted: MeetingTime,
    *,
    version: int | None = None,
) -> Meeting:
    """Give a planned session another time (`version`: as it was read). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, meeting_id)
        begins_at = model.begins(wanted.day, wanted.clock, country_of(one.mentorship, one.party))
        if held.cancelled_at is None and _says(held) == (begins_at.astimezone(UTC), wanted.minutes, wanted.on_site):
            return held
        may_proceed(model.may_move, one.mentorship.stands, _planned(held), clock.now(), version)
        await _lawful(one, begins_at, wanted.minutes)
        held.begins_at, held.minutes, held.on_site = begins_at, wanted.minutes, wanted.on_site
        held.party = one.party
        held.version += 1
        tx.session.add(held)
        await one.tell(_event(SessionMoved, one.mentorship, held, one.party))
        return held


async def cancel(
    bus: Bus, principal: Principal, mentorship_id: UUID, meeting_id: UUID, *, version: int | None = None
) -> Meeting:
    """Cancel a planned session (`version`: as it was read). Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        one = await acting(tx, principal, mentorship_id)
        held = await _held(one, meeting_id)
        if not may_proceed(model.may_cancel, _planned(held), clock.now(), version):
            return held
        _end(held)
        tx.session.add(held)
        await one.tell(_event(SessionCancelled, one.mentorship, held, one.party))
        return held


async def react_to_mentorships(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `react` of mentoring.mentorships: where one rests or has ended, its planned session does not take place."""
    found = {event.subject: event for event in events if isinstance(event.data, _REST)}
    for id_, event in sorted(found.items()):
        assert isinstance(event.data, MentorshipEvent)
        one = await mentorships.mentorship(tx.session, UUID(id_))
        if one is None:
            continue
        held = (await store.to_come(tx.session, [one.id], clock.now())).get(one.id)
        if held is None:
            continue
        _end(held)
        tx.session.add(held)
        await tx.react(event, _event(SessionCancelled, one, held, None), one.match_id)
        await tx.changed("matches")


def country_of(mentorship: Mentorship, party: Party) -> str:
    """In which country one of the two is at home: on its clocks the times are meant that this one writes."""
    return mentorship.mentor_country if party is Party.MENTOR else mentorship.country


def _end(held: Meeting) -> None:
    held.cancelled_at = clock.now()
    held.version += 1


def _says(held: Meeting) -> tuple[object, ...]:
    return held.begins_at, held.minutes, held.on_site


def _planned(held: Meeting) -> model.Planned:
    return model.Planned(
        held.begins_at, held.minutes, held.on_site, held.version, cancelled=held.cancelled_at is not None
    )


async def _lawful(one: Acting, begins_at: datetime, minutes: int) -> None:
    until = planned_end(one.mentorship, (await agreement_of(one.tx.session, one.mentorship)).until)
    may_proceed(model.lawful, begins_at, minutes, until=until, now=clock.now())


def _event(kind: type[MeetingEvent], of: Mentorship, held: Meeting, by: Party | None) -> MeetingEvent:
    return kind(
        application_id=of.application_id,
        mentorship_id=of.id,
        meeting_id=held.id,
        by=by,
        begins_at=held.begins_at,
        minutes=held.minutes,
        on_site=held.on_site,
        version=held.version,
    )


async def _held(one: Acting, meeting_id: UUID) -> Meeting:
    held = await store.one(one.tx.session, meeting_id)
    if held is None or held.mentorship_id != one.mentorship.id:
        raise not_found()
    return held
