"""Draw figures as SVG charts.

Charts are SVG, made here on the server and drawn by `macros/chart.html` with their table and definition beside them
(look.md). Built with lxml: it escapes every text and is needed for IATI anyway. Unlike the charting libraries that were
looked at (pygal, svg.py, drawsvg) its result needs no inline style, which the content security policy forbids, and no
escaping of our own. Colours are those of Okabe and Ito (2008) that have a contrast of 3:1 on white; lines also differ
by dash, so that a chart prints in grey.

Each chart is drawn twice, for a page and for a phone: letters in a picture shrink with it, so the narrow one has fewer
units across, about as many as a phone has pixels there. The style sheet shows one of the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lxml import etree
from markupsafe import Markup

from shared.i18n import gettext
from shared.web.graphics.svg import GRID, INK, QUIET, cut, element, named, wide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BLUE, VERMILLION, GREEN, BLACK = "#0072b2", "#d55e00", "#009e73", "#000000"
COLOURS = (BLUE, VERMILLION, GREEN, BLACK)
_DASHES = (None, "8 4", "2 4", "10 3 2 3")

# Units across: a page shows the wide picture at most 32rem wide, a phone of 360 pixels the narrow one at its own size.
WIDE, NARROW = 420, 328
SIZE = 15
_AXIS, _LINE = 13, 14  # letters of an axis, and of a line's name


@dataclass(frozen=True)
class Chart:
    """A chart: the finding as its title, the picture (`narrow`: for a phone), and the same numbers as a table."""

    title: str
    svg: Markup
    narrow: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    definition: str | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its value, and whether the finding is about it."""

    label: str
    value: float
    marked: bool = False


@dataclass(frozen=True)
class Series:
    """One line: its name and its points (label on the axis, value; None where there is none)."""

    name: str
    points: Sequence[tuple[str, float | None]] = field(default_factory=tuple)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def chart(
    title: str,
    draw: Callable[[float], tuple[float, Sequence[Any]]],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    definition: str | None,
) -> Chart:
    """Return the chart in both widths; `draw` gives height and parts for a width in units."""
    wide, narrow = (_drawing(title, width, *draw(width)) for width in (WIDE, NARROW))
    return Chart(title, wide, narrow, columns, rows, definition)


def _drawing(title: str, width: float, height: float, parts: Sequence[Any]) -> Markup:
    """Return the picture with a name for screen readers (the table beside it has the numbers)."""
    root = element("svg", viewBox=f"0 0 {width} {height:.0f}", role="img", aria_label=title, focusable="false")
    root.extend(parts)
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704 - lxml has escaped every text in it


def bars(
    title: str,
    items: Sequence[Bar],
    *,
    label: str,
    value: str,
    write: Callable[[float], str] = _plain,
    definition: str | None = None,
) -> Chart:
    """Draw horizontal bars from zero, each with its name above and its number at its end.

    `label` and `value` head the table; `write` turns a number into text. Marked bars carry the colour, the others are
    grey, unless none is marked. Raises ValueError for a negative value: such numbers are not for bars.
    """
    if any(item.value < 0 for item in items):
        raise ValueError("A bar begins at zero and cannot be negative.")
    top = max((item.value for item in items), default=0) or 1
    some_marked = any(item.marked for item in items)

    def draw(width: float) -> tuple[float, list[Any]]:
        room = _room(width, [(item.value / top, write(item.value)) for item in items])
        parts: list[Any] = []
        y = 0.0
        for item in items:
            length = room * item.value / top
            colour = BLUE if item.marked or not some_marked else "#7a8793"
            weight = 700 if item.marked else 400
            name, y = named(item.label, width, y, SIZE)
            parts += [
                *name,
                element("rect", x=0, y=y + 6, width=f"{max(length, 1):.1f}", height=16, fill=colour),
                _number(write(item.value), length + 6, y + 19, weight),
            ]
            y += 33
        return max(y - 8, 1), parts

    rows = [(item.label, write(item.value)) for item in items]
    return chart(title, draw, (label, value), rows, definition)


def _room(width: float, labels: Sequence[tuple[float, str]]) -> float:
    """Return the longest length of a bar that leaves room for the numbers; `labels`: share of it, and number."""
    return max(
        0, min((width - 8 - wide(text, SIZE, bold=True)) / max(share, 0.01) for share, text in (*labels, (1, "")))
    )


def _number(text: str, x: float, y: float, weight: int) -> Any:
    return element("text", text, x=f"{x:.1f}", y=y, font_size=SIZE, font_weight=weight, fill=INK)


def _range(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    """Return the lowest and the highest value of the axis."""
    low = 0.0 if from_zero or not values else min(values)
    high = max(values, default=1.0)
    return low, _ceiling(high if high > low else low + 1)


def lines(
    title: str,
    series: Sequence[Series],
    *,
    label: str,
    write: Callable[[float], str] = _plain,
    from_zero: bool = True,
    definition: str | None = None,
) -> Chart:
    """Draw lines over one axis, each named at its end, not in a legend; at most four.

    All series have the same labels in the same order. A point without a value leaves a gap.
    """
    if len(series) > len(COLOURS):
        raise ValueError("More than four lines cannot be told apart: draw several charts.")
    names = [name for name, _ in series[0].points] if series else []
    values = [value for line in series for _, value in line.points if value is not None]
    low, high = _range(values, from_zero=from_zero)
    # A name is centred below its point: the first and the last one need room beside the plot.
    half = 2 + max((wide(name, _AXIS) for name in names), default=0) / 2
    left = max(half, 8 + max(wide(write(value), _AXIS) for value in (low, (low + high) / 2, high)))
    names_wide = max([half, *(_beside(line, write) for line in series)])

    def draw(width: float) -> tuple[float, list[Any]]:
        # A phone has no room for names beside the lines: they are written above, each with a sample of its line.
        beside = width == WIDE
        top = 16.0 if beside else 16 + 22.0 * len(series)
        plot = _Plot(left, width - (names_wide if beside else half), top, top + 180, low, high, len(names))
        parts = [*_axes(plot, names, write)]
        ends: list[float] = []
        for place, line in enumerate(series):
            stroke, end = _line(plot, line, place)
            parts += stroke
            if end is not None and beside:
                parts += _named_at_end(plot, line.name, write(end[2]), COLOURS[place], end, ends)
            elif not beside:
                parts += _named_above(line.name, _value_text(end and end[2], write), place, width)
        return top + 210, parts

    table = [
        (name, *(_value_text(line.points[place][1], write) for line in series)) for place, name in enumerate(names)
    ]
    return chart(title, draw, (label, *(line.name for line in series)), table, definition)


@dataclass(frozen=True)
class Pair:
    """Two bars beside each other: a value before and after."""

    label: str
    before: float
    after: float


def pairs(
    title: str,
    items: Sequence[Pair],
    *,
    label: str,
    names: tuple[str, str],
    write: Callable[[float], str] = _plain,
    definition: str | None = None,
) -> Chart:
    """Draw two horizontal bars for each item from one zero, the first grey, the second blue, each with its number.

    `names` are the names of the two; the first item's bars carry them. Raises ValueError for a negative value.
    """
    values = [value for item in items for value in (item.before, item.after)]
    if any(value < 0 for value in values):
        raise ValueError("A bar begins at zero and cannot be negative.")
    top = max(values, default=0) or 1

    def text(item: Pair, place: int) -> str:
        value = write((item.before, item.after)[place])
        return f"{value} {names[place]}" if item is items[0] else value

    labels = [
        (value / top, text(item, place)) for item in items for place, value in enumerate((item.before, item.after))
    ]

    def draw(width: float) -> tuple[float, list[Any]]:
        room = _room(width, labels)
        parts: list[Any] = []
        y = 0.0
        for item in items:
            name, y = named(item.label, width, y, SIZE)
            parts += name
            for place, (value, colour) in enumerate(((item.before, "#7a8793"), (item.after, BLUE))):
                length, at = room * value / top, y + 6 + 19 * place
                parts += [
                    element("rect", x=0, y=at, width=f"{max(length, 1):.1f}", height=16, fill=colour),
                    _number(text(item, place), length + 6, at + 13, 700 if place else 400),
                ]
            y += 55
        return max(y - 10, 1), parts

    rows = [(item.label, write(item.before), write(item.after)) for item in items]
    return chart(title, draw, (label, *names), rows, definition)


def _value_text(value: float | None, write: Callable[[float], str]) -> str:
    return gettext("no data") if value is None else write(value)


@dataclass(frozen=True)
class _Plot:
    """The area of the lines, in the picture's units."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float
    count: int

    def x(self, place: int) -> float:
        return self.left + (self.right - self.left) * (place / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * (value - self.low) / (self.high - self.low)


def _ceiling(value: float) -> float:
    """Return the next round number at or above `value`: 1, 2, 2.5 or 5 times a power of ten."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value)


def _axes(plot: _Plot, names: Sequence[str], write: Callable[[float], str]) -> list[Any]:
    parts = []
    for share in (0, 0.5, 1):
        value = plot.low + (plot.high - plot.low) * share
        y = plot.y(value)
        parts += [
            element("line", x1=f"{plot.left:.1f}", x2=f"{plot.right:.1f}", y1=f"{y:.1f}", y2=f"{y:.1f}", stroke=GRID),
            element(
                "text",
                write(value),
                x=f"{plot.left - 6:.1f}",
                y=f"{y + 5:.1f}",
                font_size=_AXIS,
                fill=QUIET,
                text_anchor="end",
            ),
        ]
    widest = max((wide(name, _AXIS) for name in names), default=0) + 10
    step = max(1, round(widest * len(names) / max(plot.right - plot.left, 1) + 0.499))
    for place, name in enumerate(names):
        if place % step and place != len(names) - 1:
            continue
        if place != len(names) - 1 and len(names) - 1 - place < step and place % step == 0 and place:
            continue  # the last label is always written; the one just before it would touch it
        parts.append(
            element(
                "text",
                name,
                x=f"{plot.x(place):.1f}",
                y=f"{plot.bottom + 22:.1f}",
                font_size=_AXIS,
                fill=QUIET,
                text_anchor="middle",
            )
        )
    return parts


def _line(plot: _Plot, line: Series, place: int) -> tuple[list[Any], tuple[float, float, float] | None]:
    """Return the line's parts, and where it ends: x, y, value."""
    path, pen_down = [], False
    last: tuple[float, float, float] | None = None
    for index, (_, value) in enumerate(line.points):
        if value is None:
            pen_down = False
            continue
        x, y = plot.x(index), plot.y(value)
        path.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down, last = True, (x, y, value)
    if last is None:
        return [], None
    dot = element("circle", cx=f"{last[0]:.1f}", cy=f"{last[1]:.1f}", r=4, fill=COLOURS[place])
    return [_stroke(" ".join(path), place), dot], last


def _beside(line: Series, write: Callable[[float], str]) -> float:
    """Return the width of a line's name and last value beside it; a long name is cut there."""
    last = next((value for _, value in reversed(line.points) if value is not None), None)
    return 10 + max(min(wide(line.name, _LINE, bold=True), 130), wide(_value_text(last, write), _LINE))


def _stroke(path: str, place: int) -> Any:
    dash = _DASHES[place]
    return element("path", d=path, fill="none", stroke=COLOURS[place], stroke_width=2.5, stroke_dasharray=dash)


def _named_at_end(
    plot: _Plot, name: str, value: str, colour: str, end: tuple[float, float, float], used_heights: list[float]
) -> list[Any]:
    """Write name and value beside a line's end, clear of the axis labels and of one another."""
    x, y, _ = end
    at = min(y + 5, plot.bottom - 12)
    step = 4 if at + 34 <= plot.bottom - 12 else -4
    while any(abs(at - other) < 34 for other in used_heights):
        at += step
    used_heights.append(at)
    fitted = cut(name, WIDE - x - 8, _LINE, bold=True)
    return [
        element("text", fitted, x=f"{x + 8:.1f}", y=f"{at:.1f}", font_size=_LINE, font_weight=700, fill=colour),
        element("text", value, x=f"{x + 8:.1f}", y=f"{at + 16:.1f}", font_size=_LINE, fill=INK),
    ]


def _named_above(name: str, value: str, place: int, width: float) -> list[Any]:
    """Write name and last value over the plot, behind a sample of the line."""
    y = 14 + 22 * place
    shown_name = cut(name, width - 40 - wide(f": {value}", _LINE, bold=True), _LINE, bold=True)
    return [
        _stroke(f"M0 {y - 5}L32 {y - 5}", place),
        element("text", f"{shown_name}: {value}", x=40, y=y, font_size=_LINE, font_weight=700, fill=COLOURS[place]),
    ]
