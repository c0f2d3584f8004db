"""Benchmark figures, each beside a reference that was measured in the same run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    Run = Callable[[], Awaitable[float]]


NO_AIM = "none"
"""The aim of a figure that is only shown."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A named value that was measured in the same run, in the same unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value beside its reference; `met` says whether `aim` is met."""

    name: str
    value: float
    unit: str
    reference: Reference
    ratio: float
    aim: str
    met: bool
    section: str = "Matching"
    """The heading under which the page of benchmarks shows the figure."""


def faster(name: str, ours: Sequence[float], reference: str, theirs: Sequence[float], least: float) -> Figure:
    """Return a figure in events a second that aims at `least` times its reference; both are medians of all runs."""
    value, beside = median(ours), median(theirs)
    ratio = value / beside
    return Figure(
        name,
        round(value),
        "events/s",
        Reference(reference, round(beside)),
        round(ratio, 2),
        f"at least {least:g} times the reference",
        ratio >= least,
    )


def within(name: str, value: float, reference: Reference, most: float) -> Figure:
    """Return a figure in milliseconds that aims at no more than `most`."""
    ratio = value / reference.value
    return Figure(name, round(value, 1), "ms", reference, round(ratio, 2), f"at most {most:g} ms", value <= most)


async def alternate(runs: Sequence[Run], times: int) -> list[list[float]]:
    """Call `runs` in turn, `times` times over, and return what each gave: a change of the machine meets all alike."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(times):
        for place, run in enumerate(runs):
            found[place].append(await run())
    return found


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(title="Benchmarks, each beside a reference from the same run", title_justify="left")
    for heading in ("figure", "value", "reference", "its value", "ratio", "aim", "met"):
        table.add_column(heading, justify="right" if heading in {"value", "its value", "ratio"} else "left")
    for each in figures:
        table.add_row(
            each.name,
            f"{each.value:,.6g} {each.unit}",
            each.reference.name,
            f"{each.reference.value:,.6g} {each.unit}",
            f"{each.ratio:.2f}",
            each.aim,
            "yes" if each.met else "no",
        )
    console.print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON, a list of `{name, value, unit, reference, ratio, aim, met, section}`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=2) + "\n", encoding="utf-8")
