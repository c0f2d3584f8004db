"""The properties of many candidates as lists of row numbers, for sweeps over millions of pairs.

Every hard rule leaves a union of rows of bits (bit i: the seat i may be taken), and every criterion gives the greatest
of a few rows of points, or their sum; so a candidate is a list of row numbers, and all values of pairs are read from
rows that the candidates share (dictionary encoding: Abadi, Madden & Ferreira, "Integrating compression and execution in
column-oriented database systems", 2006). The content of the rows is declared in `criteria.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate
from services.matching.engine.rules import criteria
from services.matching.engine.rules.criteria import Measure, Requirement, Term
from services.matching.engine.rules.properties import Property, Vocabulary
from services.matching.engine.rules.seat_rows import Key, Row, SeatRows
from shared.contracts.codes import Criterion

Words = NDArray[np.uint64]
Numbers = NDArray[np.int32]
Long = NDArray[np.int64]

_NOTHING = -1
"""The number of a row in which there is nothing: it is left out."""
_MOST = np.iinfo(np.int8).max
"""The most points, or things counted, that a byte holds."""
_NARROW = 1 << 20
"""Codes below this are told apart by a table of all of them, which is quicker than to sort them."""


@dataclass(frozen=True, slots=True)
class Coded:
    """The keys of a term by candidate (`owner`, sorted, some more than once)."""

    owner: Long
    which: Long
    keys: list[Key]


@dataclass(frozen=True, slots=True)
class Lists:
    """Row numbers, `parts` of them a candidate: list p of candidate i is `rows[starts[i * parts + p]:...]`."""

    starts: Numbers
    rows: Numbers


class _Parts:
    """For each part the owners (in order, some more than once) and a row number for each."""

    def __init__(self, people: int, parts: int) -> None:
        self._people = people
        self._found: list[list[tuple[Long, Long]]] = [[] for _ in range(parts)]

    def add(self, part: int, owner: Long, rows: Long) -> None:
        """Add a row of a part for each owner that has one."""
        some = rows != _NOTHING
        if some.any():
            self._found[part].append((owner, rows) if some.all() else (owner[some], rows[some]))

    def of(self, part: int, low: int, high: int) -> tuple[Long, Long]:
        """Return the owners (from `low` to `high`) of a part's rows, sorted, and the rows."""
        cut = []
        for owner, rows in self._found[part]:
            first, last = np.searchsorted(owner, (low, high))
            cut.append((owner[first:last], rows[first:last]))
        if not cut:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if len(cut) == 1:
            return cut[0]
        owner, rows = (np.concatenate(part_) for part_ in zip(*cut, strict=True))
        order = np.argsort(owner, kind="stable")
        return owner[order], rows[order]

    def joined(self) -> Lists:
        """Return all lists, candidate by candidate and part by part."""
        parts = len(self._found)
        counts = np.zeros((self._people, parts), np.int64)
        for part, found in enumerate(self._found):
            for owner, _ in found:
                counts[:, part] += np.bincount(owner, minlength=self._people)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        joined = np.empty(int(starts[-1]), np.int32)
        free = starts[:-1].reshape(counts.shape).copy()
        for part, found in enumerate(self._found):
            for owner, rows in found:
                count = np.bincount(owner, minlength=self._people)
                within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
                joined[free[owner, part] + within] = rows
                free[:, part] += count
        return Lists(starts.astype(np.int32), joined)


class Columns:
    """The columns of some candidates of a problem."""

    def __init__(self, rows: SeatRows, candidates: Sequence[Candidate]) -> None:
        self._rows = rows
        self.candidates = candidates
        self._seats = len(rows.seats)
        self.words = max(1, -(-self._seats // 64))
        self._coded: dict[Term, Coded] = {}
        self._values: dict[Property, Long] = {}
        self._stated: dict[Vocabulary, tuple[Long, Long, NDArray[np.bool_]]] = {}
        self._bits: dict[int, int] = {}
        self._table: list[Row] = []
        self._allowed: _Parts | None = None
        self._earned: _Parts | None = None

    # Rows

    @property
    def bits(self) -> Words:
        """Return all rows of bits that candidates have needed so far."""
        width = self.words * 8
        rows = b"".join((row & self._rows.everyone).to_bytes(width, "little") for row in self._bits)
        return np.frombuffer(rows, "<u8").astype(np.uint64).reshape(len(self._bits), self.words)

    @cached_property
    def table(self) -> NDArray[np.int16]:
        """Return all rows of points of these candidates."""
        self.earned()
        return np.array(self._table, np.int16).reshape(len(self._table), self._seats)

    def narrow_table(self) -> NDArray[np.int8]:
        """Return the same, a byte a seat, in whole words of seats.

        Raises OverflowError if points do not fit into it.
        """
        self.earned()
        narrow = np.zeros((len(self._table), self.words * 64), np.int8)
        for number, row in enumerate(self._table):
            if row.max(initial=0) > _MOST:
                raise OverflowError(f"More than {_MOST} points")
            narrow[number, : self._seats] = row
        return narrow

    @property
    def start(self) -> Long:
        """Return the row of each candidate's seats before any rule."""
        coded = self.coded(criteria.SAME_KIND)
        return self._bit_rows(criteria.SAME_KIND, coded)

    def allowed(self) -> _Parts:
        """Return the rows of bits that each hard rule leaves each candidate."""
        if self._allowed is None:
            self._allowed = _Parts(len(self.candidates), len(criteria.REQUIREMENTS))
            for place, requirement in enumerate(criteria.REQUIREMENTS):
                for owner, rows in self._left_by(requirement):
                    self._allowed.add(place, owner, rows)
        return self._allowed

    def earned(self) -> _Parts:
        """Return the rows of points that each criterion gives each candidate, and of both orders (last) that count."""
        if self._earned is None:
            rules, parts = self._rows.setting.rules, [measure.terms for measure in criteria.CRITERIA]
            parts += [(term,) for term in criteria.ORDERS if term.used(rules)]
            self._earned = _Parts(len(self.candidates), len(parts))
            for place, terms in enumerate(parts):
                for term in terms:
                    if term.used(rules):
                        coded = self.coded(term)
                        self._earned.add(place, coded.owner, self._point_rows(term, coded))
        return self._earned

    def counts_fit(self) -> bool:
        """Return whether a byte holds the greatest count of any criterion."""
        return all(
            sum(len(self._rows.numbers(term.over)) if term.over else measure.up_to for term in measure.terms) <= _MOST
            for measure in criteria.CRITERIA
            if measure.up_to
        )

    def named(self) -> tuple[Long, Long]:
        """Return pairs (candidates and seats, sorted) of counterparts who are pre-matched."""
        pairs: set[tuple[int, int]] = set()
        for term in criteria.PUT_FIRST:
            coded = self.coded(term)
            seats = [np.flatnonzero(self._rows.row(term, key)).tolist() for key in coded.keys]
            for owner, which in zip(coded.owner.tolist(), coded.which.tolist(), strict=True):
                pairs.update((owner, seat) for seat in seats[which])
        found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    # By numpy

    def feasible(self) -> tuple[Words, NDArray[np.int32]]:
        """Return the seats that each candidate may take (words of bits), and the funnel: how many each rule leaves."""
        people, allowed, start = len(self.candidates), self.allowed(), self.start
        bits = self.bits
        left = bits[start] if people else np.zeros((0, self.words), np.uint64)
        funnel = np.zeros((people, len(criteria.REQUIREMENTS) + 1), np.int32)
        funnel[:, 0] = np.bitwise_count(left).sum(axis=1)
        for place in range(len(criteria.REQUIREMENTS)):
            owner, rows = allowed.of(place, 0, people)
            union = np.zeros_like(left)
            if len(owner):
                first = np.flatnonzero(np.diff(owner, prepend=-1))
                union[owner[first]] = np.bitwise_or.reduceat(bits[rows], first, axis=0)
            left &= union
            funnel[:, place + 1] = np.bitwise_count(left).sum(axis=1)
        return left, funnel

    def points(self, low: int, high: int) -> Mapping[Criterion, NDArray[np.int16]]:
        """Return points (candidates from `low` to `high` x seats) of each criterion."""
        return {
            measure.criterion: self._points(place, measure, low, high)
            for place, measure in enumerate(criteria.CRITERIA)
        }

    def _points(self, place: int, measure: Measure, low: int, high: int) -> NDArray[np.int16]:
        owner, rows = self.earned().of(place, low, high)
        best = np.zeros((high - low, self._seats), np.int16)
        if len(owner):
            count = np.bincount(owner - low, minlength=high - low)
            within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
            for turn in range(int(count.max())):
                at = np.flatnonzero(within == turn)
                those = owner[at] - low
                best[those] = measure.joined(best[those], self.table[rows[at]])
        points: NDArray[np.int16] = measure.points(best)
        return points

    # Which rows

    def _bit_rows(self, term: Term, coded: Coded) -> Long:
        self._rows.make_bits(term, coded.keys)
        rows = [self._bit_row(self._rows.bits(term, key)) for key in coded.keys]
        return np.array(rows, np.int64)[coded.which]

    def _bit_row(self, bits: int) -> int:
        """Return the number of the row for some seats."""
        return self._bits.setdefault(bits & self._rows.everyone, len(self._bits))

    def _point_rows(self, term: Term, coded: Coded) -> Long:
        """Return the numbers of the rows of points that a term gives."""
        self._rows.make(term, coded.keys)
        rows = [self._rows.row(term, key) for key in coded.keys]
        some = np.count_nonzero(np.array(rows, np.int16).reshape(len(rows), self._seats), axis=1) > 0
        numbers = np.where(some, len(self._table) + np.cumsum(some) - 1, _NOTHING)
        self._table += [rows[at] for at in np.flatnonzero(some)]
        return numbers[coded.which]

    def _left_by(self, requirement: Requirement) -> Iterable[tuple[Long, Long]]:
        """Return the rows whose union a hard rule leaves each candidate."""
        least = 1 if requirement.count is None else requirement.least(self._rows.setting.rules)
        terms = requirement.terms
        if requirement.bars or least != 1:
            return ((np.arange(len(self.candidates)), self._whole(requirement, terms)),)
        coded = [(term, self.coded(term)) for term in terms]
        return [(keyed.owner, self._bit_rows(term, keyed)) for term, keyed in coded]

    def _whole(self, requirement: Requirement, terms: Sequence[Term]) -> Long:
        """Return one row a candidate: what a hard rule leaves him or her; candidates with the same keys share it."""
        coded = [self.coded(term) for term in terms]
        for term, keyed in zip(terms, coded, strict=True):
            self._rows.make_bits(term, keyed.keys)
        offset = np.cumsum([0, *(len(keyed.keys) for keyed in coded)])
        owner = np.concatenate([keyed.owner for keyed in coded])
        codes = np.concatenate([keyed.which + start for keyed, start in zip(coded, offset, strict=False)])
        if not len(owner) or np.array_equal(owner, np.arange(len(self.candidates))):
            first, which = _distinct(codes)
            groups = [codes[at : at + 1] for at in first.tolist()] or [codes]
            rows = [self._bit_row(self._left(requirement, _keys(group, offset, terms, coded))) for group in groups]
            return np.array(rows, np.int64)[which if len(owner) else np.zeros(len(self.candidates), np.int64)]
        codes = codes[np.lexsort((codes, owner))]
        ends = np.cumsum(np.bincount(owner, minlength=len(self.candidates))).tolist()
        known: dict[bytes, int] = {}
        found = []
        for low, high in pairwise([0, *ends]):
            own = codes[low:high].tobytes()
            if own not in known:
                known[own] = self._bit_row(self._left(requirement, _keys(codes[low:high], offset, terms, coded)))
            found.append(known[own])
        return np.array(found, np.int64)

    def _left(self, requirement: Requirement, keys: Mapping[Term, Sequence[Key]]) -> int:
        return self._rows.left_by(requirement, lambda term: keys.get(term, ()))

    # What candidates state

    def coded(self, term: Term) -> Coded:
        """Return the candidates' keys of a term; words that no seat states are left out."""
        if term not in self._coded:
            self._coded[term] = self._keys_of(term)
        return self._coded[term]

    def _keys_of(self, term: Term) -> Coded:
        words: list[object] | None = None
        if term.over is not None and not self._rows.numbers(term.over):
            return Coded(np.zeros(0, np.int64), np.zeros(0, np.int64), [])
        if term.over is None:
            owner, code = np.arange(len(self.candidates)), np.zeros(len(self.candidates), np.int64)
            values = [self._of(part) for part in term.own]
        else:
            owner, code, known = self._words(term.over)
            words = list(self._rows.numbers(term.over))
            values = [self._of(part)[known if part.over is not None else owner] for part in term.own]
        number = code
        for value in values:
            least = int(value.min(initial=0))
            code = code * (int(value.max(initial=0)) - least + 1) + (value - least)
        first, which = _distinct(code)
        columns = [
            map(bool if part.kind is np.bool_ else int, value[first].tolist())
            for part, value in zip(term.own, values, strict=True)
        ]
        names = [None if words is None else words[at] for at in number[first].tolist()]
        return Coded(owner, which, list(zip(names, *columns, strict=True)))

    def _words(self, words: Vocabulary) -> tuple[Long, Long, NDArray[np.bool_]]:
        """Return the owner of each word that a seat states too, its number, and its index among all words stated."""
        if words not in self._stated:
            setting, number = self._rows.setting, self._rows.numbers(words).get
            stated = [words.candidate(candidate, setting) for candidate in self.candidates]
            found = np.array([number(word, -1) for word in chain.from_iterable(stated)], np.int64)
            owner = np.repeat(np.arange(len(stated)), np.array(list(map(len, stated)), np.int64))
            known = found >= 0
            self._stated[words] = (owner[known], found[known], known)
        return self._stated[words]

    def _of(self, part: Property) -> Long:
        """Return the values of a property, by all stated words if it has words."""
        if part not in self._values:
            setting = self._rows.setting
            values: Iterable[int] = (part.of(candidate, setting) for candidate in self.candidates)
            if part.over is not None:
                values = chain.from_iterable(part.of(candidate, setting) for candidate in self.candidates)
            self._values[part] = np.array(list(values), np.int64)
        return self._values[part]


def _keys(codes: Long, offset: Long, terms: Sequence[Term], coded: Sequence[Coded]) -> Mapping[Term, Sequence[Key]]:
    """Return the keys of each term behind some codes, which count the keys of all terms one after the other."""
    keys: dict[Term, list[Key]] = defaultdict(list)
    for code in codes.tolist():
        part = int(np.searchsorted(offset, code, side="right")) - 1
        keys[terms[part]].append(coded[part].keys[code - int(offset[part])])
    return keys


def _distinct(code: Long) -> tuple[Long, Long]:
    """Return the first position of each distinct code, and the index of the distinct code of each."""
    highest = int(code.max(initial=0))
    if highest >= _NARROW:
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
        return first, which
    place = np.full(highest + 1, -1, np.int64)
    place[code[::-1]] = np.arange(len(code))[::-1]
    there = np.flatnonzero(place >= 0)
    first = place[there]
    place[there] = np.arange(len(there))
    return first, place[code]
