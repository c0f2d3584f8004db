"""topics.yaml names the owner and readers of every topic consistently."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.contracts import EVENTS, TOPICS, events_of
from shared.contracts.topics import load


def test_every_topic_has_events_and_every_event_a_topic() -> None:
    """Topics and events belong together."""
    assert all(events_of(name) for name in TOPICS)
    assert sum(len(events_of(name)) for name in TOPICS) == len(EVENTS)


def test_partitions_and_retention_follow_the_design() -> None:
    """Compacted topics have one partition and keep their state; the others have twelve and forget."""
    for topic in TOPICS.values():
        assert topic.partitions == (1 if topic.compacted else 12)
        assert (topic.retention_ms == -1) == topic.compacted
    assert TOPICS["exchange.notifications"].retention_ms == 90 * 86_400_000
    assert TOPICS["exchange.matches"].retention_ms == 400 * 86_400_000


def test_the_counting_key_is_for_reporting_only() -> None:
    """Nobody but reporting can link the applications of one person."""
    assert TOPICS["exchange.counting"].readers == ("reporting",)
    assert "matching" not in TOPICS["exchange.counting"].readers
    assert TOPICS["exchange.counting"].owner == "applications"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("{owner: applications, key: x, partitions: 1, cleanup: compact, kept_days: 3, readers: []}", "either"),
        ("{owner: applications, key: x, partitions: 1, cleanup: delete, readers: []}", "either"),
        ("{owner: applications, key: x, partitions: 1, cleanup: compact, readers: [applications]}", "reads its own"),
        ("{owner: nobody, key: x, partitions: 1, cleanup: compact, readers: []}", "owner"),
        ("{owner: applications, key: x, partitions: 1, cleanup: compact, readers: [], extra: 1}", "extra"),
    ],
)
def test_a_wrong_row_is_refused(tmp_path: Path, row: str, error: str) -> None:
    """A row that contradicts itself or the design cannot be loaded."""
    file = tmp_path / "topics.yaml"
    file.write_text(f"exchange.test: {row}\n", encoding="utf-8")
    with pytest.raises((ValueError, ValidationError), match=error):
        load(file)
