"""Who is in the pool, and which seats are there, as arrays in which one of them can change at any time?

Each candidate and each seat has a slot; a property is an array over slots (or one row a value: a topic, an area, a
language, a week), so that one candidate meets all seats, or one seat all candidates, in a few operations of numpy.
Slots of those who left are used again; arrays grow by half when they are full.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from services.matching.engine.problem.problem import SEATS_FOR, Candidate, Rules, Seat, SeatKind
from services.matching.engine.rules.seat_index import TOP_LEVEL, order_of
from shared.contracts.codes import RankGroup

NOT_ASKED = 99
"""Stands for the level that a seat asks in a language in which it does not work: nobody reaches it."""

_RANKS = {rank: number for number, rank in enumerate(RankGroup)}
_KINDS = {kind: number for number, kind in enumerate(SeatKind)}
_WISHES = (100, 80, 65, 50, 40, 30, 20)
_LEAST = 16


class Numbers(dict[str | date, int]):
    """A number for every word that was asked for, in the order of asking."""

    def __missing__(self, word: str | date) -> int:
        """Give the next number to a new word."""
        self[word] = len(self)
        return self[word]


class Words:
    """The numbers that both sides share. In `names`, of people and seats, 0 stands for nobody."""

    def __init__(self) -> None:
        self.countries, self.agencies, self.services = Numbers(), Numbers(), Numbers()
        self.topics, self.areas, self.tongues, self.weeks = Numbers(), Numbers(), Numbers(), Numbers()
        self.names = Numbers({"": 0})
        self.ranks = _RANKS


class Side:
    """One side of the market in arrays. `place` maps an id to its slot, `conflicts` an id to the slots that name it."""

    _SINGLE: ClassVar[dict[str, Any]] = {}
    _BY_VALUE: ClassVar[dict[str, tuple[str, Any, int]]] = {}

    def __init__(self, words: Words, seed: str, size: int) -> None:
        self.words = words
        self.place: dict[str, int] = {}
        self.conflicts: dict[str, set[int]] = defaultdict(set)
        self.top = 0
        self.room = size + size // 8 + _LEAST
        self._seed = seed
        self._free: list[int] = []
        self._single = {name: np.zeros(self.room, kind) for name, kind in self._SINGLE.items()}
        self._by_value = {
            name: np.full((_LEAST, self.room), empty, kind) for name, (_, kind, empty) in self._BY_VALUE.items()
        }

    def slot(self) -> int:
        """A slot that nobody has; grows the arrays if none is left."""
        if self._free:
            return self._free.pop()
        if self.top == self.room:
            self.room += self.room // 2
            self._resize()
        self.top += 1
        return self.top - 1

    def word(self, slot: int) -> np.uint64:
        """The hash from which the tie-breaks of a slot are mixed."""
        word: np.uint64 = self._single["word"][slot]
        return word

    def one(self, slot: int) -> SimpleNamespace:
        """The properties of one."""
        return SimpleNamespace(
            **{name: values[slot] for name, values in self._single.items()},
            **{name: values[:, slot] for name, values in self._by_value.items()},
        )

    def all(self) -> SimpleNamespace:
        """The properties of all, those of free slots (`alive` is False) among them."""
        return SimpleNamespace(
            **{name: values[: self.top] for name, values in self._single.items()},
            **{name: values[:, : self.top] for name, values in self._by_value.items()},
        )

    def _set(self, slot: int, identity: str, side: str, single: dict[str, Any]) -> None:
        digest = hashlib.blake2b(f"{self._seed}/{side}/{identity}".encode(), digest_size=8).digest()
        single |= {"alive": True, "name": self.words.names[identity], "word": int.from_bytes(digest, "little")}
        for name, value in single.items():
            self._single[name][slot] = value
        for name, (_, _, empty) in self._BY_VALUE.items():
            self._by_value[name][:, slot] = empty
        self.place[identity] = slot

    def _put(self, name: str, number: int, slot: int, value: int) -> None:
        """A value in the row of a word, which may be a new one."""
        if number >= len(self._by_value[name]):
            self.widen()
        self._by_value[name][number, slot] = value

    def widen(self) -> None:
        """Make room for the words that there are by now, so that both sides have a row for each."""
        for name, (words, kind, empty) in self._BY_VALUE.items():
            values, asked = self._by_value[name], len(getattr(self.words, words))
            if asked > len(values):
                more = np.full((asked - len(values) + _LEAST, self.room), empty, kind)
                self._by_value[name] = np.concatenate([values, more])

    def _resize(self) -> None:
        for name, values in self._single.items():
            self._single[name] = np.concatenate([values, np.zeros(self.room - len(values), values.dtype)])
        for name, (_, kind, empty) in self._BY_VALUE.items():
            values = self._by_value[name]
            more = np.full((len(values), self.room - values.shape[1]), empty, kind)
            self._by_value[name] = np.concatenate([values, more], axis=1)

    def _remove(self, identity: str, conflicts: Iterable[str]) -> int:
        slot = self.place.pop(identity)
        for other in conflicts:
            self.conflicts[other].discard(slot)
        self._single["alive"][slot] = False
        self._free.append(slot)
        return slot


class Candidates(Side):
    """Those who look for a seat. `barred` maps a seat's id to the slots of those who declined it."""

    _SINGLE: ClassVar[dict[str, Any]] = {
        "alive": np.bool_,
        "name": np.int32,
        "named": np.int32,
        "word": np.uint64,
        "kind": np.int8,
        "country": np.int16,
        "agency": np.int32,
        "rank": np.int8,
        "service": np.int16,
        "minimum": np.int8,
        "group": np.int16,
        "first": np.bool_,
        "anytime": np.bool_,
    }
    _BY_VALUE: ClassVar[dict[str, tuple[str, Any, int]]] = {
        "wish": ("topics", np.int16, 0),
        "level": ("areas", np.int16, 0),
        "depth": ("areas", np.int16, 0),
        "tongue": ("tongues", np.int16, 0),
        "week": ("weeks", np.int16, 0),
        "prefers": ("countries", np.int16, 0),
    }

    def __init__(self, words: Words, seed: str, size: int) -> None:
        super().__init__(words, seed, size)
        self.barred: dict[str, set[int]] = defaultdict(set)

    def add(self, one: Candidate) -> int:
        """Give a candidate a slot."""
        slot, words = self.slot(), self.words
        single = {
            "named": words.names[one.pre_matched] if one.pre_matched is not None else 0,
            "kind": _KINDS[SEATS_FOR[one.kind]],
            "country": words.countries[one.country],
            "agency": words.agencies[one.organisation_id],
            "rank": _RANKS[one.rank_group],
            "service": -2 if one.service is None else words.services[one.service],
            "minimum": order_of(one.language_minimum),
            "group": one.group_size,
            "first": one.first_time,
            "anytime": one.weeks is None,
        }
        self._set(slot, one.id, "candidate", single)
        for place, topic in enumerate(one.topics):
            self._put("wish", words.topics[topic], slot, _WISHES[min(place, len(_WISHES) - 1)])
        for area, skill in one.expertise.items():
            self._put("level", words.areas[area], slot, skill.level)
            self._put("depth", words.areas[area], slot, 20 * skill.level + 4 * min(skill.years, 10))
        for language, level in one.languages.items():
            self._put("tongue", words.tongues[language], slot, level.order)
        for week in one.weeks or ():
            self._put("week", words.weeks[week], slot, 1)
        for country in one.preferred_countries:
            self._put("prefers", words.countries[country], slot, 100)
        for identity in one.conflicts:
            self.conflicts[identity].add(slot)
        for identity in one.barred:
            self.barred[identity].add(slot)
        return slot

    def remove(self, one: Candidate) -> int:
        """Free the slot of a candidate, and give it."""
        slot = self._remove(one.id, one.conflicts)
        for identity in one.barred:
            self.barred[identity].discard(slot)
        return slot


class Seats(Side):
    """What can be taken."""

    _SINGLE: ClassVar[dict[str, Any]] = {
        "alive": np.bool_,
        "name": np.int32,
        "named": np.int32,
        "word": np.uint64,
        "kind": np.int8,
        "country": np.int16,
        "agency": np.int32,
        "rank": np.int8,
        "service": np.int16,
        "available": np.bool_,
        "any_topic": np.bool_,
        "any_skill": np.bool_,
        "anytime": np.bool_,
        "least": np.int8,
        "group": np.int16,
    }
    _BY_VALUE: ClassVar[dict[str, tuple[str, Any, int]]] = {
        "has": ("topics", np.int16, 0),
        "level": ("areas", np.int16, 0),
        "asks": ("tongues", np.int16, NOT_ASKED),
        "speaks": ("tongues", np.int16, 0),
        "week": ("weeks", np.int16, 0),
        "excludes": ("ranks", np.bool_, 0),
    }

    def __init__(self, words: Words, seed: str, size: int, rules: Rules) -> None:
        super().__init__(words, seed, size)
        self._minimum = order_of(rules.language_minimum)

    def add(self, one: Seat) -> int:
        """Give a seat a slot."""
        slot, words = self.slot(), self.words
        single = {
            "named": words.names[one.pre_matched] if one.pre_matched is not None else 0,
            "kind": _KINDS[one.kind],
            "country": words.countries[one.country],
            "agency": words.agencies[one.organisation_id],
            "rank": -1 if one.rank_group is None else _RANKS[one.rank_group],
            "service": -1 if one.service is None else words.services[one.service],
            "available": one.available,
            "any_topic": not one.topics,
            "any_skill": not one.expertise,
            "anytime": one.weeks is None,
            "least": one.minimum_level,
            "group": one.group_size,
        }
        self._set(slot, one.id, "seat", single)
        for topic in one.topics:
            self._put("has", words.topics[topic], slot, 1)
        for area, skill in one.expertise.items():
            self._put("level", words.areas[area], slot, skill.level)
        for language, minimum in one.languages.items():
            tongue = words.tongues[language]
            self._put("asks", tongue, slot, max(order_of(minimum), self._minimum))
            self._put("speaks", tongue, slot, order_of(one.speaks.get(language)) if one.speaks else TOP_LEVEL)
        for week, places in (one.weeks or {}).items():
            if places > 0:
                self._put("week", words.weeks[week], slot, 1)
        for rank in one.excluded_ranks:
            self._by_value["excludes"][_RANKS[rank], slot] = True
        for identity in one.conflicts:
            self.conflicts[identity].add(slot)
        return slot

    def remove(self, one: Seat) -> int:
        """Free the slot of a seat, and give it."""
        return self._remove(one.id, one.conflicts)
