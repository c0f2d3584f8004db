"""How does a mentor's profile read: to the mentor, to the own country, and to a mentee before there are names?"""

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
    """The profile as the rows of a summary list.

    Who is not of the mentor's own country reads restricted areas as such (`domain.md`); `about`, which the mentor wrote
    in words, is for those who know the name.
    """
    found = {
        gettext("Service"): labels.label(entry.service) if entry.service else "",
        gettext("Rank group"): labels.label(entry.rank_group) if entry.rank_group else "",
        gettext("Areas of expertise"): ", ".join(_area(one, own=own) for one in entry.expertise),
        gettext("Topics"): ", ".join(topic(code) for code in entry.topics),
        gettext("Languages"): ", ".join(
            f"{labels.tongue(one.language)} {labels.label(one.level)}" for one in entry.languages
        ),
        gettext("Level that a mentee needs"): labels.label(entry.minimum_level),
        gettext("Mentees at most"): str(entry.capacity),
        gettext("Ranks that are taken"): ", ".join(labels.label(one) for one in entry.rank_groups) or gettext("All"),
        gettext("Periods"): "; ".join(dates.span(one.start, one.end) for one in entry.periods),
    }
    if about:
        found[gettext("About the mentor")] = entry.about
    return [{"key": key, "value": value or None} for key, value in found.items()]


def _area(held: ExpertiseHeld, *, own: bool) -> str:
    if held.area.restricted and not own:
        return gettext("restricted")
    named = [gettext("basic"), gettext("advanced"), gettext("expert")][held.level - 1]
    return f"{labels.label(held.area)} ({named})"
