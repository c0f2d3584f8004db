"""What did somebody try in this request that an auditor may want to know of? Said where it is seen.

A service that keeps attempts opens a list for each request (`listen`); everywhere else a notice is lost, at no cost.
"""

from __future__ import annotations

from contextvars import ContextVar
from enum import StrEnum


class Attempt(StrEnum):
    """What was tried; the words for it are the audit page's."""

    CONTROL_CHARACTERS = "control_characters"
    FORMULA = "formula"
    FOREIGN_FORM = "foreign_form"
    FORGED_TICKET = "forged_ticket"
    FORGED_TOKEN = "forged_token"  # noqa: S105 - no secret, a word


_heard: ContextVar[list[Attempt] | None] = ContextVar("noticed", default=None)


def collect_attempts() -> list[Attempt]:
    """A new list into which the notices of this request go."""
    heard: list[Attempt] = []
    _heard.set(heard)
    return heard


def note_attempt(what: Attempt) -> None:
    """Say that `what` was tried; does nothing where nobody listens."""
    heard = _heard.get()
    if heard is not None:
        heard.append(what)
