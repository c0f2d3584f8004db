"""The tables of notifications, and the only queries; importing the package knows all of them."""

from services.notifications.store import (
    afterwards,
    cases,
    choices,
    dated,
    deadlines,
    deliveries,
    deputies,
    digests,
    due,
    feeds,
    inbox,
    messages,
    names,
    paused,
    unreachable,
    webhooks,
)
from services.notifications.store.base import metadata

__all__ = [
    "afterwards",
    "cases",
    "choices",
    "dated",
    "deadlines",
    "deliveries",
    "deputies",
    "digests",
    "due",
    "feeds",
    "inbox",
    "messages",
    "metadata",
    "names",
    "paused",
    "unreachable",
    "webhooks",
]
