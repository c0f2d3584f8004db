"""Draw growth: measured sizes on two logarithmic axes, beside the line of n log n."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 440, 78, 150, 56, 58
_BLUE, _INK, _QUIET, _GRID = "#0072b2", "#16202a", "#4d5a66", "#cfd6dc"


@dataclass(frozen=True, slots=True)
class Point:
    """One size: people, seconds measured, and the seconds that n log n from the first size would give."""

    people: int
    seconds: float
    expected: float


def growth(points: Sequence[Point]) -> str:
    """Return the plot as SVG; people to the right, seconds up, both logarithmic."""
    highest = max(max(point.seconds, point.expected) for point in points)
    lowest = min(min(point.seconds, point.expected) for point in points)
    across = _Axis(points[0].people, points[-1].people, _LEFT, _WIDTH - _RIGHT)
    up = _Axis(10 ** math.floor(math.log10(lowest)), highest * 1.3, _HEIGHT - _BOTTOM, _TOP)
    root = etree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "role": "img",
            "font-family": "Noto Sans, Helvetica, Arial, sans-serif",
        },
    )
    title = "A stable matching with full lists grows more slowly than n log n in its pairs"
    if any(point.seconds > point.expected for point in points):
        title = "Seconds for a stable matching with full lists, beside n log n in its pairs"
    etree.SubElement(root, "title").text = title
    etree.SubElement(root, "rect", width=str(_WIDTH), height=str(_HEIGHT), fill="#ffffff")
    _text(root, title, _LEFT - 60, 26, size=17, weight="bold")
    for value in up.decades():
        _line(root, [(_LEFT, up.at(value)), (_WIDTH - _RIGHT, up.at(value))], _GRID)
        _text(root, f"{value:g} s", _LEFT - 8, up.at(value) + 5, anchor="end", colour=_QUIET)
    for point in points:
        _text(
            root, f"{point.people:,}", across.at(point.people), _HEIGHT - _BOTTOM + 22, anchor="middle", colour=_QUIET
        )
    _text(root, "mentees, and a third as many mentors", _LEFT, _HEIGHT - 12, colour=_QUIET)
    expected = [(across.at(point.people), up.at(point.expected)) for point in points]
    measured = [(across.at(point.people), up.at(point.seconds)) for point in points]
    _line(root, expected, _QUIET, dash="6 5")
    _line(root, measured, _BLUE, width=2.5)
    for point, (x, y) in zip(points, measured, strict=True):
        etree.SubElement(root, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4.5", fill=_BLUE)
        _text(root, f"{point.seconds:.2g} s", x, y + 22, anchor="middle", colour=_INK)
    _text(root, "n log n in pairs", expected[-1][0] + 10, expected[-1][1] + 5, colour=_QUIET)
    _text(root, "measured", measured[-1][0] + 10, measured[-1][1] + 5, colour=_BLUE, weight="bold")
    return etree.tostring(root, pretty_print=True, encoding="unicode")


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis: the values from `low` to `high` lie between two places."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def _text(
    root: Any,
    text: str,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    size: int = 14,
    colour: str = _INK,
    weight: str = "normal",
) -> None:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": str(size), "fill": colour}
    etree.SubElement(root, "text", {**given, "font-weight": weight}).text = text


def _line(root: Any, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1, dash: str = "") -> None:
    given = {"points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points), "fill": "none", "stroke": colour}
    given["stroke-width"] = f"{width:g}"
    if dash:
        given["stroke-dasharray"] = dash
    etree.SubElement(root, "polyline", given)
