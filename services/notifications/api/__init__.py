"""What do programs ask notifications for? What was told and falls due, webhooks, and the portal its inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.api import choice, feeds, inbox, lists, webhooks

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The API's routers."""
    return [lists.router, inbox.router, choice.router, feeds.router, webhooks.router]
