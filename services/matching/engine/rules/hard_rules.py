"""Apply the hard rules: the seats that a candidate may take, and how many each rule takes away.

The rules are in the order of `HardRule` (domain.md, "Rules"), as `criteria.py` declares them; each is applied to the
seats that the rules before it have left, so that the funnel of a receipt adds up.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat, SeatKind
from services.matching.engine.rules import criteria
from services.matching.engine.rules.properties import Setting, Usage
from services.matching.engine.rules.seat_rows import SeatRows
from shared.contracts.codes import HardRule


@dataclass(frozen=True, slots=True)
class Step:
    """The effect of one hard rule: how many seats remain after it, and how many it took away."""

    rule: HardRule
    remaining: int
    removed: int


@dataclass(frozen=True, slots=True)
class Feasible:
    """Seats that pass every rule (bitmap), and the bitmap after each rule, with that before the first in front."""

    seats: int
    after: tuple[int, ...]

    def funnel(self) -> tuple[Step, ...]:
        """Return the steps in order, one a rule."""
        counts = [bits.bit_count() for bits in self.after]
        return tuple(
            Step(requirement.rule, left, before - left)
            for requirement, before, left in zip(criteria.REQUIREMENTS, counts, counts[1:], strict=False)
        )


def share_of(rules: Rules, seat: Seat) -> int:
    """Return how many places of a seat one country may take; a mentor and an offer to a group have no such limit."""
    capped = seat.kind is SeatKind.PLACEMENT and not seat.share_exempt
    return rules.most_of_one_country(seat.capacity) if capped else seat.capacity


class HardRules:
    """The rules of one problem, ready for any candidate.

    Takes the problem and its seats in the order of the bits. One question costs time in proportion to what the
    candidate states, not to the pairs.
    """

    def __init__(self, problem: Problem, seats: Sequence[Seat]) -> None:
        self.problem = problem
        self.seats = seats
        self.rows = SeatRows(Setting(problem, self._count_fixed()), seats)

    def _count_fixed(self) -> Usage:
        """Count capacity, shares and quotas that fixed pairs have used up."""
        taken: Counter[str] = Counter()
        used: dict[str, Counter[str]] = defaultdict(Counter)
        self.sent: Counter[str] = Counter()
        for pair in self.problem.fixed:
            taken[pair.seat_id] += 1
            used[pair.seat_id][pair.country] += 1
            self.sent[pair.country] += 1
        self.free = [max(0, seat.capacity - taken[seat.id]) for seat in self.seats]
        self.shares = [self.share_of(seat) for seat in self.seats]
        self.used_shares = [dict(used.get(seat.id, {})) for seat in self.seats]
        used_up: dict[str, Sequence[str]] = {}
        for seat, share, counts in zip(self.seats, self.shares, self.used_shares, strict=True):
            if full := [country for country, count in counts.items() if count >= share]:
                used_up[seat.id] = full
        return Usage(
            full=frozenset(seat.id for seat, free in zip(self.seats, self.free, strict=True) if not free),
            at_ceiling=frozenset(
                country for country, most in self.problem.rules.ceilings.items() if self.sent[country] >= most
            ),
            shares=used_up,
        )

    def share_of(self, seat: Seat) -> int:
        """Return how many places of the seat one country may take."""
        return share_of(self.problem.rules, seat)

    def ask(self, candidate: Candidate) -> Feasible:
        """Return the seats that the candidate may take, and what each rule left."""
        rows, kind = self.rows, criteria.SAME_KIND
        keys = partial(_keys, rows, candidate)
        left = rows.bits(kind, rows.keys(kind, candidate)[0])
        after = [left]
        for requirement in criteria.REQUIREMENTS:
            left &= rows.left_by(requirement, keys)
            after.append(left)
        return Feasible(left, tuple(after))

    def passing(self, candidate: Candidate) -> dict[HardRule, int]:
        """Return the seats that pass each rule, judged by itself (bitmaps), in the order of the rules."""
        keys = partial(_keys, self.rows, candidate)
        return {requirement.rule: self.rows.left_by(requirement, keys) for requirement in criteria.REQUIREMENTS}

    def broken(self, candidate: Candidate, place: int) -> tuple[HardRule, ...]:
        """Return all rules that a candidate and a seat (its number) break, each judged by itself."""
        keys = partial(_keys, self.rows, candidate)
        return tuple(
            requirement.rule
            for requirement in criteria.REQUIREMENTS
            if not self.rows.left_by(requirement, keys) >> place & 1
        )


def _keys(rows: SeatRows, candidate: Candidate, term: criteria.Term) -> Sequence[tuple[object, ...]]:
    return rows.keys(term, candidate)
