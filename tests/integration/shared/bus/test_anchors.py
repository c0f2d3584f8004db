"""Test that a journal is compared with anchors outside the database, and what each attack on either leaves to find."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.bus import Bus
from shared.bus.db import leases
from shared.bus.db.erasure import ErasureKeys
from shared.bus.db.journal import CHAIN_START, digest, link
from shared.bus.db.transaction import driver
from shared.bus.outbox import anchors as anchors_module
from shared.bus.outbox.anchors import LEASE_SECONDS, Anchors, anchor_today, faults
from shared.bus.outbox.verification import Finding, findings
from shared.contracts.applications import ApplicationEndorsed, ApplicationWithdrawn
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests import stalls
from tests.support import owner_of, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from shared.bus import Lease
    from shared.contracts import Event

    NewBus = Callable[..., Awaitable[Bus]]

FIRST, SECOND, THIRD = "2026-03-02", "2026-03-03", "2026-03-04"
TOPIC = "exchange.applications"


async def record(bus: Bus, *subjects: str, event: type[Event] = ApplicationEndorsed) -> None:
    """Record one fact about each subject."""
    async with bus.transaction("coordinator") as tx:
        for subject in subjects:
            await tx.record(event.model_validate(dict(event.example)), subject)


async def lease_of(bus: Bus) -> Lease:
    """Return the lease under which anchors are written."""
    lease = await leases.acquire(bus, "anchors", LEASE_SECONDS)
    assert lease is not None
    return lease


async def write(bus: Bus, anchors: Anchors, day: str) -> int:
    """Write the anchors of a day under the lease; return the number of heads."""
    async with leases.keep(bus, await lease_of(bus)) as lease:
        return await anchors.write(bus, lease, day)


async def wrong(bus: Bus, anchors: Anchors) -> tuple[list[str], list[str]]:
    """Return what the journal's own chains tell, and what the anchors tell."""
    async with bus.read() as session:
        own = [each.what async for each in findings(session, ErasureKeys("")) if isinstance(each, Finding)]
        return own, await faults(anchors, await driver(session))


@pytest.fixture
async def anchored(new_bus: NewBus, tmp_path: Path) -> tuple[Bus, Anchors, str, str]:
    """A journal with two chains, anchored on two days; the first chain has grown in between."""
    bus, anchors = await new_bus("applications"), Anchors(tmp_path, "applications")
    first, second = sorted(str(new_id()) for _ in range(2))
    await record(bus, first, second)
    assert await write(bus, anchors, FIRST) == 2
    await record(bus, first, event=ApplicationWithdrawn)
    assert await write(bus, anchors, SECOND) == 1
    return bus, anchors, first, second


async def test_a_journal_that_has_only_grown_agrees_with_its_anchors(
    anchored: tuple[Bus, Anchors, str, str],
) -> None:
    """Each day's file has the chains that have grown, and later events contradict nothing."""
    bus, anchors, first, second = anchored
    assert await wrong(bus, anchors) == ([], [])
    await record(bus, second, str(new_id()), event=ApplicationWithdrawn)
    assert await wrong(bus, anchors) == ([], [])
    lines = anchors.file(SECOND).read_text().splitlines()
    assert [line.split("\t")[1:3] for line in lines[1:-1]] == [[first, "2"]]


async def test_the_anchor_of_an_event_is_the_next_one_of_its_chain(anchored: tuple[Bus, Anchors, str, str]) -> None:
    """An event is vouched for by the first head at or after it that a file from its day on names, if there is one."""
    _, anchors, first, second = anchored

    def found(subject: str, sequence: int, since: str) -> tuple[str, int] | None:
        vouching = anchors.vouching(TOPIC, subject, sequence, since)
        return None if vouching is None else (vouching[0], vouching[1].sequence)

    assert found(first, 1, FIRST) == (FIRST, 1)
    assert found(first, 2, FIRST) == (SECOND, 2)
    assert found(second, 1, FIRST) == (FIRST, 1)
    assert found(first, 3, FIRST) is None, "it is newer than all files"
    assert found(second, 1, SECOND) is None, "the chain has not grown since"


async def test_a_recomputed_chain_is_found(anchored: tuple[Bus, Anchors, str, str]) -> None:
    """The owner of the database writes another story whose chain holds: both anchored heads contradict it."""
    bus, anchors, first, _ = anchored
    async with owner_of(bus) as owner, owner.transaction("thief") as tx:
        connection, chain = await driver(tx.session), CHAIN_START
        for sequence in (1, 2):
            payload = b'{"invented":true}'
            chain = link(chain, digest(payload))
            await connection.execute(
                "UPDATE journal SET payload = $3, digest = $4, hash = $5 WHERE aggregateid = $1 AND sequence = $2",
                first,
                sequence,
                payload.decode(),
                digest(payload),
                chain,
            )
        await connection.execute("UPDATE aggregate SET hash = $2 WHERE aggregateid = $1", first, chain)
    assert await wrong(bus, anchors) == (
        [],
        [
            f"{TOPIC} {first}, event 1: what was anchored on {FIRST} is different in the journal",
            f"{TOPIC} {first}, event 2: what was anchored on {SECOND} is different in the journal",
        ],
    )
    assert await write(bus, anchors, THIRD) == 1, "the new head"
    assert len((await wrong(bus, anchors))[1]) == 2, "an anchor of the invented story makes up for nothing"


async def test_a_chain_that_was_dropped_or_shortened_is_found(anchored: tuple[Bus, Anchors, str, str]) -> None:
    """Without a trace in the database, the anchors still name what was there."""
    bus, anchors, first, second = anchored
    async with owner_of(bus) as owner, owner.transaction("thief") as tx:
        connection = await driver(tx.session)
        await connection.execute("DELETE FROM journal WHERE aggregateid = $1 OR sequence = 2", second)
        await connection.execute("DELETE FROM aggregate WHERE aggregateid = $1", second)
        await connection.execute(
            "UPDATE aggregate a SET sequence = 1, hash = j.hash FROM journal j WHERE j.aggregateid = a.aggregateid"
        )
    assert await wrong(bus, anchors) == (
        [],
        [
            f"{TOPIC} {second}, event 1: what was anchored on {FIRST} is missing from the journal",
            f"{TOPIC} {first}, event 2: what was anchored on {SECOND} is missing from the journal",
        ],
    )


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        ("line", f"anchors of {FIRST}: the file is not whole"),
        ("number", f"anchors of {FIRST}: the file is not whole"),
        ("noise", f"anchors of {FIRST}: line 2 cannot be read"),
        ("more", f"anchors of {FIRST}: the file is not whole"),
        ("whole", f"anchors of {SECOND}: the file before it is not the one that was written"),
        ("gone", f"anchors of {SECOND}: the file before it is not the one that was written"),
    ],
)
async def test_changed_files_are_found(anchored: tuple[Bus, Anchors, str, str], attack: str, found: str) -> None:
    """A line that was removed or changed, and a file that was shortened, written anew or removed, are named."""
    bus, anchors, *_ = anchored
    file = anchors.file(FIRST)
    header, first, *others = file.read_bytes().splitlines(keepends=True)
    changed = {
        "line": [header, *others],
        "number": [header, first, *others[:-1]],
        "noise": [header, b"\xff\n", first, *others],
        "more": [header, first, *others, first],
        "whole": [header, *others[:-1], b"end\t1\n"],
    }
    if attack == "gone":
        file.unlink()
    else:
        file.write_bytes(b"".join(changed[attack]))
    assert found in (await wrong(bus, anchors))[1]


async def test_one_process_writes_the_file_of_a_day(new_bus: NewBus, tmp_path: Path) -> None:
    """Two at once write one file; who has lost the lease, or comes after another, leaves the file as it is."""
    first = await new_bus("applications")
    second = await new_bus("applications", database_url=first.settings.database_url.get_secret_value())
    second.holder = f"{second.holder} on another machine"
    anchors = Anchors(tmp_path, "applications")
    await record(first, str(new_id()))
    assert any(await asyncio.gather(anchor_today(first, anchors), anchor_today(second, anchors)))
    (day,) = anchors.days()
    before = anchors.file(day).read_bytes()
    assert await anchor_today(first, anchors)
    assert await anchor_today(second, anchors)
    await record(first, str(new_id()))
    with pytest.raises(FileExistsError):
        await write(first, anchors, day)
    old = await lease_of(first)
    await leases.release(first, old)
    await lease_of(second)
    with pytest.raises(leases.LeaseLost):
        await anchors.write(first, old, THIRD)
    assert anchors.days() == [day]
    assert anchors.file(day).read_bytes() == before
    assert [file.name for file in (tmp_path / "applications").iterdir()] == [f"{day}.txt"], "no drafts are left"


async def test_a_folder_that_cannot_be_written_is_tried_again(new_bus: NewBus, tmp_path: Path) -> None:
    """The failure ends no loop, and the day's file is written once the folder is there."""
    bus, place = await new_bus("applications"), tmp_path / "anchors"
    place.write_text("a file where a folder should be")
    anchors = Anchors(place, "applications")
    assert not await anchor_today(bus, anchors)
    place.unlink()
    assert await anchor_today(bus, anchors)
    assert await wrong(bus, anchors) == ([], [])


async def anchor(address: str, folder: Path) -> None:
    """Write today's file; the work of a process that stands still."""
    vars(anchors_module)["LEASE_SECONDS"] = stalls.LEASE_SECONDS
    bus = Bus("applications", ServiceSettings(**settings_for(address)))
    await anchor_today(bus, Anchors(folder, "applications"))


async def test_a_process_that_slept_writes_no_second_file_of_anchors(new_bus: NewBus, tmp_path: Path) -> None:
    """It stops before it reads the heads; another writes the file, and the first changes nothing."""
    bus, anchors = await new_bus("applications"), Anchors(tmp_path, "applications")
    await record(bus, str(new_id()))
    address = bus.settings.database_url.get_secret_value()
    async with stalls.stalled(__name__, anchor, address, tmp_path, at="shared.bus.outbox.anchors:_newest") as process:
        await until(lambda: anchor_today(bus, anchors), "another process writes the file")
        files = _files(tmp_path)
        assert len(files) == 1
        await record(bus, str(new_id()))
        assert await process.go_on() in stalls.ENDED
    assert _files(tmp_path) == files


def _files(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.glob("*/*") if not file.name.startswith(".")}
