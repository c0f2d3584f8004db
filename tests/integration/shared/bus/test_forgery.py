"""Test that only the owner of a topic can say something there, and that nobody else can stop a subject."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.bus.dead_letters import letters, redrive
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.integration.shared.bus.test_delivery import TOPIC, Handlers, endorsed, open_dead_letters, withdrawn
from tests.support import Feed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus
    from shared.bus.log.envelope import StoredRecord

    NewBus = Callable[..., Awaitable[Bus]]


def forged(record: StoredRecord, source: bytes = b"urn:tandem:matching") -> StoredRecord:
    """Return the same record from another source."""
    return replace(record, headers=[(name, source if name == "ce_source" else old) for name, old in record.headers])


async def test_a_forged_withdrawal_is_a_dead_letter_and_the_owners_events_go_on(new_bus: NewBus) -> None:
    """A withdrawal that its owner never wrote is not applied, and what the owner says next is."""
    bus, handlers, subject = await new_bus("matching"), Handlers(), str(new_id())
    feed = Feed(bus, handlers.consumers)
    first = feed.record(endorsed(), subject)
    await feed.apply([first, forged(feed.record(withdrawn(), subject, sequence=1))])
    await feed.apply([feed.record(withdrawn(), subject, sequence=2)])
    assert await applied(bus) == [(subject, "ApplicationEndorsed"), (subject, "ApplicationWithdrawn")]
    assert await open_dead_letters(bus, subject) == ["source"]


async def test_a_copy_from_another_source_does_not_take_the_place_of_the_event(new_bus: NewBus) -> None:
    """An event that fails is kept, although a copy of it from another source was kept before."""
    bus, handlers, subject = await new_bus("matching"), Handlers(), str(new_id())
    handlers.poison = {subject}
    feed = Feed(bus, handlers.consumers)
    event = feed.record(endorsed(), subject)
    await feed.apply([forged(replace(event, offset=900))])
    await feed.apply([event], one_by_one=True)
    assert sorted(await open_dead_letters(bus, subject)) == ["failed", "source"]


async def test_a_gap_closes_beside_a_record_of_another_source(new_bus: NewBus) -> None:
    """A forged record neither keeps a missing event from closing the gap nor is applied then."""
    bus, handlers, subject = await new_bus("matching"), Handlers(), str(new_id())
    feed = Feed(bus, handlers.consumers)
    first, second = feed.record(endorsed(), subject), feed.record(withdrawn(), subject)
    await feed.apply([forged(replace(first, offset=900)), second])
    assert sorted(await open_dead_letters(bus, subject)) == ["gap", "source"]
    await feed.apply([first])
    assert await applied(bus) == [(subject, "ApplicationEndorsed"), (subject, "ApplicationWithdrawn")]
    assert await open_dead_letters(bus, subject) == ["source"]


async def test_a_redrive_does_not_apply_a_forged_event_and_a_skip_settles_it(new_bus: NewBus) -> None:
    """A person who tries it again finds it a dead letter again; a skip leaves what was applied."""
    bus, handlers, subject = await new_bus("matching"), Handlers(), str(new_id())
    feed = Feed(bus, handlers.consumers)
    await feed.apply([feed.record(endorsed(), subject), forged(feed.record(withdrawn(), subject))])
    assert await redrive.redrive(bus, handlers.consumers, TOPIC, subject, "coordinator", "again") == (1, 1)
    async with bus.read() as session:
        (letter,) = await letters.open_events(session)
    assert await redrive.skip(bus, handlers.consumers, letter.id, "coordinator", "forged") == (0, 0)
    await feed.apply([feed.record(withdrawn(), subject, sequence=2)])
    assert await applied(bus) == [(subject, "ApplicationEndorsed"), (subject, "ApplicationWithdrawn")]
    assert await open_dead_letters(bus, subject) == []
