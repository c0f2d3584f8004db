"""Enter the sample's baselines and targets: one person writes them, another approves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from deploy.cli.sample.assessments import EVALUATOR, REPORTING
from deploy.cli.sample.context import PROGRAMME

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext

SET_ON = -363
"""On this day, counted from the last one, they are set."""
_SOURCE = "Description of the action, annex 1, page 12"
# By indicator: by the middle of the year, and by its end. Some are missed, as in life.
_TARGETS: dict[str, tuple[str, str]] = {
    "TOPCOP-IN-01": ("25", "40"),
    "TOPCOP-OP-01": ("8", "20"),
    "TOPCOP-OP-03": ("40", "70"),
    "TOPCOP-OP-04": ("4", "6"),
    "TOPCOP-PR-01": ("50", "60"),
    "TOPCOP-OC-01": ("80", "85"),
    "TOPCOP-DQ-01": ("80", "90"),
}


async def enter_targets(room: LoadContext) -> None:
    """The evaluator writes what is to be reached this year, from nothing; the programme coordinator approves it."""
    year = room.programme.today.year
    for indicator, (half, whole) in _TARGETS.items():
        for kind, day, value in (
            ("baseline", date(year - 1, 1, 1), "0"),
            ("target", date(year, 6, 30), half),
            ("target", date(year, 12, 31), whole),
        ):
            entry = {"indicator": indicator, "kind": kind, "day": day.isoformat(), "value": value, "source": _SOURCE}
            made = await room.people.post(EVALUATOR, f"{REPORTING}/targets", entry)
            await room.people.post(PROGRAMME, f"{REPORTING}/targets/{made['id']}/approve")
