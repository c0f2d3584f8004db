"""Move the local run's clock forward: `tandem clock +14d`."""

import re
from datetime import timedelta
from typing import Annotated

import typer

NAME = "clock"
_SPAN = re.compile(r"\+(?P<count>[0-9]{1,6}(?:\.[0-9]+)?)(?P<unit>m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=400)


def span(text: str) -> timedelta:
    """Return the time span that `+14d`, `+6h`, `+30m` or `+2w` means.

    Raises `Failed` for anything else, and for more than 400 days: the log forgets what is older.
    """
    from deploy.cli.system import Failed  # noqa: PLC0415 - with the rest below

    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Failed(f"{text!r} is not a time span: write +14d, +6h, +30m or +2w. The clock moves forward only.")
    by = timedelta(**{_UNITS[found["unit"]]: float(found["count"])})
    if by > _LONGEST:
        raise Failed(f"The clock moves by {_LONGEST.days} days at most at a time.")
    return by


def command(
    by: Annotated[str | None, typer.Argument(help="How far forward: +14d, +6h, +30m, +2w.")] = None,
) -> None:
    """Show or move forward the clock of a local run; reminders and deadlines then fall due."""
    from deploy.cli.system import Failed, System  # noqa: PLC0415 - not needed to show the help
    from shared.time import clock  # noqa: PLC0415 - as above

    wanted = None if by is None else span(by)
    System.here()
    if wanted is not None:
        try:
            clock.move(wanted)
        except clock.ClockFixed as error:
            raise Failed(f"{error} This installation uses the real time.") from None
    ahead = clock.offset()
    note = f"{ahead.total_seconds() / 86_400:+.1f} days from real time" if ahead else "real time"
    print(f"{clock.now():%A %d %B %Y, %H:%M} UTC ({note})")
