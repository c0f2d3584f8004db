"""Can every mail be written, in every language? Asked when the service starts, not when a mail is to be sent."""

from __future__ import annotations

from jinja2 import TemplateError

from services.notifications import catalogues
from services.notifications.messages.model.examples import check_table, preview
from services.notifications.messages.model.table import RULES
from services.notifications.messages.views.bodies import bodies
from shared.i18n import offered, speaking


def check_mails() -> None:
    """Raises ValueError, which says the message, the translation or the template, and what is wrong with it.

    A message that asks for a word that its event does not have, a translation with other places than its text, a
    template that asks for what it is not given.
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
