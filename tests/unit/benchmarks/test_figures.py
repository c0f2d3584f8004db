"""Figures of the benchmarks state what was measured, and their file has what its readers expect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Reference, alternate, faster, within, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_rate_is_met_by_its_share_of_the_reference() -> None:
    """Medians are compared, so that one bad run does not decide; the aim itself counts as met."""
    fast_enough = faster("ours", [600.0, 10.0, 610.0], "theirs", [1000.0, 1000.0, 2000.0], 0.6)
    missed = faster("ours", [590.0], "theirs", [1000.0], 0.6)
    assert (fast_enough.value, fast_enough.reference, fast_enough.ratio, fast_enough.met) == (
        600,
        Reference("theirs", 1000),
        0.6,
        True,
    )
    assert not missed.met


def test_a_latency_is_met_by_its_bound_and_not_by_its_reference() -> None:
    """A latency meets its aim by its own value, whatever its reference took."""
    assert within("ours", 60.0, Reference("bare", 6.0), 60).met
    assert not within("ours", 60.1, Reference("bare", 60.0), 60).met


def test_the_file_is_a_list_of_figures(tmp_path: Path) -> None:
    """The JSON has name, value, unit, reference, ratio, aim, met and section, and nothing else."""
    path = tmp_path / "build" / "benchmarks.json"
    write([faster("ours", [2.0], "theirs", [1.0], 1)], path)
    (figure,) = json.loads(path.read_text("utf-8"))
    assert list(figure) == ["name", "value", "unit", "reference", "ratio", "aim", "met", "section"]
    assert figure["reference"] == {"name": "theirs", "value": 1}


async def test_ways_take_turns() -> None:
    """Two ways are measured in turn, so that a change of the machine meets both alike."""
    order: list[str] = []

    async def way(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = await alternate([lambda: way("ours"), lambda: way("theirs")], 2)
    assert order == ["ours", "theirs", "ours", "theirs"]
    assert found == [[1.0, 3.0], [2.0, 4.0]]
