"""The tests notice bugs: each one of the table has a place in the code, and the day's sample of them is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.planted_bugs.bugs import BUGS
from tests.planted_bugs.planting import ROOT, PlantedBug, copied, planted, run_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = 6
"""The number of bugs that are planted each day; within some ten days all of them."""


def sample() -> list[PlantedBug]:
    """Return the day's bugs, spread over the table."""
    begin = datetime.now(UTC).toordinal() % -(-len(BUGS) // SAMPLE)
    return list(BUGS)[begin :: -(-len(BUGS) // SAMPLE)]


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


def test_there_are_forty() -> None:
    """The table has at least forty bugs, each under a name of its own."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 40


@pytest.mark.parametrize("bug", sample(), ids=lambda bug: bug.name)
def test_the_days_bugs_are_found(bug: PlantedBug, copy: Path) -> None:
    """The test that is named for a bug fails when the bug is there."""
    outcome = run_with(bug, bug.test, bug.only, copy)
    assert outcome.found, outcome.printed
