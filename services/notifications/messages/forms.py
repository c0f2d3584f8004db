"""By what are lists of messages and deadlines narrowed on more than one page? Fields for the macro `filters`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.messages.model.table import RULES
from services.notifications.messages.views import messages
from shared.contracts.codes import COUNTRIES
from shared.contracts.labels import country
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

Field = dict[str, object]


def of_country(read: Iterable[str] | None, value: str) -> Field:
    """The countries that the reader reads (None: all), by their names."""
    codes = sorted(COUNTRIES if read is None else read, key=country)
    return _field("country", gettext("Country"), [(code, country(code)) for code in codes], value)


def of_message(value: str) -> Field:
    """The rows of the table of messages, in its order."""
    return _field("rule", gettext("Message"), [(rule.name, messages.subject(rule)) for rule in RULES], value)


def _field(name: str, label: str, options: list[tuple[str, str]], value: str) -> Field:
    return {"name": name, "label": label, "options": options, "value": value}
