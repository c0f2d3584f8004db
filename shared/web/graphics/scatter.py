"""Draw a few named points over two axes: what one measure costs in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.web.graphics.charts import BLUE, VERMILLION, Chart, chart
from shared.web.graphics.svg import GRID, INK, QUIET, cut, element, wide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_AXIS, _NAME = 13, 14
_LINE = 18
_HEIGHT = 200


@dataclass(frozen=True)
class Point:
    """One point with its name; `joined` says that the line goes through it."""

    name: str
    x: float
    y: float
    joined: bool = True


@dataclass(frozen=True)
class Axis:
    """One axis: its name, and how its values are written."""

    name: str
    write: Callable[[float], str]


def scatter(
    title: str, points: Sequence[Point], across: Axis, up: Axis, *, label: str, definition: str | None = None
) -> Chart:
    """Draw points by their two values, each with its name beside it; a line joins some in the order of `across`.

    The axes begin at the lowest values, because the differences are what counts. `label` heads the names in the table.
    """
    (low_x, high_x), (low_y, high_y) = (_range([getattr(point, axis) for point in points]) for axis in ("x", "y"))
    left = 8 + max(wide(up.write(value), _AXIS) for value in (low_y, high_y))

    def draw(width: float) -> tuple[float, list[Any]]:
        top, right = 30.0, width - 12
        bottom = top + _HEIGHT

        def place(point: Point) -> tuple[float, float]:
            x = left + 10 + (right - left - 20) * (point.x - low_x) / (high_x - low_x)
            return x, bottom - 10 - (_HEIGHT - 20) * (point.y - low_y) / (high_y - low_y)

        parts = [
            _text(up.name, 0, 14, "start"),
            *_axes(left, right, top, bottom),
            _text(up.write(high_y), left - 6, top + 14, "end"),
            _text(up.write(low_y), left - 6, bottom - 4, "end"),
            _text(across.write(low_x), left + 10, bottom + 18, "middle"),
            _text(across.write(high_x), right - 10, bottom + 18, "middle"),
            _text(across.name, right, bottom + 38, "end"),
        ]
        placed = [(point, *place(point)) for point in sorted(points, key=lambda point: (point.x, point.y))]
        on_line = [(x, y) for point, x, y in placed if point.joined]
        path = " ".join(f"{'L' if at else 'M'}{x:.1f},{y:.1f}" for at, (x, y) in enumerate(on_line))
        parts.append(element("path", d=path, fill="none", stroke="#7a8793", stroke_width=1.5, stroke_dasharray="3 4"))
        parts += _named(placed, width, top, bottom)
        return bottom + 46, parts

    rows = [(point.name, across.write(point.x), up.write(point.y)) for point in points]
    return chart(title, draw, (label, across.name, up.name), rows, definition)


def _text(text: str, x: float, y: float, anchor: str) -> Any:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", font_size=_AXIS, fill=QUIET, text_anchor=anchor)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    return low, high if high > low else low + 1


def _axes(left: float, right: float, top: float, bottom: float) -> list[Any]:
    return [
        element("line", x1=f"{left:.1f}", x2=f"{right:.1f}", y1=bottom, y2=bottom, stroke=INK),
        element("line", x1=f"{left:.1f}", x2=f"{left:.1f}", y1=top, y2=bottom, stroke=INK),
        element("line", x1=f"{left:.1f}", x2=f"{right:.1f}", y1=top, y2=top, stroke=GRID),
    ]


def _named(placed: Sequence[tuple[Point, float, float]], width: float, top: float, bottom: float) -> list[Any]:
    """Return a dot for each point and its name beside it, clear of the names before it."""
    parts: list[Any] = []
    used: list[tuple[float, float, float]] = []
    for point, x, y in placed:
        colour = BLUE if point.joined else VERMILLION
        parts.append(element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=5, fill=colour))
        name = cut(point.name, width / 2 - 4, _NAME)
        length = wide(name, _NAME)
        after = x + 10 + length <= width
        start = x + 10 if after else x - 10 - length
        at = y + 5
        # Downwards first, since the line rises to the right; then upwards.
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
            tried = y + 5 + step * _LINE
            clear = all(abs(tried - other) >= _LINE or start + length < a or start > b for other, a, b in used)
            if top - 4 <= tried <= bottom - 4 and clear:
                at = tried
                break
        used.append((at, start, start + length))
        parts.append(element("text", name, x=f"{start:.1f}", y=f"{at:.1f}", font_size=_NAME, fill=INK))
    return parts
