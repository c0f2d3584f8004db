"""Describe the fields of a mentor's profile in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.display import entry_rows
from services.applications.fields import Reading, fields_of
from services.applications.mentors.model import MentorEntry

if TYPE_CHECKING:
    from services.applications.display import SummaryRow

_SHOWN = tuple(name for name, spec in fields_of(MentorEntry).items() if spec.shown)


def rows(entry: MentorEntry, *, own: bool, about: bool) -> list[SummaryRow]:
    """Return the profile as the rows of a summary list.

    Readers outside the mentor's country see restricted areas only as restricted (`domain.md`); `about`, the mentor's
    text, is for those who know the name.
    """
    return entry_rows(entry, [name for name in _SHOWN if about or name != "about"], Reading(restricted=not own))
