"""Render the two bodies of a mail into frames that many mails share.

Rendering a template is slow, and only a few places change between mails. So each template is rendered once a language
with marks in those places, and filled in from then on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import escape

from shared.contracts.labels import country
from shared.i18n import spoken
from shared.time.zones import distant_country
from shared.web.site import REFERENCE, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.notifications.messages.model.wording import Wording
    from shared.i18n import Spoken

_ENVIRONMENT = environment(Path(__file__).parents[2])
_WIDTH = 76
# A letter as a number takes six or seven characters: up to one letter in so many, that is shorter than base64.
_FEW = 20
_ADDRESS = re.compile(r"https?://[^\s()<>]+")
_IN_BRACKETS = re.compile(rf" \(({_ADDRESS.pattern})\)")
_WORDS_AND_ADDRESS = re.compile(f"(.+){_IN_BRACKETS.pattern}")
_LINK = '<a class="link" href="{address}" style="color:#173f5f">{words}</a>'
_UNBROKEN = r'<span style="white-space:nowrap">\g<0></span>'
# A mail program shows so much of a message in its list, beside the subject.
_PREHEADER = 120
# U+FFFE is no character and so in no text; a pair of them encloses the name of a place.
_MARK = "\ufffe"
_PLACE = re.compile(f"{_MARK}([a-z]+){_MARK}")


@dataclass(frozen=True, slots=True)
class _Frames:
    """The templates with open places, as texts for `%`: a paragraph of the HTML, the text, the HTML.

    A message is written as `one` where it is alone, else as `entry`.
    """

    paragraph: str
    one_text: str
    one_html: str
    entry_text: str
    entry_html: str
    text: str
    html: str


def bodies(words: Wording, name: str, origin: str, choice: str = "") -> dict[str, str]:
    """Return the bodies `text` and `html` of a mail with one message, as `bodies_of`."""
    return bodies_of([words], words.subject, name, origin, choice)


def bodies_of(
    messages: Sequence[Wording],
    subject: str,
    name: str,
    origin: str,
    choice: str = "",
    *,
    mandatory: bool = False,
) -> dict[str, str]:
    """Return the bodies `text` and `html` in the current language; `choice` is the link to the recipient's choices.

    `mandatory` is whether some of it comes whatever the recipient chooses.
    """
    zone = country(distant_country())
    frames = _frames(spoken(), origin, zone, named=bool(name), chosen=bool(choice), mandatory=mandatory)
    alone = len(messages) == 1
    text = "\n\n\n".join([(frames.one_text if alone else frames.entry_text) % _plain(words) for words in messages])
    html = "".join([(frames.one_html if alone else frames.entry_html) % _rich(words, frames) for words in messages])
    roles = ", ".join(dict.fromkeys(words.role for words in messages))
    places = {"name": name, "subject": subject, "choice": choice, "roles": roles, "preheader": _preheader(messages)}
    return {
        "text": frames.text % {**places, "messages": text},
        "html": _in_ascii(frames.html % {**{key: escape(value) for key, value in places.items()}, "messages": html}),
    }


def _plain(words: Wording) -> dict[str, str]:
    return {
        "title": wrapped(words.subject),
        "paragraphs": "\n\n".join(map(wrapped, words.paragraphs)),
        "action": words.action,
        "link": words.link,
        "cause": wrapped(words.cause),
    }


def _preheader(messages: Sequence[Wording]) -> str:
    """Return what a list of mails shows beside the subject: a message's first words, or the titles of several."""
    alone = len(messages) == 1
    texts = messages[0].paragraphs[:2] if alone else [words.title for words in messages]
    words = " ".join(_IN_BRACKETS.sub("", (" " if alone else "; ").join(texts)).split())
    if len(words) <= _PREHEADER:
        return words
    return words[: _PREHEADER - 1].rpartition(" ")[0] + " …"


def _rich(words: Wording, frames: _Frames) -> dict[str, str]:
    return {
        "title": escape(words.title),
        "reference": escape(words.reference),
        "paragraphs": "".join([frames.paragraph % {"paragraph": _linked(text)} for text in words.paragraphs]),
        "action": escape(words.action),
        "link": escape(words.link),
        "cause": escape(words.cause),
    }


def _in_ascii(html: str) -> str:
    """Return HTML with its few letters beyond ASCII as numbers, so that it needs no transfer encoding."""
    if html.isascii() or (len(html.encode()) - len(html)) * _FEW > len(html):
        return html
    return html.encode("ascii", "xmlcharrefreplace").decode()


@lru_cache(maxsize=1024)
def _linked(text: str) -> str:
    """Return a paragraph as HTML: words with an address in brackets behind them become the link to it.

    A reference stays on one line.
    """
    if found := _WORDS_AND_ADDRESS.fullmatch(text):
        return _LINK.format(address=escape(found[2]), words=escape(found[1]))
    escaped = str(escape(text))
    if _ADDRESS.search(escaped) is None:
        return REFERENCE.sub(_UNBROKEN, escaped)
    return _ADDRESS.sub(lambda address: _LINK.format(address=address[0], words=address[0]), escaped)


@lru_cache(maxsize=1024)
def wrapped(text: str) -> str:
    """Return a paragraph in lines of at most 76 characters; a longer word (an address) stays whole."""
    if len(text) <= _WIDTH and "\n" not in text:
        return text
    lines: list[str] = []
    for text_line in text.splitlines():
        line = ""
        for word in text_line.split():
            if line and len(line) + 1 + len(word) > _WIDTH:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return "\n".join(lines)


@lru_cache(maxsize=200)
def _frames(
    language: Spoken,  # noqa: ARG001 - the templates speak the current one
    origin: str,
    zone: str,
    *,
    named: bool,
    chosen: bool,
    mandatory: bool,
) -> _Frames:
    """Return the templates; `named` and `chosen` are whether name and choice have a value.

    `zone` is the country by whose clock the reader's time is written, empty where it is that of the office.
    """
    places = (
        *("subject", "preheader", "messages", "title", "reference", "paragraphs", "paragraph"),
        *("action", "link", "cause", "roles"),
    )
    context: dict[str, str | bool] = {place: _mark(place) for place in places}
    context |= {"name": _mark("name") if named else "", "choice": _mark("choice") if chosen else "", "origin": origin}
    rendered = [
        _ENVIRONMENT.get_template(f"messages/mail/{file}")
        .render(context, zone=zone, mandatory=mandatory)
        .replace("%", "%%")
        for file in ("paragraph.html", "one.text", "one.html", "entry.text", "entry.html", "letter.text", "letter.html")
    ]
    paragraph, one_text, one_html, entry_text, entry_html, text, html = (
        _PLACE.sub(r"%(\1)s", template) for template in rendered
    )
    return _Frames(paragraph, one_text.strip(), one_html, entry_text.strip(), entry_html, text, html)


def _mark(place: str) -> str:
    return f"{_MARK}{place}{_MARK}"
