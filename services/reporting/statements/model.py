"""Write and read the addresses of published statements: `/reporting/2026-H1/1/` and what is below it."""

from __future__ import annotations

import re
from urllib.parse import quote

HOME = "/reporting"
LATEST = "latest"
"""In place of a period or a statement: the newest one that is published."""
_NUMBER = re.compile("[1-9][0-9]{0,4}")


def address_of(period: str | None, statement: int | str, rest: str = "") -> str:
    """Return the address of a statement (period None: the newest), or of something below it."""
    return f"{HOME}/{quote(period or LATEST, safe='')}/{quote(str(statement), safe='')}/{rest}"


def number_of(statement: str) -> int | None:
    """Return the number of a statement as its address has it; None if it is none."""
    return int(statement) if _NUMBER.fullmatch(statement) else None
