"""The role under which a service runs adds to the journal, and can neither change nor remove what is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import text

from deploy.signing import ed25519_keys
from shared.bus.db.erasure import ErasureKeys, erase
from shared.bus.db.transaction import driver
from shared.bus.outbox.verification import Finding, findings
from shared.contracts.applications import ApplicationEndorsed, ApplicationWithdrawn
from shared.ids import new_id
from tests.support import owner_of

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


PAIR = ed25519_keys("erasure")


async def faults(bus: Bus, keys: str = PAIR["erasure_public_key"]) -> list[str]:
    """Return where the journal does not hold."""
    async with bus.read() as session:
        found = findings(session, ErasureKeys(keys))
        return [each.what async for each in found if isinstance(each, Finding)]


async def cut(bus: Bus, subject: str, rest: str = "{}", key: str = PAIR["erasure_private_key"]) -> int:
    """Erase all but `rest` of the payloads about a subject."""
    async with bus.transaction("erasure") as tx:
        connection = await driver(tx.session)
        await connection.execute("DELETE FROM outbox")  # all was sent
        facts = [
            (row["id"], rest)
            for row in await connection.fetch("SELECT id FROM journal WHERE aggregateid = $1", subject)
        ]
        return await erase(connection, facts, key, at=datetime.now(UTC), by="officer", reason="asked for it")


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
        "INSERT INTO erasure SELECT id, digest, now(), 'me', 'mine', digest FROM journal",
        "DELETE FROM erasure",
        (
            "CREATE OR REPLACE FUNCTION erase_payload(fact uuid, rest text, moment timestamptz, by_whom text, why text,"
            " seal bytea) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        ),
        "ALTER FUNCTION erase_payload SECURITY INVOKER",
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


async def test_a_chain_is_not_written_again(new_bus: NewBus) -> None:
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


async def test_an_erasure_cuts_payloads_and_the_journal_verifies(new_bus: NewBus) -> None:
    """Only the members to be kept are left; digests, chains and heads stay, and a second time nothing is done."""
    bus = await new_bus("applications")
    subject, other = await story(bus), await story(bus)
    async with bus.read() as session:
        before = (await session.execute(text("SELECT id, digest, hash FROM journal ORDER BY id"))).all()
    assert await cut(bus, subject) == 2
    assert await cut(bus, subject) == 0
    async with bus.read() as session:
        assert (await session.execute(text("SELECT id, digest, hash FROM journal ORDER BY id"))).all() == before
        rows = await session.execute(text("SELECT aggregateid, payload = '{}' AS cut FROM journal"))
        assert {(row.aggregateid, row.cut) for row in rows} == {(subject, True), (other, False)}
        marks = await session.execute(text("SELECT DISTINCT erased_by, reason FROM erasure"))
        assert [tuple(row) for row in marks] == [("officer", "asked for it")]
    assert await faults(bus) == []
    assert await faults(bus, "") == ["the payload was erased without the key of erasures"] * 2


@pytest.mark.parametrize("forged", ["key", "name", "reason", "digest"])
async def test_a_forged_mark_does_not_verify(new_bus: NewBus, forged: str) -> None:
    """A call of the function with another key, or with a signature of something else, is found as such."""
    bus = await new_bus("applications")
    subject, other = await story(bus), await story(bus)
    if forged == "key":
        await cut(bus, subject, key=ed25519_keys("other")["other_private_key"])
    else:
        await cut(bus, other)
        async with bus.transaction("thief") as tx:
            changed = {
                "name": "'thief', reason",
                "reason": "erased_by, 'no reason'",
                "digest": "erased_by, reason",
            }[forged]
            await (await driver(tx.session)).execute(
                f"SELECT erase_payload(j.id, '{{}}', erased_at, {changed}, signature)"
                " FROM (SELECT * FROM erasure ORDER BY journal_id LIMIT 1) e, journal j WHERE aggregateid = $1",
                subject,
            )
    assert await faults(bus) == ["the payload was erased without the key of erasures"] * 2


async def test_a_payload_is_cut_and_never_replaced(new_bus: NewBus) -> None:
    """The function leaves nothing that was not there, waits until a fact was sent, and is for the database's roles."""
    bus = await new_bus("applications")
    subject = await story(bus)
    for rest in ('{"state": "invented"}', '["list"]'):
        with pytest.raises(asyncpg.CheckViolationError):
            await cut(bus, subject, rest)
    async with bus.transaction("erasure") as tx:
        connection = await driver(tx.session)
        fact = await connection.fetchval("SELECT id FROM journal ORDER BY id LIMIT 1")
        with pytest.raises(asyncpg.ObjectInUseError):
            await erase(
                connection,
                [(fact, "{}")],
                PAIR["erasure_private_key"],
                at=datetime.now(UTC),
                by="officer",
                reason="early",
            )
        await tx.session.rollback()
    assert await faults(bus) == []


async def test_nobody_puts_tables_of_his_own_before_those_of_the_function(new_bus: NewBus) -> None:
    """The function finds the journal by its schema, whatever search path its caller has."""
    bus = await new_bus("applications")
    subject = await story(bus)
    async with bus.transaction("thief") as tx:
        connection = await driver(tx.session)
        await connection.execute("DELETE FROM outbox")
        fact = await connection.fetchval("SELECT id FROM journal ORDER BY id LIMIT 1")
        await connection.execute("SET LOCAL search_path TO nowhere, pg_temp")
        assert await connection.fetchval(
            "SELECT public.erase_payload($1, '{}', now(), 'thief', 'none', $2)", fact, b"none"
        )
    assert await faults(bus) == ["the payload was erased without the key of erasures"]
    assert subject


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE journal SET payload = '{\"erased\": true}' WHERE sequence = 2", "the payload was changed"),
        (
            (
                "WITH cut AS (UPDATE journal SET payload = '{}' WHERE sequence = 2 RETURNING id)"
                " INSERT INTO erasure SELECT id, sha256('{}'), now(), 'owner', 'none', '' FROM cut"
            ),
            "the payload was erased without the key of erasures",
        ),
        (
            "INSERT INTO erasure SELECT id, sha256('{}'), now(), 'owner', 'none', '' FROM journal WHERE sequence = 2",
            "the payload is marked as erased, and is whole",
        ),
    ],
)
async def test_the_owner_of_the_database_forges_no_mark(new_bus: NewBus, statement: str, what: str) -> None:
    """The owner can write both tables, but has no key: what it changes is found."""
    bus = await new_bus("applications")
    await story(bus)
    async with owner_of(bus) as owner, owner.transaction("thief") as tx:
        await tx.session.execute(text(statement))
    assert await faults(bus) == [what]


async def test_a_change_after_an_erasure_is_found(new_bus: NewBus) -> None:
    """A payload that was cut and then changed is found, since the mark names its digest."""
    bus = await new_bus("applications")
    await cut(bus, await story(bus))
    async with owner_of(bus) as owner, owner.transaction("thief") as tx:
        await tx.session.execute(text('UPDATE journal SET payload = \'{"state": "other"}\' WHERE sequence = 1'))
    assert await faults(bus) == ["what an erasure left was changed"]
