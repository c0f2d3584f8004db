"""Say what waits for somebody on the portal's first page: each room counts its own (`first_page.py` lists them)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.applications.access.model import Deciders
    from services.applications.settings import Settings
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Waiting:
    """The number of cases that wait for the reader; `href` shows exactly these, `tone` is that of a state."""

    count: int
    name: str
    href: str
    tone: str = "wait"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of the first page; `deciders`: the places that have a coordinator today."""

    principal: Principal
    settings: Settings
    deciders: Deciders


def counted(count: int, name: str, href: str, tone: str = "wait") -> list[Waiting]:
    """Return one entry for what waits; none for zero."""
    return [Waiting(count, name, href, tone)] if count else []
