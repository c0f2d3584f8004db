"""Describe the fields of a placement in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.display import topic
from shared.contracts import labels
from shared.i18n import N_, gettext, ngettext
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from services.applications.placements.model.placement import PlacementEntry

LABELS: dict[str, str] = {
    "title": N_("Title"),
    "unit": N_("Unit"),
    "city": N_("City"),
    "contact": N_("Contact for the guest"),
    "topics": N_("Topics"),
    "expertise": N_("Areas of expertise"),
    "outline": N_("Outline of the agenda"),
    "places": N_("Places"),
    "periods": N_("Periods"),
    "days": N_("Working days of a visit"),
    "group_size": N_("Guests together"),
    "deadline": N_("Last day on which a guest is taken"),
    "languages": N_("Working languages"),
    "excluded_rank_groups": N_("Ranks that are not taken"),
    "prematched_with": N_("Agreed with"),
    "conflicts": N_("Conflicts of interest"),
    "costs_borne": N_("Costs borne"),
    "security": N_("Security requirements"),
}
"""The fields in the order of the form, each with its label."""


def value_in_words(field: str, value: Any, names: Mapping[UUID, str]) -> str:  # noqa: PLR0911 - one return for each kind
    """Return a field's value in words; empty for nothing. `names` are those of applications and organisations."""
    if value is None or value in ("", ()):
        return ""
    match field:
        case "topics":
            return ", ".join(topic(code) for code in value)
        case "expertise" | "excluded_rank_groups" | "costs_borne":
            return ", ".join(labels.label(code) for code in value)
        case "languages":
            return ", ".join(f"{labels.tongue(item.language)} {labels.label(item.level)}" for item in value)
        case "periods":
            return "; ".join(_period_words(item) for item in value)
        case "deadline":
            return dates.day(value)
        case "prematched_with":
            return names.get(value, gettext("an application that is not known"))
        case "conflicts":
            return ", ".join(names[item] for item in value if item in names)
    return str(value)


def _period_words(period: Any) -> str:
    week = ngettext("%(num)d guest a week", "%(num)d guests a week", period.places_per_week)
    return f"{dates.span(period.start, period.end)} ({week % {'num': period.places_per_week}})"


def rows(entry: PlacementEntry, names: Mapping[UUID, str], fields: Iterable[str] = LABELS) -> list[dict[str, Any]]:
    """Return the fields of a placement as the rows of a summary list."""
    return [
        {"key": gettext(LABELS[name]), "value": value_in_words(name, getattr(entry, name), names) or None}
        for name in fields
    ]
