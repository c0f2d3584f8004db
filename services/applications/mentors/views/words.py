"""Describe the fields of a mentor's profile in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.display import SummaryRow
from services.applications.fields import Reading, fields_of, value_in_words
from services.applications.mentors.model import MentorEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = tuple(name for name, spec in fields_of(MentorEntry).items() if spec.shown)


def rows(entry: MentorEntry, *, own: bool, about: bool) -> list[SummaryRow]:
    """Return the profile as the rows of a summary list.

    Readers outside the mentor's country see restricted areas only as restricted (`domain.md`); `about`, the mentor's
    text, is for those who know the name.
    """
    specs, reading = fields_of(MentorEntry), Reading(restricted=not own)
    names = [name for name in _SHOWN if about or name != "about"]
    return [SummaryRow(specs[name].heading, value_in_words(entry, name, reading) or None) for name in names]


def changes(before: MentorEntry, after: MentorEntry, fields: Iterable[str]) -> list[tuple[str, str | None, str | None]]:
    """Return the heading, the old and the new value of each of these fields, as their mentor reads them."""
    specs, reading = fields_of(MentorEntry), Reading()
    return [
        (
            specs[name].heading,
            value_in_words(before, name, reading) or None,
            value_in_words(after, name, reading) or None,
        )
        for name in fields
    ]
