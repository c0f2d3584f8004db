"""Write every email of the table of messages about an example: `python -m tests.browser.read_emails`.

The result is `build/emails/texts.txt`: subject, first words beside it in a list, and text of each. `build/emails` has
the HTML of each too. A language such as `uk` after the command writes the emails in it, in place of English.
"""

from __future__ import annotations

import sys
from html import unescape
from typing import TYPE_CHECKING

from deploy.local.folder import ROOT
from services.notifications.catalogues import MAILS
from services.notifications.messages.model.examples import preview
from services.notifications.messages.model.table import RULES
from services.notifications.messages.views.bodies import bodies
from shared.i18n import SOURCE, speaking

if TYPE_CHECKING:
    from services.notifications.messages.model.rule import Rule

FOLDER = ROOT / "build" / "emails"
_ORIGIN = "https://tandem.example"
_NAME = "Ana Popescu"


def main() -> int:
    """Write the emails; return the exit code."""
    language = sys.argv[1] if len(sys.argv) > 1 else SOURCE
    FOLDER.mkdir(parents=True, exist_ok=True)
    with speaking(language, MAILS):
        texts = [_written(rule) for rule in RULES]
    (FOLDER / "texts.txt").write_text("\n\n".join(texts), "utf-8")
    print(f"{len(texts)} emails: {FOLDER.relative_to(ROOT)}/texts.txt")
    return 0


def _written(rule: Rule) -> str:
    """Write the HTML of an example of a message, and return its text with subject and first words."""
    words = preview(rule, _ORIGIN)
    email = bodies(words, _NAME, _ORIGIN, "" if rule.mandatory else f"{_ORIGIN}/choices")
    (FOLDER / f"{rule.name}.html").write_text(email["html"], "utf-8")
    first = unescape(email["html"].split('color:#f3f5f7">', 1)[1].split("&#847;", 1)[0]).strip()
    return "\n".join((f"=== {rule.name}", words.subject, f"({first})", email["text"]))


if __name__ == "__main__":
    sys.exit(main())
