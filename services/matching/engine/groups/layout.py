"""Place the groups of a problem: all members of a group at one seat, in the same weeks, or none.

Groups are placed before single candidates, as a layer of their own; only pre-matched pairs come before them. Placed
together with singles, a group would almost never find room: whenever one place falls free a single takes it, and no
stable matching need exist any more (matching with sizes; McDermid & Manlove, "Keeping partners together: algorithmic
results for the hospitals/residents problem with couples", 2010, show that to decide it is NP-hard). What going first
costs the others is counted and reported with the run (`Layout.envied`).

Among themselves groups propose as units, by deferred acceptance over units, each seat keeping the units it values most
as far as they fit. That choice is not substitutable, since a large unit may be kept out by a small one, so a pair of
group and seat may block the outcome; few groups are therefore placed by trying all ways, which takes the fewest
blocking pairs there can be, and for many groups those that remain are counted (`Layout.blocking`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from services.matching.engine.groups.placement import Choice
from services.matching.engine.groups.units import FAIR, Unit, unit_for
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Candidate, Fixed, Problem
from services.matching.engine.solution import solve


@dataclass(frozen=True, slots=True)
class Layout:
    """The seats of the groups of a problem.

    `seats` maps candidate ids of all members to a seat id, None if no seat was left that takes all of them. `blocking`
    counts pairs of a group and a seat that would both leave their partners for each other; `numbers` gives the number
    by which the units' wishes call a seat.
    """

    problem: Problem
    units: tuple[Unit, ...] = ()
    seats: Mapping[str, str | None] = field(default_factory=dict)
    blocking: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def rest(self) -> Problem:
        """Return the problem of the single candidates, beside the groups that are placed."""
        country = {candidate.id: candidate.country for candidate in self.problem.candidates}
        group = {candidate.id: candidate.group_id for candidate in self.problem.candidates}
        placed = tuple(
            Fixed(candidate_id=candidate_id, seat_id=seat, country=country[candidate_id], group_id=group[candidate_id])
            for candidate_id, seat in sorted(self.seats.items())
            if seat is not None
        )
        singles = tuple(candidate for candidate in self.problem.candidates if candidate.id not in self.seats)
        return replace(self.problem, candidates=singles, fixed=(*self.problem.fixed, *placed))

    def unit_of(self, candidate_id: str) -> Unit | None:
        """Return the unit of a candidate, if any."""
        return next((unit for unit in self.units if any(member.id == candidate_id for member in unit.members)), None)

    def envied(self, market: Market, assigned: Mapping[str, str]) -> int:
        """Return the price of going first: pairs of a single and a seat that the seat's group keeps apart.

        The single wants the seat more than the present one, and the seat values the single above the group. `market`
        holds everybody, `assigned` is the whole matching by ids.
        """
        number = {seat.id: place for place, seat in enumerate(market.seats)}
        least: dict[int, int] = {}
        for unit in self.units:
            seat = self.seats[unit.members[0].id]
            if seat is not None:
                at = self.numbers[seat]
                value = unit.wishes[at].value
                least[number[seat]] = min(value, least.get(number[seat], value))
        count = 0
        for index, candidate in enumerate(market.candidates):
            if candidate.id in self.seats:
                continue
            row = market.pairs.row(index)
            own = number.get(assigned.get(candidate.id, ""), -1)
            for seat_number, preference in zip(
                market.pairs.seat[row].tolist(), market.pairs.preference[row].tolist(), strict=True
            ):
                if seat_number == own:
                    break
                count += seat_number in least and preference * FAIR > least[seat_number]
        return count


@dataclass(frozen=True, slots=True)
class GroupsPrice:
    """The price of going first: groups placed and not, blocking pairs of group and seat, singles kept out.

    `envied` counts pairs of a single and a seat: the single wants it more than the present one, and the seat values the
    single above the group that it has.
    """

    placed: int
    unplaced: int
    blocking: int
    envied: int


def lay_out(problem: Problem) -> Layout:
    """Place the groups of a problem. The same problem gives the same layout, whatever the order of its parts.

    A member whose companions are fixed follows them; one who declined the seat at which they are, or whose companions
    are all out of the pool, goes alone like any single.
    """
    members = _members(problem)
    if not members:
        return Layout(problem)
    kept = _pre_matched(problem, {member.id for group in members.values() for member in group})
    market = Market(
        replace(
            problem,
            candidates=tuple(member for group in members.values() for member in group),
            fixed=(*problem.fixed, *kept),
        )
    )
    units = [unit_for(market, group_id, group) for group_id, group in sorted(members.items())]
    chosen = Choice(market, units).best()
    seats: dict[str, str | None] = {}
    for unit, at in zip(units, chosen.at, strict=True):
        for member in unit.members:
            seats[member.id] = None if at is None else market.seats[at].id
    return Layout(
        problem,
        tuple(units),
        seats,
        chosen.blocking,
        numbers={seat.id: at for at, seat in enumerate(market.seats)},
    )


def _members(problem: Problem) -> dict[str, list[Candidate]]:
    """Return the groups to be placed together, each with its members who are still to be placed, by id."""
    taken = {pair.candidate_id for pair in problem.fixed}
    gone: dict[str, set[str]] = {}
    for pair in problem.fixed:
        if pair.group_id is not None:
            gone.setdefault(pair.group_id, set()).add(pair.seat_id)
    groups: dict[str, list[Candidate]] = {}
    for candidate in sorted(problem.candidates, key=lambda candidate: candidate.id):
        if (
            candidate.group_id is not None
            and candidate.id not in taken
            and not candidate.barred & gone.get(candidate.group_id, set())
        ):
            groups.setdefault(candidate.group_id, []).append(candidate)
    return {group: found for group, found in groups.items() if len(found) > 1 or group in gone}


def _pre_matched(problem: Problem, members: Collection[str]) -> list[Fixed]:
    """Return the pre-matched pairs of singles: they come before any group."""
    named = {seat.pre_matched for seat in problem.seats}
    ids = {seat.id: seat.pre_matched for seat in problem.seats}
    pool = [
        candidate
        for candidate in problem.candidates
        if candidate.id not in members and (candidate.id in named or candidate.pre_matched in ids)
    ]
    if not pool:
        return []
    market = Market(replace(problem, candidates=tuple(pool)))
    pairs = []
    for candidate, at in zip(market.candidates, solve(market).assigned, strict=True):
        if at >= 0 and (market.seats[at].id == candidate.pre_matched or market.seats[at].pre_matched == candidate.id):
            pairs.append(Fixed(candidate_id=candidate.id, seat_id=market.seats[at].id, country=candidate.country))
    return pairs
