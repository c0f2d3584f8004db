"""Note attempts in a request that an auditor may want to know of.

A service that keeps attempts opens a list for each request (`collect_attempts`); without one, notes are dropped.
"""

from __future__ import annotations

from contextvars import ContextVar
from enum import StrEnum


class AttemptKind(StrEnum):
    """The kind of a refused attempt; the audit page puts it into words."""

    CONTROL_CHARACTERS = "control_characters"
    FORMULA = "formula"
    FOREIGN_FORM = "foreign_form"
    FORGED_TICKET = "forged_ticket"
    OWN_CASE = "own_case"
    FORGED_TOKEN = "forged_token"  # noqa: S105 - no secret, a word


_attempts: ContextVar[list[AttemptKind] | None] = ContextVar("noticed", default=None)


def collect_attempts() -> list[AttemptKind]:
    """Start and return the list of attempts of this request."""
    found: list[AttemptKind] = []
    _attempts.set(found)
    return found


def note_attempt(kind: AttemptKind) -> None:
    """Note an attempt; does nothing if the service keeps none."""
    found = _attempts.get()
    if found is not None:
        found.append(kind)
