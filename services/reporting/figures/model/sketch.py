"""Sketch a set of event ids in a few kilobytes, so that a small difference between two sets can be read from them.

A figure is counted from the facts that have been read. An event that happened before the cut-off and was read after it
(it was on its way, or a dead letter) is in the journals and not in the figure. So the events of a statement carry a
sketch of the counted events: a reader of all journals subtracts the ids that they know, and what is left are the ids of
the few events that the figure did not have.

The sketch is an invertible Bloom lookup table (Goodrich and Mitzenmacher 2011; Eppstein, Goodrich, Uyeda and Varghese,
"What's the difference?", 2011) of four parts with 64 cells each. A cell has the number of ids that fell into it, and
the exclusive ors of the ids and of a check of each. A cell with one id reveals it; removing that id from the other
parts reveals more. Up to a hundred ids come out almost surely; if more differ, `TooMany` is raised.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

PARTS, CELLS = 4, 64
BYTES = PARTS * CELLS * (4 + 16 + 4)
_U64 = np.uint64
_SALTS = tuple(_U64(salt) for salt in (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB))
_CHECK = _U64(0x8EBC6AF09C88C6E3)


class TooMany(ValueError):
    """Two sets differ in more ids than their sketches can name."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The sketch of a set of ids: of each cell the number (modulo 2^32), and the exclusive ors."""

    counts: NDArray[np.uint32]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    checks: NDArray[np.uint32]

    @classmethod
    def of(cls, ids: Iterable[UUID]) -> Sketch:
        """Return the sketch of these ids, each once, in any order."""
        raw = b"".join({each.bytes for each in ids})
        halves = np.frombuffer(raw, dtype=">u8").astype(_U64).reshape(-1, 2)
        size = PARTS * CELLS
        counts, checks = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
        high, low = np.zeros(size, _U64), np.zeros(size, _U64)
        places, check = _places(halves[:, 0], halves[:, 1])
        for place in places:
            np.add.at(counts, place, np.uint32(1))
            np.bitwise_xor.at(high, place, halves[:, 0])
            np.bitwise_xor.at(low, place, halves[:, 1])
            np.bitwise_xor.at(checks, place, check)
        return cls(counts, high, low, checks)

    @classmethod
    def read(cls, text: str) -> Sketch:
        """Return the sketch that `text` gave. Raises `ValueError` for other text."""
        raw = base64.b64decode(text, validate=True)
        if len(raw) != BYTES:
            raise ValueError(f"a sketch has {BYTES} bytes, not {len(raw)}")
        ends = np.cumsum([0, *(PARTS * CELLS * width for width in (4, 8, 8, 4))])
        columns = [
            np.frombuffer(raw[start:end], dtype=kind)
            for start, end, kind in zip(ends, ends[1:], (">u4", ">u8", ">u8", ">u4"), strict=False)
        ]
        return cls(
            columns[0].astype(np.uint32),
            columns[1].astype(_U64),
            columns[2].astype(_U64),
            columns[3].astype(np.uint32),
        )

    def text(self) -> str:
        """Return the sketch in base64: all numbers, then the ids' halves and the checks; big-endian."""
        columns = self.counts.astype(">u4"), self.high.astype(">u8"), self.low.astype(">u8"), self.checks.astype(">u4")
        return base64.b64encode(b"".join(each.tobytes() for each in columns)).decode("ascii")

    def difference(self, other: Sketch) -> tuple[frozenset[UUID], frozenset[UUID]]:
        """Return the ids that only this set has, and those that only the other has. Raises `TooMany`."""
        counts = (self.counts - other.counts).astype(np.int32)
        high, low, checks = self.high ^ other.high, self.low ^ other.low, self.checks ^ other.checks
        mine: set[UUID] = set()
        theirs: set[UUID] = set()
        todo = list(range(PARTS * CELLS))
        while todo:
            cell = todo.pop()
            count = int(counts[cell])
            if count not in {1, -1}:
                continue
            halves = high[cell : cell + 1].copy(), low[cell : cell + 1].copy()
            places, check = _places(*halves)
            if check[0] != checks[cell] or cell not in {int(place[0]) for place in places}:
                continue  # several ids whose counts cancel out to one
            found = UUID(int=(int(halves[0][0]) << 64) | int(halves[1][0]))
            (mine if count == 1 else theirs).add(found)
            for place in places:
                at = int(place[0])
                counts[at] -= count
                high[at] ^= halves[0][0]
                low[at] ^= halves[1][0]
                checks[at] ^= check[0]
                todo.append(at)
        if counts.any() or high.any() or low.any() or checks.any():
            raise TooMany
        return frozenset(mine), frozenset(theirs)


def _places(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> tuple[list[NDArray[np.intp]], NDArray[np.uint32]]:
    """Return the cell of each id in each part, and its check."""
    mixed = _mixed(_mixed(high) ^ low)
    places = [(_mixed(mixed ^ salt) % _U64(CELLS)).astype(np.intp) + part * CELLS for part, salt in enumerate(_SALTS)]
    return places, (_mixed(mixed ^ _CHECK) >> _U64(32)).astype(np.uint32)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number with its bits mixed (the finalizer of SplitMix64: Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> _U64(27))) * _U64(0x94D049BB133111EB)
    return values ^ (values >> _U64(31))
