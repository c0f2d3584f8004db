"""Which pages do notifications have? What was sent or not, what falls due, the table of messages, parked events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.consumers import consumers
from services.notifications.pages import choice, due, feed, log, table, unreachable, volume, webhooks
from shared.web.parked import parked_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The pages' routers."""
    own = [page.router for page in (log, choice, due, feed, unreachable, table, volume, webhooks)]
    return [*own, parked_router("notifications", consumers)]
