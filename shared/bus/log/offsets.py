"""Keep how far each partition was read, and find out whether the log is still the one that was read.

`read_position` is the truth; what Kafka keeps as committed offsets only shows the lag. The row is locked for the whole
transaction of a batch, so that of two instances around a rebalance one waits and then finds its records applied. The
record before `next_offset` must be the one that was applied last: if it is not, the log was lost and created again, and
the partition is read from its start; events that were applied before are dropped by sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from shared.contracts import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg

    from shared.bus.log.envelope import Record

Partition = tuple[str, int]
R = TypeVar("R", bound="Record")


@dataclass(frozen=True, slots=True)
class Position:
    """The position at which to continue in a partition, and the id of the event just before."""

    next_offset: int
    last_ce_id: UUID | None

    @property
    def seek_to(self) -> int:
        """Return one record earlier than where to continue, so that the record before can be compared."""
        return max(self.next_offset - 1, 0)


class LogChanged(RuntimeError):
    """The partition's log is not the one that was read: read it again from its start."""

    def __init__(self, partition: Partition) -> None:
        super().__init__(f"The log of {partition[0]}/{partition[1]} was made anew; it is read from its start.")
        self.partition = partition


class SetBack(RuntimeError):
    """Partitions were set back in the database (a rebuild, a restored store): go to its offsets."""

    def __init__(self, partitions: list[Partition]) -> None:
        super().__init__(f"{len(partitions)} partitions were set back.")
        self.partitions = partitions


class MovedOn(RuntimeError):
    """Batches under way have moved partitions on since their offsets were read: compare with the present ones."""

    def __init__(self, partitions: list[Partition]) -> None:
        super().__init__(f"{len(partitions)} partitions have moved on.")
        self.partitions = partitions


def refuse_set_back(at: dict[Partition, Position], known: dict[Partition, int]) -> None:
    """Raise `SetBack` where the database is behind what this reader knows that it had: nothing may be passed over."""
    back = sorted(partition for partition, position in at.items() if position.next_offset < known.get(partition, 0))
    if back:
        raise SetBack(back)


def refuse_moved_on(at: dict[Partition, Position], sought: dict[Partition, Position]) -> None:
    """Raise `MovedOn` where a place that is still to be compared with the log is not what was `sought`."""
    moved = sorted(partition for partition, position in at.items() if sought.get(partition, position) != position)
    if moved:
        raise MovedOn(moved)


def ce_id_of(record: Record) -> UUID | None:
    """Return a record's event id, where it can be read."""
    for name, value in record.headers:
        if name == "ce_id":
            try:
                return UUID((value or b"").decode())
            except ValueError:
                return None
    return None


async def positions(connection: asyncpg.Connection, partitions: Iterable[Partition]) -> dict[Partition, Position]:
    """Return where to continue in `partitions`, without locking; 0 where nothing was read yet."""
    wanted = sorted(set(partitions))
    rows = await connection.fetch(
        "SELECT topic, partition, next_offset, last_ce_id FROM read_position"
        " JOIN unnest($1::text[], $2::smallint[]) AS w(topic, partition) USING (topic, partition)",
        [topic for topic, _ in wanted],
        [partition for _, partition in wanted],
    )
    found = {(row["topic"], row["partition"]): Position(row["next_offset"], row["last_ce_id"]) for row in rows}
    return {each: found.get(each, Position(0, None)) for each in wanted}


async def lock(connection: asyncpg.Connection, partitions: Iterable[Partition]) -> dict[Partition, Position]:
    """Lock the rows of `partitions` in sorted order, creating missing ones, and return them."""
    wanted = sorted(set(partitions))
    topics, numbers = [topic for topic, _ in wanted], [partition for _, partition in wanted]
    select = (
        "SELECT topic, partition, next_offset, last_ce_id FROM read_position"
        " JOIN unnest($1::text[], $2::smallint[]) AS w(topic, partition) USING (topic, partition)"
        " ORDER BY topic, partition FOR UPDATE OF read_position"
    )
    rows = await connection.fetch(select, topics, numbers)
    if len(rows) < len(wanted):
        await connection.execute(
            "INSERT INTO read_position (topic, partition, next_offset)"
            " SELECT topic, partition, 0 FROM unnest($1::text[], $2::smallint[]) AS new(topic, partition)"
            " ORDER BY topic, partition ON CONFLICT DO NOTHING",
            topics,
            numbers,
        )
        rows = await connection.fetch(select, topics, numbers)
    return {(row["topic"], row["partition"]): Position(row["next_offset"], row["last_ce_id"]) for row in rows}


def fresh(records: Sequence[R], at: dict[Partition, Position], unverified: set[Partition]) -> Sequence[R]:
    """Return the records at or above each partition's offset; raises `LogChanged` where the log is another one.

    A partition's records are in the order of the log. `unverified` names the partitions that were just sought; they are
    removed once compared. Records below the offset come where the position moved back: after a failure of ours, or
    because the log has lost its end. So the last record is compared again; raises `MovedOn` where it is not among them.
    """
    first = {(record.topic, record.partition): record for record in reversed(records)}
    compared = first.keys() & unverified
    for partition in compared:
        unverified.discard(partition)
        _compare(first[partition], at[partition], partition)
    below = [partition for partition, record in first.items() if record.offset < at[partition].next_offset]
    if not below:
        return records
    _compare_again(records, at, set(below) - compared)
    return [record for record in records if record.offset >= at[record.topic, record.partition].next_offset]


def _compare(record: Record, position: Position, partition: Partition) -> None:
    """Compare the first record after an assignment with what was read last."""
    if position.next_offset == 0:
        return
    if record.offset == position.next_offset - 1:
        if position.last_ce_id is not None and ce_id_of(record) != position.last_ce_id:
            raise LogChanged(partition)
    elif record.offset < position.next_offset - 1 or TOPICS[partition[0]].compacted:
        # Below what was read: the end was lost. On a compacted topic the record may have been removed, which
        # looks the same as another log; such topics are small, so reading again costs little.
        raise LogChanged(partition)


def _compare_again(records: Sequence[Record], at: dict[Partition, Position], below: set[Partition]) -> None:
    """Compare the last record that was read of each partition in `below` with the log."""
    last: dict[Partition, Record] = {}
    found: set[Partition] = set()
    for record in records:
        partition = (record.topic, record.partition)
        if partition in below:
            last[partition] = record
            position = at[partition]
            if record.offset == position.next_offset - 1:
                found.add(partition)
                if position.last_ce_id is not None and ce_id_of(record) != position.last_ce_id:
                    raise LogChanged(partition)
    for partition in sorted(below - found):
        if last[partition].offset >= at[partition].next_offset:
            raise LogChanged(partition)
        raise MovedOn([partition])


async def advance(connection: asyncpg.Connection, records: Sequence[Record]) -> dict[Partition, int]:
    """Move each partition past the last of `records`, within the transaction that applied them; return the offsets."""
    last = {(record.topic, record.partition): record for record in records}
    moved = sorted(last.items(), key=lambda item: item[0])
    offsets = {partition: record.offset + 1 for partition, record in moved}
    await connection.execute(
        "UPDATE read_position c SET next_offset = m.next_offset, last_ce_id = m.last_ce_id"
        " FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::uuid[])"
        " AS m(topic, partition, next_offset, last_ce_id)"
        " WHERE c.topic = m.topic AND c.partition = m.partition",
        [topic for topic, _ in offsets],
        [partition for _, partition in offsets],
        list(offsets.values()),
        [ce_id_of(record) for _, record in moved],
    )
    return offsets


async def restart(connection: asyncpg.Connection, partition: Partition) -> None:
    """Read `partition` from its start again."""
    await connection.execute(
        "UPDATE read_position SET next_offset = 0, last_ce_id = NULL WHERE topic = $1 AND partition = $2", *partition
    )
