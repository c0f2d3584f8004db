"""The value of each term of the criteria and hard rules at every seat of a problem, computed once for each key.

A key is the part of a candidate that decides a term: the word that both state, if the term is about words, and the
values of the candidate's properties. Candidates share the rows of equal keys. As bitmaps, rows are integers whose bit i
stands for seat i: `&`, `|` and `bit_count` on them run over whole machine words (inverted bitmaps: O'Neil & Quass,
"Improved query performance with variant indexes", 1997).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Seat
from services.matching.engine.rules.criteria import Requirement, Term
from services.matching.engine.rules.properties import Property, Setting, Vocabulary

Key = tuple[Any, ...]
Row = NDArray[np.int16]

_BLOCK = 1 << 19
"""Pairs computed at once."""


class SeatRows:
    """The rows of a problem's seats, in their order."""

    def __init__(self, setting: Setting, seats: Sequence[Seat]) -> None:
        self.setting = setting
        self.seats = seats
        self.everyone = (1 << len(seats)) - 1
        self._stated: dict[Vocabulary, dict[Hashable, list[int]]] = {}
        self._numbers: dict[Vocabulary, Mapping[Hashable, int]] = {}
        self._values: dict[Property, NDArray[Any]] = {}
        self._rows: dict[Term, dict[Key, Row]] = defaultdict(dict)
        self._bits: dict[Term, dict[Key, int]] = defaultdict(dict)

    def stated(self, words: Vocabulary) -> Mapping[Hashable, list[int]]:
        """Return the seats (numbers) that state each word."""
        if words not in self._stated:
            found: dict[Hashable, list[int]] = {}
            for place, seat in enumerate(self.seats):
                for word in words.seat(seat, self.setting):
                    found.setdefault(word, []).append(place)
            self._stated[words] = found
        return self._stated[words]

    def numbers(self, words: Vocabulary) -> Mapping[Hashable, int]:
        """Return the number of each word that a seat states."""
        if words not in self._numbers:
            self._numbers[words] = {word: number for number, word in enumerate(self.stated(words))}
        return self._numbers[words]

    def keys(self, term: Term, candidate: Candidate) -> Sequence[Key]:
        """Return the keys of one candidate; words that no seat states are left out."""
        setting, words = self.setting, term.over
        if words is None:
            return ((None, *[part.of(candidate, setting) for part in term.own]),)
        known: Mapping[Hashable, Any] = self.stated(words)
        own = [
            part.of(candidate, setting) if part.over is not None else repeat(part.of(candidate, setting))
            for part in term.own
        ]
        return [key for key in zip(words.candidate(candidate, setting), *own, strict=False) if key[0] in known]

    def row(self, term: Term, key: Key) -> Row:
        """Return the value of a term at every seat."""
        rows = self._rows[term]
        if key not in rows:
            self.make(term, (key,))
        return rows[key]

    def bits(self, term: Term, key: Key) -> int:
        """Return the seats at which a term gives something."""
        bits = self._bits[term]
        if key not in bits:
            self.make_bits(term, (key,))
        return bits[key]

    def make(self, term: Term, keys: Sequence[Key]) -> None:
        """Make the rows for some keys; many at once hardly take longer than one."""
        rows = self._rows[term]
        for new in self._few([key for key in keys if key not in rows]):
            rows.update(zip(new, self._rows_for(term, new), strict=True))

    def make_bits(self, term: Term, keys: Sequence[Key]) -> None:
        """Make the bitmaps for some keys."""
        bits = self._bits[term]
        for new in self._few([key for key in keys if key not in bits]):
            packed = np.packbits(self._rows_for(term, new) > 0, axis=1, bitorder="little")
            bits.update((key, int.from_bytes(row.tobytes(), "little")) for key, row in zip(new, packed, strict=True))

    def _few(self, keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
        """Yield as many of the keys at a time as have rows that fit into the cache."""
        step = max(1, _BLOCK // max(1, len(self.seats)))
        return (keys[at : at + step] for at in range(0, len(keys), step))

    def left_by(self, requirement: Requirement, keys: Callable[[Term], Iterable[Key]]) -> int:
        """Return the seats that a hard rule leaves a candidate with these keys, leaving other rules aside."""
        left = 0 if requirement.opens or requirement.count else self.everyone
        for term in requirement.opens:
            for key in keys(term):
                left |= self.bits(term, key)
        if requirement.count is not None:
            least = requirement.least(self.setting.rules)
            left |= self._at_least(least, [self.bits(requirement.count, key) for key in keys(requirement.count)])
        for term in requirement.bars:
            for key in keys(term):
                left &= ~self.bits(term, key)
        return left

    def _at_least(self, least: int, rows: Iterable[int]) -> int:
        """Return the seats that are in so many of the rows (counted in unary, one bitmap a count)."""
        counted = [self.everyone] + [0] * least
        for bits in rows:
            for count in range(least, 0, -1):
                counted[count] |= counted[count - 1] & bits
        return counted[least]

    def _rows_for(self, term: Term, keys: Sequence[Key]) -> NDArray[np.int16]:
        """Return the rows for some keys."""
        words, *own = zip(*keys, strict=True)
        values = [np.array(each, part.kind)[:, None] for part, each in zip(term.own, own, strict=True)]
        theirs = [
            self._of(part) if part.over is None else self._of(part)[[self.numbers(part.over)[word] for word in words]]
            for part in term.theirs
        ]
        rows = np.empty((len(keys), len(self.seats)), np.int16)
        rows[:] = term.worth(self.setting, *values, *theirs)
        if term.sparse and term.over is not None:
            stated = self.stated(term.over)
            hits = np.zeros(rows.shape, np.bool_)
            for number, word in enumerate(words):
                hits[number, stated[word]] = True
            rows *= hits
        return np.clip(rows, 0, 100, out=rows) if term.capped else rows

    def _of(self, part: Property) -> NDArray[Any]:
        """Return the values of a property of the seats, a row a word if it has words."""
        if part not in self._values:
            self._values[part] = part.values(self.seats, self.setting) if part.over is None else self._by_word(part)
        return self._values[part]

    def _by_word(self, part: Property) -> NDArray[Any]:
        assert part.over is not None
        numbers, setting = self.numbers(part.over), self.setting
        found = np.full((len(numbers), len(self.seats)), part.empty, part.kind)
        words = [part.over.seat(seat, setting) for seat in self.seats]
        place = np.repeat(np.arange(len(words)), [len(stated) for stated in words])
        number = np.array([numbers[word] for word in chain.from_iterable(words)], np.int64)
        found[number, place] = list(chain.from_iterable(part.of(seat, setting) for seat in self.seats))
        return found
