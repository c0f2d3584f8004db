"""End the processes that an earlier, killed run left on this data folder, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.local.folder import RunFolder

_FILE = "processes.json"
# They were told to stop when their supervisor died: most are gone by now, the stores may still be writing. The others
# lose nothing by being killed, and a service whose stores went first would look for them for a while.
_STORES = ("PostgreSQL", "Apache Kafka")
_GRACE = 10.0


def remember(place: RunFolder, pids: Mapping[str, int]) -> None:
    """Write down the processes of this run: name -> pid. Start times distinguish them from later ones."""
    known = []
    for name, pid in pids.items():
        try:
            known.append({"name": name, "pid": pid, "started": psutil.Process(pid).create_time()})
        except psutil.Error:
            continue
    place.write(_FILE, known)


def forget(place: RunFolder) -> None:
    """Forget them after an orderly stop."""
    (place / _FILE).unlink(missing_ok=True)


def end(place: RunFolder) -> list[str]:
    """End what is left of an earlier run; return `name (pid)` of each process ended."""
    found: dict[psutil.Process, str] = {}
    for entry in place.read(_FILE) or []:
        try:
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["started"]) < 0.1:
                found[process] = f"{entry['name']} ({entry['pid']})"
        except psutil.Error:
            continue
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs([process for process, name in found.items() if name.startswith(_STORES)], timeout=_GRACE)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(list(found), timeout=_GRACE)
    return sorted(found.values())
