"""Redrive or skip dead letters.

A redrive applies a subject's dead letters again, in order, after the cause was repaired; what fails again stays aside.
A skip passes one event over, with a reason, and redrives what waited behind it. Both lock the partition, so that the
reader waits meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.bus.db.transaction import driver
from shared.bus.dead_letters import letters
from shared.bus.inbox.apply import Applier
from shared.bus.log import offsets
from shared.bus.log.envelope import stored

if TYPE_CHECKING:
    import asyncpg

    from shared.bus.db.bus import Bus
    from shared.bus.db.transaction import Tx
    from shared.bus.inbox.consumers import Consumers


class NoSuchDeadLetter(LookupError):
    """There is no such dead letter, or it has been settled already."""


class NotItsTurn(NoSuchDeadLetter):
    """An earlier dead letter of the subject comes first: else it would count as applied, and be dropped."""


async def redrive(bus: Bus, consumers: Consumers, topic: str, subject: str, by: str, reason: str) -> tuple[int, int]:
    """Apply the dead letters of `subject` again; return how many there were and how many failed again.

    Raises `NoSuchDeadLetter` when there are none.
    """
    async with bus.transaction(by) as tx:
        connection = await driver(tx.session)
        return await _apply_again(tx, connection, Applier(bus, consumers), topic, subject, by, reason)


async def skip(bus: Bus, consumers: Consumers, letter_id: int, by: str, reason: str) -> tuple[int, int]:
    """Pass one dead letter over and redrive what waited behind it; return the same as `redrive`.

    Raises `NoSuchDeadLetter`, `NotItsTurn`.
    """
    select = "SELECT * FROM dead_letter WHERE id = $1 AND settled_at IS NULL"
    async with bus.transaction(by) as tx:
        connection = await driver(tx.session)
        row = await connection.fetchrow(select, letter_id)
        if row is not None:
            await offsets.lock(connection, [(row["topic"], row["partition"])])
            row = await connection.fetchrow(select, letter_id)  # somebody else may have settled it meanwhile
        if row is None:
            raise NoSuchDeadLetter(f"No dead letter has the number {letter_id}, or it is settled already.")
        first = await connection.fetchval(
            "SELECT min(sequence) FROM dead_letter WHERE settled_at IS NULL AND topic = $1 AND subject = $2",
            row["topic"],
            row["subject"],
        )
        if row["sequence"] is not None and first < row["sequence"]:
            raise NotItsTurn(f"Event {first} of {row['subject']} comes first: redrive or skip that one.")
        await letters.settle(connection, [letter_id], "skipped", by, reason)
        if row["sequence"] is not None:
            await connection.execute(
                "INSERT INTO applied_sequence (topic, source, subject, sequence, ce_id, reacted)"
                " VALUES ($1, $2, $3, $4, $5, $4)"
                " ON CONFLICT (topic, source, subject) DO UPDATE SET sequence = excluded.sequence,"
                " ce_id = excluded.ce_id, reacted = greatest(applied_sequence.reacted, excluded.reacted)"
                " WHERE applied_sequence.sequence < excluded.sequence",
                row["topic"],
                row["source"],
                row["subject"],
                row["sequence"],
                row["ce_id"],
            )
        try:
            return await _apply_again(
                tx, connection, Applier(bus, consumers), row["topic"], row["subject"], by, f"after a skip: {reason}"
            )
        except NoSuchDeadLetter:
            return 0, 0


async def _apply_again(
    tx: Tx, connection: asyncpg.Connection, applier: Applier, topic: str, subject: str, by: str, reason: str
) -> tuple[int, int]:
    select = (
        "SELECT * FROM dead_letter WHERE settled_at IS NULL AND topic = $1 AND subject = $2"
        " ORDER BY sequence NULLS FIRST, id"
    )
    rows = await connection.fetch(select, topic, subject)
    if not rows:
        raise NoSuchDeadLetter(f"There is no dead letter of {subject} on {topic}.")
    await offsets.lock(connection, [(row["topic"], row["partition"]) for row in rows])
    rows = await connection.fetch(select, topic, subject)
    if not rows:
        raise NoSuchDeadLetter(f"There is no dead letter of {subject} on {topic} any more.")
    records = [stored(row) for row in rows]
    await letters.settle(connection, [row["id"] for row in rows], "redriven", by, reason)
    await applier.apply(tx, records, one_by_one=True)
    left = await connection.fetchval(
        "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL AND topic = $1 AND subject = $2", topic, subject
    )
    return len(rows), int(left)
