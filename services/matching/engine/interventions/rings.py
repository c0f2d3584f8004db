"""Find exchange rings: agencies that exchange officers one for one (a tandem), or in a ring of three.

Of officers without a place, each of whose agencies offers one: a set of tandems and rings of the highest sum in which
nobody travels twice and no place is given twice. Such cycles are what kidney exchange clears (Abraham, Blum & Sandholm,
"Clearing algorithms for barter exchange markets", 2007: cycles of two and three, an integer program over cycles). Here
officers of one agency can replace each other, so the cycles are counted between agencies, and the choice of officers is
a flow beside them: exact as theirs, with far fewer columns.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from services.matching.engine.interventions.integer_program import Program
from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import SeatKind

EXACT_COLUMNS = 20_000
"""With more pairs and cycles than this the heaviest ring is taken again and again; a bound says what that may lose."""

SECONDS = 5.0
"""So long the optimum is searched; up to a hundred officers without a place take less."""

Cycle = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One officer of a ring and the place that he or she takes, with the gains of both sides."""

    candidate_id: str
    seat_id: str
    agency: str
    host_agency: str
    gain: int
    preference: int

    @property
    def weight(self) -> int:
        """The amount that the leg adds to the sum, as every pair does (`Pairs.weight`)."""
        return self.gain + self.preference + 1


@dataclass(frozen=True, slots=True)
class Ring:
    """Two or three legs: each goes to the agency of the next, the last to that of the first."""

    legs: tuple[Leg, ...]

    @property
    def weight(self) -> int:
        """The sum of its legs."""
        return sum(leg.weight for leg in self.legs)


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings found, the heaviest first.

    No other set has a sum above `bound`; if equal to `total` it is the optimum.
    """

    rings: tuple[Ring, ...]
    bound: int

    @property
    def total(self) -> int:
        """The sum of all rings."""
        return sum(ring.weight for ring in self.rings)


@dataclass(frozen=True, slots=True)
class _Arc:
    """A feasible pair of an officer with a placement, between two numbered agencies."""

    candidate: int
    seat: int
    home: int
    host: int
    country: int
    leg: Leg


def rings(
    market: Market, waiting: Collection[str], *, exact_columns: int = EXACT_COLUMNS, seconds: float = SECONDS
) -> Rings:
    """Return the rings among waiting candidates (ids), at the places that no fixed pair has.

    Members of a group do not travel apart, so they are left out; so are mentors, whose place is a person. Ceilings and
    shares of one country hold. The same market gives the same rings, whatever the order of its parts, unless `seconds`
    do not suffice to prove the optimum: then they are the best found until then.
    """
    arcs = _arcs(market, waiting)
    cycles = list(_cycles({(arc.home, arc.host) for arc in arcs}))
    useful = {step for cycle in cycles for step in _steps(cycle)}
    arcs = [arc for arc in arcs if (arc.home, arc.host) in useful]
    if not arcs:
        return Rings((), 0)
    found, bound = _greedy(arcs, cycles, _Room(market)), _bound(arcs, market)
    if len(arcs) + len(cycles) <= exact_columns:
        found, proven = _exact(arcs, cycles, _Room(market), found, seconds)
        bound = min(bound, proven)
    ordered = sorted(found, key=lambda ring: (-ring.weight, [leg.candidate_id for leg in ring.legs]))
    return Rings(tuple(ordered), bound)


def _arcs(market: Market, waiting: Collection[str]) -> list[_Arc]:
    """Return the feasible pairs of waiting officers with placements of agencies whose officers wait too, best first."""
    wanted = set(waiting)
    officers = [
        at
        for at, candidate in enumerate(market.candidates)
        if candidate.id in wanted and not candidate.group_id and candidate.group_size == 1
    ]
    agencies = sorted({market.candidates[at].organisation_id for at in officers})
    number = {agency: place for place, agency in enumerate(agencies)}
    arcs = []
    for at in officers:
        candidate = market.candidates[at]
        pairs = market.row_of(candidate)
        for place, seat in enumerate(pairs.seat.tolist()):
            host = market.seats[seat]
            if host.kind is SeatKind.PLACEMENT and host.organisation_id in number:
                leg = Leg(
                    candidate_id=candidate.id,
                    seat_id=host.id,
                    agency=candidate.organisation_id,
                    host_agency=host.organisation_id,
                    gain=int(pairs.gain[place]),
                    preference=int(pairs.preference[place]),
                )
                here, there = number[candidate.organisation_id], number[host.organisation_id]
                arcs.append(_Arc(at, seat, here, there, market.country[at], leg))
    arcs.sort(key=lambda arc: (-arc.leg.weight, arc.leg.candidate_id, arc.leg.seat_id))
    return arcs


def _cycles(steps: Collection[tuple[int, int]]) -> Iterator[Cycle]:
    """Return all tandems and rings of three between agencies, each once, beginning with its smallest number."""
    onward: dict[int, list[int]] = defaultdict(list)
    for home, host in sorted(steps):
        onward[home].append(host)
    for first, hosts in sorted(onward.items()):
        for second in hosts:
            if second > first and (second, first) in steps:
                yield first, second
            if second > first:
                yield from (
                    (first, second, third)
                    for third in onward.get(second, ())
                    if third > first and third != second and (third, first) in steps
                )


def _steps(cycle: Cycle) -> Iterator[tuple[int, int]]:
    """Return the steps from each agency to the one that hosts its officer."""
    return zip(cycle, (*cycle[1:], cycle[0]), strict=True)


class _Room:
    """The room left: places of a seat, places of it for one country, travellers of a country."""

    def __init__(self, market: Market) -> None:
        self.places = list(market.free)
        self.share = defaultdict(int)
        for seat, used in enumerate(market.used):
            for country in range(len(market.countries)):
                self.share[seat, country] = market.shares[seat] - used.get(country, 0)
        self.quota = list(market.quota)

    def rows(self, arcs: Sequence[_Arc]) -> Iterator[tuple[list[int], float]]:
        """Return the limits over the arcs (their numbers), each with the most that may be taken."""
        groups: dict[tuple[str, int, int], list[int]] = defaultdict(list)
        for number, arc in enumerate(arcs):
            groups["officer", arc.candidate, 0].append(number)
            groups["places", arc.seat, 0].append(number)
            groups["share", arc.seat, arc.country].append(number)
            groups["quota", arc.country, 0].append(number)
        for (kind, first, second), members in groups.items():
            match kind:
                case "officer":
                    most: int | None = 1
                case "places":
                    most = self.places[first]
                case "share":
                    most = self.share[first, second]
                case _:
                    most = self.quota[first]
            if most is not None and most < len(members):
                yield members, max(0, most)

    def takes(self, arc: _Arc, travelling: Counter[int]) -> bool:
        """Return whether the arc's place is left, beside so many more of its country who travel in the same ring."""
        quota = self.quota[arc.country]
        return (
            self.places[arc.seat] > 0
            and self.share[arc.seat, arc.country] > 0
            and (quota is None or quota - travelling[arc.country] > 0)
        )

    def take(self, arc: _Arc) -> None:
        """Give the place."""
        self.places[arc.seat] -= 1
        self.share[arc.seat, arc.country] -= 1
        quota = self.quota[arc.country]
        self.quota[arc.country] = quota if quota is None else quota - 1


def _exact(
    arcs: Sequence[_Arc], cycles: Sequence[Cycle], room: _Room, start: Sequence[Ring], seconds: float
) -> tuple[list[Ring], int]:
    """Return the optimum by HiGHS: a column a pair and a column a cycle of agencies.

    Each step of a cycle is one pair.
    """
    program = Program()
    for arc in arcs:
        program.column(arc.leg.weight, 1)
    by_step: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, arc in enumerate(arcs):
        by_step[arc.home, arc.host].append(number)
    through: dict[tuple[int, int], list[int]] = defaultdict(list)
    for cycle in cycles:
        column = program.column(0, min(len(by_step[step]) for step in _steps(cycle)))
        for step in _steps(cycle):
            through[step].append(column)
    for step, members in sorted(by_step.items()):
        program.row({**dict.fromkeys(members, 1), **dict.fromkeys(through[step], -1)}, 0, 0)
    for members, most in room.rows(arcs):
        program.row(dict.fromkeys(members, 1), 0, most)
    solved = program.solve(_columns(arcs, cycles, start), seconds)
    chosen: dict[tuple[int, int], list[_Arc]] = defaultdict(list)
    for number, arc in enumerate(arcs):
        if solved.values[number]:
            chosen[arc.home, arc.host].append(arc)
    found = [
        Ring(tuple(chosen[step].pop(0).leg for step in _steps(cycle)))
        for cycle, times in zip(cycles, solved.values[len(arcs) :], strict=True)
        for _ in range(times)
    ]
    return found, solved.bound


def _columns(arcs: Sequence[_Arc], cycles: Sequence[Cycle], found: Sequence[Ring]) -> list[int]:
    """Return the value of each column of the program in a known answer."""
    legs = {leg for ring in found for leg in ring.legs}
    number = {arc.leg.agency: arc.home for arc in arcs}
    times = Counter(tuple(number[leg.agency] for leg in ring.legs) for ring in found)
    return [int(arc.leg in legs) for arc in arcs] + [times[cycle] for cycle in cycles]


def _greedy(arcs: Sequence[_Arc], cycles: Sequence[Cycle], room: _Room) -> list[Ring]:
    """Take the heaviest ring that is left, again and again.

    The weight of a ring only falls, so old weights are bounds.
    """
    by_step: dict[tuple[int, int], list[_Arc]] = defaultdict(list)
    for arc in arcs:
        by_step[arc.home, arc.host].append(arc)
    away: set[int] = set()
    queue = [(-sum(by_step[step][0].leg.weight for step in _steps(cycle)), cycle) for cycle in cycles]
    heapify(queue)
    found: list[Ring] = []
    while queue:
        promised, cycle = heappop(queue)
        legs = _best(cycle, by_step, room, away)
        if legs is None:
            continue
        weight = -sum(arc.leg.weight for arc in legs)
        if weight == promised:
            for arc in legs:
                room.take(arc)
                away.add(arc.candidate)
            found.append(Ring(tuple(arc.leg for arc in legs)))
        heappush(queue, (weight, cycle))
    return found


def _best(cycle: Cycle, by_step: dict[tuple[int, int], list[_Arc]], room: _Room, away: set[int]) -> list[_Arc] | None:
    """Return the best pair left for each step of a cycle; None if a step has none."""
    legs: list[_Arc] = []
    travelling: Counter[int] = Counter()
    for step in _steps(cycle):
        best = next((arc for arc in by_step[step] if arc.candidate not in away and room.takes(arc, travelling)), None)
        if best is None:
            return None
        travelling[best.country] += 1
        legs.append(best)
    return legs


def _bound(arcs: Iterable[_Arc], market: Market) -> int:
    """Return an upper bound: each officer's best pair once, and each place's best pairs once, the lower sum."""
    own: dict[int, int] = defaultdict(int)
    at_seat: dict[int, list[int]] = defaultdict(list)
    for arc in arcs:
        own[arc.candidate] = max(own[arc.candidate], arc.leg.weight)
        at_seat[arc.seat].append(arc.leg.weight)
    places = sum(sum(sorted(weights, reverse=True)[: market.free[seat]]) for seat, weights in at_seat.items())
    return int(np.minimum(sum(own.values()), places))
