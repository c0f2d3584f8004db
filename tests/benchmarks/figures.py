"""What is a figure of a benchmark, and how are two ways compared so that the machine's mood cancels out?"""

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


@dataclass(frozen=True, slots=True)
class Reference:
    """What a figure stands beside: something named, measured in the same run in the same unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside its reference; `aim` says in words what `held` answers."""

    name: str
    value: float
    unit: str
    reference: Reference
    ratio: float
    aim: str
    held: bool


def faster(name: str, ours: Sequence[float], reference: str, theirs: Sequence[float], least: float) -> Figure:
    """A figure in events a second that shall be at least `least` times its reference; medians of all runs."""
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
    """A figure in milliseconds that shall be at most `most`, beside what the same machine takes for less."""
    ratio = value / reference.value
    return Figure(name, round(value, 1), "ms", reference, round(ratio, 2), f"at most {most:g} ms", value <= most)


async def alternate(runs: Sequence[Run], times: int) -> list[list[float]]:
    """What each of `runs` gives, `times` times; one after the other in turn, so that all meet the same machine."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(times):
        for place, run in enumerate(runs):
            found[place].append(await run())
    return found


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(title="Benchmarks, each beside its reference in the same run", title_justify="left")
    for heading in ("figure", "value", "reference", "its value", "ratio", "aim", "held"):
        table.add_column(heading, justify="right" if heading in {"value", "its value", "ratio"} else "left")
    for each in figures:
        table.add_row(
            each.name,
            f"{each.value:,.6g} {each.unit}",
            each.reference.name,
            f"{each.reference.value:,.6g} {each.unit}",
            f"{each.ratio:.2f}",
            each.aim,
            "yes" if each.held else "no",
        )
    console.print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """Keep the figures as JSON, a list of `{name, value, unit, reference, ratio, aim, held}`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=2) + "\n", encoding="utf-8")
