"""Have a form carry what its page showed of its records, and the words on its buttons.

Both are shown to the sender only, should the form rest on an older version (`stale_forms.py`). Nothing is decided from
them: which version is changed follows from the version that the form names.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from shared.i18n import gettext, ngettext
from shared.identity.refusals import safe_next

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from starlette.requests import Request

    from shared.identity.record_facts import Facts

FIELD = "record_page"
# More than the rows of the largest table that is imported, with its counts and its wrong cells.
_MOST, _LONGEST, _LONGEST_LABEL = 5000, 20_000, 200
_MOST_RECORDS, _MOST_BUTTONS, _MOST_OCTETS = 5, 20, 4_000_000
_BUTTON = re.compile(r"<button\b([^>]*)>(.*?)</button>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Button:
    """A button that sends a form: to which path, what it sends itself, its words, and whether it warns."""

    path: str
    name: str
    value: str
    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class FormPage:
    """The page of a form: its address, when it was made, its buttons, and the facts that it showed.

    `facts` are by the beginnings of the versions of their records, and by the names under which the page shows more
    (`show_facts`).
    """

    address: str = ""
    at: datetime | None = None
    buttons: Sequence[Button] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)

    def button(self, path: str, sent: Collection[tuple[str, str]]) -> Button | None:
        """Return the button that sent these fields to that path; None where it is not known."""
        here = [each for each in self.buttons if each.path == path]
        named = [each for each in here if each.name and (each.name, each.value) in sent]
        return next(iter((*named, *(each for each in here if not each.name))), None)

    def text(self) -> str:
        """Return it as the text of the field `FIELD`."""
        content = {
            "page": self.address,
            "at": "" if self.at is None else self.at.isoformat(timespec="seconds"),
            "buttons": [
                [each.path, each.name, each.value, each.text, int(each.warning)]
                for each in self.buttons[:_MOST_BUTTONS]
            ],
            "facts": {prefix: bounded(facts) for prefix, facts in self.facts.items()},
        }
        return packed(content)


def show_facts(request: Request, name: str, facts: Facts) -> None:
    """Have the forms of this page carry what it shows beside their records, under a name without a full stop.

    Labels that stand there twice get a number.
    """
    request.state.shown_facts = {name: distinct(facts)}


def shown_facts(request: Request) -> dict[str, Facts]:
    """Return what the page of this answer shows beside the records of its forms, by name."""
    found: dict[str, Facts] = getattr(request.state, "shown_facts", {})
    return found


def distinct(facts: Facts) -> list[tuple[str, str]]:
    """Return facts with labels of which none stands there twice."""
    met: dict[str, int] = {}
    found = []
    for label, value in facts:
        met[label] = met.get(label, 0) + 1
        found.append((label if met[label] == 1 else f"{label} ({met[label]})", value))
    return found


def bounded(facts: Facts) -> list[tuple[str, str]]:
    """Return facts as a form carries them: so many, and cut; the last one says how many more there are."""
    found = [(_cut(label, _LONGEST_LABEL), _cut(value, _LONGEST)) for label, value in facts]
    if len(found) <= _MOST:
        return found
    rest = len(found) - _MOST + 1
    more = ngettext("%(num)d. It is not compared here.", "%(num)d. They are not compared here.", rest) % {"num": rest}
    return [*found[: _MOST - 1], (gettext("More rows"), more)]


def buttons_in(here: str, opening: str, content: str) -> Iterator[Button]:
    """Return the buttons of a form on the page `here`, by its opening tag and its content."""
    own = dict(_ATTRIBUTE.findall(opening)).get("action", "")
    for attributes, words in _BUTTON.findall(content):
        found = {name: unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}
        if found.get("type", "submit") == "submit" and found.get("name") != "row":
            path = urlsplit(urljoin(here, found.get("formaction", unescape(own)))).path
            text = " ".join(unescape(_TAG.sub(" ", words)).split())
            yield Button(path, found.get("name", ""), found.get("value", ""), text, "--warning" in attributes)


def packed(content: object) -> str:
    """Return what a form carries as the text of its field: its words are not in the page."""
    words = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(zlib.compress(words.encode())).decode()


def _unpacked(text: str) -> object:
    """Return the content of such a text, as far as a page of ours may have made it."""
    return json.loads(zlib.decompressobj().decompress(base64.urlsafe_b64decode(text), _MOST_OCTETS))


def page_in(text: object) -> FormPage:
    """Return the page that a form names, as far as that can be read."""
    try:
        content = _unpacked(text) if isinstance(text, str) else None
    except (ValueError, RecursionError, zlib.error):
        content = None
    if not isinstance(content, dict):
        return FormPage()
    facts = content.get("facts")
    buttons = content.get("buttons")
    return FormPage(
        _address(content.get("page")),
        _moment(content.get("at")),
        [each for each in map(_button, buttons[:_MOST_BUTTONS]) if each] if isinstance(buttons, list) else [],
        {
            prefix: list(_pairs(pairs))
            for prefix, pairs in (list(facts.items())[:_MOST_RECORDS] if isinstance(facts, dict) else ())
        },
    )


def _button(parts: Any) -> Button | None:
    if not isinstance(parts, list) or len(parts) != 5 or not all(isinstance(part, str) for part in parts[:4]):
        return None
    path, name, value, text = (_text(part, _LONGEST) for part in parts[:4])
    return Button(path, name, value, text[:_LONGEST_LABEL], parts[4] == 1) if text else None


def _pairs(pairs: object) -> Iterator[tuple[str, str]]:
    for each in pairs[:_MOST] if isinstance(pairs, list) else ():
        if isinstance(each, list) and [type(part) for part in each] == [str, str]:
            yield _text(each[0], _LONGEST_LABEL), _text(each[1], _LONGEST)


def _address(text: object) -> str:
    """Return an address of ours; empty for any other."""
    address = _text(text, _LONGEST)
    return address if safe_next(address) == address else ""


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found


def _text(value: object, longest: int) -> str:
    """Return a text that can be shown: half of a pair of surrogates cannot."""
    shown = isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)
    return str(value)[:longest] if shown else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
