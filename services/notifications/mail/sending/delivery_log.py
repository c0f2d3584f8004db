"""Record what became of each mail, so that none is lost and none is sent twice.

An attempt is claimed before its mail is handed over, and closed by its outcome: sent, failed, or certainly not sent. A
mail is marked as sent in the transaction of its event, after the server's 250. After a crash in between, or where the
server did not answer, it is tried once more, under the same Message-ID as long as it has the same messages. After two
attempts that were never closed, or where a message or its reader is gone, it may have been sent: a person decides.
Claims and outcomes of a few milliseconds are written together, since a transaction takes longer than a mail. The pauses
between attempts are real time.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import structlog

from services.notifications.mail.model import UNSURE_WHY, UNSURE_WORK, WORK
from services.notifications.mail.store import unreachable
from services.notifications.messages.store import messages as store
from services.notifications.preferences.model.choices import Choice
from services.notifications.preferences.store import chosen, forget
from services.notifications.steps import in_steps
from shared.bus import set_aside
from shared.contracts.codes import FailureCause
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.ids import reaction_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from services.notifications.mail.sending.contacts import Contact, Recipients
    from services.notifications.messages.store.due import AnyMessage
    from services.notifications.messages.store.messages import NotificationRow
    from shared.bus import Bus, Lease, Tx

log = structlog.get_logger(__name__)

ACTOR = "system:mail"
# The most outcomes and seconds of one transaction.
SET = 100
_GATHER, _GATHER_CLAIMS = 0.25, 0.01
_FIRST_PAUSE = 5.0
# RFC 5321 4.5.4.1: a sender gives up after four to five days.
_GIVE_UP = timedelta(days=5)
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way to one recipient; `id` is the notification's.

    `doubtful` says that an earlier attempt was never closed, `mail_id` in which email, where it went with others.
    """

    id: UUID
    recipient: UUID
    language: str
    attempt: int
    doubtful: bool = False
    mail_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FinalOutcome:
    """A mail that the server took at that moment (domain time), or one that can never be sent, with the cause.

    `gone` is the server's answer where it refused the address.
    """

    message: AnyMessage
    delivery: Delivery
    at: datetime
    cause: FailureCause | None
    gone: str | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """A message that could not be sent now: portal or server were away."""

    message: AnyMessage
    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that fails by itself: it is set aside and tried again, until its facts are put right."""

    message: AnyMessage
    why: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A message that was sent to all who are awake, and waits until then (domain time) for the first who is not."""

    message: AnyMessage
    until: datetime


@dataclass(frozen=True, slots=True)
class NotSent:
    """Claimed mails of which it is certain that none has left: their attempts are closed."""

    ids: frozenset[UUID]


Outcome = FinalOutcome | Postponed | HeldBack | Broken | NotSent


@dataclass(frozen=True, slots=True)
class Claim:
    """A request to begin an attempt for each of these notifications, with the email that it goes in with others.

    `claimed` are those that may be handed over.
    """

    mails: Mapping[UUID, UUID | None]
    claimed: asyncio.Future[set[UUID]]


T = TypeVar("T")
Entry = Outcome | tuple[Outcome, ...] | Claim
"""An outcome, those of one email, which are recorded together, or a claim."""


@dataclass(slots=True)
class DeliveryLog:
    """Records outcomes under a lease; a process that lost it raises `LeaseLost` instead."""

    bus: Bus
    lease: Lease

    async def address(
        self, due: Sequence[AnyMessage], contacts: Mapping[UUID, Recipients]
    ) -> dict[UUID, list[Delivery]]:
        """Return to whom each message still has to go; fixed at its first attempt. No recipient is a failure.

        People who refuse what is not mandatory find it in the portal, even if they chose so since the first attempt. A
        message that waited for people's quiet hours goes to its recipients of the morning. An email that may have been
        sent goes again without what its reader has refused since, and to each address that its messages have now.
        Choices of erased people are deleted.
        """
        optional_recipients = (contacts[message.id].people for message in due if not message.row.mandatory)
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            choices = await chosen(
                tx.session, (contact.recipient for people in optional_recipients for contact in people)
            )
            found: dict[UUID, list[Delivery]] = {message.id: [] for message in due}
            earlier = await store.notifications_of(tx.session, *found)
            fixed = _fixed(earlier, {message.id: message for message in due}, choices, contacts, found)
            kept = {row.message_id for row in (*fixed.unwanted, *fixed.left)}
            rows = []
            async for message in in_steps(due):
                for contact in fixed.new(message, contacts[message.id]):
                    wanted = choices.get(contact.recipient, Choice.EACH).wants(message.row)
                    row = _first_row(message, contact, store.WAITING if wanted else store.KEPT)
                    rows.append(row)
                    if wanted:
                        found[message.id].append(Delivery(row.id, contact.recipient, contact.language, 1))
                    else:
                        kept.add(message.id)
                if message.id not in fixed.known and not contacts[message.id].people:
                    await self._nobody(tx, message, absent(contacts[message.id]))
            await store.keep_in_portal(tx.session, [row.id for row in fixed.unwanted])
            await store.put_apart(tx.session, fixed.apart)
            await store.replace_notifications(tx.session, [row.id for row in fixed.left], rows)
            await self._give_up(tx, fixed.unsure)
            await forget(tx.session, [message for message in due if contacts[message.id].erased])
            if kept:
                await store.settle_messages(tx.session, kept, attempts=0)
        return found

    async def hold(self, until: Mapping[UUID, datetime]) -> None:
        """Hold messages back until then (domain time)."""
        if until:
            async with self.bus.transaction(ACTOR, self.lease) as tx:
                await store.hold_messages(tx.session, until)
                await tx.changed("messages")

    async def drop(self, messages: Sequence[AnyMessage]) -> set[UUID]:
        """End reminders that are not needed any more; return those that ended: of the others a copy may be out."""
        if not messages:
            return set()
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            ended = await store.drop_messages(tx.session, [message.id for message in messages])
            await tx.changed("messages")
        return ended

    async def _nobody(self, tx: Tx, message: AnyMessage, cause: FailureCause) -> None:
        changes = {"state": store.FAILED, "attempts": message.attempts + 1, "cause": cause.value}
        await store.change_message(tx.session, message.id, **changes)
        await tx.record(failed(message, message.attempts + 1, cause), message.id, correlation=message.story)
        await tx.changed("messages")

    async def _give_up(self, tx: Tx, unsure: Sequence[NotificationRow]) -> None:
        """Name mails on the page of problems that may have been sent; they wait for a person's decision."""
        if unsure:
            log.warning("mails may have been sent", notifications=[str(row.id) for row in unsure])
            await store.leave_open(tx.session, [row.id for row in unsure])
            await store.settle_messages(tx.session, {row.message_id for row in unsure}, attempts=0)
            await set_aside.add(tx.session, UNSURE_WORK, {str(row.message_id): UNSURE_WHY for row in unsure})
            await tx.changed("messages")

    async def record_all(self, entries: asyncio.Queue[Entry | None]) -> None:
        """Record claims and outcomes as they come, a set at a time; None ends them.

        A claim does not wait for long, since its connection soon has nothing else to send.
        """
        loop, more = asyncio.get_running_loop(), True
        while more:
            batch = [await entries.get()]
            with suppress(TimeoutError):
                gathering = _GATHER_CLAIMS if isinstance(batch[0], Claim) else _GATHER
                async with asyncio.timeout(gathering) as until:
                    while batch[-1] is not None and len(batch) < SET:
                        batch.append(await entries.get())
                        if isinstance(batch[-1], Claim) and gathering > _GATHER_CLAIMS:
                            gathering = _GATHER_CLAIMS
                            until.reschedule(loop.time() + gathering)
            more = batch[-1] is not None
            await self.record([entry for entry in batch if entry is not None])

    async def record(self, entries: Sequence[Entry]) -> None:
        """Record what became of mails with the events about them, and claim others, in one transaction."""
        if not entries:
            return
        outcomes = list(_outcomes(entries))
        claims = _of_type(Claim, entries)
        mails = {id_: mail_id for claim in claims for id_, mail_id in claim.mails.items()}
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            ended = _of_type(FinalOutcome, outcomes)
            await self._end_all(tx, ended)
            held_until = {each.message.id: each.until for each in _of_type(HeldBack, outcomes)}
            await store.hold_messages(tx.session, held_until)
            for away in {postponed.message.id: postponed for postponed in _of_type(Postponed, outcomes)}.values():
                await self._later(tx, away.message, away.why)
            await self._set_aside(tx, _of_type(Broken, outcomes))
            closed = [outcome.ids for outcome in _of_type(NotSent, outcomes)]
            await store.close_attempts(tx.session, frozenset().union(*closed))
            claimed = await store.claim(tx.session, mails) if claims else set()
            await set_aside.clear(tx.session, WORK, {str(outcome.message.id) for outcome in ended})
            if outcomes:
                await tx.changed("messages")
        for claim in claims:
            if not claim.claimed.done():
                claim.claimed.set_result(claimed & claim.mails.keys())

    async def _end_all(self, tx: Tx, ended: Sequence[FinalOutcome]) -> None:
        await self._end(tx, store.SENT, [outcome for outcome in ended if outcome.cause is None])
        await self._end(tx, store.FAILED, [outcome for outcome in ended if outcome.cause is not None])
        if ended:
            await store.settle_messages(tx.session, {outcome.message.id for outcome in ended})
        gone = [_unreached(outcome) for outcome in ended if outcome.gone is not None]
        await unreachable.add_unreachable(tx.session, gone)

    async def _set_aside(self, tx: Tx, broken: Sequence[Broken]) -> None:
        for outcome in broken:
            log.warning("a message is set aside", message=str(outcome.message.id), why=outcome.why)
            await store.change_message(tx.session, outcome.message.id, next_at=_real() + _AGAIN)
        await set_aside.add(tx.session, WORK, {str(outcome.message.id): outcome.why for outcome in broken})

    async def tidy(self) -> None:
        """Remove messages from the page of problems that wait no more, such as those that were withdrawn."""
        async with self.bus.transaction(ACTOR, self.lease) as tx:
            left = await set_aside.subjects(tx.session, WORK)
            await set_aside.clear(tx.session, WORK, left - await store.still_waiting(tx.session, left))

    async def _end(self, tx: Tx, state: str, ended: Sequence[FinalOutcome]) -> None:
        now = await store.end_notifications(
            tx.session,
            [outcome.delivery.id for outcome in ended],
            state,
            [outcome.at for outcome in ended],
            [None if outcome.cause is None else outcome.cause.value for outcome in ended],
        )
        async for outcome in in_steps(ended):
            delivery = outcome.delivery
            if delivery.id not in now:
                continue
            event = (
                sent(outcome.message, delivery.language, delivery.attempt)
                if outcome.cause is None
                else failed(outcome.message, delivery.attempt, outcome.cause)
            )
            await tx.record(event, delivery.id, correlation=outcome.message.story)

    async def _later(self, tx: Tx, message: AnyMessage, reason: str) -> None:
        """Postpone a message to another attempt; after five days it fails, with an event."""
        log.info("mail waits", message=str(message.id), why=reason, attempts=message.attempts + 1)
        cause = FailureCause.UNREACHABLE
        if _real() - message.queued_at < _GIVE_UP:
            changes = {"attempts": message.attempts + 1, "next_at": _real() + pause(message.attempts)}
            await store.change_message(tx.session, message.id, cause=cause.value, **changes)
            return
        waiting = [row for row in await store.notifications_of(tx.session, message.id) if row.state == store.WAITING]
        left = [row.id for row in waiting if not row.open_attempts]
        await store.end_notifications(
            tx.session, left, store.FAILED, [clock.now()] * len(left), [cause.value] * len(left)
        )
        for subject in left or ([] if waiting else [message.id]):
            await tx.record(failed(message, message.attempts + 1, cause), subject, correlation=message.story)
        changes = {"state": store.FAILED, "attempts": message.attempts + 1}
        await store.change_message(tx.session, message.id, cause=cause.value, **changes)
        await self._give_up(tx, [row for row in waiting if row.open_attempts])


@dataclass(frozen=True, slots=True)
class _FixedRecipients:
    """The recipients of each message that earlier attempts have fixed.

    Messages in `again` are addressed anew. The recipients of `unwanted` have refused such mails since; those of `left`
    were asleep at the first attempt and are no longer meant; those of `unsure` may have it already, and it was tried
    often enough, or it cannot go again as it is. `apart` names the new email where one that may have been sent loses
    a message; none where a message is alone in it.
    """

    known: dict[UUID, set[UUID]] = field(default_factory=dict)
    again: set[UUID] = field(default_factory=set)
    unwanted: list[NotificationRow] = field(default_factory=list)
    unsure: list[NotificationRow] = field(default_factory=list)
    left: list[NotificationRow] = field(default_factory=list)
    apart: dict[UUID, UUID | None] = field(default_factory=dict)

    def new(self, message: AnyMessage, recipients: Recipients) -> list[Contact]:
        """Return the recipients who get a notification of a message now."""
        if message.id in self.known and message.id not in self.again:
            return []
        return [contact for contact in recipients.people if contact.recipient not in self.known.get(message.id, ())]


def _fixed(
    earlier: Sequence[NotificationRow],
    due: Mapping[UUID, AnyMessage],
    choices: Mapping[UUID, Choice],
    contacts: Mapping[UUID, Recipients],
    found: Mapping[UUID, list[Delivery]],
) -> _FixedRecipients:
    """Return what is fixed of these messages; adds to `found` what of it is still to be sent."""
    fixed, incomplete = _FixedRecipients(), _incomplete(earlier, due)
    going: list[tuple[NotificationRow, Contact | None]] = []
    for row in earlier:
        message, recipients = due[row.message_id], contacts[row.message_id]
        if row.generation != message.generation:
            continue  # of an earlier generation
        fixed.known.setdefault(row.message_id, set()).add(row.recipient)
        if row.state != store.WAITING:
            continue
        if row.open_attempts >= store.MOST_COPIES or row.id in incomplete:
            fixed.unsure.append(row)
            continue
        contact = next((each for each in recipients.people if each.recipient == row.recipient), None)
        never_tried = row.attempts == 0 and row.open_attempts == 0
        was_asleep = message.held_until is not None and never_tried and bool(recipients.people)
        if was_asleep:
            fixed.again.add(row.message_id)
        if was_asleep and contact is None:
            fixed.left.append(row)
        elif not choices.get(row.recipient, Choice.EACH).wants(message.row):
            fixed.unwanted.append(row)
        elif row.open_attempts and contact is None and not recipients.erased:
            fixed.unsure.append(row)
        else:
            going.append((row, contact))
    fixed.apart.update(_apart(going))
    for row, _ in going:
        mail_id = fixed.apart.get(row.id, row.mail_id)
        delivery = Delivery(row.id, row.recipient, row.language, row.attempts + 1, row.open_attempts > 0, mail_id)
        found[row.message_id].append(delivery)
    return fixed


def _incomplete(earlier: Sequence[NotificationRow], due: Mapping[UUID, AnyMessage]) -> set[UUID]:
    """Return the notifications of emails that may have been sent and lack a message now.

    The message has ended, or cannot be written: whether the others are to go without it is for a person to decide.
    """
    parts: dict[UUID, list[UUID]] = {}
    for row in earlier:
        open_ = row.state == store.WAITING and row.generation == due[row.message_id].generation and row.open_attempts
        if open_ and row.mail_id is not None:
            parts.setdefault(row.mail_id, []).append(row.id)
    return {id_ for mail_id, ids in parts.items() if mail_id_of(ids) != mail_id for id_ in ids}


def _apart(going: Sequence[tuple[NotificationRow, Contact | None]]) -> dict[UUID, UUID | None]:
    """Return the new email of each notification whose email may have been sent and cannot go again as it was.

    What is left of such an email is one for each address, name and language that its messages have now.
    """
    emails: dict[UUID, dict[object, list[UUID]]] = {}
    for row, contact in going:
        if row.open_attempts and row.mail_id is not None:
            readers = emails.setdefault(row.mail_id, {})
            readers.setdefault(None if contact is None else contact.reader, []).append(row.id)
    return {
        id_: mail_id_of(ids) if len(ids) > 1 else None
        for mail_id, readers in emails.items()
        for ids in readers.values()
        if mail_id_of(ids) != mail_id
        for id_ in ids
    }


def absent(recipients: Recipients) -> FailureCause:
    """Return why a person has no contact: erased, or not known (yet)."""
    return FailureCause.CONTACT_ERASED if recipients.erased else FailureCause.NO_CONTACT


def _unreached(outcome: FinalOutcome) -> dict[str, object]:
    return {
        "recipient": outcome.delivery.recipient,
        "country": outcome.message.country,
        "cause": FailureCause.REFUSED.value,
        "status": outcome.gone,
        "message_id": outcome.message.id,
        "at": outcome.at,
    }


def sent(message: AnyMessage, language: str, attempt: int) -> NotificationSent:
    """Return the event that a message was sent to a recipient in a language."""
    return NotificationSent(
        rule=message.rule,
        audience=message.audience,
        channel=message.row.channel,
        language=language,
        about=message.about,
        application_id=message.application_id,
        attempt=attempt,
    )


def failed(message: AnyMessage, attempt: int, cause: FailureCause) -> NotificationFailed:
    """Return the event that a message did not reach a recipient."""
    return NotificationFailed(
        rule=message.rule,
        audience=message.audience,
        channel=message.row.channel,
        about=message.about,
        application_id=message.application_id,
        attempt=attempt,
        cause=cause,
        final=True,
    )


def notification_id(message_id: UUID, recipient: UUID, generation: int = 1) -> UUID:
    """Return the id of a message to one recipient, the left side of its Message-ID until it is sent anew."""
    again = "" if generation == 1 else f"/{generation}"
    return reaction_id(message_id, NotificationSent.type, f"{recipient}{again}")


def _first_row(message: AnyMessage, contact: Contact, state: str) -> store.NewNotification:
    """Return the row of a message to a recipient to whom nothing was sent yet."""
    return store.NewNotification(
        id=notification_id(message.id, contact.recipient, message.generation),
        message_id=message.id,
        generation=message.generation,
        recipient=contact.recipient,
        case_id=message.root,
        added_at=_real(),
        at=message.at,
        language=contact.language,
        state=state,
        attempts=0,
        open_attempts=0,
    )


def _of_type(kind: type[T], entries: Sequence[object]) -> list[T]:
    return [entry for entry in entries if isinstance(entry, kind)]


def _outcomes(entries: Sequence[Entry]) -> Iterator[Outcome]:
    for entry in entries:
        if isinstance(entry, tuple):
            yield from entry
        elif not isinstance(entry, Claim):
            yield entry


def mail_id_of(notification_ids: Sequence[UUID]) -> UUID:
    """Return the id of the email for these notifications, the left side of its Message-ID.

    It is the notification's own where there is one, and otherwise depends on all of them: a second attempt with the
    same content has the same id, and one with other content has not.
    """
    first, *others = sorted(notification_ids)
    return reaction_id(first, "mail", ",".join(map(str, others))) if others else first


def pause(attempts: int) -> timedelta:
    """Return the pause after so many failed attempts: 5 s, 10 s, 20 s, ... at most 15 min."""
    return timedelta(seconds=min(_FIRST_PAUSE * 2 ** min(attempts, 10), store.LONGEST_PAUSE.total_seconds()))


def _real() -> datetime:
    return datetime.now(UTC)
