"""Test contrast: 4.5 to 1 for text (look.md; WCAG 2.2, 1.4.3), 3 to 1 for lines and marks."""

from __future__ import annotations

import re

import pytest

from shared.web import site, states
from shared.web.graphics import charts

CSS = (site.STATIC / "tandem.css").read_text(encoding="utf-8")
NAMED = dict(re.findall(r"--(tandem-[a-z-]+): (#[0-9a-f]{3,6});", CSS))


def colour(value: str) -> str:
    """Return the hexadecimal value of a colour in the style sheet."""
    found = re.fullmatch(r"var\(--(.+)\)", value)
    return NAMED[found[1]] if found else value


def luminance(value: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, other: str) -> float:
    """Contrast ratio as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(colour(first)), luminance(colour(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tone", states.TONES)
def test_state_tags_have_enough_contrast(tone: str) -> None:
    """The text of every state tag has enough contrast with its background."""
    rule = re.search(rf"\.tandem-tag--{tone} \{{([^}}]*)\}}", CSS)
    assert rule is not None
    ground = re.search(r"background: ([^;]+);", rule[1])
    text = re.search(r"(?<![-a-z])color: ([^;]+);", rule[1])
    assert ground is not None
    assert text is not None
    assert contrast(ground[1], text[1]) >= 4.5


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "#fff"),
        ("ink", "pale"),
        ("quiet", "#fff"),
        ("quiet", "pale"),
        ("act", "#fff"),
        ("act", "act-pale"),
        ("act-dark", "act-pale"),
        ("go", "#fff"),
        ("go-dark", "go-pale"),
        ("wait-dark", "wait-pale"),
        ("error", "#fff"),
        ("ink", "go-pale"),
        ("ink", "act-pale"),
        ("#fff", "act"),
        ("#fff", "error"),
    ],
)
def test_text_can_be_read(text: str, ground: str) -> None:
    """Every pair in which the style sheet writes."""
    first, other = (name if name.startswith("#") else NAMED[f"tandem-{name}"] for name in (text, ground))
    assert contrast(first, other) >= 4.5


@pytest.mark.parametrize("line", [*charts.COLOURS, "#7a8793", NAMED["tandem-wait"], NAMED["tandem-line-strong"]])
def test_marks_can_be_seen(line: str) -> None:
    """Bars, lines and the edges that carry meaning stand out from white by 3 to 1."""
    assert contrast(line, "#fff") >= 3
