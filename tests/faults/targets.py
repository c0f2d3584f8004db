"""Name the processes of a local run, and stop and continue them."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_STORE = "PostgreSQL"


@dataclass(frozen=True, slots=True)
class Target:
    """A process that is stopped, or several of them at once."""

    name: str
    pids: tuple[int, ...]


def targets(folder: Path) -> list[Target]:
    """Return all processes of the run in a folder, one by one, and those of PostgreSQL also all at once."""
    entries = json.loads((folder / "processes.json").read_text("utf-8"))
    found: list[Target] = []
    for entry in entries:
        process = psutil.Process(entry["pid"])
        children = process.children(recursive=True)
        found.append(Target(entry["name"], (process.pid,)))
        if entry["name"] == _STORE:
            found += _of_the_store(children)
            found.append(Target(f"all of {_STORE}", (process.pid, *(child.pid for child in children))))
        else:
            found += [Target(f"a process of {entry['name']}", (child.pid,)) for child in children]
    return [*found, Target("the supervisor", (psutil.Process(entries[0]["pid"]).ppid(),))]


def process_named(folder: Path, name: str) -> psutil.Process:
    """Return the process that the run supervises under a name."""
    entries = json.loads((folder / "processes.json").read_text("utf-8"))
    return psutil.Process(next(entry["pid"] for entry in entries if entry["name"] == name))


def _of_the_store(children: Sequence[psutil.Process]) -> list[Target]:
    """Return PostgreSQL's own helpers one by one, and all connections of each database."""
    helpers: list[Target] = []
    connections: dict[str, list[int]] = {}
    for child in children:
        title = " ".join(child.cmdline()).partition("postgres: ")[2].strip()
        if "127.0.0.1(" in title:  # "<user> <database> 127.0.0.1(<port>) <what it does>"
            connections.setdefault(title.split()[1], []).append(child.pid)
        else:
            helpers.append(Target(f"{_STORE}'s {title}", (child.pid,)))
    return helpers + [
        Target(f"connections of {database}", tuple(pids)) for database, pids in sorted(connections.items())
    ]


@contextmanager
def stopped(target: Target) -> Iterator[None]:
    """Stop the target's processes (SIGSTOP) while the block runs, then continue them (SIGCONT)."""
    processes = [psutil.Process(pid) for pid in target.pids if psutil.pid_exists(pid)]
    try:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.send_signal(signal.SIGCONT)
