"""Match a call in layers: groups first, then single candidates.

The entry for a whole call. If no group is in the pool it is exactly `matching.run`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from services.matching.engine.explain.prices import Prices, prices, total_of
from services.matching.engine.explain.receipt import Receipt, Together, Why
from services.matching.engine.explain.repairs import Counterfactual, applied
from services.matching.engine.groups.layout import GroupsPrice, Layout, lay_out
from services.matching.engine.groups.repairs import group_changes
from services.matching.engine.groups.units import Unit
from services.matching.engine.market.market import Market
from services.matching.engine.matching import Pair, Result, run
from services.matching.engine.problem.problem import Problem
from services.matching.engine.solution import Solution
from services.matching.engine.stable.deferred_acceptance import UNMATCHED
from services.matching.engine.stable.floors import Unmet, unmet
from shared.contracts.codes import Change, WishMissed

_COUNTED = frozenset({Change.MORE_PLACES, Change.QUOTA})
_OF_THE_MARKET = _COUNTED | {Change.RANK_GROUP, Change.LARGER_GROUP, Change.PLACES_IN_WEEK}
_TAKEN_BY_GROUPS = (0, 1, 2, 3, 5, 10, 20)
"""So much more than singles alone would need is tried, since groups go first."""


def run_layers(problem: Problem) -> Result:
    """Match a call, layer by layer. The same problem gives the same result, whatever the order of its parts."""
    layout = lay_out(problem)
    return Layered(layout, run(layout.rest)) if layout.units else run(problem)


class Layered(Result):
    """The outcome of a run with groups: the groups' layer and, beside it, the run of those who go alone."""

    def __init__(self, layout: Layout, rest: Result) -> None:
        super().__init__(rest._market, rest._solution)  # noqa: SLF001 - a Result of the same engine
        self._layout = layout
        self._rest = rest
        self._changes: dict[str, tuple[tuple[Counterfactual, ...], int]] = {}

    @property
    def problem(self) -> Problem:
        """The problem: groups and singles."""
        return self._layout.problem

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The new pairs of groups and singles, by candidate id."""
        placed = []
        for unit in self._layout.units:
            for candidate in unit.members:
                if (seat := self._layout.seats[candidate.id]) is not None:
                    gain, preference = self._scores_of(candidate.id, seat)
                    placed.append(Pair(candidate.id, seat, gain, preference))
        return tuple(sorted((*placed, *self._rest.pairs), key=lambda pair: pair.candidate_id))

    @cached_property
    def matching(self) -> Mapping[str, str]:
        """Candidate id -> seat id, new pairs only."""
        return {pair.candidate_id: pair.seat_id for pair in self.pairs}

    @cached_property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of candidates without a seat, in order."""
        alone = [candidate for candidate, seat in self._layout.seats.items() if seat is None]
        return tuple(sorted((*alone, *self._rest.unmatched)))

    @cached_property
    def prices(self) -> Prices:
        """Both prices of the whole: pairs that block within a layer, and the sum beside what the rules would allow.

        The best sum is that of people placed one by one, which groups need not reach.
        """
        market, assigned = self._whole._market, self._whole._solution.assigned  # noqa: SLF001 - a Result of our own
        reached = prices(market, assigned)
        blocking = self._rest.prices.blocking_pairs + self._layout.blocking
        return replace(reached, blocking_pairs=blocking, total=total_of(market, assigned))

    @property
    def groups_price(self) -> GroupsPrice:
        """The cost of letting groups go first."""
        placed = sum(self._layout.seats[unit.members[0].id] is not None for unit in self._layout.units)
        return GroupsPrice(
            placed=placed,
            unplaced=len(self._layout.units) - placed,
            blocking=self._layout.blocking,
            envied=self._layout.envied(self._whole._market, self.matching),  # noqa: SLF001 - a Result of our own
        )

    @cached_property
    def ranks(self) -> Mapping[int, int]:
        """Return rank obtained among the feasible -> how many candidates.

        A member's rank is that of his or her own wishes.
        """
        counted = Counter(self._rest.ranks)
        for unit in self._layout.units:
            for candidate in unit.members:
                if (
                    self._layout.seats[candidate.id] is not None
                    and (option := self._member(candidate.id).match) is not None
                ):
                    counted[option.rank] += 1
        return dict(sorted(counted.items()))

    @cached_property
    def floors(self) -> tuple[Unmet, ...]:
        """Return the floors that are not met, each with how many are missing and why."""
        return unmet(self._whole._market, self.matching, self.problem)  # noqa: SLF001 - a Result of our own

    @cached_property
    def feasible_pairs(self) -> int:
        """The number of pairs that meet all hard rules, a member's with the seats that take the whole group."""
        return self._rest.feasible_pairs + sum(unit.size * len(unit.wishes) for unit in self._layout.units)

    def next_in_line(self, seat_id: str) -> tuple[str, ...]:
        """Return the singles without a seat who could take this one, in the order of its preference."""
        return tuple(
            candidate for candidate in self._whole.next_in_line(seat_id) if candidate not in self._layout.seats
        )

    def receipt(self, candidate_id: str, *, effort: int = 40) -> Receipt:
        """Return the receipt of a candidate. Raises KeyError for a candidate who was not in the pool."""
        unit = self._layout.unit_of(candidate_id)
        if unit is not None:
            return self._of_member(unit, candidate_id, effort)
        receipt = self._rest.receipt(candidate_id, effort=effort)
        holding = (self._holding(candidate_id, change) for change in receipt.changes)
        return replace(receipt, changes=tuple(change for change in holding if change is not None))

    def receipts(self, *, effort: int = 40) -> Iterator[Receipt]:
        """The receipts of all candidates, one by one, by candidate id."""
        for candidate in sorted((*self.matching, *self.unmatched)):
            yield self.receipt(candidate, effort=effort)

    def _holding(self, candidate_id: str, change: Counterfactual) -> Counterfactual | None:
        """Return a change, found among singles, as it holds once groups have gone first again; None if it does not.

        A group may take what the change gives, so more of it is tried.
        """
        if not any(part.change in _OF_THE_MARKET for part in change.parts):
            return change
        for more in _TAKEN_BY_GROUPS:
            parts = [
                replace(part, count=(part.count or 1) + more) if part.change in _COUNTED else part
                for part in change.parts
            ]
            larger = replace(parts[0], beside=tuple(parts[1:]))
            seat = run_layers(applied(self.problem, candidate_id, larger)).matching.get(candidate_id)
            if seat is not None:
                return replace(
                    larger, seat_id=seat, beside=tuple(replace(part, seat_id=seat) for part in larger.beside)
                )
        return None

    def _of_member(self, unit: Unit, candidate_id: str, effort: int) -> Receipt:
        """Return the receipt of a group's member: own points and rules, and how many seats take the whole group."""
        receipt = self._member(candidate_id)
        placed = self._layout.seats[candidate_id] is not None
        why = Why.MATCHED if placed else Why.GROUP_TOO_LARGE if not unit.wishes else Why.OUTRANKED
        changes, tried = ((), 0) if placed or not effort else self._would_place(unit)
        return replace(
            receipt,
            why=why,
            together=Together(size=unit.size, feasible=len(unit.wishes)),
            waiting_place=None if placed or not unit.wishes else self._waiting_place(unit),
            changes=changes,
            tried=tried,
            missed=None if receipt.missed is None else replace(receipt.missed, why=WishMissed.GROUP),
        )

    def _waiting_place(self, unit: Unit) -> int:
        """Return how many groups without a seat the most wanted one prefers to this, plus one."""
        seat = next(iter(unit.wishes))
        return 1 + sum(
            self._layout.seats[other.members[0].id] is None
            and seat in other.wishes
            and other.wishes[seat].valued > unit.wishes[seat].valued
            for other in self._layout.units
            if other is not unit
        )

    def _would_place(self, unit: Unit) -> tuple[tuple[Counterfactual, ...], int]:
        """Return the smallest sets of changes that would have placed the whole group, the same for all its members."""
        if unit.group_id not in self._changes:
            self._changes[unit.group_id] = group_changes(self.problem, unit)
        return self._changes[unit.group_id]

    @cached_property
    def _whole(self) -> Result:
        """Return everybody in one market with the seats of both layers."""
        market = Market(self.problem)
        given = {**{pair.candidate_id: pair.seat_id for pair in self._rest.pairs}, **self._layout.seats}
        assigned = [market.seat_place.get(given.get(candidate.id) or "", UNMATCHED) for candidate in market.candidates]
        return Result(market, Solution(assigned))

    def _member(self, candidate_id: str) -> Receipt:
        return self._whole.receipt(candidate_id, effort=0)

    def _scores_of(self, candidate_id: str, seat_id: str) -> tuple[int, int]:
        """Return both scores of a member's pair."""
        market = self._whole._market  # noqa: SLF001 - a Result of our own
        row = market.pairs.row(market.place[candidate_id])
        at = market.pairs.seat[row].tolist().index(market.seat_place[seat_id]) + row.start
        return int(market.pairs.gain[at]), int(market.pairs.preference[at])
