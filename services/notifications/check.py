"""Check at start-up that every mail can be written in every language."""

from __future__ import annotations

from jinja2 import TemplateError

from services.notifications import catalogues
from services.notifications.messages.model.examples import check_table, preview
from services.notifications.messages.model.table import RULES
from services.notifications.messages.views.bodies import bodies
from shared.i18n import offered, speaking


def check_mails() -> None:
    """Raises ValueError with the message, translation or template that is wrong.

    That is: a message with a word that its event does not have, a translation with other placeholders than its text, or
    a template with a variable that it is not given.
    """
    check_table()
    catalogues.check()
    for code in offered(catalogues.MAILS):
        with speaking(code, catalogues.MAILS):
            for name, choice in (("", ""), ("Ana Popescu", "https://tandem.example/choice")):
                try:
                    bodies(preview(RULES[0], ""), name, "", choice)
                except (TemplateError, KeyError, ValueError, TypeError) as wrong:
                    raise ValueError(f"The letter cannot be written in {code!r}: {wrong}.") from wrong
