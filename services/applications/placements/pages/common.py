"""Give the addresses of placements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


def offer_path(offer_id: UUID, rest: str = "") -> str:
    """Return the address of a placement, or of a page of it."""
    return f"/applications/offers/{offer_id}" + (f"/{rest}" if rest else "")
