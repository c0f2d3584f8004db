"""Test that a record of `exchange.heads` counts only as what a service may say."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.log import kafka
from shared.bus.log.heads import BUCKETS, Head, HeadsLog, Request, read
from shared.ids import new_id
from shared.settings import ServiceSettings
from tests.support import settings_for

if TYPE_CHECKING:
    import pytest
    from aiokafka import TopicPartition

TOPIC = "exchange.applications"
HEAD = Head.of(TOPIC, new_id(), [1] * BUCKETS)
REQUEST = Request(id=new_id(), reader="matching", topic=TOPIC, buckets=(0, 63), at=datetime.now(UTC))


def read_back(record: Head | Request) -> Head | Request | None:
    """Return the record as it is read from the log."""
    return read(record.key, record.model_dump_json().encode())


def test_a_head_and_a_request_come_back_as_they_were() -> None:
    """A head counts its events, names its owner, and has the same digest where nothing has changed."""
    assert read_back(HEAD) == HEAD
    assert read_back(REQUEST) == REQUEST
    assert (HEAD.owner, HEAD.events) == ("applications", BUCKETS)
    listed = HEAD.model_copy(update={"subjects": {"one": 3}})
    assert read_back(listed) == listed
    without = HEAD.model_dump_json(exclude={"subjects"}).encode()
    assert read(HEAD.key, without) == HEAD, "of an owner that lists no subjects yet"
    assert HEAD.digest == Head.of(TOPIC, new_id(), [1] * BUCKETS).digest
    assert HEAD.digest != Head.of(TOPIC, HEAD.last, [2] * BUCKETS).digest


def test_nobody_speaks_for_another() -> None:
    """A head by another than the owner, a request by no reader, and a foreign key are passed over."""
    assert read_back(HEAD.model_copy(update={"owner": "matching"})) is None
    assert read_back(HEAD.model_copy(update={"topic": "exchange.nothing"})) is None
    assert read_back(REQUEST.model_copy(update={"reader": "matching", "topic": "exchange.counting"})) is None
    for wrong in ({"one": 0}, {"one": 2**63}, {"a\x00": 1}):
        assert read_back(HEAD.model_copy(update={"subjects": wrong})) is None
    assert read(b"head applications exchange.offers", HEAD.model_dump_json().encode()) is None


@given(key=st.none() | st.binary(max_size=40), value=st.none() | st.binary(max_size=80))
def test_no_bytes_make_it_raise(key: bytes | None, value: bytes | None) -> None:
    """Other bytes on the topic say nothing."""
    assert read(key, value) is None
    assert read(HEAD.key, value) is None


class SlowClient:
    """A consumer of a slow broker: between two lots of records an answer is empty."""

    def __init__(self) -> None:
        """Hold three heads."""
        value = HEAD.model_dump_json().encode()
        records = [SimpleNamespace(offset=offset, key=HEAD.key, value=value) for offset in range(3)]
        self.answers = [records[:1], [], records[1:], []]

    async def start(self) -> None:
        """Connect."""

    def assign(self, places: list[TopicPartition]) -> None:
        """Read these partitions."""

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Return that three records are there."""
        return dict.fromkeys(places, 3)

    async def getmany(self, place: TopicPartition, **_: Any) -> dict[TopicPartition, list[Any]]:
        """Return the next answer."""
        records = self.answers.pop(0)
        return {place: records} if records else {}


async def test_a_slow_broker_shows_no_head_of_the_past_as_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look of a client takes all heads that were there before, also where an answer is empty meanwhile."""
    monkeypatch.setattr(kafka, "bare_consumer", lambda _: SlowClient())
    log = HeadsLog(ServiceSettings(**settings_for("postgresql+asyncpg://nobody@localhost/none")))
    await log.look()
    assert log.published[TOPIC] == 3
