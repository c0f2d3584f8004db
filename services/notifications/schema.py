"""Import the modules of all tables, so that the metadata is complete."""

from services.notifications.calendars.store import appointments, feeds
from services.notifications.cases.store import cases, deputies, pauses, register
from services.notifications.deadlines.store import deadlines, lists
from services.notifications.inbox import store as inbox_store
from services.notifications.mail.store import resending, unreachable
from services.notifications.messages.store import inbox_cases, messages
from services.notifications.preferences import store as preferences_store
from services.notifications.reminders import store as reminders_store
from services.notifications.tables import metadata
from services.notifications.webhooks.store import deliveries, endpoints

__all__ = [
    "appointments",
    "cases",
    "deadlines",
    "deliveries",
    "deputies",
    "endpoints",
    "feeds",
    "inbox_cases",
    "inbox_store",
    "lists",
    "messages",
    "metadata",
    "pauses",
    "preferences_store",
    "register",
    "reminders_store",
    "resending",
    "unreachable",
]
