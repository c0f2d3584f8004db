"""Score pairs: the candidate's gain, the seat's preference, and the tie-break of equal scores.

Each criterion (`criteria.py`) gives 0 to 100 points; a side's score is the sum of all criteria, each times the weight
that the call sets for that side.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Weight
from services.matching.engine.rules import criteria
from services.matching.engine.rules.columns import Columns
from services.matching.engine.rules.criteria import Measure, Term
from services.matching.engine.rules.seat_rows import Row, SeatRows
from shared.contracts.codes import Criterion

TIE_BITS = 38
_TIE_MASK = np.uint64((1 << TIE_BITS) - 1)

Words = NDArray[np.uint64]
Points = Mapping[Criterion, NDArray[np.int16]]


class Scores:
    """The criteria of one problem, ready to be computed for any candidates against its seats."""

    def __init__(self, rows: SeatRows, seed: str) -> None:
        self._rows = rows
        self._rules = rows.setting.rules
        self._seed = seed
        self.seat_hashes = hashes(seed, "seat", [seat.id for seat in rows.seats])

    def points(self, candidates: Sequence[Candidate]) -> Points:
        """Return points (candidates x seats) of each criterion, 0 to 100.

        They mean nothing if a hard rule is broken.
        """
        if len(candidates) == 1:
            return {measure.criterion: self._of_one(measure, candidates[0])[None, :] for measure in criteria.CRITERIA}
        return Columns(self._rows, candidates).points(0, len(candidates))

    def _of_one(self, measure: Measure, candidate: Candidate) -> Row:
        """Return the points of one candidate at every seat, without the columns that many need."""
        rows = self._rows
        terms = [term for term in measure.terms if term.used(self._rules)]
        found = [rows.row(term, key) for term in terms for key in rows.keys(term, candidate)]
        return measure.points(reduce(measure.joined, found)) if found else np.zeros(len(rows.seats), np.int16)

    def wishes(self, candidates: Sequence[Candidate]) -> NDArray[np.int64]:
        """Return the places of seats among the wishes (candidates x seats) as `Rules.wanted` counts them."""
        return self._places(criteria.WISHED, candidates)

    def choices(self, candidates: Sequence[Candidate]) -> NDArray[np.int64]:
        """Return the places of candidates among wishes of seats (candidates x seats) as `Rules.valued` counts them."""
        return self._places(criteria.CHOSEN, candidates)

    def _places(self, term: Term, candidates: Sequence[Candidate]) -> NDArray[np.int64]:
        found = np.zeros((len(candidates), len(self._rows.seats)), np.int64)
        for place, candidate in enumerate(candidates):
            for key in self._rows.keys(term, candidate):
                found[place] += self._rows.row(term, key)
        return found

    def totals(self, points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the weighted sums (candidates x seats) of both sides: the candidate's gain, the seat's preference."""
        shape = next(iter(points.values())).shape
        gain, preference = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for criterion, weight in self._rules.weights.items():
            if weight.applicant:
                gain += points[criterion] * np.int32(weight.applicant)
            if weight.host:
                preference += points[criterion] * np.int32(weight.host)
        return gain.astype(np.int64), preference.astype(np.int64)

    def ties(self, candidates: Sequence[Candidate]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the published tie-breaks of candidates and of seats (each candidates x seats), `TIE_BITS` wide.

        blake2b of seed and ids, then splitmix64 a pair, whose upper bits serve the candidate and lower bits the seat: a
        hash a person and a mix a pair, since a hash a pair would cost more than all the rest. splitmix64 after Steele,
        Lea & Flood, "Fast splittable pseudorandom number generators" (2014).
        """
        own = hashes(self._seed, "candidate", [candidate.id for candidate in candidates])
        with np.errstate(over="ignore"):
            mixed = own[:, None] + self.seat_hashes[None, :]
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        return (mixed >> np.uint64(64 - TIE_BITS)).astype(np.int64), (mixed & _TIE_MASK).astype(np.int64)

    def named(self, candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
        """Return pairs (candidates x seats) of counterparts who are pre-matched.

        Such a seat prefers them to all others.
        """
        named = np.zeros((len(candidates), len(self._rows.seats)), bool)
        for place, candidate in enumerate(candidates):
            for term in criteria.PUT_FIRST:
                for key in self._rows.keys(term, candidate):
                    named[place] |= self._rows.row(term, key) > 0
        return named


@dataclass(frozen=True, slots=True)
class Earned:
    """The points (0 to 100) of one criterion in one pair, and their weight for each side."""

    criterion: Criterion
    points: int
    weight: Weight

    @property
    def applicant(self) -> int:
        """The points that the criterion adds to the applicant's sum, `applicant_of` at most."""
        return self.points * self.weight.applicant

    @property
    def applicant_of(self) -> int:
        """The most that it could add."""
        return 100 * self.weight.applicant

    @property
    def host(self) -> int:
        """The points that the criterion adds to the seat's sum, `host_of` at most."""
        return self.points * self.weight.host

    @property
    def host_of(self) -> int:
        """The most that it could add."""
        return 100 * self.weight.host


def hashes(seed: str, side: str, identities: Iterable[str]) -> Words:
    """Return 64 bits a person or seat: blake2b of seed, side and id."""
    digests = (hashlib.blake2b(f"{seed}/{side}/{identity}".encode(), digest_size=8).digest() for identity in identities)
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
