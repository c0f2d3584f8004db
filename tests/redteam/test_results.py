"""Results of the red team add up over several runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.redteam.results import CODE, Attacked, read_results, summary

if TYPE_CHECKING:
    from pathlib import Path


def test_results_of_several_runs_add_up(tmp_path: Path) -> None:
    """Each code and each way of publishing is counted apart, and a line that was cut off is left out."""
    file = tmp_path / "results.jsonl"
    results = [
        Attacked(1, False, CODE, tried=10, published=2, shown=20, seconds=2.0, megabytes=300),
        Attacked(7, False, CODE, pinned=("a count",), tried=5, seconds=4.0, megabytes=310),
        Attacked(3, True, CODE, error="AssertionError: no"),
        Attacked(2, False, "of before"),
    ]
    file.write_text("".join(json.dumps(asdict(each)) + "\n" for each in results) + '{"seed": 9, "grou')
    assert read_results(file) == results
    present, grouped, before = summary(results)
    assert "(the present one): 2 programmes, seeds 1 to 7; 1 pinned (7), 0 failed; 15 counts of few tried" in present
    assert "3.0 s each, 310 MB at most" in present
    assert "by groupings: 1 programmes, seeds 3 to 3; 0 pinned, 1 failed (3)" in grouped
    assert before.startswith("code of before: 1 programmes")


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    """The first run begins with no results."""
    assert read_results(tmp_path / "none") == []
