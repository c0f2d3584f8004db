"""Processes that tests fork have the environment of their own test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.processes import forked
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import pytest


def _send_variable(pipe: Connection) -> None:
    pipe.send(os.environ.get("TANDEM_TRIAL"))


def test_a_forked_process_has_the_environment_of_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process has the variables of the moment, and not those of the first process that was forked."""
    context = forked()
    for value in ("one", "two", None):
        if value is None:
            monkeypatch.delenv("TANDEM_TRIAL")
        else:
            monkeypatch.setenv("TANDEM_TRIAL", value)
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_send_variable, args=(theirs,), daemon=True)
        process.start()
        assert mine.poll(PATIENCE)
        assert mine.recv() == value
        process.join()
