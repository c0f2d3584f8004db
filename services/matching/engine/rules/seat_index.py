"""Which seats have a property? An inverted index: for each property one integer whose bit i stands for seat i.

Integers of Python are bitmaps of any length, and `&`, `|`, `bit_count` on them run over whole machine words; a rule on
400 seats costs tens of nanoseconds (inverted bitmaps: O'Neil & Quass, "Improved query performance with
variant indexes", 1997).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.matching.engine.problem.problem import Seat
from shared.contracts.codes import LanguageLevel

TOP_LEVEL = LanguageLevel.NS.order


def order_of(level: LanguageLevel | None) -> int:
    """The level as a number from 1 (A1) to 7 (native); 0 for none."""
    return 0 if level is None else level.order


@dataclass(slots=True)
class SeatIndex:
    """The bitmaps of a list of seats; bit i stands for `seats[i]`."""

    seats: Sequence[Seat]
    language_minimum: int = 0
    everyone: int = 0
    available: int = 0
    kind: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    country: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    kept_for: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    kept: int = 0
    organisation: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    named: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    conflict: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    topic: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    no_topic: int = 0
    skill: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    no_skill: int = 0
    asks: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    speaks: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    week: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    any_week: int = 0
    excludes_rank: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    group: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _weeks: dict[tuple[frozenset[date], int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Enter every seat."""
        self.everyone = (1 << len(self.seats)) - 1
        for place, seat in enumerate(self.seats):
            self._enter(seat, 1 << place)

    def _enter(self, seat: Seat, bit: int) -> None:
        self.kind[seat.kind] |= bit
        self.country[seat.country] |= bit
        self.organisation[seat.organisation_id] |= bit
        self.named[seat.id] |= bit
        self.available |= bit * seat.available
        if seat.pre_matched is not None:
            self.kept_for[seat.pre_matched] |= bit
            self.kept |= bit
        for identity in seat.conflicts:
            self.conflict[identity] |= bit
        for rank in seat.excluded_ranks:
            self.excludes_rank[rank] |= bit
        for size in range(1, seat.group_size + 1):
            self.group[size] |= bit
        self._enter_skills(seat, bit)
        self._enter_languages(seat, bit)
        self._enter_weeks(seat, bit)

    def _enter_skills(self, seat: Seat, bit: int) -> None:
        self.no_topic |= bit * (not seat.topics)
        self.no_skill |= bit * (not seat.expertise)
        for topic in seat.topics:
            self.topic[topic] |= bit
        for area in seat.expertise:
            for level in range(seat.minimum_level, 4):
                self.skill[area, level] |= bit

    def _enter_languages(self, seat: Seat, bit: int) -> None:
        for language, minimum in seat.languages.items():
            for level in range(max(order_of(minimum), self.language_minimum, 1), TOP_LEVEL + 1):
                self.asks[language, level] |= bit
            own = order_of(seat.speaks.get(language)) if seat.speaks else TOP_LEVEL
            for level in range(own + 1):
                self.speaks[language, level] |= bit

    def _enter_weeks(self, seat: Seat, bit: int) -> None:
        self.any_week |= bit * (seat.weeks is None)
        for start, places in (seat.weeks or {}).items():
            if places > 0:
                self.week[start] |= bit

    def common_language(self, languages: Mapping[str, LanguageLevel], minimum: int) -> int:
        """Seats with a language in which the speaker reaches what is asked, and the seat the speaker's minimum."""
        found = 0
        for language, level in languages.items():
            found |= self.asks.get((language, order_of(level)), 0) & self.speaks.get((language, minimum), 0)
        return found

    def common_weeks(self, weeks: frozenset[date] | None, enough: int) -> int:
        """Seats with at least `enough` of the weeks (counted in unary, one bitmap a count)."""
        if weeks is None:
            return self.everyone
        key = (weeks, enough)
        if key not in self._weeks:
            counted = [self.everyone] + [0] * enough
            for start in weeks:
                bits = self.week.get(start, 0)
                for count in range(enough, 0, -1):
                    counted[count] |= counted[count - 1] & bits
            self._weeks[key] = counted[enough] | self.any_week
        return self._weeks[key]


def union(index: Mapping[str, int], keys: Iterable[str]) -> int:
    """Seats that have any of the properties."""
    found = 0
    for key in keys:
        found |= index.get(key, 0)
    return found
