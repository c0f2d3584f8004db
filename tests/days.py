"""Run the tests with the project's clock on other days than today, and once on a machine that has other work to do.

    python -m tests.days                                    every day below, one run after the other
    python -m tests.days saturday leap-day 2027-05-08       these only
    python -m tests.days 2027-05-08T20:40                   a day from a time (UTC) on
    python -m tests.days sunday -- tests/unit -k due        what stands behind -- is pytest's, instead of all tests
    python -m tests.days --list                             the days, with their dates

Each run has a clock file (`TANDEM_CLOCK_FILE`, see `shared/time/clock.py`); each test that moves the clock begins from
there. What pytest prints goes to `build/days/<day>.log`.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
_ALL = ("-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
"""The options that `make test` gives pytest."""
_MORNING = time(10, tzinfo=UTC)
_BEFORE_THE_CHANGE = time(0, 30, tzinfo=UTC)
_EVENING = time(23, 30, tzinfo=UTC)
_AFTER_MIDNIGHT = time(0, 0, 30, tzinfo=UTC)
_WEEKDAYS = {
    "monday": time(1, 40, tzinfo=UTC),
    "tuesday": time(4, 40, tzinfo=UTC),
    "wednesday": time(7, 40, tzinfo=UTC),
    "thursday": time(11, 40, tzinfo=UTC),
    "friday": time(14, 40, tzinfo=UTC),
    "saturday": time(17, 40, tzinfo=UTC),
    "sunday": time(20, 40, tzinfo=UTC),
}
"""The weekdays, each from another time on; on the last one it is tomorrow already east of the office."""
_SUMMARY = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tests: when its clock begins (None: the real time), and whether other work goes on beside it."""

    name: str
    begins: datetime | None
    busy: bool = False

    def __str__(self) -> str:
        """Its name and its moment."""
        when = "now" if self.begins is None else f"{self.begins:%a %d %b %Y %H:%M} UTC"
        return f"{self.name:<22} {when}{', with other work beside it' if self.busy else ''}"


def changes(zone: ZoneInfo, first: date, days: int) -> list[date]:
    """Return the days, of so many from `first`, on which the clocks of a zone are changed."""

    def offset(day: date) -> timedelta | None:
        return datetime.combine(day, time(), zone).utcoffset()

    each = [first + timedelta(days=count) for count in range(days)]
    return [day for day in each if offset(day) != offset(day + timedelta(days=1))]


def _leap_day(today: date) -> date:
    year = next(year for year in range(today.year, today.year + 9) if year % 4 == 0 and date(year, 2, 29) >= today)
    return date(year, 2, 29)


def runs(today: date) -> list[Run]:
    """Return all runs: the weekdays from `today`, ends of months and years, summer time, late hours, a busy machine.

    Each weekday begins at another time. In the late evening it is tomorrow already at the programme's office. Just
    after midnight what ended with the day before is not settled yet.
    """
    week = sorted((today + timedelta(days=count) for count in range(7)), key=date.weekday)
    found = [Run(name, datetime.combine(day, at)) for (name, at), day in zip(_WEEKDAYS.items(), week, strict=True)]
    month = next(day for count in range(366) if (day := today + timedelta(days=count)).month == 1 and day.day == 31)
    year = date(today.year, 12, 31)
    found += [
        Run("month-end", datetime.combine(month, _MORNING)),
        Run("year-end", datetime.combine(year, _MORNING)),
        Run("leap-day", datetime.combine(_leap_day(today), _MORNING)),
    ]
    for sunday in changes(ZONE, today, 366):
        name = "summer-time" if sunday.month < 7 else "winter-time"
        found += [
            Run(f"{name}-saturday", datetime.combine(sunday - timedelta(days=1), _MORNING)),
            Run(f"{name}-sunday", datetime.combine(sunday, _BEFORE_THE_CHANGE)),
            Run(f"{name}-monday", datetime.combine(sunday + timedelta(days=1), _MORNING)),
        ]
    return [
        *found,
        Run("late-evening", datetime.combine(today, _EVENING)),
        Run("after-midnight", datetime.combine(today + timedelta(days=1), _AFTER_MIDNIGHT)),
        Run("busy", None, busy=True),
    ]


def _on(moment: str) -> Run:
    """Return a run on any day, from the morning or from a time (UTC) on. Raises `ValueError` for what is none."""
    day, _, at = moment.partition("T")
    begins = time.fromisoformat(at).replace(tzinfo=UTC) if at else _MORNING
    return Run(moment, datetime.combine(date.fromisoformat(day), begins))


@contextmanager
def _other_work(wanted: bool) -> Iterator[None]:  # noqa: FBT001 - the only argument
    """Two processes a core that never rest, while the block runs."""
    count = 2 * (os.cpu_count() or 1) if wanted else 0
    beside = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for each in beside:
            each.kill()
            each.wait()


def _run(run: Run, arguments: Sequence[str], folder: Path) -> bool:
    """Run pytest once, print a line about it, and give whether all was well."""
    environment, log, began = dict(os.environ), ROOT / "build" / "days" / f"{run.name}.log", monotonic()
    if run.begins is not None:
        file = folder / run.name
        file.write_text(f"{(run.begins - datetime.now(UTC)).total_seconds():.6f}", encoding="ascii")
        environment["TANDEM_CLOCK_FILE"] = str(file)
    log.parent.mkdir(parents=True, exist_ok=True)
    print(run, end="  ", flush=True)
    with log.open("wb") as out, _other_work(run.busy):
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False)
    said = log.read_text("utf-8", errors="replace").splitlines()
    counts = next((found[1] for line in reversed(said) if (found := _SUMMARY.match(line))), f"exit {ended.returncode}")
    print(f"{counts} ({monotonic() - began:.0f} s)", flush=True)
    for line in said:
        if line.startswith(("FAILED ", "ERROR ")):
            print(f"    {line}")
    return ended.returncode == 0


def main() -> int:
    """Run what was asked for; the exit code is 1 where any run was not green."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what runs beside the tests is ended too
    every = {run.name: run for run in runs(datetime.now(UTC).date())}
    words = sys.argv[1:]
    place = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog="python -m tests.days", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "days", nargs="*", metavar="DAY", help="a name, a date or a time YYYY-MM-DDTHH:MM (otherwise all names)"
    )
    parser.add_argument("--list", action="store_true", help="only say which days there are")
    options = parser.parse_args(words[:place])
    try:
        chosen = [every.get(name) or _on(name) for name in options.days] or list(every.values())
    except ValueError:
        parser.error(f"a day is YYYY-MM-DD, YYYY-MM-DDTHH:MM or one of {', '.join(every)}")
    if options.list:
        print(*chosen, sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="tandem-days-") as folder:
        bad = [run.name for run in chosen if not _run(run, words[place + 1 :] or _ALL, Path(folder))]
    print(f"{len(chosen) - len(bad)} of {len(chosen)} runs are green" + (f"; not: {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
