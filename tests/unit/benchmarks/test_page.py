"""Does the page of the benchmarks keep the rows that were not measured, when some are renewed?"""

from __future__ import annotations

from tests.benchmarks.matching.__main__ import beside, page


def test_rows_that_were_measured_take_their_place_and_others_stay() -> None:
    """A known row is renewed where it stands, a new one comes last, and all others are as they were."""
    first = [f"| {name} | 1 ms | x | 2 ms | 0.5 | a | yes |" for name in ("one", "two")]
    written = page(first, with_plot=True)
    lines = beside(written, ["| three | 3 ms | x | 2 ms | 1.5 | a | no |", "| one | 5 ms | x | 2 ms | 2.5 | a | no |"])
    assert lines == [
        "| one | 5 ms | x | 2 ms | 2.5 | a | no |",
        first[1],
        "| three | 3 ms | x | 2 ms | 1.5 | a | no |",
    ]
    assert page(lines, with_plot=True) == written.replace(first[0], lines[0]).replace(
        first[1], f"{first[1]}\n{lines[2]}"
    )
