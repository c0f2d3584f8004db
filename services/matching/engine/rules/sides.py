"""The two sides of a market as arrays in which single candidates and seats can change at any time.

Each candidate and each seat has a slot; a property (`properties.py`) is an array over slots, or one row a word of its
vocabulary, so that one candidate is judged against all seats, or one seat against all candidates, in a few operations
of numpy. Slots of those who left are used again; arrays grow by half when they are full.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np

from services.matching.engine.problem.problem import Candidate, Seat
from services.matching.engine.rules.criteria import Term
from services.matching.engine.rules.properties import Numbers, Property, Setting, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

Entry = TypeVar("Entry", Candidate, Seat)

_LEAST = 16

Words = defaultdict[Vocabulary, Numbers]
"""The numbers of the words of each vocabulary, which both sides share."""


class Side(Generic[Entry]):
    """One side of the market in arrays: the properties that the terms of criteria and hard rules need.

    `place` maps an id to its slot, `alive` says which slots are used, `word` is what the tie-breaks of a slot are mixed
    from.
    """

    def __init__(
        self,
        name: Literal["candidate", "seat"],
        setting: Setting,
        words: Words,
        terms: Iterable[Term],
        seed: str,
        size: int,
    ) -> None:
        self._name, self._setting, self._words, self._seed = name, setting, words, seed
        self.place: dict[str, int] = {}
        self.top = 0
        self.room = size + size // 8 + _LEAST
        self._free: list[int] = []
        self.alive = np.zeros(self.room, np.bool_)
        self.word = np.zeros(self.room, np.uint64)
        self._single: dict[Property, NDArray[Any]] = {}
        self._by_word: dict[Vocabulary, dict[Property, NDArray[Any]]] = defaultdict(dict)
        self._stating: dict[Vocabulary, dict[Hashable, set[int]]] = {}
        self._listed: dict[Property, dict[int, dict[Hashable, int]]] = {}
        for term in terms:
            if term.over is not None and (term.sparse or term.listed):
                self._stating[term.over] = defaultdict(set)
            for part in term.own if name == "candidate" else term.theirs:
                if term.listed:
                    self._listed[part] = {}
                elif part.over is None:
                    self._single[part] = np.zeros(self.room, part.kind)
                else:
                    self._by_word[part.over][part] = np.full((_LEAST, self.room), part.empty, part.kind)

    def stated(self, words: Vocabulary, entry: Entry) -> Collection[Hashable]:
        """Return the words that a candidate or a seat states."""
        found: Collection[Hashable] = getattr(words, self._name)(entry, self._setting)
        return found

    def stating(self, words: Vocabulary, word: Hashable) -> Collection[int]:
        """Return the slots of those who state a word, of a vocabulary of which nothing else is known."""
        return self._stating[words].get(word, ())

    def listed(self, part: Property, word: Hashable, slot: int) -> int:
        """Return the value of a property for a word that the slot states; no array holds it."""
        return self._listed[part][slot][word]

    def values(self, at: int | slice) -> dict[Property, Any]:
        """Return all properties in some slots; of one with words, a row a word."""
        found = {part: values[at] for part, values in self._single.items()}
        for parts in self._by_word.values():
            found.update((part, rows[:, at]) for part, rows in parts.items())
        return found

    def add(self, entry: Entry) -> int:
        """Add a candidate or a seat, and return its slot."""
        slot, setting = self._slot(), self._setting
        digest = hashlib.blake2b(f"{self._seed}/{self._name}/{entry.id}".encode(), digest_size=8).digest()
        self.alive[slot], self.word[slot], self.place[entry.id] = True, int.from_bytes(digest, "little"), slot
        for part, values in self._single.items():
            values[slot] = part.of(entry, setting)
        for words, parts in self._by_word.items():
            numbers = [self._words[words][word] for word in self.stated(words, entry)]
            self._widen(words)
            for part, rows in parts.items():
                rows[:, slot] = part.empty
                for number, value in zip(numbers, part.of(entry, setting), strict=True):
                    rows[number, slot] = value
        for part, values_of in self._listed.items():
            assert part.over is not None
            values_of[slot] = dict(zip(self.stated(part.over, entry), part.of(entry, setting), strict=True))
        for words, stating in self._stating.items():
            for word in self.stated(words, entry):
                stating[word].add(slot)
        return slot

    def remove(self, entry: Entry) -> int:
        """Free the slot of a candidate or a seat, and return it."""
        slot = self.place.pop(entry.id)
        for words, stating in self._stating.items():
            for word in self.stated(words, entry):
                stating[word].discard(slot)
        self.alive[slot] = False
        self._free.append(slot)
        return slot

    def widen(self) -> None:
        """Make room for the present words, so that both sides have a row for each."""
        for words in self._by_word:
            self._widen(words)

    def _widen(self, words: Vocabulary) -> None:
        size = len(self._words[words])
        for part, rows in self._by_word[words].items():
            if size > len(rows):
                more = np.full((size - len(rows) + _LEAST, self.room), part.empty, part.kind)
                self._by_word[words][part] = np.concatenate([rows, more])

    def _slot(self) -> int:
        """Return an unused slot; grow the arrays if none is left."""
        if self._free:
            return self._free.pop()
        if self.top == self.room:
            self._resize(self.room // 2)
        self.top += 1
        return self.top - 1

    def _resize(self, more: int) -> None:
        self.room += more
        self.alive = np.concatenate([self.alive, np.zeros(more, np.bool_)])
        self.word = np.concatenate([self.word, np.zeros(more, np.uint64)])
        for part, values in self._single.items():
            self._single[part] = np.concatenate([values, np.zeros(more, values.dtype)])
        for parts in self._by_word.values():
            for part, rows in parts.items():
                parts[part] = np.concatenate([rows, np.full((len(rows), more), part.empty, part.kind)], axis=1)
