"""Writes `docs/benchmarks.md` and its plot from what `make bench` has measured.

`python -m tests.benchmarks.matching --write` after `make bench` (or `python -m tests.benchmarks matching`); without
`--write` the table is only printed. Where all 10,000 events have been held against a matching from the beginning
(`python -m tests.benchmarks.matching.live`), their rows stand instead of those of the first 1,000. With `--add`, as
after `python -m tests.benchmarks NAME`, only the rows that were measured are written, and all others stay as they are.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.matching.growth import NAME
from tests.benchmarks.matching.live import ALL
from tests.benchmarks.matching.plot import Point, growth

RESULT = Path("build/benchmarks.json")
TABLE, PLOT = Path("docs/benchmarks.md"), Path("docs/benchmarks-growth.svg")
_POINT = re.compile(re.escape(NAME).replace(r"\{people:,\}", "([0-9,]+)"))


def main() -> int:
    """Print or write; 1 where nothing has been measured."""
    adds = "--add" in sys.argv[1:]
    if not RESULT.exists() and not (adds and ALL.exists()):
        sys.stderr.write(f"{RESULT} is not there. Measure first: make bench\n")
        return 1
    rows: list[dict[str, Any]] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else []
    if ALL.exists():
        every = {row["name"]: row for row in json.loads(ALL.read_text(encoding="utf-8"))}
        known = {row["name"] for row in rows}
        rows = [every.get(row["name"], row) for row in rows] + [row for name, row in every.items() if name not in known]
    points = [
        Point(int(found[1].replace(",", "")), row["value"], row["reference"]["value"])
        for row in rows
        if (found := _POINT.fullmatch(row["name"]))
    ]
    lines = [_row(row) for row in rows]
    if adds:
        lines = beside(TABLE.read_text(encoding="utf-8"), lines)
    text = page(lines, with_plot=adds or len(points) > 1)
    if not adds and "--write" not in sys.argv[1:]:
        sys.stdout.write(text)
        return 0
    TABLE.write_text(text, encoding="utf-8")
    if len(points) > 1:
        PLOT.write_text(growth(points), encoding="utf-8")
    return 0


def beside(written: str, lines: list[str]) -> list[str]:
    """The rows of a page that is there, with those that were measured anew in their place, or after all others."""
    anew = {_name(line): line for line in lines}
    there = [line for line in written.splitlines() if line.startswith("| ")][1:]
    return [anew.pop(_name(line), line) for line in there] + list(anew.values())


def _name(line: str) -> str:
    return line.split(" | ", 1)[0].removeprefix("| ")


def page(rows: list[str], *, with_plot: bool) -> str:
    """The page: how it was measured, the table (its rows as they are written), the plot."""
    lines = [
        "# Benchmarks",
        "",
        "Made by `python -m tests.benchmarks.matching --write` from what `make bench` measured; not written by hand.",
        "Each figure stands beside something named that was measured in the same run, on the same data, in the same",
        "unit; rows may be renewed one by one (`--add`). Instances are seeded",
        "(`tests/benchmarks/matching/instances.py`); peers are installed in environments of their own.",
        "",
        f"Machine: {os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}.",
        "",
        "| figure | value | reference | its value | ratio | aim | held |",
        "|---|--:|---|--:|--:|---|---|",
        *rows,
        "",
    ]
    if with_plot:
        lines += [f"![Seconds for a stable matching by the number of mentees]({PLOT.name})", ""]
    return "\n".join(lines)


def _row(row: dict[str, Any]) -> str:
    reference, unit = row["reference"], row["unit"]
    cells = [
        row["name"],
        f"{row['value']:,.6g} {unit}",
        reference["name"],
        f"{reference['value']:,.6g} {unit}",
        f"{row['ratio']:,.4g}",
        row["aim"],
        "yes" if row["held"] else "no",
    ]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8")) if info.exists() else None
    return named[1] if named else platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
