"""Test the script `tandem` in the root of the checkout, and what `make` installs for whom."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from deploy.local.folder import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def _run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
    )


def _recipes(target: str) -> str:
    """Return all commands that `make` would run for a target in a new checkout."""
    result = _run("make", "--dry-run", "--always-make", target)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_script_runs_the_command_from_any_directory(tmp_path: Path) -> None:
    """The script finds its checkout by its own path, also through a link, and runs in the caller's directory."""
    (tmp_path / "link").symlink_to(ROOT / "tandem")
    result = _run(tmp_path / "link", "match", "--check", "missing.csv", cwd=tmp_path)
    assert "missing.csv" in result.stderr
    assert "make setup" not in result.stderr
    assert result.returncode == 2


def test_the_script_names_the_remedy_before_setup(tmp_path: Path) -> None:
    """In a checkout without `.venv` the script says to run `make setup`, and where."""
    shutil.copy(ROOT / "tandem", tmp_path / "tandem")
    result = _run(tmp_path / "tandem", "--help")
    assert result.returncode == 1
    assert f"Run `make setup` in {tmp_path} first." in result.stderr


def test_a_run_installs_only_what_running_needs() -> None:
    """`make run` installs the packages of the local run; those of tests and of the site are for other targets."""
    commands = _recipes("run")
    assert "-r requirements-local.lock" in commands
    assert "-r requirements.lock" not in commands
    assert "-r requirements-docs.lock" not in commands
    assert "tests.readers" not in commands
    assert commands.index("deploy.local.assets") < commands.index("deploy.local.trim")


def test_setup_installs_what_tests_need_too() -> None:
    """After `make setup` tests and checks have all packages; the site's come with `make check`."""
    commands = _recipes("setup")
    assert commands.index("-r requirements-local.lock") < commands.index("-r requirements.lock")
    assert "tests.readers.jars" in commands
    assert "deploy.local.trim" not in commands
    assert "-r requirements-docs.lock" in _recipes("check")
