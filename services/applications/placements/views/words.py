"""Describe the fields of a placement in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.display import entry_rows
from services.applications.fields import Reading, fields_of
from services.applications.placements.model.placement import PlacementEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from services.applications.display import SummaryRow


def rows(
    entry: PlacementEntry, names: Mapping[UUID, str], fields: Iterable[str] = tuple(fields_of(PlacementEntry))
) -> list[SummaryRow]:
    """Return the fields of a placement as the rows of a summary list; `names` are of those that it names."""
    return entry_rows(entry, fields, Reading(names=names))
