"""Plant one bug in a copy of the project and run the test that must find it.

A bug is anchored by the qualified name of the function, class or constant that it changes, and by the text that it
replaces there; lines may move. The copy holds the files of the project without what was built or fetched; processes
that a test starts run in the copy too.
"""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("services", "shared", "deploy", "tests", "docs")
LINKED = (".venv", "node_modules")
PLANTED_SEED = "TANDEM_SIMULATED_SEED"
"""The environment variable with the one seed that the simulation of all services is to run."""
PATIENCE = 30
"""Seconds that a test waits for what the bug keeps from happening; without a bug it has more."""
SECONDS = 240
"""After so long a test that neither passes nor fails is stopped: the bug was not found by its test."""


class CannotPlant(ValueError):
    """The code has changed so that the bug has no place any more: anchor it anew."""


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A change that makes the project wrong, and the test that must notice it.

    `where` is a module and a qualified name in it, as `shared.bus.db.leases:check`. `before` stands there exactly once
    and becomes `after`. `test` is pytest's id of the test, `only` an expression for its option -k where one test has
    many cases. `seed` is the seed of the simulation of all services in which the bug shows: as that
    takes a minute, only the command that runs all plants it.
    """

    name: str
    where: str
    before: str
    after: str
    test: str
    only: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a test's run: the number of tests that ran, failed and could not run, and what pytest printed."""

    ran: int
    failed: int
    errors: int
    printed: str

    @property
    def found(self) -> bool:
        """True if the test failed by an assertion or an error of the code that it calls, not while it was set up."""
        return self.failed > 0


def file_of(bug: PlantedBug, root: Path = ROOT) -> Path:
    """Return the file that the bug changes, below `root`."""
    module = bug.where.partition(":")[0]
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def planted(bug: PlantedBug, root: Path = ROOT) -> str:
    """Return the text of the bug's file with the bug in it. Raises `CannotPlant`."""
    path, name = file_of(bug, root), bug.where.partition(":")[2]
    source = path.read_text(encoding="utf-8")
    node = _find(ast.parse(source), name.split("."))
    if node is None:
        raise CannotPlant(f"{bug.name}: {path.relative_to(root)} has no {name}.")
    lines = source.splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno
    part = "".join(lines[first:last])
    if (count := part.count(bug.before)) != 1:
        raise CannotPlant(f"{bug.name}: {name} has {count} times, not once: {bug.before!r}.")
    changed = "".join([*lines[:first], part.replace(bug.before, bug.after), *lines[last:]])
    try:
        ast.parse(changed)
    except SyntaxError as wrong:
        raise CannotPlant(f"{bug.name}: the file would be no Python any more ({wrong}).") from wrong
    return changed


def _find(tree: ast.AST, names: list[str]) -> ast.stmt | None:
    """Return the statement that defines the qualified name: a function, a class, or an assignment."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name == names[0]:
                return node if len(names) == 1 else _find(node, names[1:])
        elif isinstance(node, ast.Assign | ast.AnnAssign) and len(names) == 1:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == names[0] for target in targets):
                return node
    return None


@contextmanager
def copied() -> Iterator[Path]:
    """Give a copy of the project in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder) / "project"
        copy.mkdir()
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore_dangling_symlinks=True)
        for path in sorted(ROOT.iterdir()):
            if path.is_file():
                shutil.copy2(path, copy)
        for name in LINKED:
            if (ROOT / name).exists():
                (copy / name).symlink_to(ROOT / name)
        yield copy


def run_with(bug: PlantedBug | None, test: str, only: str, copy: Path, seed: int | None = None) -> Outcome:
    """Run `test` in `copy` with the bug planted (or without one), and mend the copy again."""
    if bug is None:
        return _run(test, only, copy, seed)
    path = file_of(bug, copy)
    original, times = path.read_bytes(), path.stat()
    path.write_text(planted(bug), encoding="utf-8")
    try:
        return _run(test, only, copy, bug.seed)
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # what was compiled before is of this text


def _run(test: str, only: str, copy: Path, seed: int | None) -> Outcome:
    report = copy / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=unshrunk", f"--junit-xml={report}"]
    options += ["-o", "junit_family=xunit1"]  # the other one refuses `record_property`
    command = [sys.executable, "-m", "pytest", *options, test]
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing that was compiled with the bug stays
        "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / ".hypothesis"),
        "TANDEM_TEST_PATIENCE": str(PATIENCE),
    }
    if seed is not None:
        environment[PLANTED_SEED] = str(seed)
    for name in [name for name in environment if name.startswith(("PYTEST_", "COV_"))]:
        del environment[name]
    with subprocess.Popen(
        [*command, *(["-k", only] if only else [])],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the servers that it has started
            return Outcome(0, 0, 1, f"{test} did not end within {SECONDS} s.")
    if not report.exists():
        return Outcome(0, 0, 1, printed)
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    ran, failed, errors = (int(suite.attrib[name]) for name in ("tests", "failures", "errors"))
    return Outcome(ran, failed, errors, printed)
