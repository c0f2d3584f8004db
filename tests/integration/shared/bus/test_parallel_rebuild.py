"""Test that the processes of a load share the log, each record read by one, and that one failure ends the load."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from sqlalchemy import text

from shared.bus import Bus, Consumers
from shared.bus.db.journal import partition_of
from shared.bus.db.transaction import driver
from shared.bus.log.envelope import headers_of
from shared.bus.rebuild import bulk, loading, shadow_tables
from shared.contracts.applications import ApplicationEndorsed, ApplicationWithdrawn
from shared.ids import new_id
from tests.integration.shared.bus.conftest import applied
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.bus import Envelope, Tx
    from shared.contracts import Event

    NewBus = Callable[..., Awaitable[Bus]]

TOPIC = "exchange.applications"
_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_BEGUN, _DIES = "TESTS_OTHER_HAS_BEGUN", "TESTS_WHO_DIES"
"""In the environment, which a process of a load gets too: a file that the other process makes, and who is to fail."""


class Died(BaseException):
    """The death of a process, which no load may take for an event that fails."""


def consumers_of(service: str) -> Consumers:
    """Return a reader that writes down what came, and in which process; the first waits until the other has begun."""
    consumers = Consumers(service, projections=("seen",))
    consumers.topic(TOPIC, evolve=_evolve)
    return consumers


async def _evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    who, begun = "first" if multiprocessing.parent_process() is None else "other", Path(os.environ[_BEGUN])
    if who == "other":
        begun.touch()  # noqa: ASYNC240 - once
    for _ in range(int(PATIENCE / 0.05)):
        if begun.exists():  # noqa: ASYNC240 - made by another process
            break
        await asyncio.sleep(0.05)
    if os.environ.get(_DIES) == who:
        if who == "other":
            os._exit(1)
        raise Died
    rows = [(event.subject, event.type, who) for event in events]
    await (await driver(tx.session)).executemany("INSERT INTO seen VALUES ($1, $2, $3)", rows)


def _record_events(kafka: str) -> list[str]:
    """Two events each of some applications, in all partitions; give their ids."""
    sender = Producer({"bootstrap.servers": kafka, "acks": "all", "log_level": 2})
    subjects = [str(new_id()) for _ in range(60)]
    types: list[type[Event]] = [ApplicationEndorsed, ApplicationWithdrawn]
    for place, event in enumerate(types, 1):
        value = event.model_validate(dict(event.example)).write()
        for subject in subjects:
            headers = headers_of("applications", new_id(), event.type, subject, _AT, place, subject, None, None)
            sender.produce(TOPIC, value, subject.encode(), partition=partition_of(TOPIC, subject), headers=[*headers])
    assert sender.flush(30) == 0
    return subjects


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first process takes one partition at a time, so that there is something left for the other."""
    monkeypatch.setattr(bulk, "AHEAD", 1)
    monkeypatch.setenv(_BEGUN, str(tmp_path / "begun"))


@pytest.mark.usefixtures("slowly")
async def test_processes_share_the_partitions_and_each_record_is_applied_once(new_bus: NewBus, topics: str) -> None:
    """Both take part, no partition is taken twice or left out, and a subject's events come in order.

    On a busy machine one of them may come too late for its part, so there are several loads; each is whole.
    """
    bus, subjects = await new_bus("matching", owner=True, kafka=topics), set(_record_events(topics))
    shared = 0
    for _ in range(5):
        Path(os.environ[_BEGUN]).unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs
        shared += await _load_once(bus, subjects)
        if shared:
            break
    assert shared


async def _load_once(bus: Bus, subjects: set[str]) -> bool:
    """Load, check that each event came once and in order, and return whether both processes had a part."""
    progress: list[tuple[int, int]] = []
    taken = await loading.load(
        bus.settings, "matching", consumers_of, by="tests", tell=lambda *each: progress.append(each)
    )
    found = {who: [row for row in await applied(bus, who) if row[0] in subjects] for who in ("first", "other")}
    assert not {subject for subject, _ in found["first"]} & {subject for subject, _ in found["other"]}
    story: dict[str, list[str]] = {}
    for subject, type_ in [*found["first"], *found["other"]]:
        story.setdefault(subject, []).append(type_)
    assert story == {key: ["ApplicationEndorsed", "ApplicationWithdrawn"] for key in subjects}
    assert progress[-1] == (taken, taken)
    return bool(found["first"] and found["other"])


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize(("who", "how"), [("first", Died), ("other", BrokenProcessPool)])
async def test_a_process_that_dies_ends_the_load_and_changes_nothing(
    new_bus: NewBus, topics: str, monkeypatch: pytest.MonkeyPatch, who: str, how: type[BaseException]
) -> None:
    """The error of any process is raised, the tables in use stay as they were, and nothing half-filled is left."""
    bus = await new_bus("matching", owner=True, kafka=topics)
    _record_events(topics)
    async with bus.transaction("system:tests") as tx:
        await tx.session.execute(text("INSERT INTO seen VALUES ('old', 'told', 'before')"))
    monkeypatch.setenv(_DIES, who)
    with pytest.raises(how):
        await loading.load(bus.settings, "matching", consumers_of, by="tests")
    assert await applied(bus, "before") == [("old", "told")]
    async with bus.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM seen")) == 1
        assert await session.scalar(text("SELECT to_regnamespace(:name)"), {"name": shadow_tables.SCHEMA}) is None
