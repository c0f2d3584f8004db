"""The commands of docs/api.md do what the page says, against a local run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from typing import TYPE_CHECKING

from deploy.cli.client import People
from deploy.cli.journey.steps import PROGRAMME, Journey
from deploy.cli.system import System
from deploy.local.folder import ROOT
from tests.personas import enter_personas

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_run import LocalRun

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_the_commands_of_the_guide_work(local_run: LocalRun, tmp_path: Path) -> None:
    """All shell blocks of the page, run one after the other in one shell that stops at the first failure."""
    system = System(local_run.read("environment.json"))
    async with People(system) as people:
        today = (await people.get(PROGRAMME, "/applications/api/v1/clock"))["now"][:10]
        await enter_personas(Journey(people, movable=False), today)
    result = await asyncio.to_thread(run_guide, local_run, system.origin, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def run_guide(run: LocalRun, origin: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the shell blocks of the page in a folder."""
    blocks = _BLOCK.findall((ROOT / "docs/api.md").read_text("utf-8"))
    assert len(blocks) >= 6
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "\n".join(blocks)],
        cwd=folder,
        env=os.environ | {"TANDEM_DATA": str(run.folder), "ORIGIN": origin, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
