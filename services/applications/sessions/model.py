"""Say why sessions end, which change of access ends them, and name a browser in a few words."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.contracts.access import AccessGrant


class SessionEnd(StrEnum):
    """The reason why a session ended before its time."""

    SIGNED_OUT = "signed_out"
    REPLACED = "replaced"
    ENDED_BY_PERSON = "ended_by_person"
    ACCESS_CHANGED = "access_changed"
    SUSPENDED = "suspended"


# The order counts: most browsers name others too.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Version/[\d.]+ (?:Mobile/\S+ )?Safari/"),
)
_SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def browser_in(user_agent: str) -> tuple[str, str]:
    """Return browser and system that a User-Agent header names, without versions; "" for what is not known."""
    return _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)


def _first(names: Iterable[tuple[str, str]], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text[:500])), "")


def rights_differ(before: Iterable[AccessGrant], after: Iterable[AccessGrant]) -> bool:
    """Return whether a change of grants gives or takes a right, so that the person has to sign in again."""
    return frozenset(before) != frozenset(after)
