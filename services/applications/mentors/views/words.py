"""Describe the fields of a mentor's profile in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.display import topic
from shared.contracts import labels
from shared.i18n import gettext
from shared.time import dates

if TYPE_CHECKING:
    from services.applications.mentors.model import MentorEntry
    from shared.contracts.applications import ExpertiseHeld


def rows(entry: MentorEntry, *, own: bool, about: bool) -> list[dict[str, Any]]:
    """Return the profile as the rows of a summary list.

    Readers outside the mentor's country see restricted areas only as restricted (`domain.md`); `about`, the mentor's
    text, is for those who know the name.
    """
    found = {
        gettext("Service"): labels.label(entry.service) if entry.service else "",
        gettext("Rank group"): labels.label(entry.rank_group) if entry.rank_group else "",
        gettext("Areas of expertise"): ", ".join(_area(expertise, own=own) for expertise in entry.expertise),
        gettext("Topics"): ", ".join(topic(code) for code in entry.topics),
        gettext("Languages"): ", ".join(
            f"{labels.tongue(language.language)} {labels.label(language.level)}" for language in entry.languages
        ),
        gettext("Level that a mentee needs"): labels.label(entry.minimum_level),
        gettext("Mentees at most"): str(entry.capacity),
        gettext("Ranks that are taken"): ", ".join(labels.label(rank_group) for rank_group in entry.rank_groups)
        or gettext("All"),
        gettext("Periods"): "; ".join(dates.span(period.start, period.end) for period in entry.periods),
    }
    if about:
        found[gettext("About the mentor")] = entry.about
    return [{"key": key, "value": value or None} for key, value in found.items()]


def _area(area: ExpertiseHeld, *, own: bool) -> str:
    if area.area.restricted and not own:
        return gettext("restricted")
    level = [gettext("basic"), gettext("advanced"), gettext("expert")][area.level - 1]
    return f"{labels.label(area.area)} ({level})"
