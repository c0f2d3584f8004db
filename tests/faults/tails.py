"""Cut the newest records off a broker's partitions, as a disk does that never got them."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import psutil

from deploy.cli.system import SERVICES
from shared.contracts import TOPICS
from tests.faults.targets import process_named, stopped, targets

if TYPE_CHECKING:
    from pathlib import Path

_BATCHES = 3
_PARTITIONS = 2
BROKER, SUPERVISOR = "Apache Kafka", "the supervisor"


def cut(folder: Path, topic: str, partition: int, count: int) -> None:
    """Cut the last batches of records off a partition's file, below the broker's folder."""
    file = max((folder / "data" / f"{topic}-{partition}").glob("*.log"))
    content = file.read_bytes()
    ends, at = [0], 0
    while at + 12 <= len(content) and (length := int.from_bytes(content[at + 8 : at + 12], "big")):
        at += 12 + length
        ends.append(at)
    file.write_bytes(content[: ends[max(0, len(ends) - 1 - count)]])


def cut_all(folder: Path) -> list[str]:
    """Kill the broker of a local run and cut its partitions before it starts again; return which were cut.

    Of each topic the largest are cut, of some whose records are kept and of some that are compacted.
    """
    (supervisor,) = (each for each in targets(folder) if each.name == SUPERVISOR)
    cut_off = []
    with stopped(supervisor):  # it would start the broker again at once
        broker = process_named(folder, BROKER)
        broker.send_signal(signal.SIGKILL)
        while broker.is_running() and broker.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
        for name, topic in sorted(TOPICS.items()):
            if topic.owner in SERVICES:
                sizes = {number: _size(folder, name, number) for number in range(topic.partitions)}
                for number in sorted(sizes, key=lambda each: -sizes[each])[:_PARTITIONS]:
                    if sizes[number]:
                        cut(folder / "kafka", name, number, _BATCHES)
                        cut_off.append(f"{name}/{number}")
    return cut_off


def _size(folder: Path, topic: str, partition: int) -> int:
    return sum(file.stat().st_size for file in (folder / "kafka" / "data" / f"{topic}-{partition}").glob("*.log"))
