"""What do programs ask notifications for? Lists of what was told and of what falls due, and the portal its inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.api import feeds, inbox, lists

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The API's routers."""
    return [lists.router, inbox.router, feeds.router]
