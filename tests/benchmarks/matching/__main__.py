"""Write `docs/benchmarks.md` and its plot from what `make bench` has measured.

`python -m tests.benchmarks.matching --write` writes all rows of `build/benchmarks.json`, by section; without `--write`
the page is only printed. With `--add`, as after `python -m tests.benchmarks NAME`, the rows that were measured take
their place in the page, and all others stay. Whatever follows the mark `NOTES` in the page is kept. Rows of
`python -m tests.benchmarks.matching.live`, which compares all 10,000 events, replace those of the first 1,000.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import NO_AIM
from tests.benchmarks.matching.growth import NAME
from tests.benchmarks.matching.live import ALL
from tests.benchmarks.matching.plot import Point, growth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RESULT = Path("build/benchmarks.json")
PAGE, PLOT = Path("docs/benchmarks.md"), Path("docs/benchmarks-growth.svg")
NOTES = "<!-- Written by hand from here on: the command keeps it. -->"
SECTIONS = ("Event bus", "Latency", "Mails", "Webhooks", "Rebuild and figures", "Matching")
_POINT = re.compile(re.escape(NAME).replace(r"\{people:,\}", "([0-9,]+)"))
_HEADER = ("| figure | value | reference | its value | ratio | aim | met |", "|---|--:|---|--:|--:|---|---|")

Row = dict[str, Any]
Lines = dict[str, list[str]]
"""Section -> its rows as they are written."""


def main() -> int:
    """Print or write the page; return 1 where nothing has been measured."""
    adds, writes = ("--add" in sys.argv[1:], "--write" in sys.argv[1:])
    if not RESULT.exists() and not (adds and ALL.exists()):
        sys.stderr.write(f"{RESULT} does not exist. Measure first: make bench\n")
        return 1
    rows = _measured()
    points = [
        Point(int(found[1].replace(",", "")), row["value"], row["reference"]["value"])
        for row in rows
        if (found := _POINT.fullmatch(row["name"]))
    ]
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    lines = merged(written(before), by_section(rows)) if adds else by_section(rows)
    machines = [*(machines_of(before) if adds else ()), _machine()]
    text = page(lines, machines, with_plot=PLOT.exists() or len(points) > 1, notes=notes(before))
    if not adds and not writes:
        sys.stdout.write(text)
        return 0
    PAGE.write_text(text, encoding="utf-8")
    if len(points) > 1:
        PLOT.write_text(growth(points), encoding="utf-8")
    return 0


def _measured() -> list[Row]:
    rows: list[Row] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else []
    if not ALL.exists():
        return rows
    every = {row["name"]: row for row in json.loads(ALL.read_text(encoding="utf-8"))}
    known = {row["name"] for row in rows}
    return [every.get(row["name"], row) for row in rows] + [row for name, row in every.items() if name not in known]


def by_section(rows: Iterable[Row]) -> Lines:
    """Return the rows of each section, as lines of its table."""
    lines: Lines = {}
    for row in rows:
        lines.setdefault(row["section"], []).append(_line(row))
    return lines


def written(text: str) -> Lines:
    """Return the rows that a page has, by section."""
    lines: Lines = {}
    section = ""
    for line in text.split(NOTES, maxsplit=1)[0].splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and line != _HEADER[0]:
            lines.setdefault(section, []).append(line)
    return lines


def merged(before: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> Lines:
    """Return the rows of a page with those that were measured again in their place, or after all others."""
    lines: Lines = {}
    for section in {**before, **new}:
        again = {_key(line): line for line in new.get(section, ())}
        kept = [again.pop(_key(line), line) for line in before.get(section, ())]
        lines[section] = kept + list(again.values())
    return lines


def _key(line: str) -> tuple[str, str]:
    """Return what a row measures, and beside what."""
    cells = line.split(" | ")
    return cells[0], cells[2]


def notes(text: str) -> str:
    """Return what was written by hand at the end of a page, with its mark."""
    _, mark, rest = text.partition(NOTES)
    return mark + rest


def machines_of(text: str) -> list[str]:
    """Return the machines that a page names; after `--add` its rows may come from several."""
    return [line.removeprefix("- ") for line in text.partition("\n## ")[0].splitlines() if line.startswith("- ")]


def page(lines: Mapping[str, Sequence[str]], machines: Iterable[str], *, with_plot: bool, notes: str = "") -> str:
    """Return the page: how and on which machines it was measured, a table for each section, the plot, the notes."""
    text = [
        "# Benchmarks",
        "",
        "`make bench` measures; `python -m tests.benchmarks.matching --write` writes the tables. Each figure stands",
        "beside a named reference from the same run, on the same data, in the same unit. Compare ratios, not values,",
        "and only within a run. `--add` renews single rows. Matching uses seeded instances",
        "(`tests/benchmarks/matching/instances.py`); other packages run in environments of their own.",
        "",
        "Measured on:",
        "",
        *(f"- {machine}" for machine in dict.fromkeys(machines)),
        "",
    ]
    for section in sorted(lines, key=_place):
        text += [f"## {section}", "", *_HEADER, *lines[section], ""]
        if section == SECTIONS[-1] and with_plot:
            text += [f"![Seconds for a stable matching by the number of mentees]({PLOT.name})", ""]
    return "\n".join(text) + (f"\n{notes}" if notes else "")


def _place(section: str) -> int:
    return SECTIONS.index(section) if section in SECTIONS else len(SECTIONS)


def _line(row: Row) -> str:
    reference, unit = row["reference"], row["unit"]
    met = "yes" if row["met"] else "no"
    cells = [
        row["name"],
        f"{row['value']:,.6g} {unit}",
        reference["name"],
        f"{reference['value']:,.6g} {unit}",
        f"{row['ratio']:,.4g}",
        row["aim"],
        "" if row["aim"] == NO_AIM else met,
    ]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8")) if info.exists() else None
    processor = named[1] if named else platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
