"""The filter by message, which the pages of messages and of mail share."""

from __future__ import annotations

from services.notifications.messages.model.table import RULES
from services.notifications.messages.model.wording import short_subject
from shared.i18n import gettext
from shared.web.lists import Filter


def rule_field(value: str) -> Filter:
    """Return a field with the messages of the table, in its order."""
    options = [(rule.name, short_subject(rule)) for rule in RULES]
    return Filter("rule", gettext("Message"), value, options)
