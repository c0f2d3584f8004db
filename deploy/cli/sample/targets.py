"""Enter the sample's baselines and targets: one person writes them, another approves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.sample.assessments import EVALUATOR, REPORTING
from deploy.cli.sample.context import PROGRAMME
from deploy.cli.sample.submissions import complete, read_items

if TYPE_CHECKING:
    from deploy.cli.sample.context import LoadContext

SET_ON = -363
"""On this day, counted from the last one, they are set."""
_SOURCE = "Description of the action, annex 1, page 12"
# By indicator: by the end of the half-year of the first visits, and of the next. Some are missed, as in life.
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
    """The evaluator writes what is to be reached in two half-years, from nothing; the coordinator approves it all."""
    days, at = room.programme.days, f"{REPORTING}/targets"

    async def enter(indicator: str, half: str, whole: str) -> None:
        for kind, day, value in (
            ("baseline", days.baseline(), "0"),
            ("target", days.half_ends(0), half),
            ("target", days.half_ends(1), whole),
        ):
            entry = {"indicator": indicator, "kind": kind, "day": day.isoformat(), "value": value, "source": _SOURCE}
            await room.people.post(EVALUATOR, at, entry)

    await room.all(enter(indicator, *values) for indicator, values in _TARGETS.items())
    read = read_items(await room.people.items(PROGRAMME, f"{at}/waiting"))
    complete(await room.people.post(PROGRAMME, f"{at}/approve", {"targets": read}), len(read))
