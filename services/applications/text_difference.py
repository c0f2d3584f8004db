"""Compare two texts line by line, and word by word within a changed line. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["same", "changed", "added", "removed"]
_ALIKE = 0.4
"""From which likeness on two lines are one that was changed, not one removed and one added."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, and whether only this side has them."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line on each side; a side that has none is empty."""

    kind: Kind
    old: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()


def difference(old: Sequence[str], new: Sequence[str]) -> list[Row]:
    """Return the lines of both texts side by side, in order."""
    rows: list[Row] = []
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [Row("same", (Piece(line),), (Piece(line),)) for line in old[from_old:to_old]]
        else:
            rows += _replaced(old[from_old:to_old], new[from_new:to_new])
    return rows


def _replaced(old: Sequence[str], new: Sequence[str]) -> list[Row]:
    """Return lines that differ: similar pairs become one row, the rest was removed or added."""
    rows: list[Row] = []
    waiting = list(new)
    for line in old:
        found = next((place for place, new_line in enumerate(waiting) if _likeness(line, new_line) >= _ALIKE), None)
        if found is None:
            rows.append(Row("removed", old=(Piece(line, marked=True),)))
            continue
        rows += [Row("added", new=(Piece(new_line, marked=True),)) for new_line in waiting[:found]]
        rows.append(_changed(line, waiting[found]))
        waiting = waiting[found + 1 :]
    return rows + [Row("added", new=(Piece(new_line, marked=True),)) for new_line in waiting]


def _words(line: str) -> list[str]:
    return re.findall(r"\s+|[^\s]+", line)


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, _words(old), _words(new), autojunk=False).ratio()


def _changed(old: str, new: str) -> Row:
    before, after = _words(old), _words(new)
    old_pieces: list[Piece] = []
    new_pieces: list[Piece] = []
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for side, words in ((old_pieces, before[from_old:to_old]), (new_pieces, after[from_new:to_new])):
            if words:
                side.append(Piece("".join(words), marked=tag != "equal"))
    return Row("changed", tuple(old_pieces), tuple(new_pieces))
