"""Judge one candidate against all seats, or one seat against all candidates, for the live engine.

The hard rules and criteria are those of `criteria.py`; `test_live.py` shows that they give the result of a whole
problem. Capacity, quota and share are left out: they change with every event, and `incremental/book.py` applies them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat, Weight
from services.matching.engine.rules import criteria
from services.matching.engine.rules.criteria import Measure, Requirement, Term
from services.matching.engine.rules.properties import Numbers, Setting, Vocabulary
from services.matching.engine.rules.scores import TIE_BITS
from services.matching.engine.rules.sides import Side, Words

Integers = NDArray[np.int64]

_NAMED = np.int64(1 << 62)
_MASK = np.uint64((1 << TIE_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One against all slots of the other side: `own` orders seats for a candidate (0: not feasible), `key` the reverse.

    Both are strict: a score with its tie-break below it.
    """

    own: Integers
    key: Integers

    def scores(self, rules: Rules) -> tuple[int, int]:
        """Return the candidate's gain and the seat's preference, of a line that holds one feasible pair."""
        gain, preference = self.all_scores(rules)
        return int(gain), int(preference)

    def all_scores(self, rules: Rules) -> tuple[Integers, Integers]:
        """Return the same for a whole line; they mean nothing where a pair is not feasible."""
        gain = rules.gain_of((self.own - 1) >> TIE_BITS)
        return gain, rules.preference_of((self.key & ~_NAMED) >> TIE_BITS)


class Pairing:
    """The two sides of one problem, and the judgement of its rules on any pair of them."""

    def __init__(self, problem: Problem) -> None:
        self.setting = Setting(problem)
        self.words: Words = Words(Numbers)
        rules = problem.rules
        self._requirements = [requirement for requirement in criteria.REQUIREMENTS if not requirement.fleeting]
        self._weighed: list[tuple[Measure, list[Term], Weight]] = []
        for measure in criteria.CRITERIA:
            weight, used = rules.weights.get(measure.criterion), [term for term in measure.terms if term.used(rules)]
            if used and weight is not None and (weight.applicant or weight.host):
                self._weighed.append((measure, used, weight))
        terms = {criteria.SAME_KIND, *criteria.PUT_FIRST}
        terms.update(term for requirement in self._requirements for term in requirement.terms)
        terms.update(term for _, used, _ in self._weighed for term in used)
        terms.update(term for term in criteria.ORDERS if term.used(rules))
        self.candidates = Side[Candidate](
            "candidate", self.setting, self.words, terms, problem.seed, len(problem.candidates)
        )
        self.seats = Side[Seat]("seat", self.setting, self.words, terms, problem.seed, len(problem.seats))

    def row(self, candidate: Candidate, slot: int) -> Line:
        """Return a candidate's line over all seats; the candidate has the slot."""
        self._widen()
        return self._line(_Comparison(self, candidate, slot, slice(0, self.seats.top)))

    def column(self, seat: Seat, slot: int) -> Line:
        """Return a seat's line over all candidates; the seat has the slot."""
        self._widen()
        return self._line(_Comparison(self, seat, slice(0, self.candidates.top), slot))

    def _widen(self) -> None:
        self.candidates.widen()
        self.seats.widen()

    def _line(self, meeting: "_Comparison") -> Line:
        own_tie, seat_tie = _ties(self.candidates.word[meeting.candidate], self.seats.word[meeting.seat])
        ok = meeting.alive & meeting.value(criteria.SAME_KIND)
        for requirement in self._requirements:
            meeting.hold(requirement, ok)
        gain, preference = np.zeros(len(ok), np.int32), np.zeros(len(ok), np.int32)
        for measure, terms, weight in self._weighed:
            points = meeting.points(measure, terms)
            if weight.applicant:
                gain += np.multiply(points, weight.applicant, dtype=np.int32)
            if weight.host:
                preference += np.multiply(points, weight.host, dtype=np.int32)
        rules = self.setting.rules
        valued, wanted = preference.astype(np.int64), gain.astype(np.int64)
        if criteria.CHOSEN.used(rules):
            valued = rules.valued(valued, np.asarray(meeting.value(criteria.CHOSEN), np.int64))
        key = (valued << TIE_BITS) | seat_tie
        for term in criteria.PUT_FIRST:
            if (named := meeting.value(term)) is not False:
                key = np.where(named, key | _NAMED, key)
        if rules.wishes_count:
            wanted = rules.wanted(wanted, meeting.value(criteria.WISHED).astype(np.int64))
        return Line(np.where(ok, (wanted << TIE_BITS | own_tie) + 1, 0), key)


class _Comparison:
    """One against all slots of the other side: the value of each term, computed once."""

    def __init__(self, pairing: Pairing, entry: Candidate | Seat, candidate: int | slice, seat: int | slice) -> None:
        self.candidate, self.seat = candidate, seat
        self._pairing, self._setting = pairing, pairing.setting
        self._side: Side[Any] = pairing.seats if isinstance(seat, int) else pairing.candidates
        self._others: Side[Any] = pairing.candidates if isinstance(seat, int) else pairing.seats
        self._entry = entry
        self._own, self._theirs = pairing.candidates.values(candidate), pairing.seats.values(seat)
        self.alive = self._others.alive[: self._others.top]
        self._known: dict[Term, Any] = {}
        self._numbers: dict[Vocabulary, Sequence[int]] = {}

    def value(self, term: Term, *, counted: bool = False) -> Any:
        """Return the value of a term, an array or the same for all: the greatest of all words, or their sum."""
        if term not in self._known:
            self._known[term] = self._value(term, counted=counted)
        return self._known[term]

    def hold(self, requirement: Requirement, ok: NDArray[np.bool_]) -> None:
        """Put False for all with whom a hard rule does not hold."""
        if requirement.opens or requirement.count:
            ok &= self._open(requirement)
        for term in requirement.bars:
            if (given := self.value(term)) is not False:
                ok &= ~_some(given)

    def points(self, measure: Measure, terms: Sequence[Term]) -> Any:
        """Return the points of a criterion, by those of its terms that are used."""
        counted = measure.up_to > 0
        return measure.points(reduce(measure.joined, [self.value(term, counted=counted) for term in terms]))

    def _open(self, requirement: Requirement) -> Any:
        found: Any = False
        for term in requirement.opens:
            given = self.value(term)
            if given is False:
                continue
            some = _some(given)
            if some.ndim == 0 and some:
                return True
            found = some if found is False else found | some
        if requirement.count is not None:
            enough = self.value(requirement.count, counted=True) >= requirement.least(self._setting.rules)
            found = enough if found is False else found | enough
        return found

    def _value(self, term: Term, *, counted: bool) -> Any:
        if term.over is not None and term.sparse:
            found = self._hits(term, term.over)
        elif term.over is not None and term.listed:
            found = self._listed(term, term.over)
        else:
            numbers = (0,) if term.over is None else self._numbers_of(term.over)
            worth = [self._worth(term, number) for number in numbers]
            found = reduce(np.add if counted else np.maximum, worth) if worth else np.int16(0)
        return np.minimum(np.maximum(found, 0), 100) if term.capped else found

    def _worth(self, term: Term, number: int) -> Any:
        values = [self._own[part] if part.over is None else self._own[part][number] for part in term.own]
        values += [self._theirs[part] if part.over is None else self._theirs[part][number] for part in term.theirs]
        return term.worth(self._setting, *values)

    def _hits(self, term: Term, words: Vocabulary) -> Any:
        """Return where a word that the one states is stated too, and gives something; False if nowhere."""
        slots: list[int] = []
        for word in self._side.stated(words, self._entry):
            slots += self._others.stating(words, word)
        if not slots:
            return False
        hits = np.zeros(self._others.top, np.bool_)
        hits[slots] = True
        worth = self._worth(term, 0)
        return hits if worth is True else hits * worth

    def _listed(self, term: Term, words: Vocabulary) -> Any:
        """Return the greatest worth of the words that both state, of a term that only the seats say something of."""
        found = np.zeros(self._others.top, np.int16)
        (part,), seats = term.theirs, self._pairing.seats
        for word in self._side.stated(words, self._entry):
            for slot in self._others.stating(words, word):
                seat = self.seat if isinstance(self.seat, int) else slot
                found[slot] = max(found[slot], term.worth(self._setting, seats.listed(part, word, seat)))
        return found

    def _numbers_of(self, words: Vocabulary) -> Sequence[int]:
        if words not in self._numbers:
            numbers = self._pairing.words[words]
            self._numbers[words] = [numbers[word] for word in self._side.stated(words, self._entry)]
        return self._numbers[words]


def _some(given: Any) -> Any:
    """Return whether a term gives something."""
    return given if given.dtype == np.bool_ else given > 0


def _ties(own: Any, other: Any) -> tuple[Integers, Integers]:
    """Return the published tie-breaks of both sides (see `Scores.ties`), one of which is a single one."""
    with np.errstate(over="ignore"):
        mixed = np.add(own, other, dtype=np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(64 - TIE_BITS)).astype(np.int64), (mixed & _MASK).astype(np.int64)
