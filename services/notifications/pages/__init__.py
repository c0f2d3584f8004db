"""Which pages do notifications have? What was sent, what falls due, the table of messages, and parked events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.consumers import consumers
from services.notifications.pages import due, feed, log, table, volume, webhooks
from shared.web.parked import parked_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The pages' routers."""
    return [
        log.router,
        due.router,
        feed.router,
        table.router,
        volume.router,
        webhooks.router,
        parked_router("notifications", consumers),
    ]
