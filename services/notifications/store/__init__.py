"""The tables of notifications, and the only queries; importing the package knows all of them."""

from services.notifications.store import cases, deadlines, deputies, due, messages, names
from services.notifications.store.base import metadata

__all__ = ["cases", "deadlines", "deputies", "due", "messages", "metadata", "names"]
