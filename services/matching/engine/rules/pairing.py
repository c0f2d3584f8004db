"""What does one candidate make of all seats, or one seat of all candidates? Hard rules, both scores and tie-breaks.

The same rules as `HardRules` and `Scores` ask of a whole problem, held equal by `test_live.py`,
but from either side and for one alone. Capacity, quota and share are left out: they change with every event, and whom
they stop is stopped by the seat (`book.py`).

They are written twice on purpose: those of a whole problem are made for an order of seats that does not change (bitmaps
by seat, tables of all pairs' points), these for slots that fill and empty. A row of 3,333 seats takes 0.7 ms there and
0.4 ms here, half of what an event may take; and a new seat, one column here, would have to ask every candidate there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Problem, Seat
from services.matching.engine.rules.scores import TIE_BITS
from services.matching.engine.rules.sides import Candidates, Seats, Side, Words
from shared.contracts.codes import UNION, Criterion

Integers = NDArray[np.int64]

_NAMED = np.int64(1 << 62)
_TWENTY, _THIRTY, _FORTY = np.int16(20), np.int16(30), np.int16(40)
_MASK = np.uint64((1 << TIE_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One against all slots of the other side: `own` orders seats for a candidate (0: not feasible), `key` the reverse.

    Both are strict: a score with its tie-break below it.
    """

    own: Integers
    key: Integers

    def scores(self) -> tuple[int, int]:
        """What the candidate gains and what the seat prefers, of a line that holds one feasible pair."""
        gain, preference = self.all_scores()
        return int(gain), int(preference)

    def all_scores(self) -> tuple[Integers, Integers]:
        """The same for a whole line; they mean nothing where a pair is not feasible."""
        return (self.own - 1) >> TIE_BITS, (self.key & ~_NAMED) >> TIE_BITS


@dataclass(frozen=True, slots=True)
class _Stated:
    """The numbers of what the one states; nothing else can be common ground."""

    topics: Sequence[int]
    areas: Sequence[int]
    tongues: Sequence[int]
    weeks: Sequence[int]


class Pairing:
    """The two sides of one problem, and what its rules say of any pair of them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.words = Words()
        self.candidates = Candidates(self.words, problem.seed, len(problem.candidates))
        self.seats = Seats(self.words, problem.seed, len(problem.seats), problem.rules)
        self._union = self.words.countries[UNION]
        self._apart = [(one.first, one.second) for one in problem.rules.exclusions if one.holds(problem.day)]
        self._suspended = {country for country, since in problem.rules.suspended.items() if since <= problem.day}
        for country in {*self._suspended, *(country for pair in problem.rules.reciprocity for country in pair)}:
            self.words.countries[country]

        self._size = (0, 0, 0)
        self._topic_need = self._area_need = self._balance = np.zeros((0, 0), np.int16)
        self._needed_topics: list[bool] = []
        self._needed_areas: list[bool] = []

    def row(self, one: Candidate, slot: int) -> Line:
        """What a candidate, who has the slot, makes of all seats."""
        words, seats = self.words, self.seats
        stated = _Stated(
            [words.topics[topic] for topic in one.topics],
            [words.areas[area] for area in one.expertise],
            [words.tongues[language] for language in one.languages],
            [words.weeks[week] for week in one.weeks or ()],
        )
        self._widen()
        open_to = seats.all().alive & self._free_of(seats, one.id, one.country, one.organisation_id, one.conflicts)
        open_to[[seats.place[identity] for identity in one.barred if identity in seats.place]] = False
        return self._line(self.candidates.one(slot), seats.all(), stated, open_to)

    def column(self, one: Seat, slot: int) -> Line:
        """What a seat, which has the slot, makes of all candidates."""
        words, people = self.words, self.candidates
        stated = _Stated(
            [words.topics[topic] for topic in one.topics],
            [words.areas[area] for area in one.expertise],
            [words.tongues[language] for language in one.languages],
            [words.weeks[week] for week, places in (one.weeks or {}).items() if places > 0],
        )
        self._widen()
        open_to = people.all().alive & self._free_of(people, one.id, one.country, one.organisation_id, one.conflicts)
        open_to[list(people.barred.get(one.id, ()))] = False
        return self._line(people.all(), self.seats.one(slot), stated, open_to)

    def _widen(self) -> None:
        self.candidates.widen()
        self.seats.widen()
        self._kept_tables()

    def _kept_tables(self) -> None:
        """Needs and reciprocity by number, made anew when a word has come that they do not hold."""
        words, rules = self.words, self.problem.rules
        size = (len(words.countries), len(words.topics), len(words.areas))
        if self._size == size:
            return
        self._size = size
        self._topic_need = np.zeros((size[1], size[0]), np.int16)
        self._area_need = np.zeros((size[2], size[0]), np.int16)
        self._balance = np.zeros((size[0], size[0]), np.int16)
        for (country, name), points in rules.needs.items():
            for table, numbers in ((self._topic_need, words.topics), (self._area_need, words.areas)):
                if name in numbers and country in words.countries:
                    table[numbers[name], words.countries[country]] = points
        self._needed_topics = [bool(row.any()) for row in self._topic_need]
        self._needed_areas = [bool(row.any()) for row in self._area_need]
        for (home, host), points in rules.reciprocity.items():
            self._balance[words.countries[home], words.countries[host]] = points

    def _free_of(
        self, side: Side, identity: str, country: str, agency: str, conflicts: Iterable[str]
    ) -> NDArray[np.bool_]:
        """Whom neither a conflict of interest nor an exclusion keeps apart from this one."""
        others = side.all()
        free = np.ones(side.top, bool)
        agencies, countries = self.words.agencies, self.words.countries
        for other in conflicts:
            if other in side.place:
                free[side.place[other]] = False
            if other in agencies:
                free &= others.agency != agencies[other]
        for name in (identity, agency):
            free[list(side.conflicts.get(name, ()))] = False
        for pair in self._apart:
            for here, other in (pair, pair[::-1]):
                if here in {country, agency}:
                    if other in countries:
                        free &= others.country != countries[other]
                    if other in agencies:
                        free &= others.agency != agencies[other]
        return free

    def _line(self, c: SimpleNamespace, s: SimpleNamespace, stated: _Stated, open_to: NDArray[np.bool_]) -> Line:
        """Rules and scores of candidates `c` and seats `s`, one of which is one alone, the other all."""
        weights = self.problem.rules.weights
        ok = open_to
        ok &= (c.kind == s.kind) & ((c.country != s.country) | (c.country == self._union)) & (c.agency != s.agency)
        for country in self._suspended:
            number = self.words.countries[country]
            ok &= (c.country != number) & (s.country != number)
        common, points = self._common(c, s, stated, len(ok))
        ok &= common & s.available & ~s.excludes[c.rank] & (c.group >= 1) & (c.group <= s.group)
        kept = s.named == c.name
        ok &= kept | ((s.named == 0) & ((c.named == 0) | (c.named == s.name)))
        named = kept | ((c.named > 0) & (c.named == s.name))
        points[Criterion.PREFERRED_COUNTRY] = c.prefers[s.country]
        points[Criterion.FIRST_TIME] = np.multiply(c.first, 100, dtype=np.int16)
        points[Criterion.RECIPROCITY] = self._balance[c.country, s.country] if self.problem.rules.reciprocity else 0
        near = np.int8(100) - np.int8(25) * np.abs(c.rank - s.rank)
        points[Criterion.RANK_GROUP] = near * (s.rank >= 0)
        points[Criterion.SERVICE] = np.multiply(c.service == s.service, 100, dtype=np.int16)
        gain, preference = np.zeros(len(ok), np.int32), np.zeros(len(ok), np.int32)
        for criterion, weight in weights.items():
            if weight.applicant:
                gain += np.multiply(points[criterion], weight.applicant, dtype=np.int32)
            if weight.host:
                preference += np.multiply(points[criterion], weight.host, dtype=np.int32)
        own_tie, seat_tie = _ties(c.word, s.word)
        key = (preference.astype(np.int64) << TIE_BITS) | seat_tie
        return Line(
            np.where(ok, (gain.astype(np.int64) << TIE_BITS | own_tie) + 1, 0), np.where(named, key | _NAMED, key)
        )

    def _common(
        self, c: SimpleNamespace, s: SimpleNamespace, stated: _Stated, size: int
    ) -> tuple[NDArray[np.bool_], dict[Criterion, Any]]:
        """Whether there is common ground in topic, language, expertise and weeks, and the points for it."""
        wish, gap, depth, speech, need = (np.zeros(size, np.int16) for _ in range(5))
        understood, weeks = np.zeros(size, bool), np.zeros(size, np.int16)
        for topic in stated.topics:
            np.maximum(wish, c.wish[topic] * s.has[topic], out=wish)
            if self._needed_topics[topic]:
                asked_for = self._topic_need[topic, c.country] * ((c.wish[topic] > 0) & (s.has[topic] > 0))
                np.maximum(need, asked_for, out=need)
        shared = np.zeros(size, bool)
        above_first = np.any(s.least > 1)
        for area in stated.areas:
            mine, theirs = c.level[area], s.level[area]
            both = (mine > 0) & (theirs > 0)
            np.maximum(gap, (_THIRTY * theirs + (_FORTY - _THIRTY * mine)) * both, out=gap)
            np.maximum(depth, c.depth[area] * both, out=depth)
            if above_first:
                shared |= both & (mine >= s.least)
            if self._needed_areas[area]:
                np.maximum(need, self._area_need[area, c.country] * both, out=need)
        for tongue in stated.tongues:
            level, asked = c.tongue[tongue], s.asks[tongue]
            spoken = level > 0
            understood |= (level >= asked) & (s.speaks[tongue] >= c.minimum) & spoken
            np.maximum(speech, ((_FORTY + _TWENTY * level) - _TWENTY * asked) * spoken, out=speech)
        for week in stated.weeks:
            weeks += c.week[week] & s.week[week]
        anytime = c.anytime | s.anytime
        common = (s.any_topic | (wish > 0)) & understood & (s.any_skill | (shared if above_first else depth > 0))
        common &= anytime | (weeks >= self.problem.rules.common_weeks)
        return common, {
            Criterion.TOPIC: wish,
            Criterion.EXPERTISE_GAP: np.minimum(gap, 100),
            Criterion.EXPERTISE: depth,
            Criterion.LANGUAGE: np.minimum(speech, 100),
            Criterion.WEEKS: np.where(anytime, np.int16(100), np.int16(25) * np.minimum(weeks, 4)),
            Criterion.TRAINING_NEED: need,
        }


def _ties(own: Any, other: Any) -> tuple[Integers, Integers]:
    """The published tie-breaks of both sides (see `Scores.ties`), where one of the two is one alone."""
    with np.errstate(over="ignore"):
        mixed = np.add(own, other, dtype=np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(64 - TIE_BITS)).astype(np.int64), (mixed & _MASK).astype(np.int64)
