"""Put the messages that are due together into emails, for each reader in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.notifications.mail.sending.delivery_log import mail_id_of
from services.notifications.mail.sending.letter import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from services.notifications.mail.sending.contacts import Contact
    from services.notifications.mail.sending.delivery_log import Delivery
    from services.notifications.messages.store.due import DueMessage
    from shared.contracts.codes import FailureCause

MOST_IN_MAIL = 100
"""The most messages of one email: mail programs cut one that is longer than 100 kB."""


@dataclass(frozen=True, slots=True)
class Task:
    """A message with its open deliveries, the contacts, and why one of them may be missing.

    `until` is when the first recipient who waits may get it; None where there is none.
    """

    message: DueMessage
    deliveries: Sequence[Delivery]
    contacts: Mapping[UUID, Contact]
    host: str
    absent: FailureCause
    until: datetime | None


class Part(NamedTuple):
    """A message to one recipient."""

    task: Task
    delivery: Delivery

    @property
    def content(self) -> Content:
        """The message as the email has it."""
        contact = self.task.contacts.get(self.delivery.recipient)
        return Content(self.task.message, self.task.host, None if contact is None else contact.link)


@dataclass(frozen=True, slots=True)
class Email:
    """An email to one recipient, or the messages to one who has no contact any more."""

    id: UUID
    parts: Sequence[Part]
    contact: Contact | None

    @property
    def claims(self) -> dict[UUID, UUID | None]:
        """The notifications in it, with its id where they are several."""
        mail_id = self.id if len(self.parts) > 1 else None
        return {part.delivery.id: mail_id for part in self.parts}

    @property
    def doubtful(self) -> bool:
        """Return whether an earlier attempt was never closed."""
        return any(part.delivery.doubtful for part in self.parts)


def emails(tasks: Sequence[Task]) -> dict[UUID, list[Email]]:
    """Return the emails for each recipient: the urgent first, then by time of the event.

    Each message goes to its own contact. What an earlier attempt may have brought stays together as it was, so that
    both copies are the same. An email has at most one invitation, as mail programs look for one, and so many messages
    as they show.
    """
    groups: dict[tuple[UUID, object, object], list[Part]] = {}
    for task in tasks:
        for delivery in task.deliveries:
            contact = task.contacts.get(delivery.recipient)
            doubtful = (delivery.mail_id or delivery.id) if delivery.doubtful else None
            reader = delivery.id if contact is None else contact.reader
            groups.setdefault((delivery.recipient, reader, doubtful), []).append(Part(task, delivery))
    found: dict[UUID, list[Email]] = {}
    for (recipient, _, _), parts in groups.items():
        contact = parts[0].task.contacts.get(recipient)
        for some in _split(parts):
            email = Email(mail_id_of([part.delivery.id for part in some]), some, contact)
            found.setdefault(recipient, []).append(email)
    return found


def _split(parts: list[Part]) -> list[list[Part]]:
    """Return the messages for one reader in as few emails as hold them, invitations in the order of their events.

    What is about one case stays in one email, with the case's first invitation.
    """
    parts.sort(key=lambda part: (part.task.message.at, part.delivery.id))
    found = [[part] for part in parts if part.task.message.row.invitation is not None]
    cases: dict[UUID, list[Part]] = {}
    for part in parts:
        if part.task.message.row.invitation is None:
            cases.setdefault(part.task.message.root, []).append(part)
    for case, some in cases.items():
        for few in (some[start : start + MOST_IN_MAIL] for start in range(0, len(some), MOST_IN_MAIL)):
            rooms = [room for room in found if len(room) + len(few) <= MOST_IN_MAIL]
            room = next((room for room in rooms if room[0].task.message.root == case), next(iter(rooms), None))
            if room is None:
                found.append(room := [])
            room += few
    for some in found:
        some.sort(key=_place)
    return found


def _place(part: Part) -> tuple[bool, bool, datetime, UUID]:
    row = part.task.message.row
    return not row.urgent, not row.at_once, part.task.message.at, part.delivery.id


def portions(emails_: Sequence[Email], most: int) -> Iterator[list[Email]]:
    """Return the emails of a reader in their order, in sets that are claimed together; a doubtful one is by itself."""
    some: list[Email] = []
    for email in emails_:
        if some and (len(some) == most or some[-1].doubtful or email.doubtful):
            yield some
            some = []
        some.append(email)
    if some:
        yield some
