"""The tests notice bugs: each one of the table has a place in the code, and the day's sample of them is found."""

from __future__ import annotations

import ast
import os
import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TEST_DAY
from tests.planted_bugs.bugs import BUGS
from tests.planted_bugs.planting import ROOT, PlantedBug, copied, planted, run_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SETTLED = re.compile(r"(?<![\w.])settled(_on)?\(\)")
SAMPLE = 6
"""The number of bugs that are planted each day; within some weeks all but those of the simulation."""


def sample() -> list[PlantedBug]:
    """Return the day's bugs, spread over the table."""
    bugs = [bug for bug in BUGS if bug.seed is None]
    days = -(-len(bugs) // SAMPLE)
    return bugs[date.fromisoformat(os.environ[TEST_DAY]).toordinal() % days :: days]


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """Give a copy of the project."""
    with copied() as path:
        yield path


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_has_a_place(bug: PlantedBug) -> None:
    """The text that a bug replaces stands exactly once where its name says, and its test exists."""
    assert planted(bug)
    path, _, name = bug.test.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


def _waiting_sweeps() -> Iterator[tuple[str, str]]:
    """Yield each function that closes what was due before all requests were answered: its name, and its source."""
    for path in sorted([*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")]):
        source = path.read_text(encoding="utf-8")
        if "shared.time.arrival import" in source:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for name, node in _functions(ast.parse(source)):
                text = ast.get_source_segment(source, node) or ""
                if _SETTLED.search(text):
                    yield f"{module}:{name}", text


def _functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield the outermost functions and methods with their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{within}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{node.name}", node


def test_every_sweep_that_waits_has_a_bug_that_does_not_wait() -> None:
    """Each judgement by the moment before which all is answered has a planted bug, and so a test that it waits."""
    sweeps = dict(_waiting_sweeps())
    assert len(sweeps) >= 9
    for where, source in sweeps.items():
        rest = source
        for bug in BUGS:
            if bug.where == where and _SETTLED.sub("", bug.before) != bug.before:
                rest = rest.replace(bug.before.strip("\n"), "")
        assert not _SETTLED.search(rest), f"{where} waits for what arrived in time, and no planted bug takes that away"


def test_there_are_forty() -> None:
    """The table has at least forty bugs, each under a name of its own."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 40


@pytest.mark.parametrize("bug", sample(), ids=lambda bug: bug.name)
def test_the_days_bugs_are_found(bug: PlantedBug, copy: Path) -> None:
    """The test that is named for a bug fails when the bug is there."""
    outcome = run_with(bug, bug.test, bug.only, copy)
    assert outcome.found, outcome.printed
