"""Describe the fields of a placement in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.display import SummaryRow
from services.applications.fields import Reading, fields_of, value_in_words
from services.applications.placements.model.placement import PlacementEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID


def rows(
    entry: PlacementEntry, names: Mapping[UUID, str], fields: Iterable[str] = tuple(fields_of(PlacementEntry))
) -> list[SummaryRow]:
    """Return the fields of a placement as the rows of a summary list; `names` are of those that it names."""
    specs, reading = fields_of(PlacementEntry), Reading(names=names)
    return [SummaryRow(specs[name].heading, value_in_words(entry, name, reading) or None) for name in fields]


def changes(
    before: PlacementEntry, after: PlacementEntry, fields: Iterable[str], names: Mapping[UUID, str]
) -> list[tuple[str, str | None, str | None]]:
    """Return the heading, the old and the new value of each of these fields."""
    specs, reading = fields_of(PlacementEntry), Reading(names=names)
    return [
        (
            specs[name].heading,
            value_in_words(before, name, reading) or None,
            value_in_words(after, name, reading) or None,
        )
        for name in fields
    ]
