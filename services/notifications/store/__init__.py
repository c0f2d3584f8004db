"""The tables of notifications, and the only queries; importing the package knows all of them."""

from services.notifications.store import cases, dated, deadlines, deputies, due, feeds, inbox, messages, names
from services.notifications.store.base import metadata

__all__ = ["cases", "dated", "deadlines", "deputies", "due", "feeds", "inbox", "messages", "metadata", "names"]
