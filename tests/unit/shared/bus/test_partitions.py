"""Test that a subject's partition is the one that Kafka's own producers choose."""

from __future__ import annotations

import random

import pytest
from aiokafka.partitioner import murmur2 as theirs

from shared.bus.db.journal import murmur2, partition_of
from shared.contracts import TOPICS


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_kafkas(key: bytes, hashed: int) -> None:
    """The values that Kafka's own tests expect, there with a sign."""
    assert murmur2(key) == hashed & 0xFFFFFFFF


def test_any_key_is_hashed_as_aiokafka_does() -> None:
    """The partition of a key of any length and bytes, also an empty one, is that which aiokafka computes."""
    keys = [random.randbytes(length) for length in range(130) for _ in range(20)]
    assert [murmur2(key) for key in keys] == [theirs(key) for key in keys]


def test_subjects_are_spread_over_all_partitions_of_a_topic() -> None:
    """A subject has one partition, each partition has subjects, and there are no others."""
    for name, topic in TOPICS.items():
        found = {partition_of(name, f"subject {number} é") for number in range(50 * topic.partitions)}
        assert found == set(range(topic.partitions))
