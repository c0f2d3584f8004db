"""Make SVG elements and fit text into a picture.

Letters cannot be measured on the server without reading a font, and browsers do not wrap a picture's text. So widths
are estimated by groups of letters, a little generously, after the advance widths of Noto Sans (the pages' font, whose
licence is the SIL Open Font License 1.1); tests/browser/test_charts.py compares them with a real browser.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

INK, QUIET, GRID = "#16202a", "#4d5a66", "#cfd6dc"

_NAMESPACE = "http://www.w3.org/2000/svg"
_PREFIXES: Any = {None: _NAMESPACE}  # the default namespace; lxml's stubs do not know that it may be None

_EMS = {
    letter: ems
    for ems, letters in (
        (0.3, "ijlIJ .,:;!'|()[]"),
        (0.41, 'frt/\\*"{}-'),
        (0.575, "0123456789+=<>"),
        (0.78, "DGHNOQU&"),
        (0.95, "mwMW%@…→"),
    )
    for letter in letters
}
_OTHER = 0.62
_BOLD = 1.07


def element(name: str, text: str | None = None, /, **attributes: Any) -> Any:
    """Return an SVG element; an attribute's `_` is a hyphen (none at its end), one that is None is left out."""
    values = {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items() if value is not None}
    node = etree.Element(f"{{{_NAMESPACE}}}{name}", values, nsmap=_PREFIXES)
    node.text = text
    return node


def wide(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how many units a text is wide whose letters are `size` units high."""
    return sum(_EMS.get(letter, _OTHER) for letter in text) * size * (_BOLD if bold else 1)


def cut(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return the text, or as much of its beginning as fits, with an ellipsis."""
    if wide(text, size, bold=bold) <= room:
        return text
    shortened = text
    while shortened and wide(f"{shortened}…", size, bold=bold) > room:
        shortened = shortened[:-1]
    return f"{shortened.rstrip()}…"


def wrapped(text: str, room: float, size: float, most: int = 2) -> list[str]:
    """Return the text on at most `most` lines, broken between words; what does not fit is cut."""
    words = text.split()
    lines: list[str] = []
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and wide(f"{line} {words[0]}", size) <= room:
            line += f" {words.pop(0)}"
        lines.append(line)
    return [cut(line, room, size) for line in (*lines, " ".join(words)) if line]


def named(text: str, width: float, y: float, size: float) -> tuple[list[Any], float]:
    """Return a name above a shape, on up to three lines, and how far down it reaches."""
    lines = wrapped(text, width, size, 3) or [""]
    leading = size + 3
    parts = [element("text", line, x=0, y=y + size + leading * n, font_size=size, fill=INK)
             for n, line in enumerate(lines)]  # fmt: skip
    return parts, y + leading * (len(lines) - 1) + size
