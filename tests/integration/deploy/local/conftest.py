"""Start one helper of the local run by itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.local.folder import ROOT
from deploy.local.process import Child
from deploy.local.supervisor import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def helper(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """A function `(module, ready address, **environment)` that runs a module as a process until the test ends."""
    started: list[Child] = []

    def run(module: str, ready: str, **env: str) -> None:
        command = [sys.executable, "-m", module]
        child = Child(module, command, log=tmp_path / f"{module}.log", env={**os.environ, **env}, cwd=ROOT)
        started.append(child)
        child.start()
        child.wait_ready(answers(ready), 30)

    yield run
    for child in started:
        child.stop(5)
