"""Send the messages that are due: ask for contacts, write the letters and hand them over on a few connections."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from services.notifications.cases.store.register import organisation_names
from services.notifications.deadlines.store import deadlines
from services.notifications.mail.sending.contacts import ContactRequest, PortalAway
from services.notifications.mail.sending.delivery_log import (
    Broken,
    Delivery,
    FinalOutcome,
    NotSent,
    Postponed,
    absent,
)
from services.notifications.mail.sending.emails import Email, Part, Task, emails, portions
from services.notifications.mail.sending.letter import letter
from services.notifications.mail.sending.pacing import HOUR, Candidate, waits
from services.notifications.mail.sending.quiet_hours import Sleepers, held_by_country
from services.notifications.mail.sending.rounds import (
    AHEAD,
    Batch,
    Round,
    Slow,
    Supply,
    Unit,
)
from services.notifications.mail.sending.smtp import Refused, ServerAway, Unanswered
from services.notifications.messages.store import due as due_store
from services.notifications.messages.store import messages as store
from services.notifications.messages.store.messages import readers_of
from services.notifications.preferences.model.quiet_hours import pressing, urgent
from services.notifications.steps import in_steps
from shared.bus.db import leases
from shared.bus.set_aside import of_subject, reason_of
from shared.contracts.codes import FailureCause
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.mail.sending.contacts import Contact, Portal, Recipients
    from services.notifications.mail.sending.delivery_log import DeliveryLog, Outcome
    from services.notifications.mail.sending.letter import Letter
    from services.notifications.mail.sending.signature import Signer
    from services.notifications.mail.sending.smtp import Post
    from services.notifications.messages.store.due import DueMessage
    from services.notifications.settings import Settings
    from shared.bus import Bus

log = structlog.get_logger(__name__)

BATCH = 200
BESIDE = 500
"""The most messages that a batch takes along since they wait for the same readers."""
# How long an orderly end waits; together less than a service gives its loops (shared/runtime/service.py).
_LINE_SECONDS = 5.0
_LOG_SECONDS = 2.0
# How long a round waits for its last emails; the next one begins without those that are not answered by then.
_SLOW_SECONDS = 2.0


@dataclass(slots=True)
class Dispatcher:
    """Sends messages and has the delivery log record what became of each mail."""

    bus: Bus
    settings: Settings
    portal: Portal
    post: Post
    delivery_log: DeliveryLog
    signer: Signer | None = None
    line_seconds: float = _LINE_SECONDS
    slow_seconds: float = _SLOW_SECONDS
    slow: list[Slow] = field(default_factory=list)
    _connections: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._connections = asyncio.Semaphore(self.settings.mail_connections)

    async def send_due(self) -> int:
        """Try every message that is due; return how many there were.

        While one batch is sent the next is prepared and the one before is recorded, so that no connection idles.
        Messages to one reader at this moment are one email. Readers are served in parallel. Emails that the server does
        not answer hold up no others: once nothing else is left, the next round begins on the other connections.
        Cancelled, it ends in order within seconds.
        """
        await self._end_slow()
        round_ = Round(going={key: at for each in self.slow for key, at in each.going.items()})
        ready = await self._ready(None, round_)
        if ready is None:
            return 0
        round_.work = asyncio.create_task(self._sent(ready, round_))
        try:
            await asyncio.wait([round_.work, round_.over], return_when=asyncio.FIRST_COMPLETED)
            if not (await asyncio.wait([round_.work], timeout=self.slow_seconds))[0]:
                await self._leave_slow(round_)
        except asyncio.CancelledError:
            await self.stop(round_)
            raise
        if round_.work.done():
            round_.work.result()
        return round_.count

    async def _leave_slow(self, round_: Round) -> None:
        """Let the last emails of a round go on by themselves, after all else that became of it is recorded."""
        assert round_.work is not None
        left = list(chain.from_iterable(round_.in_hand.values()))
        recorded: asyncio.Future[Any] = (await round_.claim(())).claimed
        await asyncio.wait([round_.work, recorded], return_when=asyncio.FIRST_COMPLETED)
        if not round_.work.done():
            log.info("emails without an answer are left to themselves", emails=sum(len(unit.emails) for unit in left))
            self.slow.append(Slow(round_, round_.work, left))

    async def _end_slow(self) -> None:
        """Forget the rounds that have ended meanwhile. Raises what they raised."""
        ended, self.slow = [each for each in self.slow if each.ended], [each for each in self.slow if not each.ended]
        for each in ended:
            await each.work

    async def _sent(self, first: Batch, round_: Round) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.delivery_log.record_all(round_.entries))
            supply = Supply(self._sets(first, group, round_), group, round_)
            round_.lines = [
                group.create_task(self._line(supply, round_)) for _ in range(self.settings.mail_connections)
            ]
            await asyncio.wait(round_.lines)
            left = await supply.rest()
            await round_.give_back(set().union(*(unit.claimed or () for unit in left)))
            await round_.entries.put(None)

    async def stop(self, *rounds: Round) -> None:
        """End rounds and what is left of earlier ones: each connection finishes its mail, and all is recorded.

        Otherwise the mails that the server took in the last moments would be sent again at the next start. A connection
        that does not finish in time is cut off, and its mail may be sent again; the delivery log is cut off too.
        """
        rounds, self.slow = (*rounds, *(each.round for each in self.slow)), []
        work = [round_.work for round_ in rounds if round_.work is not None]
        if not work:
            return
        for round_ in rounds:
            round_.ending = True
            if round_.following is not None:
                round_.following.cancel()
        try:
            if (await asyncio.wait(work, timeout=self.line_seconds))[1]:
                for line in chain.from_iterable(round_.lines for round_ in rounds):
                    line.cancel()
                await asyncio.wait(work, timeout=_LOG_SECONDS)
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
        for task in work:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.warning("the last mails were not written down", why=error)

    async def _ready(self, last: DueMessage | None, round_: Round) -> Batch | None:
        """Return the messages due after `last`, without those taken, with their recipients; None where none is left.

        What else waits for their readers is taken along, but nothing that the round has begun: the clocks of machines
        differ, so the same message may seem due by itself and to wait for others. What is due again ends the round:
        only when all outcomes are recorded does the next one see what may have been sent.
        """
        async with self.bus.glance() as session:
            now = clock.now()
            due = await due_store.messages_due(session, _real(), now, BATCH, after=last, gathers=self._gathers)
            if not due or not round_.begun.isdisjoint(message.id for message in due):
                return None
            round_.begun |= {message.id for message in due}
            fresh = [message for message in due if message.id not in round_.taken]
            sound, broken = await _sorted_out(fresh)
            waiting = await self._waiting(session, sound)
            round_.taken |= waiting
            sound = [message for message in sound if message.id not in waiting]
            beside = await self._beside(session, now, sound, round_)
            sound_beside, broken_beside = await _sorted_out(beside)
            sound, broken = sound + sound_beside, broken + broken_beside
            hosts = {message.case.named_host for message in sound}
            names = await organisation_names(session, (host for host in hosts if host is not None))
            needless = await _needless(session, sound, now)
            held_until = await held_by_country(session, self.settings.quiet, sound, now)
            in_doubt = await store.in_doubt(session, held_until)
        count = len(sound) + len(broken)
        await self.delivery_log.record(broken)
        # What may have been sent with others waits only with them (`Sleepers.leave`).
        held_until = {id_: until for id_, until in held_until.items() if id_ not in in_doubt}
        await self.delivery_log.hold(held_until)
        left_out = held_until.keys() | await self.delivery_log.drop(needless)
        awake = [message for message in sound if message.id not in left_out]
        try:
            found = await self.portal.contacts_of([ask(message) async for message in in_steps(awake)])
        except PortalAway as error:
            await self.delivery_log.record([Postponed(message, f"portal: {error}") for message in awake])
            return Batch(due, count)
        contacts = {message.id: recipients for message, recipients in zip(awake, found, strict=True)}
        async with self.bus.glance() as session:
            sleepers = await Sleepers.of(session, self.settings.quiet, contacts, now)
            held_until = sleepers.all_of(awake)
            fixed = await store.with_recipients(session, held_until)
        # Recipients are decided in the morning, since people may leave or opt out until then.
        held_until = {id_: until for id_, until in held_until.items() if id_ not in fixed}
        await self.delivery_log.hold(held_until)
        awake = [message for message in awake if message.id not in held_until]
        deliveries = await self.delivery_log.address(awake, contacts)
        held_until = sleepers.leave(awake, deliveries)
        await self._pace(awake, deliveries, contacts, held_until, round_)
        tasks: list[Task] = []
        async for message in in_steps(awake):
            host, recipients = message.case.named_host, contacts[message.id]
            known = {contact.recipient: contact for contact in recipients.people}
            name = "" if host is None else names.get(host, "")
            task = Task(message, deliveries[message.id], known, name, absent(recipients), held_until.get(message.id))
            tasks.append(task)
        return Batch(due, count, tasks, list(emails(tasks).values()))

    async def _waiting(self, session: AsyncSession, sound: Sequence[DueMessage]) -> set[UUID]:
        """Return the messages that wait for emails without an answer: they are in them, or for the same readers.

        What may have been sent together with these waits with them.
        """
        messages = [part.task.message for each in self.slow for part in each.parts]
        if not messages:
            return set()
        readers = {readers_of(message.audience) for message in messages}
        waiting = {message.id for message in messages}
        waiting |= {message.id for message in sound if readers_of(message.audience) in readers}
        return waiting | {message.id for message in await due_store.messages_together(session, waiting)}

    async def _pace(
        self,
        awake: Sequence[DueMessage],
        deliveries: Mapping[UUID, list[Delivery]],
        contacts: Mapping[UUID, Recipients],
        held_until: dict[UUID, datetime],
        round_: Round,
    ) -> None:
        """Remove from `deliveries` what waits for the end of its reader's hour; add until when to `held_until`."""
        now = clock.now()
        candidates: list[Candidate] = []
        async for message in in_steps(awake):
            # What has waited for its hour goes, whatever went meanwhile: it never waits a second time.
            waited = message.held_until is not None and message.held_until <= now
            at_once = waited or _comes_at_once(message, now)
            known = {contact.recipient: contact for contact in contacts[message.id].people}
            candidates += [
                Candidate(
                    each.id,
                    each.recipient,
                    message.root,
                    contact.reader,
                    at_once=at_once or message.generation > 1 or each.attempt > 1,
                    as_it_was=each.doubtful,
                )
                for each in deliveries[message.id]
                if (contact := known.get(each.recipient)) is not None
            ]
        if not candidates:
            return
        async with self.bus.glance() as session:
            latest = await store.latest_emails(session, {each.recipient for each in candidates}, now - HOUR, now)
        paused = waits(candidates, latest | round_.going, now)
        round_.going |= {each.key: now for each in candidates if each.id not in paused}
        for message in awake:
            mine = deliveries[message.id]
            untils = [paused[each.id] for each in mine if each.id in paused]
            if untils:
                presses = pressing(message.row, message.facts, now)
                ends = (*untils, held_until.get(message.id, untils[0]), *(() if presses is None else (presses,)))
                held_until[message.id] = min(ends)
                mine[:] = [each for each in mine if each.id not in paused]

    async def _beside(
        self, session: AsyncSession, now: datetime, sound: Sequence[DueMessage], round_: Round
    ) -> list[DueMessage]:
        """Return what else waits for the readers of these messages, and note that the round has taken it along.

        What comes at once takes along what waits for the end of the hour about the same case. An email that may have
        been sent is taken along whole.
        """
        if not sound:
            return []
        found = await due_store.messages_beside(session, _real(), now, BESIDE, sound, round_.taken, self._gathers)
        leading = [message for message in sound if _comes_at_once(message, now)]
        if leading:
            found += await due_store.messages_held(session, _real(), now, BESIDE, leading, round_.taken)
        found += await due_store.messages_together(session, {message.id for message in (*sound, *found)})
        known = round_.begun | round_.taken
        beside = [message for message in found if message.id not in known]
        round_.taken |= {message.id for message in beside}
        return beside

    @property
    def _gathers(self) -> timedelta:
        return timedelta(seconds=self.settings.mail_gathers_seconds)

    async def _sets(
        self, first: Batch, group: asyncio.TaskGroup, round_: Round
    ) -> AsyncIterator[Sequence[list[Email]]]:
        """Yield the emails of each reader, a set of readers at a time, batch after batch."""
        batch: Batch | None = first
        while batch is not None and not round_.ending:
            round_.count += batch.count
            round_.following = group.create_task(self._ready(batch.due[-1], round_))
            round_.left.update({task.message.id: len(task.deliveries) for task in batch.tasks})
            for task in batch.tasks:
                if not task.deliveries:
                    await round_.hold_back(task)
            for start in range(0, len(batch.readers), AHEAD):
                yield batch.readers[start : start + AHEAD]
            await asyncio.wait([round_.following])
            batch = None if round_.following.cancelled() else round_.following.result()

    async def _line(self, supply: Supply, round_: Round) -> None:
        """Send the emails of readers over one connection, one after the other; other rounds may need it meanwhile."""
        more = True
        while more:
            async with self._connections:
                units = await supply.next()
                more = units is not None
                while units:
                    await self._send_unit(units[0], round_)
                    sent = units.popleft()
                    if not units:
                        del round_.in_hand[sent.recipient]

    async def _send_unit(self, unit: Unit, round_: Round) -> None:
        """Send the emails of a reader in order, and give back what was claimed and not sent."""
        if unit.claimed is not None:
            await round_.give_back(unit.claimed - await self._send_set(unit.emails, unit.claimed, round_))
            return
        for some in portions(unit.emails, max(1, AHEAD // self.settings.mail_connections)):
            if round_.ending:
                break
            claimed = await (await round_.claim(some)).claimed
            await round_.give_back(claimed - await self._send_set(some, claimed, round_))

    async def _send_set(self, mails: Sequence[Email], claimed: set[UUID], round_: Round) -> set[UUID]:
        """Send a set of emails in order; return the notifications whose attempts are closed, or open for ever."""
        seen_to: set[UUID] = set()
        for mail in mails:
            if round_.ending:
                break
            if not mail.claims.keys() <= claimed:
                continue  # a message of it has ended meanwhile: the rest goes in the next round, under another id
            outcomes, left = await self.deliver(mail)
            await round_.entries.put(outcomes)
            if left:
                seen_to |= mail.claims.keys()
            for part, outcome in zip(mail.parts, outcomes, strict=True):
                if isinstance(outcome, FinalOutcome):
                    round_.left[part.task.message.id] -= 1
                    # Only now: if the process ended before, recipients who are awake would have to wait.
                    if not round_.left[part.task.message.id]:
                        await round_.hold_back(part.task)
        return seen_to

    async def deliver(self, email: Email) -> tuple[tuple[Outcome, ...], bool]:
        """Hand over one email; return what became of each message in it, and whether it may have left or has ended."""
        if email.contact is None:
            return tuple(_final(part, part.task.absent) for part in email.parts), True
        written = self._written(email, email.contact)
        if isinstance(written, tuple):
            return written, all(isinstance(outcome, FinalOutcome) for outcome in written)
        try:
            await self.post.send(written, partial(leases.ensure, self.bus, self.delivery_log.lease))
        except (Refused, ValueError) as error:
            log.warning("mail refused", mail=str(email.id), why=type(error).__name__)
            code = str(error.code) if isinstance(error, Refused) and error.address else None
            return tuple(_final(part, FailureCause.REFUSED, code) for part in email.parts), True
        except ServerAway as error:
            why = f"mail server: {error}"
            return tuple(Postponed(part.task.message, why) for part in email.parts), isinstance(error, Unanswered)
        return tuple(_final(part, None) for part in email.parts), True

    def _written(self, email: Email, contact: Contact) -> Letter | tuple[Outcome, ...]:
        """Return an email as it is handed over; else what becomes of its messages.

        One that cannot be written is refused or set aside by itself. The others go in the next round.
        """
        contents = [part.content for part in email.parts]
        try:
            return letter(contents, email.id, contact, self.settings, now=clock.now(), signer=self.signer)
        except Exception as error:
            if not isinstance(error, ValueError) and not of_subject(error):
                raise
            if len(email.parts) == 1:
                return (_failed(email.parts[0], error),)
        found: list[Outcome] = []
        for part in email.parts:
            alone = self._written(Email(email.id, (part,), contact), contact)
            found += alone if isinstance(alone, tuple) else (NotSent(frozenset()),)
        return tuple(found)


def _failed(part: Part, error: Exception) -> Outcome:
    log.warning("a message cannot be written", notification=str(part.delivery.id), why=type(error).__name__)
    if isinstance(error, ValueError):
        return _final(part, FailureCause.REFUSED)
    return Broken(part.task.message, reason_of(error))


def _final(part: Part, cause: FailureCause | None, gone: str | None = None) -> FinalOutcome:
    return FinalOutcome(part.task.message, part.delivery, clock.now(), cause, gone)


def _comes_at_once(message: DueMessage, now: datetime) -> bool:
    """Return whether a message does not wait for the hour; one whose facts cannot be read fails in its own turn."""
    try:
        return message.row.at_once or message.answers or urgent(message.row, message.facts, now)
    except (TypeError, ValueError):
        return False


async def _needless(session: AsyncSession, due: Sequence[DueMessage], now: datetime) -> list[DueMessage]:
    """Return the reminders whose deadline is met or no longer asked for by now, or has another date."""
    reminders = [
        (UUID(str(message.facts["deadline_id"])), message) for message in due if "deadline_id" in message.facts
    ]
    if not reminders:
        return []
    over = await deadlines.over(session, {id_: _date(message) for id_, message in reminders}, now)
    return [message for id_, message in reminders if id_ in over]


def _date(message: DueMessage) -> datetime:
    return datetime.fromisoformat(str(message.facts["due"]))


async def _sorted_out(messages: Sequence[DueMessage]) -> tuple[list[DueMessage], list[Broken]]:
    """Return the messages that can be sent, and those that cannot, with the reason."""
    sound, broken = [], []
    async for message in in_steps(messages):
        if why := _why_broken(message):
            broken.append(Broken(message, why))
        else:
            sound.append(message)
    return sound, broken


def _why_broken(message: DueMessage) -> str:
    """Return why a message cannot be sent to any recipient; nothing where it can."""
    try:
        ask(message)
        _ = message.story, message.case.named_host
    except Exception as error:  # noqa: BLE001 - whatever it is, the message is named with it
        return reason_of(error)
    return ""


def ask(message: DueMessage) -> ContactRequest:
    """Return the request for the recipients of a message."""
    return ContactRequest(
        message.audience,
        message.rule,
        message.application_id,
        availability_of=message.case.id if message.answers else None,
        without_deputies=message.deputy_informed,
    )


def _real() -> datetime:
    return datetime.now(UTC)
