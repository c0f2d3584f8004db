"""Name the processes that hold leases, tell whether one still runs, and tune the memory of one."""

from __future__ import annotations

import gc
import os
import socket
from functools import cache
from pathlib import Path

from shared.ids import new_id


def holder(service: str) -> str:
    """Return a name for this process: service, machine, number, and a random part.

    The random part tells it from an earlier process with the same number.
    """
    return f"{service}@{_machine()}/{os.getpid()}/{new_id()}"


@cache
def _machine() -> str:
    """Return where process numbers mean the same: the machine since its start, and the namespace (a container's own).

    Where the system does not say (other than Linux), a name that nobody else has: then no process is judged.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return f"{socket.gethostname()}+{new_id()}"
    return f"{socket.gethostname()}+{boot}+{namespace}"


def is_gone(other: str, own: str) -> bool:
    """Return whether `other` names a process of this machine that no longer runs; False where that is unknown."""
    theirs, ours = other.split("/"), own.split("/")
    if len(theirs) != 3 or theirs[0] != ours[0] or not theirs[1].isdecimal():
        return False
    try:
        os.kill(int(theirs[1]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it runs as another user
        return False
    return False


def tune_memory() -> None:
    """Run the garbage collector less often, and never over the objects that existed when the service started.

    A batch makes tens of thousands of small frozen objects that are freed by count; a search for cycles finds none.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
