"""Of which messages does the portal have to know when it is asked for a contact? Their names, for both sides.

Notifications names the message that it is about to send as the purpose of asking. For most the portal notes it, and no
more; for these it gives a link that fits.
"""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """A message whose link the portal makes; the names are those of the table of messages, and never change."""

    ADDRESS_TO_CONFIRM = "address_to_confirm"
    CASCADE_TO_CONFIRM = "cascade_to_confirm"
    CASCADE_REMINDER = "cascade_reminder"
    CASCADE_LINK = "line_manager_link_cascade"


ABOUT_CASCADE = frozenset({Purpose.CASCADE_TO_CONFIRM, Purpose.CASCADE_REMINDER, Purpose.CASCADE_LINK})
"""To a line manager, about cascade sessions; what else a line manager is asked is the follow-up."""
