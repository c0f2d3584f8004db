"""List the routers of the service: its pages, and its operations for programs and for the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.calendars.api import router as calendars_api
from services.notifications.calendars.pages import router as calendar_feed
from services.notifications.consumers import consumers
from services.notifications.deadlines.api import router as deadlines_api
from services.notifications.deadlines.pages import router as deadlines
from services.notifications.inbox.api import router as inbox_api
from services.notifications.mail.model import UNSURE_WORK
from services.notifications.mail.pages.log import router as message_log
from services.notifications.mail.pages.unreachable import router as unreachable
from services.notifications.messages.api import router as messages_api
from services.notifications.messages.pages.table import router as message_table
from services.notifications.messages.pages.volume import router as volume
from services.notifications.preferences.api import router as preferences_api
from services.notifications.preferences.pages import router as preferences
from services.notifications.webhooks.api import router as webhooks_api
from services.notifications.webhooks.pages.decisions import router as webhook_decisions
from services.notifications.webhooks.pages.endpoints import router as webhooks
from shared.runtime.dead_letters import dead_letters_router
from shared.runtime.journal import journal_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def page_routers() -> list[APIRouter]:
    """Return the routers of the pages; the order decides which of two matching paths answers."""
    return [
        message_log,
        preferences,
        deadlines,
        calendar_feed,
        unreachable,
        message_table,
        volume,
        webhook_decisions,
        webhooks,
        dead_letters_router("notifications", consumers, {UNSURE_WORK: "/notifications/messages/"}),
        journal_router("notifications"),
    ]


def api_routers() -> list[APIRouter]:
    """Return the routers of the operations for programs and for the portal."""
    return [messages_api, deadlines_api, inbox_api, preferences_api, calendars_api, webhooks_api]
