"""Consume events: keep cases and deadlines up to date, and queue the messages that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.calendars.store import appointments, feeds
from services.notifications.cases.model import APPLICATIONS, case_key, id_of
from services.notifications.cases.store import cases, deputies, pauses, register
from services.notifications.deadlines.model.rules import changes, counts, set_reminders
from services.notifications.deadlines.store import deadlines
from services.notifications.mail.store import unreachable
from services.notifications.messages.actions import enqueue
from services.notifications.messages.model.decision import Message, has_message, messages
from services.notifications.messages.model.facts import facts
from services.notifications.settings import ReminderSettings
from services.notifications.steps import in_steps
from services.notifications.webhooks.actions.deliveries import also_enqueued
from services.notifications.webhooks.actions.deliveries import enqueue as enqueue_webhooks
from shared.bus import Consumers
from shared.contracts.access import AccessChanged
from shared.contracts.calls import CallRevised, Timers
from shared.contracts.codes import PartnerStatus
from shared.contracts.registry import PartnerStatusChanged
from shared.identity import consume_access

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.cases.model import Case
    from shared.bus import Envelope, Tx

_DEFAULT = Timers()


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update the cases of the events, and the deadlines that these set and meet."""
    known_cases = await cases.evolve(tx, events)
    others = {id_of(case_key(event)[1]) for event in events} - known_cases.keys()
    known_cases |= await cases.cases(tx.session, others)
    timers = await _timers(tx.session, known_cases.values())
    await deadlines.save_changes(
        tx.session,
        [
            change
            async for event in in_steps(events)
            for change in changes(
                event, _timers_of(event, known_cases, timers), known_cases.get(id_of(case_key(event)[1]))
            )
        ],
        known_cases,
    )
    await appointments.save_appointments(tx.session, events, known_cases)
    await pauses.evolve(tx.session, events)


async def react(tx: Tx, events: Sequence[Envelope]) -> None:
    """Queue the messages of the events; an event whose case has not arrived yet waits for it."""
    relevant = [event for event in events if has_message(event.type)]
    if not relevant:
        return
    cases_by_id = await cases.cases_of(tx.session, relevant)
    counted = {id_of(case_key(event)[1]) for event in relevant if counts(event.type)}
    timers = await _timers(tx.session, (case for id_, case in cases_by_id.items() if id_ in counted))
    found: list[Message] = []
    async for event in in_steps(relevant):
        topic, subject = case_key(event)
        case = cases_by_id.get(id_of(subject))
        if case is None:
            await _wait(tx, event, topic, subject)
            continue
        known_facts = facts(event, _timers_of(event, cases_by_id, timers))
        found += messages(event.data, about=event.id, at=event.time, case=case, facts=known_facts)
    await enqueue(tx, found)


async def evolve_access(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update people's access, and the cases of the register's messages."""
    await consume_access(tx, events)
    await deputies.evolve(tx.session, events)
    await cases.evolve(tx, _of_people(events))


async def react_access(tx: Tx, events: Sequence[Envelope]) -> None:
    """Queue the register's messages to people; older events do not name the person.

    A person without any access loses the private calendar address. A person who could not be reached by mail leaves
    that list once a new address, asked for since, is confirmed.
    """
    await feeds.delete_lapsed(tx.session, events)
    relevant = _of_people(events)
    await react(tx, relevant)
    for event in relevant:
        data = event.data
        assert isinstance(data, AccessChanged)
        assert data.recipient_id is not None
        if data.contact_check is not None:
            await unreachable.note_address_request(tx.session, data.recipient_id, event.time)
        elif data.contact_confirmed:
            await unreachable.settle_confirmed(tx.session, data.recipient_id, event.time)


async def evolve_registry(tx: Tx, events: Sequence[Envelope]) -> None:
    """Update names of organisations, and the partners and proposals that messages are about."""
    await register.evolve_registry(tx, events)
    await cases.evolve(tx, events)


async def react_registry(tx: Tx, events: Sequence[Envelope]) -> None:
    """Queue the messages of the register; a reinstatement also reaches owners whose supply paused."""
    await react(tx, events)
    reinstated = [
        event
        for event in events
        if isinstance(event.data, PartnerStatusChanged) and event.data.status is PartnerStatus.REINSTATED
    ]
    if not reinstated:
        return
    found: list[Message] = []
    for case in await pauses.of_countries(tx.session, {event.subject for event in reinstated}):
        for event in reinstated:
            if event.subject == case.host_country:
                found += messages(
                    event.data, about=event.id, at=event.time, case=case, facts=facts(event), apart=str(case.id)
                )
    await enqueue(tx, found)


async def react_calls(tx: Tx, events: Sequence[Envelope]) -> None:
    """Queue the messages to the officers who gain by a call's revision; the event names their applications."""
    gains = [(event, id_) for event in events if isinstance(event.data, CallRevised) for id_ in event.data.touches]
    if not gains:
        return
    cases_by_id = await cases.cases(tx.session, (id_ for _, id_ in gains))
    found: list[Message] = []
    for event, id_ in gains:
        if id_ not in cases_by_id:
            await tx.wait(event, APPLICATIONS, id_)
            continue
        found += messages(event.data, about=event.id, at=event.time, case=cases_by_id[id_], facts=facts(event))
    await enqueue(tx, found)


def _of_people(events: Sequence[Envelope]) -> list[Envelope]:
    return [event for event in events if isinstance(event.data, AccessChanged) and event.data.recipient_id is not None]


async def _wait(tx: Tx, event: Envelope, topic: str, subject: str) -> None:
    """Defer an event until its case arrives, or the application whose reference the subject line needs."""
    case = (await cases.cases(tx.session, [id_of(subject)])).get(id_of(subject))
    if case is None:
        await tx.wait(event, topic, subject)
    else:
        assert case.application_id is not None
        await tx.wait(event, APPLICATIONS, case.application_id)


async def _timers(session: AsyncSession, cases: Iterable[Case]) -> dict[UUID, Timers]:
    return await register.timers_of(session, (case.call_id for case in cases if case.call_id is not None))


def _timers_of(event: Envelope, cases: Mapping[UUID, Case], timers: Mapping[UUID, Timers]) -> Timers:
    case = cases.get(id_of(case_key(event)[1]))
    return _DEFAULT if case is None or case.call_id is None else timers.get(case.call_id, _DEFAULT)


consumers = Consumers(
    "notifications",
    projections=("case", "appointment", "deadline", "deputyship", "organisation", "call", "country_pause"),
    prepare=lambda: set_reminders(ReminderSettings().reminders),
)
consumers.topic("exchange.access", evolve=evolve_access, react=react_access)
consumers.topic("exchange.registry", evolve=evolve_registry, react=also_enqueued(react_registry))
consumers.topic("exchange.calls", evolve=register.evolve_calls, react=also_enqueued(react_calls))
for _topic in (
    "exchange.applications",
    "exchange.offers",
    "mentoring.mentors",
    "exchange.matches",
    "exchange.participation",
    "exchange.visits",
    "mentoring.mentorships",
    "exchange.outcomes",
):
    consumers.topic(_topic, evolve=evolve, react=also_enqueued(react))
for _topic in ("exchange.figures", "exchange.periods"):
    consumers.topic(_topic, react=enqueue_webhooks)
