"""The filter by message that several lists share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import short_subject
from shared.i18n import gettext

if TYPE_CHECKING:
    from services.notifications.filters import Field


def rule_field(value: str) -> Field:
    """Return a field with the messages of the table, in its order."""
    options = [(rule.name, short_subject(rule)) for rule in RULES]
    return {"name": "rule", "label": gettext("Message"), "options": options, "value": value}
