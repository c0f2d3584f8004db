"""Test that records which another reader has applied, or is applying, do not reach the handlers again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.db.transaction import driver
from shared.bus.log import offsets
from shared.bus.log.envelope import StoredRecord
from shared.ids import new_id
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from shared.bus import Bus

TOPIC = "exchange.applications"
PLACE = (TOPIC, 3)


def record(offset: int, ce_id: UUID | None = None) -> StoredRecord:
    """Return a record of no content at an offset."""
    return StoredRecord(*PLACE, offset, b"key", b"{}", [] if ce_id is None else [("ce_id", str(ce_id).encode())])


async def test_of_two_readers_of_a_partition_one_waits_and_finds_its_records_applied(
    new_bus: Callable[..., Awaitable[Bus]],
) -> None:
    """Around a rebalance the second reader sees the place that the first has left, not the one before."""
    bus = await new_bus("matching")
    async with bus.transaction("test") as tx:
        await offsets.lock(await driver(tx.session), [PLACE])

    async def second() -> int:
        async with bus.transaction("second") as tx:
            return (await offsets.lock(await driver(tx.session), [PLACE]))[PLACE].next_offset

    async with bus.transaction("first") as tx:
        connection = await driver(tx.session)
        assert (await offsets.lock(connection, [PLACE]))[PLACE].next_offset == 0
        other = asyncio.create_task(second())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(other), 0.5)
        await offsets.advance(connection, [record(0), record(1)])
    assert await asyncio.wait_for(other, PATIENCE) == 2


@given(first=st.integers(0, 20), count=st.integers(1, 20), place=st.integers(0, 40))
def test_records_below_the_place_are_not_given_to_handlers(first: int, count: int, place: int) -> None:
    """Of a batch with the record before the partition's place, or above it, those at or above the place are left."""
    records = [record(offset) for offset in range(first, first + count)]
    at = {PLACE: offsets.Position(place, None)}
    if first < place and place - 1 not in range(first, first + count):
        with pytest.raises(offsets.MovedOn):
            offsets.fresh(records, at, set())
    else:
        left = offsets.fresh(records, at, set())
        assert [each.offset for each in left] == [offset for offset in range(first, first + count) if offset >= place]


@given(offset=st.integers(0, 20), before=st.integers(0, 20), same=st.booleans())
def test_a_log_that_is_not_the_one_that_was_read_is_noticed(offset: int, before: int, same: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """After an assignment the first record must be the one that was applied last, or one that follows it."""
    last = new_id()
    first = record(offset, last if same else new_id())
    is_last, is_older = offset == before, offset < before
    position = offsets.Position(before + 1, last)
    if is_older or (is_last and not same):
        with pytest.raises(offsets.LogChanged):
            offsets.fresh([first], {PLACE: position}, {PLACE})
    else:
        assert offsets.fresh([first], {PLACE: position}, {PLACE}) == ([] if is_last else [first])


@given(before=st.integers(1, 5), after=st.integers(0, 5), there=st.booleans(), same=st.booleans())
def test_a_batch_that_begins_below_the_place_is_compared_again(
    before: int,
    after: int,
    there: bool,  # noqa: FBT001 - a parameter of the test
    same: bool,  # noqa: FBT001 - as above
) -> None:
    """A reader that ran on over a lost tail finds that the record before its place is another one, or is gone."""
    last, place = new_id(), before + 1
    records = [record(offset, new_id()) for offset in range(before)]
    if there:
        records.append(record(before, last if same else new_id()))
    records += [record(place + offset, new_id()) for offset in range(after)]
    at = {PLACE: offsets.Position(place, last)}
    if there and same:
        assert offsets.fresh(records, at, set()) == records[place:]
    else:
        with pytest.raises(offsets.LogChanged if there or after else offsets.MovedOn):
            offsets.fresh(records, at, set())
