"""Test that a changed journal is noticed: by its chains, and by an export that anchors them elsewhere."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import asyncpg
import pytest

from deploy.cli.erasure import erase
from deploy.cli.export import export
from deploy.cli.system import SERVICES, Failed, System
from deploy.cli.verify import verify
from deploy.signing import ed25519_keys
from shared.bus.db.journal import CHAIN_START, digest, link

if TYPE_CHECKING:
    from pathlib import Path


async def _database(system: System, service: str) -> asyncpg.Connection:
    return await asyncpg.connect(system[f"TANDEM_DATABASE_OWNER_URL_{service.upper()}"])


async def _an_aggregate(connection: asyncpg.Connection) -> tuple[str, str]:
    row = await connection.fetchrow("SELECT aggregatetype, aggregateid FROM aggregate ORDER BY 1, 2 LIMIT 1")
    assert row is not None
    return row["aggregatetype"], row["aggregateid"]


async def test_untouched_journals_hold_and_so_does_their_export(with_events: System, tmp_path: Path) -> None:
    """The export holds every event that was written, byte by byte, and agrees with the journal."""
    manifest = await export(with_events, tmp_path / "export")
    assert await verify(with_events) == []
    assert await verify(with_events, tmp_path / "export") == []
    for service in SERVICES:
        entry = manifest["services"][service]
        text = (tmp_path / "export" / entry["file"]).read_bytes()
        assert sha256(text).hexdigest() == entry["sha256"]
        lines = [json.loads(line) for line in text.splitlines()]
        assert len(lines) == entry["events"] > 0
        connection = await _database(with_events, service)
        assert entry["events"] == await connection.fetchval("SELECT count(*) FROM journal")
        payloads = {str(row["id"]): row["payload"] for row in await connection.fetch("SELECT id, payload FROM journal")}
        assert {line["id"]: line["payload"] for line in lines} == payloads
        await connection.close()


async def test_later_events_do_not_contradict_an_export(with_events: System, tmp_path: Path) -> None:
    """An export agrees with the beginning of its journal after more events were recorded."""
    from shared.contracts import EVENTS  # noqa: PLC0415 - used here only

    await export(with_events, tmp_path / "export")
    connection = await _database(with_events, "matching")
    topic, subject = await _an_aggregate(connection)
    await connection.close()
    bus = with_events.bus("matching")
    event = next(event for event in EVENTS.values() if event.topic == topic)
    async with bus.transaction("test") as tx:
        await tx.record(event.model_validate(event.example), subject)
    await bus.close()
    assert await verify(with_events, tmp_path / "export") == []


async def test_a_changed_payload_a_missing_event_and_a_cut_tail_are_found(with_events: System) -> None:
    """Each kind of tampering is named with topic, subject and number."""
    here = "aggregatetype = $1 AND aggregateid = $2"
    for service, statement, what in (
        ("applications", f"UPDATE journal SET payload = payload || ' ' WHERE {here} AND sequence = 2", "was changed"),
        ("matching", f"DELETE FROM journal WHERE {here} AND sequence = 2", "event 2 is missing"),
        ("reporting", f"DELETE FROM journal WHERE {here} AND sequence = 3", "not the one that the aggregate's head"),
    ):
        connection = await _database(with_events, service)
        topic, subject = await _an_aggregate(connection)
        await connection.execute(statement, topic, subject)
        await connection.close()
        found = await verify(with_events)
        assert any(line.startswith(f"{service}: {topic} {subject}") and what in line for line in found), found


async def test_a_rewritten_history_is_found_by_the_export_only(with_events: System, tmp_path: Path) -> None:
    """A forger who recomputes a whole chain deceives the journal's own check, but not the manifest kept elsewhere."""
    await export(with_events, tmp_path / "export")
    connection = await _database(with_events, "matching")
    topic, subject = await _an_aggregate(connection)
    chain = CHAIN_START
    rows = await connection.fetch(
        "SELECT sequence, payload FROM journal WHERE aggregatetype = $1 AND aggregateid = $2 ORDER BY sequence",
        topic,
        subject,
    )
    for row in rows:
        payload = row["payload"] + " "
        chain = link(chain, digest(payload.encode()))
        await connection.execute(
            "UPDATE journal SET payload = $4, digest = $5, hash = $6"
            " WHERE aggregatetype = $1 AND aggregateid = $2 AND sequence = $3",
            topic,
            subject,
            row["sequence"],
            payload,
            digest(payload.encode()),
            chain,
        )
    await connection.execute(
        "UPDATE aggregate SET hash = $3 WHERE aggregatetype = $1 AND aggregateid = $2", topic, subject, chain
    )
    await connection.close()
    assert await verify(with_events) == []
    found = await verify(with_events, tmp_path / "export")
    assert found == [f"matching: {topic} {subject}, event 3: what was exported is different in the journal"]


async def test_a_changed_export_is_found(with_events: System, tmp_path: Path) -> None:
    """An export is compared with its own manifest first."""
    await export(with_events, tmp_path / "export")
    file = tmp_path / "export" / "reporting.jsonl"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), "utf-8")
    found = await verify(with_events, tmp_path / "export")
    assert any("not the file that the manifest names" in line for line in found)
    assert any("the chain is broken here" in line for line in found)


async def test_an_export_is_never_overwritten(with_events: System, tmp_path: Path) -> None:
    """A second export into the same folder is refused, so that no anchor is lost."""
    await export(with_events, tmp_path / "export")
    with pytest.raises(Failed, match="already holds an export"):
        await export(with_events, tmp_path / "export")


async def test_a_folder_without_an_export_is_said(with_events: System, tmp_path: Path) -> None:
    """A typing error in the folder's name is one sentence."""
    with pytest.raises(Failed, match="holds no export"):
        await verify(with_events, tmp_path)


async def test_an_erasure_is_verified_by_its_mark_in_journal_and_export(with_events: System, tmp_path: Path) -> None:
    """The payloads about one subject are cut to what is kept; without the public key the cuts are reported."""
    connection = await _database(with_events, "applications")
    await connection.execute("DELETE FROM outbox")
    subject = await connection.fetchval("SELECT aggregateid FROM journal WHERE type = 'ApplicationSubmitted' LIMIT 1")
    pair = ed25519_keys("erasure")
    keys = {
        "TANDEM_ERASURE_PRIVATE_KEY": pair["erasure_private_key"],
        "TANDEM_ERASURE_PUBLIC_KEYS": ed25519_keys("older")["older_public_key"] + pair["erasure_public_key"],
    }
    system = System({**with_events.env, **keys})
    assert await erase(system, "applications", subject, ["profile"], "officer", "asked for it") == 3
    assert await erase(system, "applications", subject, ["profile"], "officer", "asked for it") == 0
    payloads = await connection.fetch("SELECT payload FROM journal WHERE aggregateid = $1", subject)
    await connection.close()
    assert {tuple(json.loads(row["payload"])) for row in payloads} == {("profile",)}
    await export(system, tmp_path / "export")
    assert await verify(system, tmp_path / "export") == []
    found = await verify(System(with_events.env), tmp_path / "export")
    assert len(found) == 6
    assert all(line.endswith("the payload was erased without the key of erasures") for line in found)
