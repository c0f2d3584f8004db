"""Load the sample programme once for each data folder, through the running services."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy.local.process import ServerFailed
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.local.folder import RunFolder

_MARK = "sample.json"
_NONE, _BEGUN, _LOADED = "none", "begun", "loaded"
_ENDS = "TANDEM_SAMPLE_ENDS"
_SHOW_CURSOR = "\x1b[?25h"
"""A progress bar hides the cursor; one that is killed leaves it so."""
_BACK = timedelta(days=371)
"""The clock of a new run begins so far back: 53 weeks, as `deploy/cli/sample/days.py` has it."""


def wanted(place: RunFolder) -> bool:
    """Return whether it is still to be loaded: not twice, and not into a run with `TANDEM_SAMPLE=none`.

    Raises `ServerFailed` for any other word there, and after an interrupted loading, which cannot be undone.
    """
    state = (place.read(_MARK) or {}).get("state")
    if state == _BEGUN:
        raise ServerFailed(f"Loading the sample programme was cut off last time. Start over with: {place.start_over}")
    choice = os.environ.get("TANDEM_SAMPLE")
    if choice and choice != _NONE:
        raise ServerFailed(f"TANDEM_SAMPLE is {choice!r}: give 'none' to start empty, or leave it out.")
    if state is None and choice:
        place.write(_MARK, {"state": _NONE})
        return False
    return state is None


def loaded(place: RunFolder) -> bool:
    """Return whether the run holds the sample programme."""
    return (place.read(_MARK) or {}).get("state") == _LOADED


def after_full_disk(place: RunFolder) -> str:
    """Return what to do after the disk became full: an interrupted loading cannot go on."""
    if (place.read(_MARK) or {}).get("state") == _BEGUN:
        return f"Make room and start over with: {place.start_over}"
    return "Make room and start again."


def set_clock_back(place: RunFolder) -> None:
    """Let the clock of a new run begin a year ago, before any service reads it.

    A clock that is set by the environment (`TANDEM_CLOCK_FILE`) says when the loading ends, instead of now.
    """
    ahead = clock.offset()
    os.environ["TANDEM_CLOCK_FILE"] = str(place / "clock")
    os.environ[_ENDS] = str(ahead.total_seconds())
    with suppress(clock.ClockBackwards):
        clock.start_at(_BACK - ahead)


def load(place: RunFolder, env: Mapping[str, str], look: Callable[[], None]) -> None:
    """Load it with `tandem sample load` and its progress bar; `look` is called meanwhile to restart ended processes.

    Raises `ServerFailed` if it fails.
    """
    place.write(_MARK, {"state": _BEGUN})
    command = [sys.executable, "-m", "deploy.cli.main", "sample", "load"]
    with subprocess.Popen(command, env={**os.environ, **env}) as process:
        try:
            while process.poll() is None:
                look()
                time.sleep(0.1)
        finally:
            process.kill()  # does nothing to one that has ended
            if sys.stderr.isatty():
                sys.stderr.write(_SHOW_CURSOR)
    if process.returncode:
        raise ServerFailed(f"The sample programme could not be loaded (see above). Start over with: {place.start_over}")
    place.write(_MARK, {"state": _LOADED})
