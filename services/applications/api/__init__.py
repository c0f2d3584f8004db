"""Which JSON routes does the portal offer to programs? One module an aggregate, each with its own router."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from services.applications.settings import Settings


def routers(settings: Settings) -> list[APIRouter]:
    """All routers of this package, in the order in which they are tried."""
    del settings
    return []
