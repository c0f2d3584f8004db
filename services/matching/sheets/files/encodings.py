"""Decode the bytes of a CSV file; a guess is named, and what could be read in two ways is refused."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PAGES = {"windows-1250": "Central European", "windows-1251": "Cyrillic", "windows-1252": "Western European"}
ENCODINGS = ("utf-8", "utf-16", *_PAGES)
"""The encodings that can be named."""
_MARKS_OF_TEXT = {"€", "№"} | {
    letters.pop()
    for code in range(0x80, 0x100)
    if len(letters := {bytes([code]).decode(page, "replace") for page in _PAGES}) == 1
}
"""Quotation marks, dashes and the like, which stand at the same place in all code pages, and two that do not."""
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MIXED = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
"""A Latin letter beside one that is none in ASCII: Cyrillic letters do not stand among Latin ones."""
_PURE = re.compile(rb"(?<![A-Za-z\xc0-\xff])[\xc0-\xff]+(?![A-Za-z\xc0-\xff])")


class Doubtful(ValueError):
    """Bytes that can be read in more than one way, or in none; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, and the encoding if it had to be guessed."""

    text: str
    guess: str | None = None


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """Return the text of a file; `encoding` settles it. Raises `Doubtful`."""
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if marked is not None or encoding is not None:
        try:
            return Decoded(_clean(content.decode(marked or encoding or "")))
        except (UnicodeDecodeError, LookupError):
            raise Doubtful(f"is not {marked or encoding}; save it as “CSV UTF-8”") from None
    if b"\0" in content:
        return _wide(content)
    try:
        return Decoded(_clean(content.decode("utf-8")))
    except UnicodeDecodeError:
        return _narrow(content)


def _clean(text: str) -> str:
    if "\0" in text:
        raise Doubtful("is not a table: it holds zero characters; save it as .xlsx or “CSV UTF-8”")
    return text


def _wide(content: bytes) -> Decoded:
    """Read UTF-16 without its mark: nearly all characters of a table have a zero byte on the same side."""
    odd, even = content[1::2].count(0), content[::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    if len(content) % 2 == 0 and min(odd, even) == 0:
        try:
            return Decoded(_clean(content.decode(name)), name)
        except UnicodeDecodeError:
            pass
    raise Doubtful("is not a table: it holds zero bytes; save it as .xlsx or “CSV UTF-8”")


def _narrow(content: bytes) -> Decoded:
    """Read one of the Windows code pages, if the text leaves no doubt about which."""
    texts: dict[str, str] = {}
    for name in _PAGES:
        try:
            texts[name] = content.decode(name)
        except UnicodeDecodeError:
            continue
    plausible = [name for name, text in texts.items() if _plausible(text)]
    mixed, pure = _MIXED.search(content) is not None, [word for word in _PURE.findall(content) if len(word) > 1]
    if "windows-1251" in plausible and not mixed and any(len(word) > 2 for word in pure):
        plausible = ["windows-1251"]
    elif mixed and not pure:
        plausible = [name for name in plausible if name != "windows-1251"]
    readings = {texts[name]: name for name in reversed(plausible)}
    if len(readings) == 1:
        ((text, name),) = readings.items()
        return Decoded(_clean(text), name)
    if not readings:
        raise Doubtful("is not UTF-8, and no other usual encoding fits; save it as “CSV UTF-8”")
    word = next(
        word for word in _WORD.findall(content) if len({word.decode(name, "replace") for name in plausible}) > 1
    )
    ways = " or ".join(f"“{word.decode(name, 'replace')}” ({name})" for name in readings.values())
    raise Doubtful(f"can be read in more than one way: {ways}; save it as “CSV UTF-8”, or say its encoding")


def _plausible(text: str) -> bool:
    """Return whether all characters that are not ASCII are letters of words, or marks of a text."""
    foreign = [letter for letter in text if not letter.isascii()]
    return all(letter in _MARKS_OF_TEXT or unicodedata.category(letter) in {"Lu", "Ll"} for letter in foreign)
