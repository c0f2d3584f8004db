"""Test where a bulk read of a partition ends, and which errors the library retries."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaError, Message

from shared.bus.rebuild.bulk import Span, _sorted_out

TOPIC = "exchange.applications"


def _record(partition: int, offset: int) -> Message:
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=b"k", value=b"%d" % offset, headers=[("a", b"1")]
    )


def _left(*ends: int) -> dict[tuple[str, int], Span]:
    return {(TOPIC, number): Span(TOPIC, number, 0, end) for number, end in enumerate(ends)}


def _trouble(code: int, offset: int = 0, partition: int = 0) -> Message:
    return Message(topic=TOPIC, partition=partition, offset=offset, error=KafkaError(code))


def test_records_are_taken_up_to_where_the_partition_ended() -> None:
    """Records sent after the load began are left to the reader; a partition that is at its end is done."""
    left = _left(2, 5)
    found = _sorted_out([_record(0, 0), _record(1, 3), _record(0, 1), _record(0, 2), _record(2, 9)], left)
    assert [(each.partition, each.offset) for each in found] == [(0, 0), (1, 3), (0, 1)]
    assert found[0].headers == [("a", b"1")]
    assert left == {(TOPIC, 1): Span(TOPIC, 1, 4, 5)}


def test_an_end_that_no_record_reaches_is_reached_all_the_same() -> None:
    """A compaction or a transaction's marker may have taken the last offsets: the library says where the end is."""
    left = _left(7, 7, 7)
    ended = [_trouble(KafkaError._PARTITION_EOF, 7), _trouble(KafkaError._PARTITION_EOF, 6, 1), _record(2, 8)]
    assert _sorted_out(ended, left) == []
    assert left == {(TOPIC, 1): Span(TOPIC, 1, 6, 7)}


def test_only_passing_errors_are_waited_for() -> None:
    """A broker that is away comes back; a topic that may not be read never does."""
    left = _left(7)
    assert _sorted_out([_trouble(KafkaError._TRANSPORT)], left) == []
    assert left == _left(7)
    with pytest.raises(KafkaConnectionError):
        _sorted_out([_trouble(KafkaError.TOPIC_AUTHORIZATION_FAILED)], left)
