"""What do the two bodies of a mail look like? A frame that is the same for many, and what this one says within it.

Rendering the templates took longer than all the rest of a mail, though only a few places change from one mail to the
next. So each is rendered once a language, with marks in those places, and is filled in from then on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import escape

from shared.web.i18n import spoken
from shared.web.site import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.notifications.model.wording import Wording
    from shared.web.i18n import Spoken

_ENVIRONMENT = environment(Path(__file__).parent.parent / "templates")
_WIDTH = 76
_ADDRESS = re.compile(r"https?://[^\s()<>]+")
_LINK = r'<a href="\g<0>" style="color:#173f5f;overflow-wrap:anywhere">\g<0></a>'
# U+FFFE is no character, so it stands in no text; between two of them is the name of a place.
_MARK = "\ufffe"
_PLACE = re.compile(f"{_MARK}([a-z]+){_MARK}")


def bodies(said: Wording, name: str, origin: str, choice: str = "") -> dict[str, str]:
    """The two bodies of a mail, `text` and `html`, in the current language; `choice` leads to what may be chosen."""
    plain = {"name": name, "subject": said.subject, "action": said.action, "link": said.link, "choice": choice}
    rich = {key: str(escape(value)) for key, value in plain.items()}
    language = spoken()
    paragraph = _frame("paragraph.html", language, "", named=True, chosen=True, clocks=False)
    plain["paragraphs"] = "\n\n".join(wrapped(text) for text in said.paragraphs)
    rich["paragraphs"] = "".join(_filled(paragraph, {"paragraph": _linked(text)}) for text in said.paragraphs)
    frames = (
        _frame(file, language, origin, named=bool(name), chosen=bool(choice), clocks=said.clocks)
        for file in ("letter.text", "letter.html")
    )
    return {kind: _filled(next(frames), filled) for kind, filled in (("text", plain), ("html", rich))}


def _linked(text: str) -> str:
    """A paragraph as HTML, with each address in it as a link."""
    return _ADDRESS.sub(_LINK, str(escape(text)))


def wrapped(text: str) -> str:
    """A paragraph in lines of at most 76 characters; a longer word (an address) stays whole, as do references."""
    lines: list[str] = []
    for given in text.splitlines():
        line = ""
        for word in given.split():
            if line and len(line) + 1 + len(word) > _WIDTH:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return "\n".join(lines)


def _filled(frame: tuple[str, ...], values: Mapping[str, str]) -> str:
    """A frame (text, name of a place, text, ...) with its places filled."""
    return "".join(values[piece] if place % 2 else piece for place, piece in enumerate(frame))


@lru_cache(maxsize=200)
def _frame(
    file: str,
    language: Spoken,  # noqa: ARG001 - the template speaks the current one
    origin: str,
    *,
    named: bool,
    chosen: bool,
    clocks: bool,
) -> tuple[str, ...]:
    """A template with its places open; `named` and `chosen` say whether name and choice have a value.

    `clocks`: the mail names whose clocks its times are on.
    """
    context = {place: _mark(place) for place in ("subject", "paragraphs", "paragraph", "action", "link")}
    context |= {"name": _mark("name") if named else "", "choice": _mark("choice") if chosen else "", "origin": origin}
    return tuple(_PLACE.split(_ENVIRONMENT.get_template(f"mail/{file}").render(context, clocks=clocks)))


def _mark(place: str) -> str:
    return f"{_MARK}{place}{_MARK}"
