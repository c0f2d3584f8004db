"""Which pages do notifications have? What was sent or not, what falls due, the table of messages, parked events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.calendars import api as calendars_api
from services.notifications.calendars import pages as calendars_pages
from services.notifications.consumers import consumers
from services.notifications.deadlines import pages as deadlines_pages
from services.notifications.inbox import api as inbox_api
from services.notifications.mail.pages import log, unreachable
from services.notifications.messages import api as messages_api
from services.notifications.messages.pages import table, volume
from services.notifications.preferences import api as preferences_api
from services.notifications.preferences import pages as preferences_pages
from services.notifications.webhooks import api as webhooks_api
from services.notifications.webhooks import pages as webhooks_pages
from shared.runtime.dead_letters import dead_letters_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def page_routers() -> list[APIRouter]:
    """The pages' routers."""
    own = [
        page.router
        for page in (
            log,
            preferences_pages,
            deadlines_pages,
            calendars_pages,
            unreachable,
            table,
            volume,
            webhooks_pages,
        )
    ]
    return [*own, dead_letters_router("notifications", consumers)]


def api_routers() -> list[APIRouter]:
    """The API's routers."""
    return [messages_api.router, inbox_api.router, preferences_api.router, calendars_api.router, webhooks_api.router]
