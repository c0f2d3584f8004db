"""How good is a pair: what does the candidate gain, what does the seat prefer, and who comes first when both are equal?

Each criterion gives 0 to 100 points; a side's score is the sum of all criteria, each times the weight that the call
sets for that side. Points of a block of candidates are computed against all seats at once, in small integers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Rules, Seat, Weight
from services.matching.engine.rules.seat_index import order_of
from shared.contracts.codes import Criterion, RankGroup

TIE_BITS = 38
_TIE_MASK = np.uint64((1 << TIE_BITS) - 1)
WISHES = (100, 80, 65, 50, 40, 30, 20)
_ABSENT = 99
RANKS = {rank: place for place, rank in enumerate(RankGroup)}

T = TypeVar("T", str, date)
Words = NDArray[np.uint64]
Points = Mapping[Criterion, NDArray[np.int16]]


class Scores:
    """The criteria of one problem, ready to be computed for any candidates against the given seats."""

    def __init__(self, rules: Rules, seats: Sequence[Seat], seed: str) -> None:
        self._rules = rules
        self._seats = seats
        self._seed = seed
        self.topics = _numbered({topic for seat in seats for topic in seat.topics})
        self.areas = _numbered({area for seat in seats for area in seat.expertise})
        self.tongues = _numbered({language for seat in seats for language in seat.languages})
        self.weeks = _numbered({start for seat in seats for start, places in (seat.weeks or {}).items() if places > 0})
        count = len(seats)
        self.has_topic = np.zeros((len(self.topics), count), np.int16)
        self.level = np.zeros((len(self.areas), count), np.int16)
        self.asks = np.full((len(self.tongues), count), _ABSENT, np.int16)
        for place, seat in enumerate(seats):
            for topic in seat.topics:
                self.has_topic[self.topics[topic], place] = 1
            for area, skill in seat.expertise.items():
                self.level[self.areas[area], place] = skill.level
            for language, minimum in seat.languages.items():
                least = max(order_of(minimum), order_of(rules.language_minimum))
                self.asks[self.tongues[language], place] = least
        self.open = _bitmaps([_open_weeks(seat) for seat in seats], self.weeks)
        self.no_weeks = np.array([seat.weeks is None for seat in seats], bool)
        self.countries = _numbered({seat.country for seat in seats})
        self.country = np.array([self.countries[seat.country] for seat in seats], np.int64)
        self.rank = np.array([-1 if seat.rank_group is None else RANKS[seat.rank_group] for seat in seats], np.int16)
        services = {seat.service for seat in seats if seat.service is not None}
        self.services = _numbered(services)
        self.service = np.array([self.services.get(seat.service or "", -1) for seat in seats], np.int16)
        self.seat_place = {seat.id: place for place, seat in enumerate(seats)}
        self.kept_for: dict[str | None, list[int]] = {}
        for place, seat in enumerate(seats):
            self.kept_for.setdefault(seat.pre_matched, []).append(place)
        self.seat_hashes = hashes(seed, "seat", [seat.id for seat in seats])

    def points(self, candidates: Sequence[Candidate]) -> Points:
        """Points (candidates x seats) of each criterion, 0 to 100; they mean nothing where a hard rule is broken."""
        return {
            Criterion.TOPIC: self._wishes(candidates),
            Criterion.EXPERTISE_GAP: self._gap(candidates),
            Criterion.PREFERRED_COUNTRY: self._preferred(candidates),
            Criterion.WEEKS: self._common_weeks(candidates),
            Criterion.EXPERTISE: self._expertise(candidates),
            Criterion.LANGUAGE: self._language(candidates),
            Criterion.FIRST_TIME: self._column([100 * one.first_time for one in candidates]),
            Criterion.TRAINING_NEED: self._need(candidates),
            Criterion.RECIPROCITY: self._reciprocity(candidates),
            Criterion.RANK_GROUP: self._near_rank(candidates),
            Criterion.SERVICE: self._same_service(candidates),
        }

    def totals(self, points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The weighted sums (candidates x seats) of both sides: what the candidate gains, what the seat prefers."""
        shape = next(iter(points.values())).shape
        gain, preference = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for criterion, weight in self._rules.weights.items():
            if weight.applicant:
                gain += points[criterion] * np.int32(weight.applicant)
            if weight.host:
                preference += points[criterion] * np.int32(weight.host)
        return gain.astype(np.int64), preference.astype(np.int64)

    def ties(self, candidates: Sequence[Candidate]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The published tie-breaks of candidates and of seats (each candidates x seats), `TIE_BITS` wide.

        blake2b of seed and ids, then splitmix64 a pair, whose upper bits serve the candidate and lower bits the seat: a
        hash a person and a mix a pair, since a hash a pair would cost more than all the rest. splitmix64 after Steele,
        Lea & Flood, "Fast splittable pseudorandom number generators" (2014).
        """
        own = hashes(self._seed, "candidate", [one.id for one in candidates])
        with np.errstate(over="ignore"):
            mixed = own[:, None] + self.seat_hashes[None, :]
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        return (mixed >> np.uint64(64 - TIE_BITS)).astype(np.int64), (mixed & _TIE_MASK).astype(np.int64)

    def _empty(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        return np.zeros((len(candidates), len(self._seats)), np.int16)

    def _column(self, values: Sequence[int]) -> NDArray[np.int16]:
        column = np.array(values, np.int16)[:, None]
        return np.broadcast_to(column, (len(values), len(self._seats)))

    def _wishes(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """The best wanted topic that the seat has: 100 for the first wish, less for the next."""
        wish = np.zeros((len(candidates), len(self.topics)), np.int16)
        for row, one in enumerate(candidates):
            for place, topic in enumerate(one.topics):
                if topic in self.topics:
                    wish[row, self.topics[topic]] = WISHES[min(place, len(WISHES) - 1)]
        best = self._empty(candidates)
        for column in np.flatnonzero(wish.any(axis=0)):
            np.maximum(best, wish[:, column, None] * self.has_topic[column], out=best)
        return best

    def _levels(self, candidates: Sequence[Candidate]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Level and depth (level and years as points) of each candidate in the areas that seats have."""
        level = np.zeros((len(candidates), len(self.areas)), np.int16)
        depth = np.zeros_like(level)
        for row, one in enumerate(candidates):
            for area, skill in one.expertise.items():
                if area in self.areas:
                    level[row, self.areas[area]] = skill.level
                    depth[row, self.areas[area]] = 20 * skill.level + 4 * min(skill.years, 10)
        return level, depth

    def _gap(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """Room to learn in a shared area: 40 at the same level, 30 more for each level that the seat is ahead."""
        level, _ = self._levels(candidates)
        best = self._empty(candidates)
        for area in np.flatnonzero(level.any(axis=0)):
            np.maximum(best, self.gap_at(self.level[area], level[:, area, None]), out=best)
        return best

    @staticmethod
    def gap_at(theirs: NDArray[np.int16], own: NDArray[np.int16] | int) -> NDArray[np.int16]:
        """The points of the gap between two levels; 0 where one of them is none."""
        gap: NDArray[np.int16] = np.clip(40 + 30 * (theirs - own), 0, 100)
        gap *= (np.asarray(own) > 0) & (theirs > 0)
        return gap

    def _expertise(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """What the candidate brings in the best shared area: 20 a level, 4 a year up to ten."""
        _, depth = self._levels(candidates)
        best = self._empty(candidates)
        for area in np.flatnonzero(depth.any(axis=0)):
            np.maximum(best, depth[:, area, None] * (self.level[area] > 0), out=best)
        return best

    def _preferred(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """100 in a preferred country."""
        wanted = np.zeros((len(candidates), len(self.countries)), np.int16)
        for row, one in enumerate(candidates):
            for country in one.preferred_countries & self.countries.keys():
                wanted[row, self.countries[country]] = 100
        return wanted[:, self.country]

    def _common_weeks(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """25 a common week up to four; 100 where weeks do not matter to one of the two."""
        own = _bitmaps([one.weeks or () for one in candidates], self.weeks)
        count = self._empty(candidates)
        for word in range(self.open.shape[1]):
            count += np.bitwise_count(own[:, word, None] & self.open[:, word])
        points = np.minimum(count, 4) * np.int16(25)
        points[:, self.no_weeks] = 100
        points[[one.weeks is None for one in candidates], :] = 100
        return points

    def _language(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """The best common language: 40 at the minimum asked for, 20 more for each level above it."""
        level = np.zeros((len(candidates), len(self.tongues)), np.int16)
        for row, one in enumerate(candidates):
            for language, reached in one.languages.items():
                if language in self.tongues:
                    level[row, self.tongues[language]] = reached.order
        best = self._empty(candidates)
        for tongue in np.flatnonzero(level.any(axis=0)):
            np.maximum(best, self.above(self.asks[tongue], level[:, tongue, None]), out=best)
        return np.minimum(best, 100)

    @staticmethod
    def above(asked: NDArray[np.int16], level: NDArray[np.int16] | int) -> NDArray[np.int16]:
        """The points of a level in a language, above 100 or below 0 where it is far from what is asked."""
        return 40 + 20 * (level - asked)

    def _need(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """The greatest training need of the candidate's country that a wanted topic or shared area answers."""
        best = self._empty(candidates)
        for row, one in enumerate(candidates if self._rules.needs else ()):
            for names, has in ((one.topics, self.has_topic), (one.expertise, self.level)):
                known = self.topics if has is self.has_topic else self.areas
                for name in names:
                    need = self._rules.needs.get((one.country, name), 0)
                    if need and name in known:
                        np.maximum(best[row], need * (has[known[name]] > 0), out=best[row], casting="unsafe")
        return best

    def _reciprocity(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """What the ledger of days sent and hosted gives for this pair of countries."""
        rows = {home: self.balance(home) for home in {one.country for one in candidates}}
        by_country = np.array([rows[one.country] for one in candidates], np.int16)
        return by_country.reshape(len(candidates), len(self.countries))[:, self.country]

    def balance(self, home: str) -> NDArray[np.int16]:
        """The ledger's points for a home country by number of the host country."""
        return np.array([self._rules.reciprocity.get((home, host), 0) for host in self.countries], np.int16)

    def _near_rank(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """100 in the rank group of a mentor, 25 less for each group between; none where the seat states no rank."""
        return self.near(np.array([RANKS[one.rank_group] for one in candidates], np.int16)[:, None])

    def near(self, own: NDArray[np.int16] | int) -> NDArray[np.int16]:
        """The points of a rank group (or a column of them) at every seat."""
        return np.where(self.rank >= 0, 100 - 25 * np.abs(own - self.rank), 0).astype(np.int16)

    def _same_service(self, candidates: Sequence[Candidate]) -> NDArray[np.int16]:
        """100 in the same service; none where the seat states none."""
        own = np.array([self.services.get(one.service or "", -2) for one in candidates], np.int16)[:, None]
        return np.where(own == self.service, 100, 0).astype(np.int16)

    def named(self, candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
        """Pairs (candidates x seats) of counterparts who are pre-matched: such a seat puts them before all others."""
        named = np.zeros((len(candidates), len(self._seats)), bool)
        for row, one in enumerate(candidates):
            for place in self.kept_for.get(one.id, ()):
                named[row, place] = True
            if one.pre_matched in self.seat_place:
                named[row, self.seat_place[one.pre_matched]] = True
        return named


@dataclass(frozen=True, slots=True)
class Earned:
    """Points (0 to 100) of one criterion in one pair, and what the call makes of them for each side."""

    criterion: Criterion
    points: int
    weight: Weight

    @property
    def applicant(self) -> int:
        """What the criterion adds to the applicant's sum, of `applicant_of` at most."""
        return self.points * self.weight.applicant

    @property
    def applicant_of(self) -> int:
        """The most that it could add."""
        return 100 * self.weight.applicant

    @property
    def host(self) -> int:
        """What the criterion adds to the seat's sum, of `host_of` at most."""
        return self.points * self.weight.host

    @property
    def host_of(self) -> int:
        """The most that it could add."""
        return 100 * self.weight.host


def _numbered(values: Iterable[T]) -> dict[T, int]:
    """Each value's number in their order."""
    return {value: place for place, value in enumerate(sorted(values))}


def _open_weeks(seat: Seat) -> Iterable[date]:
    return (start for start, places in (seat.weeks or {}).items() if places > 0)


def _bitmaps(sets: Sequence[Iterable[date]], number: Mapping[date, int]) -> Words:
    """Each set of weeks as words of 64 bits; weeks without a number are left out."""
    words = -(-len(number) // 64) or 1
    cache: dict[frozenset[date], bytes] = {}
    rows = []
    for weeks in sets:
        key = frozenset(weeks)
        if key not in cache:
            bits = sum(1 << number[start] for start in key if start in number)
            cache[key] = bits.to_bytes(words * 8, "little")
        rows.append(cache[key])
    return np.frombuffer(b"".join(rows), "<u8").astype(np.uint64).reshape(len(rows), words)


def hashes(seed: str, side: str, identities: Iterable[str]) -> Words:
    """64 bits a person or seat: blake2b of seed, side and id."""
    digests = (hashlib.blake2b(f"{seed}/{side}/{one}".encode(), digest_size=8).digest() for one in identities)
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
