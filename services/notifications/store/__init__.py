"""The tables of notifications, and the only queries; importing the package knows all of them."""

from services.notifications.store import (
    cases,
    dated,
    deadlines,
    deliveries,
    deputies,
    due,
    feeds,
    inbox,
    messages,
    names,
    webhooks,
)
from services.notifications.store.base import metadata

__all__ = [
    "cases",
    "dated",
    "deadlines",
    "deliveries",
    "deputies",
    "due",
    "feeds",
    "inbox",
    "messages",
    "metadata",
    "names",
    "webhooks",
]
