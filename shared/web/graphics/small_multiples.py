"""Draw small multiples: one small panel of a line for each part of a whole, side by side, alike in size and axis.

Panels of one scale can be compared by eye. A period without a number leaves a gap: a grey band where a number is not
shown, nothing where there is none. Name and last number stand above each panel, so there is no legend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.web.graphics.charts import BLUE, VERMILLION, WIDE, Chart, chart
from shared.web.graphics.svg import GRID, INK, QUIET, element, wide, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ACROSS, _ACROSS_NARROW = 3, 2
_GAP = 18.0
_HEAD, _SMALL = 13, 11
_TOP, _PLOT, _BOTTOM = 34.0, 52.0, 32.0  # above the plot: name and axis; the plot; below it: periods and air
_LINE = 15.0
_BAND = "#dde2e7"
_DOT = 2.6


@dataclass(frozen=True)
class Panel:
    """A panel: its name, a value for each period (None: none), and which of these are not shown.

    `scale` names the panels that share an axis. `targets` has one value a period, None where none is due. The line is
    broken before the periods in `breaks`, from which on something else is counted.
    """

    name: str
    values: Sequence[float | None]
    hidden: frozenset[int] = frozenset()
    scale: str = ""
    targets: Sequence[float | None] = ()
    breaks: frozenset[int] = frozenset()


def small_multiples(
    title: str,
    periods: Sequence[str],
    panels: Sequence[Panel],
    *,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    write: Callable[[float], str],
    target: str,
    definition: str | None = None,
) -> Chart:
    """Draw the panels over the same periods; `columns` and `rows` are the table beside, `target` the word for one."""
    tops: dict[str, float] = {}
    for panel in panels:
        highest = max((each for each in (*panel.values, *panel.targets) if each is not None), default=0.0)
        tops[panel.scale] = max(tops.get(panel.scale, 0.0), highest)

    def draw(width: float) -> tuple[float, list[Any]]:
        across = _ACROSS if width == WIDE else _ACROSS_NARROW
        each_wide = (width - _GAP * (across - 1)) / across
        lines = 2 if any(len(_lines(each, each_wide, write)) > 1 for each in panels) else 1
        head = _TOP + _LINE * (lines - 1)
        each_tall = head + _PLOT + _BOTTOM
        parts: list[Any] = []
        for place, panel in enumerate(panels):
            row, column = divmod(place, across)
            left, above, top = column * (each_wide + _GAP), row * each_tall, _ceiling(tops[panel.scale])
            at = _Area(left, above, each_wide, head, len(periods), top)
            parts += _panel(at, panel, periods, write, target)
        return -(-len(panels) // across) * each_tall - 8, parts

    return chart(title, draw, columns, rows, definition)


def _ceiling(value: float) -> float:
    """Return a round number at or above a value, no more than a half above it."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > max(value, 1):
        power /= 10
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


@dataclass(frozen=True)
class _Area:
    """The place of a panel in the picture, the height of its head, and the value at its top."""

    left: float
    above: float
    width: float
    head: float
    count: int
    top: float

    @property
    def base(self) -> float:
        return self.above + self.head + _PLOT

    def x(self, place: int) -> float:
        inner = self.width - 2 * _DOT
        return self.left + _DOT + inner * (place / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, value: float) -> float:
        return self.base - _PLOT * value / self.top

    @property
    def step(self) -> float:
        return self.width / max(self.count - 1, 1)


def _panel(at: _Area, panel: Panel, periods: Sequence[str], write: Callable[[float], str], target: str) -> list[Any]:
    parts = _bands(at, panel)
    for value in (0.0, at.top):
        y = f"{at.y(value):.1f}"
        parts.append(element("line", x1=f"{at.left:.1f}", x2=f"{at.left + at.width:.1f}", y1=y, y2=y, stroke=GRID))
    parts.append(_text(write(at.top), at.left, at.y(at.top) - 3, _SMALL, QUIET))
    parts += [*_targets(at, panel, write, target), *_line(at, panel), *_heading(at, panel, write)]
    ends = ((0, "start"), (at.count - 1, "end")) if at.count > 1 else ((0, "middle"),)
    for place, anchor in ends:
        parts.append(_text(periods[place], at.x(place), at.base + 13, _SMALL, QUIET, anchor=anchor))
    return parts


def _heading(at: _Area, panel: Panel, write: Callable[[float], str]) -> list[Any]:
    """Return name and last value above the panel; without a last value the name alone."""
    found = [
        _text(line, at.left, at.above + 13 + _LINE * place, _HEAD, INK)
        for place, line in enumerate(_lines(panel, at.width, write))
    ]
    if text := _last(panel, write):
        found.append(_text(text, at.left + at.width, at.above + 13, _HEAD, INK, anchor="end", weight=700))
    return found


def _last(panel: Panel, write: Callable[[float], str]) -> str:
    """Return the last value of a panel as text; empty where there is none."""
    last = panel.values[-1] if panel.values else None
    return "" if last is None else write(last)


def _lines(panel: Panel, width: float, write: Callable[[float], str]) -> list[str]:
    """Return the name of a panel in the lines that fit beside its last value: one, or two where it is long."""
    return wrapped(panel.name, width - wide(_last(panel, write), _HEAD, bold=True) - 6, _HEAD)


def _bands(at: _Area, panel: Panel) -> list[Any]:
    """Return a grey band over each period of which no number is shown."""
    half = min(at.step / 2, at.width / 2)
    bands = []
    for place in sorted(panel.hidden):
        first, last = max(at.left, at.x(place) - half), min(at.left + at.width, at.x(place) + half)
        size = {"width": f"{last - first:.1f}", "height": _PLOT, "fill": _BAND}
        bands.append(element("rect", x=f"{first:.1f}", y=f"{at.above + at.head:.1f}", **size))
    return bands


def _line(at: _Area, panel: Panel) -> list[Any]:
    path, dots, pen_down = [], [], False
    for place, value in enumerate(panel.values):
        if value is None:
            pen_down = False
            continue
        x, y = at.x(place), at.y(value)
        path.append(f"{'L' if pen_down and place not in panel.breaks else 'M'}{x:.1f} {y:.1f}")
        pen_down = True
        dots.append(element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=_DOT, fill=BLUE))
    if not path:
        return []
    return [element("path", d=" ".join(path), fill="none", stroke=BLUE, stroke_width=2), *dots]


def _targets(at: _Area, panel: Panel, write: Callable[[float], str], word: str) -> list[Any]:
    """Return the targets as a dashed line, the last one named above it; a single one is as long as the panel."""
    due = [(place, value) for place, value in enumerate(panel.targets) if value is not None]
    if not due:
        return []
    style = {"fill": "none", "stroke": VERMILLION, "stroke_width": 1.6, "stroke_dasharray": "5 3"}
    if len(due) == 1:
        points = [(at.left, at.y(due[0][1])), (at.left + at.width, at.y(due[0][1]))]
    else:
        points = [(at.x(place), at.y(value)) for place, value in due]
    path = " ".join(f"{'M' if not n else 'L'}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(points))
    words = f"{word} {write(due[-1][1])}"
    label = _text(words, at.left + at.width, at.y(at.top) - 3, _SMALL, "#a34700", anchor="end")
    return [element("path", d=path, **style), label]


def _text(
    text: str, x: float, y: float, size: int, fill: str, *, anchor: str | None = None, weight: int | None = None
) -> Any:
    return element(
        "text", text, x=f"{x:.1f}", y=f"{y:.1f}", font_size=size, font_weight=weight, fill=fill, text_anchor=anchor
    )
