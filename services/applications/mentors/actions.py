"""Write, publish, revise, pause, resume and close a mentor's profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications import counters, transitions
from services.applications.calls import store as calls_store
from services.applications.fields import differing, from_register, with_changes
from services.applications.matches.store import matches
from services.applications.mentors import store
from services.applications.mentors.model import (
    MentorEntry,
    below_open_mentorships,
    missing_to_open,
    problems,
    profile_of,
    reference,
    revisable,
    writable,
)
from services.applications.mentors.views.mentor import Mentor
from services.applications.refusals import may_move, not_found
from services.applications.register.store import entries
from shared.contracts import mentors as mentor_events
from shared.contracts.codes import CallState, CloseCause, MentorState, PauseCause
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.scope import is_self
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.identity import Principal


async def begin(bus: Bus, principal: Principal, call_id: UUID, changes: MentorEntry) -> store.Mentor:
    """Draft a profile for a call, filled from the register; return the existing one if there is one.

    Raises `Refused` (404; 409 where the call takes none; 422 where the mentor is not in the register).
    """
    async with bus.transaction(principal.subject) as tx:
        # Locked, so that two clicks at once begin one profile and not two.
        person = await entries.person(tx.session, principal.subject, lock=True)
        mine = await store.of_subject(tx.session, principal.subject)
        existing = next((row for row in mine if row.call_id == call_id), None)
        if existing is not None:
            return existing
        call = await calls_store.call(tx.session, call_id)
        if call is None:
            raise not_found()
        if call.state != CallState.PUBLISHED:
            raise Refused(gettext("This call is not open for mentors now."), code=ProblemCode.CALL_CLOSED)
        if person is None or person.country is None or person.organisation_id is None:
            sentence = gettext("You are not in the register yet. Ask your national coordinator to add you.")
            raise Refused(sentence, 422)
        moment, year = clock.now(), counters.this_year()
        number = await counters.next_number(tx.session, f"mentor {person.country} {year}")
        entry = with_changes(from_register(MentorEntry, person), changes)
        mentor = store.Mentor(
            id=new_id(),
            subject=principal.subject,
            reference=reference(person.country, year, number),
            call_id=call_id,
            organisation_id=person.organisation_id,
            country=person.country,
            since=moment,
            entry_json=entry.model_dump(mode="json"),
            last_day=entry.last_day,
            created_at=moment,
            saved_at=moment,
        )
        tx.session.add(mentor)
        await tx.changed("mentors")
        return mentor


async def save(bus: Bus, principal: Principal, mentor_id: UUID, changes: MentorEntry) -> store.Mentor:
    """Save what the mentor writes; for a published profile it is a revision, published at once.

    Raises `Refused` (404; 409 where it is closed; 422).
    """
    async with bus.transaction(principal.subject) as tx:
        mentor = await _own(tx, principal, mentor_id)
        if not writable(mentor.stands, mentor.cause):
            raise Refused(str(transitions.refuse("mentor", mentor.state)), 409)
        entry = with_changes(mentor.entry, changes)
        if entry == mentor.entry:
            if mentor.awaits_answer:
                await record_available(tx, mentor)
            return mentor
        reopens = mentor.stands is MentorState.CLOSED
        if revisable(mentor.stands, mentor.cause):
            await tx.record(
                mentor_events.MentorRevised(profile=await revised_profile(tx.session, mentor, entry)), mentor.id
            )
        mentor.entry_json, mentor.last_day, mentor.due = entry.to_store(), entry.last_day, None
        if reopens:
            await apply_event(tx, mentor, mentor_events.MentorResumed())
        else:
            _touch(tx, mentor)
        await tx.changed("mentors")
        return mentor


async def revised_profile(
    session: AsyncSession, mentor: store.Mentor, entry: MentorEntry
) -> mentor_events.MentorProfile:
    """Return the profile that a revision would publish.

    Raises `Refused` (422 with the fields that are too low or missing; 409 where its call is closed).
    """
    mentees = (await matches.mentee_counts(session, [mentor.id]))[mentor.id]
    found = below_open_mentorships(entry, mentees)
    found |= await _obstacles_to_open(session, mentor, entry) if mentor.stands is MentorState.CLOSED else {}
    if found:
        raise Refused(gettext("This change is not possible."), 422, found)
    return await _profile(session, mentor, entry)


@dataclass(frozen=True, slots=True)
class ProfilePreview:
    """A published profile, what it would say, which fields that changes, and how many mentees go on as they are."""

    mentor: Mentor
    entry: MentorEntry
    changes: Sequence[str]
    mentees: int
    reopens: bool


async def preview_profile(bus: Bus, principal: Principal, mentor_id: UUID, changes: MentorEntry) -> ProfilePreview:
    """Return what `save` would do with `changes` to the mentor's published profile. Nothing is written.

    Raises `Refused` as `save` does (404; 409 where it is no revision; 422).
    """
    async with bus.read() as session:
        mentor = await store.mentor(session, mentor_id)
        if mentor is None or not is_self(principal, mentor.subject):
            raise not_found()
        if not revisable(mentor.stands, mentor.cause):
            raise Refused(gettext("This has not been published, so it cannot be revised. Change it instead."), 409)
        entry = with_changes(mentor.entry, changes)
        await revised_profile(session, mentor, entry)
        mentees = (await matches.mentee_counts(session, [mentor_id]))[mentor_id]
        reopens = mentor.stands is MentorState.CLOSED
        return ProfilePreview(Mentor.of(mentor, principal), entry, differing(mentor.entry, entry), mentees, reopens)


async def _obstacles_to_open(session: AsyncSession, mentor: store.Mentor, entry: MentorEntry) -> dict[str, str]:
    """Return what prevents a profile from being matched: field -> sentence. Raises `Refused` (409: call closed)."""
    call = await calls_store.call(session, mentor.call_id)
    if call is None or call.state != CallState.PUBLISHED:
        raise Refused(gettext("Its call is closed. Write a profile for another call."), code=ProblemCode.CALL_CLOSED)
    return missing_to_open(entry, clock.today())


async def publish(bus: Bus, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Publish it, so that mentees can be matched. Raises `Refused` (404, 409; 422 names what is missing)."""
    async with bus.transaction(principal.subject) as tx:
        mentor = await _own(tx, principal, mentor_id)
        if await may_move(tx, "mentor", mentor_events.MentorPublished, mentor):
            await _check_open(tx, mentor)
            await apply_event(
                tx, mentor, mentor_events.MentorPublished(profile=await _profile(tx.session, mentor, mentor.entry))
            )
        return mentor


async def pause(bus: Bus, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Pause it: no new mentee for a while. Raises `Refused` (404, 409)."""
    return await _transition_by_mentor(
        bus, principal, mentor_id, mentor_events.MentorPaused(cause=PauseCause.BY_CHOICE)
    )


async def resume(bus: Bus, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Resume it, so that mentees can be matched again. Raises `Refused` (404; 409; 422 where its periods are over)."""
    async with bus.transaction(principal.subject) as tx:
        mentor = await _own(tx, principal, mentor_id)
        if mentor.stands is MentorState.CLOSED:
            raise Refused(str(transitions.refuse("mentor", mentor.state)), 409)
        if await may_move(tx, "mentor", mentor_events.MentorResumed, mentor):
            await _check_open(tx, mentor)
            await apply_event(tx, mentor, mentor_events.MentorResumed())
        return mentor


async def _check_open(tx: Tx, mentor: store.Mentor) -> None:
    """Raise `Refused` (422) unless the profile could be matched: its call open, a period left."""
    found = await _obstacles_to_open(tx.session, mentor, mentor.entry)
    if found:
        raise Refused(" ".join(found.values()), 422, found)


async def confirm(bus: Bus, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Confirm that the mentor still has time. Raises `Refused` (404; 409 where the profile is not published)."""
    async with bus.transaction(principal.subject) as tx:
        mentor = await _own(tx, principal, mentor_id)
        if await may_move(tx, "mentor", mentor_events.MentorAvailabilityConfirmed, mentor):
            await record_available(tx, mentor)
        return mentor


async def record_available(tx: Tx, mentor: store.Mentor) -> None:
    """Record that the mentor of a published, locked profile has time; publish an event only if that was asked."""
    if mentor.awaits_answer:
        await tx.record(mentor_events.MentorAvailabilityConfirmed(), mentor.id)
    mentor.due, mentor.saved_at = None, clock.now()
    tx.session.add(mentor)
    await tx.changed("mentors")


async def close(bus: Bus, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Close it: no more mentees, open mentorships remain. Raises `Refused` (404, 409)."""
    return await _transition_by_mentor(
        bus, principal, mentor_id, mentor_events.MentorClosed(cause=CloseCause.BY_CHOICE)
    )


async def _transition_by_mentor(
    bus: Bus, principal: Principal, mentor_id: UUID, event: mentor_events.MentorEvent
) -> store.Mentor:
    async with bus.transaction(principal.subject) as tx:
        mentor = await _own(tx, principal, mentor_id)
        if await may_move(tx, "mentor", type(event), mentor):
            await apply_event(tx, mentor, event)
        return mentor


async def _own(tx: Tx, principal: Principal, mentor_id: UUID) -> store.Mentor:
    """Return the profile, locked. Raises `Refused` (404) unless it is the principal's own."""
    mentor = await store.mentor(tx.session, mentor_id, lock=True)
    if mentor is None or not is_self(principal, mentor.subject):
        raise not_found()
    return mentor


async def _profile(session: AsyncSession, mentor: store.Mentor, entry: MentorEntry) -> mentor_events.MentorProfile:
    """Return the profile to publish of an entry. Raises `Refused` (422) that names what is missing."""
    call = await calls_store.call(session, mentor.call_id)
    assert call is not None
    found = problems(entry, call.terms)
    if found:
        raise Refused(gettext("Some information is missing."), 422, found)
    return profile_of(
        entry,
        call.terms,
        call_id=mentor.call_id,
        reference=mentor.reference,
        organisation_id=mentor.organisation_id,
        country=mentor.country,
    )


async def apply_event(tx: Tx, mentor: store.Mentor, event: mentor_events.MentorEvent) -> None:
    """Move a locked profile to the state that `event` leads to, and publish the event."""
    mentor.state = transitions.after("mentor", type(event), mentor.state)
    mentor.since, mentor.due = clock.now(), None
    mentor.cause = (
        str(event.cause) if isinstance(event, mentor_events.MentorPaused | mentor_events.MentorClosed) else None
    )
    _touch(tx, mentor)
    await tx.record(event, mentor.id)
    await tx.changed("mentors")


def _touch(tx: Tx, mentor: store.Mentor) -> None:
    mentor.saved_at = clock.now()
    tx.session.add(mentor)
