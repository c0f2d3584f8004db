"""Draw heat maps: a named row of fields, one for each column, with its value written in each field.

Columns are narrow, on a phone above all: headings that do not fit side by side are rotated, and all fields write their
numbers the same way, in the largest size that fits the longest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.web.graphics.charts import SIZE, Chart, chart
from shared.web.graphics.svg import GRID, INK, QUIET, element, named, wide, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

_WARM, _COOL = ("#ffffff", "#fbe0cc", "#f0a878"), ("#ffffff", "#d3e6f3", "#8cc0e0")
_HEAD = 13
_LEADING = 15  # from one line of a heading, or of a field, to the next
_TURNED = 120  # the greatest height of a rotated heading
_AIR = 6  # between the texts of neighbours


@dataclass(frozen=True)
class Cell:
    """One field of a heat map: its text, and its warmth from -1 (plenty) over 0 to 1 (none at all)."""

    text: str
    warmth: float


def heat(
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Cell]]],
    *,
    label: str,
    definition: str | None = None,
) -> Chart:
    """Draw a heat map: a named row of fields, one for each column, readable without its colours.

    The shades are those of Okabe and Ito's vermillion and blue, light enough for dark letters; warm fields are bold.
    A field's text may be two numbers, "3
    4": where it is too narrow they are written on two lines.
    """
    table = [(name, *(cell.text for cell in cells)) for name, cells in rows]
    return chart(title, lambda width: _fields(columns, rows, width), (label, *columns), table, definition)


def _fields(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]], width: float
) -> tuple[float, list[Any]]:
    each = width / max(len(columns), 1)
    parts, y = _headings(columns, each)
    size, lines = _written([cell.text for _, cells in rows for cell in cells], each - _AIR)
    tall = 11 + _LEADING * max((len(text_line) for text_line in lines.values()), default=1)
    for name, cells in rows:
        named_, y = named(name, width, y, SIZE)
        parts += named_
        y += 6
        for place, cell in enumerate(cells):
            shade = (_WARM if cell.warmth > 0 else _COOL)[min(2, round(abs(cell.warmth) * 2))]
            box = {"width": f"{each - 2:.1f}", "height": tall, "fill": shade, "stroke": GRID}
            text_style = {"font_size": size, "font_weight": 700 if cell.warmth > 0 else 400, "fill": INK}
            parts.append(element("rect", x=f"{each * place + 1:.1f}", y=y, **box))
            here = lines[cell.text]
            first = y + tall / 2 + 5 - _LEADING * (len(here) - 1) / 2
            parts += [
                element(
                    "text",
                    line,
                    x=f"{each * (place + 0.5):.1f}",
                    y=f"{first + _LEADING * n:.1f}",
                    text_anchor="middle",
                    **text_style,
                )
                for n, line in enumerate(here)
            ]
        y += tall + 11
    return max(y - 6, 1), parts


def _headings(columns: Sequence[str], each: float) -> tuple[list[Any], float]:
    """Return the columns' names and their height: upright on two lines, or rotated where a word does not fit."""
    words = [word for name in columns for word in name.split()]
    upright = all(wide(word, _HEAD) <= each - _AIR for word in words)
    room, most = (each - _AIR, 2) if upright else (_TURNED, max(1, min(2, int(each // _LEADING))))
    names = [wrapped(name, room, _HEAD, most) for name in columns]
    if upright and any(line.endswith("…") for lines in names for line in lines):
        upright, names = False, [wrapped(name, _TURNED, _HEAD, most) for name in columns]
    highest = max((len(lines) for lines in names), default=1)
    foot = _HEAD + _LEADING * (highest - 1) if upright else _longest(names) + 2
    parts = []
    for place, lines in enumerate(names):
        middle = each * (place + 0.5)
        for n, line in enumerate(lines):
            if upright:
                x, y, turn, anchor = middle, foot - _LEADING * (len(lines) - 1 - n), None, "middle"
            else:
                x, y, anchor = middle + 4.5 + _LEADING * (n - (len(lines) - 1) / 2), foot, None
                turn = f"rotate(-90 {x:.1f} {y:.1f})"
            at = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text_anchor": anchor, "transform": turn}
            parts.append(element("text", line, font_size=_HEAD, fill=QUIET, **at))
    return parts, foot + 9


def _longest(names: Sequence[Sequence[str]]) -> float:
    return max((wide(line, _HEAD) for lines in names for line in lines), default=0)


def _written(texts: Sequence[str], room: float) -> tuple[float, dict[str, list[str]]]:
    """Return the size, and the lines of each text, in the first layout that fits all of them: they are to look alike.

    Tried from the largest: as they are, closer together, on two lines, and only then in letters smaller than a page's.
    """
    ways = (
        {text: [text] for text in texts},
        {text: [text.replace(" ", "")] for text in texts},
        {text: text.replace(" / ", "/\n").split("\n") for text in texts},
    )
    tries = [(size, way) for way in ways for size in (14, 13)] + [(size, ways[-1]) for size in (12, 11, 10)]

    def fits(size: float, way: dict[str, list[str]]) -> bool:
        return all(wide(line, size, bold=True) <= room for lines in way.values() for line in lines)

    return next((layout for layout in tries if fits(*layout)), tries[-1])
