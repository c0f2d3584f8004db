"""What do both sides state, in numbers? Candidates and seats as integer arrays, for sweeps over millions of pairs.

Every hard rule leaves a union of rows of bits (bit i: the seat i may be taken), and every criterion gives the greatest
of a few rows of points (a byte a seat); so a candidate is a list of row numbers, and whatever concerns a pair is read
from rows that all candidates share (dictionary encoding: Abadi, Madden & Ferreira, "Integrating compression and
execution in column-oriented database systems", 2006).
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.kernels import NAMED_LONG, NAMED_SHORT, Facts
from services.matching.engine.problem.problem import SEATS_FOR, Candidate
from services.matching.engine.rules.hard_rules import HardRules
from services.matching.engine.rules.scores import RANKS, WISHES, Scores, hashes
from shared.contracts.codes import Criterion, HardRule, LanguageLevel

Words = NDArray[np.uint64]
Numbers = NDArray[np.int32]
Long = NDArray[np.int64]
Bytes = NDArray[np.int8]

CRITERIA = tuple(Criterion)
_RULE = {rule: place for place, rule in enumerate(HardRule)}
_CRITERION = {criterion: place for place, criterion in enumerate(CRITERIA)}
_ORDER: Mapping[LanguageLevel, int] = {level: level.order for level in LanguageLevel}
_LEVELS = 8
_MOST = 127
"""The most points that a byte holds, and the most weeks."""


class TooLarge(ValueError):
    """Points, levels or weeks beyond what a byte holds (no contract allows them): such a problem has no columns."""


class _Rows:
    """Rows of equal width, each made once for its key."""

    def __init__(self, make: Callable[[Any], NDArray[Any]]) -> None:
        self._make = make
        self._number: dict[Hashable, int] = {}
        self.rows: list[NDArray[Any]] = []

    def number(self, key: Hashable) -> int:
        """The number of the row for a key."""
        found = self._number.get(key)
        if found is None:
            found = self._number[key] = len(self.rows)
            self.rows.append(self._make(key))
        return found

    def numbers(self, codes: Long, key_of: Callable[[int], Hashable]) -> Long:
        """The rows for many whole numbers, each of which `key_of` turns into a key."""
        distinct, place = np.unique(codes, return_inverse=True)
        return np.array([self.number(key_of(int(code))) for code in distinct], np.int64)[place]


class _Lists:
    """Lists of row numbers, `parts` of them a candidate, joined at the end."""

    def __init__(self, people: int, parts: int) -> None:
        self._counts = np.zeros((people, parts), np.int64)
        self._found: list[tuple[int, Long, Long]] = []

    def add(self, part: int, owner: Long, rows: Long) -> None:
        """Give each owner (in order, some more than once) a row of a part."""
        self._counts[:, part] += np.bincount(owner, minlength=len(self._counts))
        self._found.append((part, owner, rows))

    def add_to_all(self, part: int, rows: Sequence[int]) -> None:
        """Give every candidate one row of a part."""
        self.add(part, np.arange(len(rows)), np.array(rows, np.int64))

    def joined(self) -> tuple[Numbers, Numbers]:
        """Where each list starts, candidate by candidate and part by part, and all rows."""
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._counts)])
        rows = np.empty(int(starts[-1]), np.int32)
        free = starts[:-1].reshape(self._counts.shape).copy()
        for part, owner, found in self._found:
            count = np.bincount(owner, minlength=len(free))
            within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
            rows[free[owner, part] + within] = found
            free[:, part] += count
        return starts.astype(np.int32), rows


@dataclass(frozen=True, slots=True)
class _Stated:
    """What candidates state in lists: whose it is, where in the owner's list, and its number among the seats'."""

    owner: Long
    place: Long
    number: Long
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, stated: Sequence[Collection[Any]], number: Mapping[Any, int]) -> "_Stated":
        """Everything stated; what no seat has is left out."""
        counts = np.array([len(one) for one in stated], np.int64)
        get = number.get
        found = np.array([get(one, -1) for one in chain.from_iterable(stated)], np.int64)
        owner = np.repeat(np.arange(len(stated)), counts)
        place = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
        known = found >= 0
        return cls(owner[known], place[known], found[known], known)


class Columns:
    """The columns of one problem's seats; rows are made as candidates need them."""

    def __init__(self, rules: HardRules, scores: Scores) -> None:
        self._rules, self._scores = rules, scores
        self._seats = len(rules.seats)
        self.words = max(1, -(-self._seats // 64))
        weights = rules.problem.rules.weights.values()
        most = 100 * max(sum(one.applicant for one in weights), sum(one.host for one in weights))
        self.named_bit = NAMED_SHORT if most < NAMED_SHORT else NAMED_LONG

    def facts(self, candidates: Sequence[Candidate]) -> Facts:
        """The columns of the candidates. Raises `TooLarge`."""
        bits, points = _Rows(self._words_of), _Rows(self._row_of)
        allowed, earned = _Lists(len(candidates), len(HardRule)), _Lists(len(candidates), len(CRITERIA))
        start = [bits.number(self._rules.index.kind.get(SEATS_FOR[one.kind], 0)) for one in candidates]
        self._single_rules(candidates, bits, allowed)
        self._single_criteria(candidates, points, earned)
        self._topics(candidates, bits, points, allowed, earned)
        self._skills(candidates, bits, points, allowed, earned)
        self._languages(candidates, bits, points, allowed, earned)
        self._weeks(candidates, bits, points, allowed, earned)
        named_at, named = self._named(candidates)
        allowed_at, allowed_rows = allowed.joined()
        earned_at, earned_rows = earned.joined()
        seat_hash = np.zeros(self.words * 64, np.uint64)
        seat_hash[: self._seats] = self._scores.seat_hashes
        weights = self._rules.problem.rules.weights
        return Facts(
            rules=len(HardRule),
            bits=np.array(bits.rows, np.uint64).reshape(-1, self.words),
            allowed_at=allowed_at,
            allowed=allowed_rows,
            start=np.array(start, np.int32),
            table=np.array(points.rows, np.int8).reshape(-1, self.words * 64),
            earned_at=earned_at,
            earned=earned_rows,
            summed=_CRITERION[Criterion.WEEKS],
            applicant=np.array([weights[one].applicant if one in weights else 0 for one in CRITERIA], np.int32),
            host=np.array([weights[one].host if one in weights else 0 for one in CRITERIA], np.int32),
            named_at=named_at,
            named=named,
            named_bit=self.named_bit,
            own_hash=hashes(self._rules.problem.seed, "candidate", [one.id for one in candidates]),
            seat_hash=seat_hash,
        )

    def _words_of(self, bits: int) -> Words:
        kept = bits & self._rules.index.everyone
        return np.frombuffer(kept.to_bytes(self.words * 8, "little"), "<u8").astype(np.uint64)

    def _row_of(self, key: tuple[str, int, int]) -> Bytes:
        """The points of one row; `key` says of what kind, of which property, and at which level or worth."""
        kind, which, value = key
        row = _POINTS[kind](self._scores, which, value)
        if row.size and row.max() > _MOST:
            raise TooLarge(f"{kind} gives more than {_MOST} points")
        padded = np.zeros(self.words * 64, np.int8)
        padded[: self._seats] = np.maximum(row, 0)
        return padded

    def _single_rules(self, candidates: Sequence[Candidate], bits: _Rows, allowed: _Lists) -> None:
        """Rules that leave one row: asked once for all whom nothing distinguishes."""
        index, rules = self._rules.index, self._rules
        keys: dict[HardRule, Callable[[Candidate], Hashable]] = {
            **_DEPENDS,
            HardRule.CONFLICT_OF_INTEREST: lambda one: (
                one.conflicts,
                one.id in index.conflict and one.id,
                one.organisation_id in index.conflict and one.organisation_id,
            ),
            HardRule.PRE_MATCHED: lambda one: (one.pre_matched, one.id in index.kept_for and one.id),
        }
        if rules.problem.rules.common_weeks != 1:
            keys[HardRule.COMMON_WEEKS] = attrgetter("weeks")
        for rule, key_of in keys.items():
            known: dict[Hashable, int] = {}
            rows = []
            for one in candidates:
                key = key_of(one)
                row = known.get(key)
                if row is None:
                    row = known[key] = bits.number(rules.allowed(rule, one) & index.everyone)
                rows.append(row)
            allowed.add_to_all(_RULE[rule], rows)

    def _single_criteria(self, candidates: Sequence[Candidate], points: _Rows, earned: _Lists) -> None:
        """Criteria of one row, and countries preferred."""
        scores = self._scores
        homes = sorted({one.country for one in candidates})
        home = {country: points.number(("home", country, 0)) for country in homes}
        earned.add_to_all(_CRITERION[Criterion.RECIPROCITY], [home[one.country] for one in candidates])
        rank = {group: points.number(("rank", place, 0)) for group, place in RANKS.items()}
        earned.add_to_all(_CRITERION[Criterion.RANK_GROUP], [rank[one.rank_group] for one in candidates])
        nowhere = points.number(("all", 0, 0))
        service: dict[str | None, int] = {
            name: points.number(("service", place, 0)) for name, place in scores.services.items()
        }
        earned.add_to_all(_CRITERION[Criterion.SERVICE], [service.get(one.service, nowhere) for one in candidates])
        first = {True: points.number(("all", 0, 100)), False: nowhere}
        earned.add_to_all(_CRITERION[Criterion.FIRST_TIME], [first[bool(one.first_time)] for one in candidates])
        wanted = _Stated.of([one.preferred_countries for one in candidates], scores.countries)
        rows = points.numbers(wanted.number, lambda code: ("country", code, 0))
        earned.add(_CRITERION[Criterion.PREFERRED_COUNTRY], wanted.owner, rows)

    def _topics(
        self, candidates: Sequence[Candidate], bits: _Rows, points: _Rows, allowed: _Lists, earned: _Lists
    ) -> None:
        index, scores = self._rules.index, self._scores
        names = list(scores.topics)
        stated = _Stated.of([one.topics for one in candidates], scores.topics)
        allowed.add_to_all(_RULE[HardRule.TOPIC], [bits.number(index.no_topic)] * len(candidates))
        rows = bits.numbers(stated.number, lambda code: index.topic[names[code]])
        allowed.add(_RULE[HardRule.TOPIC], stated.owner, rows)
        wish = np.array(WISHES, np.int64)[np.minimum(stated.place, len(WISHES) - 1)]
        rows = points.numbers(stated.number << 7 | wish, lambda code: ("topic", code >> 7, code & 127))
        earned.add(_CRITERION[Criterion.TOPIC], stated.owner, rows)
        self._needs(candidates, names, stated, "topic", points, earned)

    def _skills(
        self, candidates: Sequence[Candidate], bits: _Rows, points: _Rows, allowed: _Lists, earned: _Lists
    ) -> None:
        index, scores = self._rules.index, self._scores
        names = list(scores.areas)
        stated = _Stated.of([one.expertise for one in candidates], scores.areas)
        skills = list(chain.from_iterable(one.expertise.values() for one in candidates))
        level = np.array([skill.level for skill in skills], np.int64)[stated.known]
        years = np.array([skill.years for skill in skills], np.int64)[stated.known]
        depth = 20 * level + 4 * np.minimum(years, 10)
        if len(level) and (level.min() < 1 or level.max() >= _LEVELS or depth.min() < 0 or depth.max() > _MOST):
            raise TooLarge("A level of expertise is not one of 1 to 3")
        owner, code = stated.owner, stated.number << 3 | level
        allowed.add_to_all(_RULE[HardRule.SHARED_EXPERTISE], [bits.number(index.no_skill)] * len(candidates))
        rows = bits.numbers(code, lambda code: index.skill.get((names[code >> 3], code & 7), 0))
        allowed.add(_RULE[HardRule.SHARED_EXPERTISE], owner, rows)
        rows = points.numbers(code, lambda code: ("gap", code >> 3, code & 7))
        earned.add(_CRITERION[Criterion.EXPERTISE_GAP], owner, rows)
        rows = points.numbers(stated.number << 7 | depth, lambda code: ("depth", code >> 7, code & 127))
        earned.add(_CRITERION[Criterion.EXPERTISE], owner, rows)
        self._needs(candidates, names, stated, "depth", points, earned)

    def _needs(
        self,
        candidates: Sequence[Candidate],
        names: Sequence[str],
        stated: _Stated,
        kind: str,
        points: _Rows,
        earned: _Lists,
    ) -> None:
        """Training needs of a candidate's country that a wanted topic or an own area answers."""
        needs = self._rules.problem.rules.needs
        if not needs:
            return
        homes = {country: place for place, country in enumerate(sorted({one.country for one in candidates}))}
        worth = np.array([[needs.get((home, name), 0) for name in names] for home in homes], np.int64)
        country = np.array([homes[one.country] for one in candidates], np.int64)
        found = worth.reshape(len(homes), len(names))[country[stated.owner], stated.number]
        if len(found) and (found.min() < 0 or found.max() > _MOST):
            raise TooLarge("A training need is not within 0 to 100")
        some = found > 0
        rows = points.numbers(stated.number[some] << 7 | found[some], lambda code: (kind, code >> 7, code & 127))
        earned.add(_CRITERION[Criterion.TRAINING_NEED], stated.owner[some], rows)

    def _languages(
        self, candidates: Sequence[Candidate], bits: _Rows, points: _Rows, allowed: _Lists, earned: _Lists
    ) -> None:
        index, scores = self._rules.index, self._scores
        names = list(scores.tongues)
        stated = _Stated.of([one.languages for one in candidates], scores.tongues)
        levels = chain.from_iterable(one.languages.values() for one in candidates)
        level = np.array([_ORDER[one] for one in levels], np.int64)[stated.known]
        asked = [0 if one.language_minimum is None else _ORDER[one.language_minimum] for one in candidates]
        minimum = np.array(asked, np.int64)[stated.owner]

        def both(code: int) -> int:
            name, own, theirs = names[code >> 6], code >> 3 & 7, code & 7
            return index.asks.get((name, own), 0) & index.speaks.get((name, theirs), 0)

        rows = bits.numbers((stated.number << 3 | level) << 3 | minimum, both)
        allowed.add(_RULE[HardRule.COMMON_LANGUAGE], stated.owner, rows)
        rows = points.numbers(stated.number << 3 | level, lambda code: ("tongue", code >> 3, code & 7))
        earned.add(_CRITERION[Criterion.LANGUAGE], stated.owner, rows)

    def _weeks(
        self, candidates: Sequence[Candidate], bits: _Rows, points: _Rows, allowed: _Lists, earned: _Lists
    ) -> None:
        index, scores = self._rules.index, self._scores
        dates = list(scores.weeks)
        if len(dates) > _MOST - 4:
            raise TooLarge("More weeks than a byte counts")
        stated = _Stated.of([one.weeks or () for one in candidates], scores.weeks)
        if self._rules.problem.rules.common_weeks == 1:
            base = [bits.number(index.everyone if one.weeks is None else index.any_week) for one in candidates]
            allowed.add_to_all(_RULE[HardRule.COMMON_WEEKS], base)
            rows = bits.numbers(stated.number, lambda code: index.week[dates[code]])
            allowed.add(_RULE[HardRule.COMMON_WEEKS], stated.owner, rows)
        always, seldom = points.number(("all", 0, 4)), points.number(("anytime", 0, 4))
        earned.add_to_all(_CRITERION[Criterion.WEEKS], [always if one.weeks is None else seldom for one in candidates])
        rows = points.numbers(stated.number, lambda code: ("week", code, 0))
        earned.add(_CRITERION[Criterion.WEEKS], stated.owner, rows)

    def _named(self, candidates: Sequence[Candidate]) -> tuple[Numbers, Numbers]:
        """Seats pre-matched with each candidate."""
        kept, place = self._scores.kept_for, self._scores.seat_place
        starts, named = [0], list[int]()
        for one in candidates:
            if one.id in kept or one.pre_matched in place:
                named += sorted({*kept.get(one.id, ()), *(place[seat] for seat in (one.pre_matched,) if seat in place)})
            starts.append(len(named))
        return np.array(starts, np.int32), np.array(named, np.int32)


_country, _home_and_agency = attrgetter("country"), attrgetter("country", "organisation_id")
_DEPENDS: Mapping[HardRule, Callable[[Candidate], Hashable]] = {
    HardRule.PARTNER_ACTIVE: _country,
    HardRule.CROSS_BORDER: _country,
    HardRule.SAME_AGENCY: attrgetter("organisation_id"),
    HardRule.EXCLUDED_PAIR: _home_and_agency,
    HardRule.NOT_AVAILABLE: _home_and_agency,
    HardRule.RANK_GROUP: attrgetter("rank_group"),
    HardRule.GROUP_SIZE: attrgetter("group_size"),
    HardRule.DECLINED_BEFORE: attrgetter("barred"),
    HardRule.CAPACITY: lambda _: 0,
    HardRule.QUOTA: _country,
    HardRule.SHARE_OF_OFFER: _country,
}
"""What of a candidate decides each rule that leaves one row."""

_POINTS: Mapping[str, Callable[[Scores, Any, int], NDArray[Any]]] = {
    "all": lambda scores, _, value: np.full(len(scores.country), value),
    "topic": lambda scores, topic, value: value * (scores.has_topic[topic] > 0),
    "gap": lambda scores, area, level: scores.gap_at(scores.level[area], level),
    "depth": lambda scores, area, value: value * (scores.level[area] > 0),
    "tongue": lambda scores, tongue, level: np.minimum(scores.above(scores.asks[tongue], level), 100),
    "country": lambda scores, country, _: 100 * (scores.country == country),
    "home": lambda scores, home, _: scores.balance(home)[scores.country],
    "rank": lambda scores, rank, _: scores.near(rank),
    "service": lambda scores, service, _: 100 * (scores.service == service),
    "week": lambda scores, week, _: (scores.open[:, week >> 6] >> np.uint64(week & 63)) & np.uint64(1),
    "anytime": lambda scores, _, value: value * scores.no_weeks,
}
"""Kind of a row -> its points at every seat."""
