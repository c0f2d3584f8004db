"""The role under which a service runs adds to the journal, and can neither change nor remove what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from shared.bus.db.transaction import driver
from shared.bus.outbox.verification import Finding, findings
from shared.contracts.applications import ApplicationEndorsed, ApplicationWithdrawn
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]


async def story(bus: Bus) -> str:
    """Record two facts about a new application; return its id."""
    subject = str(new_id())
    async with bus.transaction("coordinator") as tx:
        await tx.record(ApplicationEndorsed.model_validate(dict(ApplicationEndorsed.example)), subject)
        await tx.record(ApplicationWithdrawn.model_validate(dict(ApplicationWithdrawn.example)), subject)
    return subject


async def faults(bus: Bus) -> list[str]:
    """Return where the journal does not hold."""
    async with bus.read() as session:
        return [each.what async for each in findings(session) if isinstance(each, Finding)]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE journal SET payload = '{}'",
        "UPDATE journal SET actor = 'somebody else'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "SELECT * FROM journal FOR UPDATE",
        "MERGE INTO journal j USING journal k ON j.id = k.id WHEN MATCHED THEN UPDATE SET payload = '{}'",
        "INSERT INTO journal SELECT * FROM journal ON CONFLICT (id) DO UPDATE SET payload = '{}'",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "DROP TABLE journal",
        "CREATE RULE hidden AS ON INSERT TO journal DO INSTEAD NOTHING",
        "DELETE FROM aggregate",
        "TRUNCATE aggregate, journal",
    ],
)
async def test_nothing_in_the_journal_is_changed_or_removed(new_bus: NewBus, attack: str) -> None:
    """Every statement that would do so is refused, and the journal is as it was."""
    bus = await new_bus("applications")
    await story(bus)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with bus.transaction("thief") as tx:
            await (await driver(tx.session)).execute(attack)
    async with bus.read() as session:
        assert await (await driver(session)).fetchval("SELECT count(*) FROM journal WHERE payload <> '{}'") == 2
    assert await faults(bus) == []


async def test_a_chain_is_not_written_anew(new_bus: NewBus) -> None:
    """A head that was set back lets no other first event into its chain, and the journal does not verify."""
    bus = await new_bus("applications")
    subject = await story(bus)
    async with bus.transaction("thief") as tx:
        await (await driver(tx.session)).execute(
            "UPDATE aggregate SET sequence = 0, hash = $2 WHERE aggregateid = $1", subject, b"\0" * 32
        )
    assert await faults(bus) == ["the newest event is not the one that the aggregate's head names"]
    with pytest.raises(asyncpg.UniqueViolationError):
        async with bus.transaction("thief") as tx:
            await tx.record(ApplicationWithdrawn.model_validate(dict(ApplicationWithdrawn.example)), subject)
