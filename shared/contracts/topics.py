"""Read `topics.yaml`: which topics there are, who owns each, and who may read it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ConfigDict, TypeAdapter

SERVICES = ("applications", "matching", "notifications", "reporting")
Service = Literal["applications", "matching", "notifications", "reporting"]

_DAY_MS = 86_400_000
_FILE = Path(__file__).with_name("topics.yaml")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the log; `key` says in words what keys its records have, `readers` leaves the owner out."""

    name: str
    owner: str
    key: str
    partitions: int
    compacted: bool
    retention_ms: int
    """The time for which a record is kept, in milliseconds; -1 on a compacted topic: its newest state for ever."""
    readers: tuple[str, ...]

    @property
    def aggregatetype(self) -> str:
        """Return the name under which the journal files the topic's aggregates."""
        return self.name

    @property
    def config(self) -> dict[str, str]:
        """Return the broker's settings for the topic."""
        made = {"cleanup.policy": "compact" if self.compacted else "delete", "retention.ms": str(self.retention_ms)}
        return made | ({"segment.bytes": str(HEADS_SEGMENT_BYTES)} if self.name == HEADS.name else {})


@dataclass(frozen=True, slots=True)
class _Row:
    __pydantic_config__ = ConfigDict(extra="forbid")

    owner: Service
    key: str
    partitions: int
    cleanup: Literal["compact", "delete"]
    readers: tuple[Service, ...]
    kept_days: int | None = None


def load(file: Path = _FILE) -> dict[str, Topic]:
    """Return the topics by name, in the order of the file.

    Raises pydantic.ValidationError where a row has an unknown field, service or policy, and ValueError where a topic
    that is not compacted does not say how long it is kept, or a compacted one does.
    """
    rows = TypeAdapter(dict[str, _Row]).validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    topics = {}
    for name, row in rows.items():
        compacted = row.cleanup == "compact"
        if compacted == (row.kept_days is not None):
            raise ValueError(f"{name}: a topic is either compacted or kept for a number of days")
        if row.owner in row.readers:
            raise ValueError(f"{name}: the owner reads its own topic anyway; name the others only")
        retention = -1 if row.kept_days is None else row.kept_days * _DAY_MS
        topics[name] = Topic(name, row.owner, row.key, row.partitions, compacted, retention, row.readers)
    return topics


TOPICS = load()
"""The topics by name, in the order of the file."""
HEADS_SEGMENT_BYTES = 16 * 1024 * 1024
"""Only closed segments are compacted, and each start of a process reads what is there."""
HEADS = Topic("exchange.heads", "", "owner and topic, or reader and topic", 1, True, -1, SERVICES)
"""The one topic that holds no events: all services write and read it (`shared/bus/log/heads.py`)."""
EVERY_TOPIC = (*TOPICS.values(), HEADS)
