"""Judge the emails and webhooks of a run, fact by fact: each went out once, and a further copy needs its own excuse.

A process that hands something over knows that it was taken once it has recorded it. Only one that dies or stands still
before that, or a server that says nothing, excuses a copy; and none is excused after it was recorded as sent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from services.notifications.consumers import consumers as notifications_consumers
from services.notifications.messages.model.rule import NamedAudience
from services.notifications.messages.model.table import RULES
from services.notifications.messages.store import messages as messages_store
from services.notifications.webhooks.model.webhook import webhook_id
from services.notifications.webhooks.store import deliveries as deliveries_store
from shared.bus.db.transaction import driver
from shared.contracts.base import EVENTS
from shared.contracts.notifications import DeadlinePassed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tests.simulation.services.installation import Installation
    from tests.simulation.services.processes import Process

SERVICE = "notifications"
COPIES = 2
"""The most copies of an email: after two attempts without an end a person decides."""
_ROUNDED = 0.001
"""The store rounds moments; what is later by less may be at the same."""
_NOTIFICATIONS = """
SELECT n.id, coalesce(n.mail_id, n.id) AS mail, n.recipient, n.state, n.open_attempts, m.rule, m.about
FROM notification n JOIN message m ON m.id = n.message_id ORDER BY n.id
"""
_MESSAGES = """
SELECT m.id, m.rule, m.about, m.state, m.cause,
    count(n.id) AS many, count(n.id) FILTER (WHERE n.state NOT IN ('sent', 'kept')) AS left
FROM message m LEFT JOIN notification n ON n.message_id = m.id AND n.generation = m.generation
GROUP BY m.id ORDER BY m.id
"""
_EVENTS = "SELECT aggregateid, count(*) AS many FROM journal WHERE type = 'NotificationSent' GROUP BY aggregateid"
_OWN = "SELECT id, type, payload FROM journal ORDER BY id"
_HANDLED = "SELECT event FROM sim.handled WHERE step = 'react' AND place > $1 ORDER BY place"


@dataclass(slots=True)
class Handover:
    """One email or webhook that a server took at a moment: its id, to whom, and by whom it was handed over."""

    id: str
    address: str
    process: Process | None
    at: float
    silent: bool = False
    """The server took it and did not say so."""


def of_emails(taken: Iterable[Handover]) -> dict[str, list[Handover]]:
    """Return the copies of each email in their order, by the left side of its Message-ID."""
    found: dict[str, list[Handover]] = defaultdict(list)
    for each in taken:
        found[each.id.strip("<>").partition("@")[0]].append(each)
    return found


def unexcused(copies: list[Handover], recorded: float | None, restored: Iterable[float]) -> list[str]:
    """Return the further copies without an excuse of their own; `recorded` is when the store knew of the first."""
    return [
        f"copy {number} at {later.at:.3f} by {_name(later)}, after one at {earlier.at:.3f} by {_name(earlier)}"
        for number, (earlier, later) in enumerate(pairwise(copies), 2)
        if not _excused(earlier, later, recorded, restored)
    ]


def _excused(earlier: Handover, later: Handover, recorded: float | None, restored: Iterable[float]) -> bool:
    if any(earlier.at <= moment <= later.at for moment in restored):
        return True  # the store has forgotten the first
    if later.process is not earlier.process and _stood(later, earlier.at, later.at):
        return True  # it had asked for its lease before it stood still
    if recorded is not None and recorded + _ROUNDED < later.at:
        return False
    return earlier.silent or _ended(earlier, later.at) or _stood(earlier, earlier.at, later.at)


def _ended(handover: Handover, until: float) -> bool:
    died = None if handover.process is None else handover.process.died_at
    return died is not None and handover.at <= died <= until


def _stood(handover: Handover, since: float, until: float) -> bool:
    stalls = () if handover.process is None else handover.process.stalls
    return any(begin <= until and since <= end for begin, end in stalls)


def _name(handover: Handover) -> str:
    return "nobody" if handover.process is None else handover.process.name


async def emails(made: Installation) -> list[str]:
    """Each fact that asks for an email has it, nobody gets one about a fact twice, and the store knows what went."""
    wrong = await _copies_of_emails(made)
    wrong += [
        f"message {row['id']} {row['rule']} is {row['state']} ({row['cause']}), {row['left']} of {row['many']} not sent"
        for row in await made.rows(SERVICE, _MESSAGES)
        if row["state"] != "done" or not row["many"] or row["left"]
        if row["state"] not in {messages_store.WAITING, messages_store.DROPPED, messages_store.UNSURE}
    ]
    sent = await _sent(made)
    about = Counter((row["rule"], row["about"], row["recipient"]) for row in sent.values())
    wrong += [f"{many} emails to {key[2]} for {key[0]} about {key[1]}" for key, many in about.items() if many > 1]
    events = {row["aggregateid"]: row["many"] for row in await made.rows(SERVICE, _EVENTS)}
    wrong += [f"{events.get(id_, 0)} events that {id_} was sent" for id_ in sent if events.get(id_) != 1]
    wrong += [f"an event that {id_} was sent, which was not" for id_ in sorted(events.keys() - sent.keys())]
    return wrong + await _forgotten(made)


async def emails_of_restored(made: Installation) -> list[str]:
    """Each copy of an email has its excuse, and the store knows what went out since it was restored."""
    return await _copies_of_emails(made)


async def _sent(made: Installation) -> dict[str, Any]:
    return {str(row["id"]): row for row in await made.rows(SERVICE, _NOTIFICATIONS) if row["state"] == "sent"}


async def _copies_of_emails(made: Installation) -> list[str]:
    restored = made.restored[SERVICE]
    taken = of_emails(made.mail.taken)
    recorded = {str(row["id"]): row["at"] for row in await made.rows(SERVICE, "SELECT id, at FROM sim.sent")}
    mails: dict[str, list[Any]] = defaultdict(list)
    for row in await made.rows(SERVICE, _NOTIFICATIONS):
        mails[str(row["mail"])].append(row)
    wrong: list[str] = []
    for id_, copies in taken.items():
        parts = mails.get(id_, [])
        known = [made.world.moment(recorded[str(row["id"])]) for row in parts if str(row["id"]) in recorded]
        wrong += [f"{id_}: {each}" for each in unexcused(copies, min(known, default=None), restored)]
        if len(copies) > COPIES * (1 + len(restored)):
            wrong.append(f"{len(copies)} copies of {id_}")
        if len({each.address for each in copies}) > 1 or len({row["recipient"] for row in parts}) > 1:
            wrong.append(f"{id_} went to several: {sorted({each.address for each in copies})}")
        if not parts and copies[-1].at > max(restored, default=0.0):
            wrong.append(f"{id_} was handed over, and the store does not know it")
        wrong += [
            f"{id_} was handed over, but {row['id']} is {row['state']}"
            for row in parts
            if row["state"] not in {"sent", "unsure"} and not made.damage["restore"]
        ]
    for id_, parts in mails.items():
        wrong += [
            f"{row['id']} counts as sent in {id_}, which nobody took"
            for row in parts
            if row["state"] == "sent" and id_ not in taken
        ]
    return wrong + _too_unsure(made, mails, taken)


def _too_unsure(made: Installation, mails: Mapping[str, list[Any]], taken: Mapping[str, list[Handover]]) -> list[str]:
    """Return the emails that a person is asked about without two attempts that were cut short."""
    cut = sum(
        (process.died_at is not None) + len(process.stalls) for process in made.ever if process.name.startswith(SERVICE)
    )
    return [
        f"{id_} may have been sent, although nothing went wrong"
        for id_, parts in mails.items()
        if any(row["state"] == "unsure" for row in parts)
        if cut + sum(each.silent for each in taken.get(id_, ())) < COPIES
    ]


async def _forgotten(made: Installation) -> list[str]:
    """Return what the journals ask for, read by the service from its beginning, and what it has beyond that."""
    async with made.recount(SERVICE, notifications_consumers) as bus, bus.read() as session:
        rows = await (await driver(session)).fetch("SELECT rule, about FROM message")
    wanted = {(row["rule"], row["about"]) for row in rows} | _of_own(await made.rows(SERVICE, _OWN))
    found = {(row["rule"], row["about"]) for row in await made.rows(SERVICE, _MESSAGES)}
    return [f"no message {rule} about {about}" for rule, about in sorted(wanted - found)] + [
        f"a message {rule} about {about}, which nothing asks for" for rule, about in sorted(found - wanted)
    ]


def _of_own(rows: Iterable[Any]) -> set[tuple[str, UUID]]:
    """Return the messages about the service's own events, which it queues in the transaction of the event."""
    wanted: set[tuple[str, UUID]] = set()
    for row in rows:
        event = EVENTS[row["type"]].model_validate_json(row["payload"])
        for rule in RULES:
            escalates = rule.to is not NamedAudience.ESCALATION or (
                isinstance(event, DeadlinePassed) and any(each != event.owner for each in event.escalated_to)
            )
            if rule.event.type == row["type"] and rule.fits(event) and escalates:
                wanted.add((rule.name, row["id"]))
    return wanted


async def webhooks(made: Installation) -> list[str]:
    """Each event that the receiver wants went out, each copy with its excuse, and the store knows all of them."""
    wrong = await webhooks_of_restored(made)
    rows = {row["id"]: row for row in await made.rows(SERVICE, "SELECT id, about, state FROM webhook_delivery")}
    taken = {each.id for each in made.receiver.taken}
    wrong += [
        f"{row['id']} is {row['state']}, but was {'' if webhook_id(row['id']) in taken else 'not '}taken"
        for row in rows.values()
        if (row["state"] == deliveries_store.DELIVERED) != (webhook_id(row["id"]) in taken)
    ]
    wrong += [f"{id_}, which the store does not know" for id_ in sorted(taken - {webhook_id(each) for each in rows})]
    types = {row["id"]: row["type"] for row in await made.journals(notifications_consumers.readings)}
    handled = [row["event"] for row in await made.rows(SERVICE, _HANDLED, made.known["hooked"])]
    wanted = {each for each in handled if types.get(each) in made.known["hook"]["events"]}
    found = {row["about"] for row in rows.values()}
    wrong += [f"none of {types[each]} {each}" for each in sorted(wanted - found)]
    return wrong + [f"one of {types.get(each)} {each}, which nobody wants" for each in sorted(found - wanted)]


async def webhooks_of_restored(made: Installation) -> list[str]:
    """Each copy of a webhook has its excuse."""
    rows = await made.rows(SERVICE, "SELECT id, at FROM sim.delivered")
    recorded = {webhook_id(row["id"]): made.world.moment(row["at"]) for row in rows}
    copies: dict[str, list[Handover]] = defaultdict(list)
    for each in made.receiver.taken:
        copies[each.id].append(each)
    return [
        f"{id_}: {each}"
        for id_, those in copies.items()
        for each in unexcused(those, recorded.get(id_), made.restored[SERVICE])
    ]
