"""Test that the command line answers quickly, and fails in one line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "run",
    "clock",
    "journey",
    "events",
    "verify",
    "export",
    "rebuild",
    "replay",
    "redrive",
    "bounces",
    "contracts",
    "match",
    "what-if",
    "schedule",
    "rerun",
    "figures",
    "feeds",
    "sample",
)


def _tandem(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "", "TANDEM_DATA": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        check=False,
    )


def test_the_help_names_every_subcommand(tmp_path: Path) -> None:
    """Every subcommand is listed in the help."""
    output = _tandem(tmp_path, "--help")
    assert output.returncode == 0
    assert [name for name in COMMANDS if f" {name} " in output.stdout] == list(COMMANDS)


def test_the_help_loads_nothing_heavy() -> None:
    """No database driver, no Kafka, no service is imported until a command needs it."""
    heavy = "[name for name in ('sqlalchemy', 'aiokafka', 'httpx2', 'fastapi', 'services') if name in sys.modules]"
    script = f"import sys, deploy.cli.main; print({heavy})"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert output.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ("clock", "+1d"),
        ("events",),
        ("verify",),
        ("export", "somewhere"),
        ("rebuild", "matching"),
        ("replay", "matching"),
        ("redrive", "matching"),
        ("bounces", "reports.mbox"),
        ("journey",),
        ("rerun", "01977a1e-0000-7000-8000-000000000001"),
        ("sample", "load"),
    ],
)
def test_a_system_that_does_not_run_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 2, and what to do; never a stack trace."""
    output = _tandem(tmp_path, *words)
    assert output.returncode == 2
    assert output.stderr.startswith(f"tandem: Tandem does not run in {tmp_path}. Start it with `make run`")
    assert len(output.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rebuild", "nothing"), "There is no service 'nothing'"),
        (("replay", "exchange.nothing"), "neither a service nor a topic"),
        (("redrive", "matching", "--skip", "3"), "Give a reason"),
        (("redrive", "matching", "--topic", "exchange.nothing"), "There is no topic 'exchange.nothing'"),
        (("events", "--topic", "exchange.nothing"), "There is no topic 'exchange.nothing'"),
        (("clock", "14d"), "is not a time span"),
        (("events", "--type", "Nothing"), "There is no event 'Nothing'"),
    ],
)
def test_a_wrong_word_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, before anything is looked for."""
    output = _tandem(tmp_path, *words)
    assert output.returncode == 2
    assert said in output.stderr
    assert len(output.stderr.strip().splitlines()) == 1
