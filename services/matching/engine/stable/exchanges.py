"""Break ties efficiently: exchange seats of a stable matching as long as somebody gains and nobody loses.

Erdil & Ergin, "What's the matter with tie-breaking? Improving efficiency in school choice" (2008), and "Two-sided
matching with indifferences" (2017), where candidates are indifferent as well. A lot makes all orders strict, and can
so keep two people from places that each would rather have. A candidate may enter a seat if nobody who would rather have
it is valued more there. An exchange is a circle of such steps; a free place may be a part of it. Where no country's
share binds, no stable matching is better for somebody and worse for nobody, once no circle is left. A circle may pass a
seat twice where a share binds: two leave it and two enter at once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.market.market import Integers, Market
from services.matching.engine.rules.scores import hashes

_NOWHERE = -1
_LIFTED = 1 << 23
"""Above every value of a candidate, below that of a pre-matched counterpart: a floor put the candidate first."""
_FAILURES = 200
"""So many searches of a round may fail before the graph is drawn anew."""

Step = tuple[int, int]
"""The numbers of two people: one leaves a place, and the other enters it."""
Kind = tuple[int, int]
"""The country of somebody, and how much a seat values him or her."""
_Steps = tuple[list[int], list[int], list[int]]
"""Those of a seat who are alike, who may enter in the stead of any of them, and who of these would gain."""


def exchanged(
    market: Market, assigned: Sequence[int], out: Collection[int] = (), first: Collection[int] = ()
) -> list[int]:
    """Return a stable matching after all exchanges; nobody has a seat that he or she wants less than before.

    `out` are those whom a ceiling keeps out of the pool, `first` those whom a floor puts before others.
    """
    if not len(market.pairs.seat):
        return list(assigned)
    state = _State(market, np.array(assigned, np.int64), out, first)
    while state.round():
        pass
    return [int(seat) for seat in state.assigned]


@dataclass(slots=True)
class _Graph:
    """The steps of one round: who may enter a place in the stead of whom, and at which seat."""

    enters: Mapping[int, Sequence[int]]
    gains: Mapping[int, Sequence[int]]
    """In whose stead somebody would gain."""
    seat: Mapping[int, int]
    """The seat of a place that somebody leaves; one of his or her own below 0 for somebody without a seat."""
    free: Mapping[int, int]
    """The seat with a free place that somebody enters."""
    seats: Mapping[int, "_Seat"]
    limits: Mapping[int, Sequence[Kind]]
    """The highest value to a seat of each country among those who would rather have it."""
    used: set[int] = field(default_factory=set)

    def seat_of(self, step: Step) -> int:
        """Return the seat of a step."""
        leaves, enters = step
        return self.seat[leaves] if leaves in self.seat else self.free[enters]

    def open(self, step: Step) -> bool:
        """Return whether no exchange of this round has changed the seat."""
        return self.seat_of(step) not in self.used

    def lawful(self, circle: Sequence[Step], kind: Callable[[int, int], Kind | None]) -> bool:
        """Return whether each seat that a circle passes more than once allows all its steps there together.

        `kind` gives the country of somebody and the value to a seat; None for nobody.
        """
        at: defaultdict[int, list[Step]] = defaultdict(list)
        for step in circle:
            at[self.seat_of(step)].append(step)
        for number, steps in at.items():
            if len(steps) > 1:
                gone = [kind(leaves, number) for leaves, _ in steps]
                new = [kind(enters, number) for _, enters in steps]
                left, come = [each for each in gone if each], [each for each in new if each]
                if number not in self.limits or not self.seats[number].allows(left, come, self.limits[number]):
                    return False
        return True


class _State:
    """A matching in the middle of exchanges. Number `nobody` stands for a free place in a circle."""

    def __init__(self, market: Market, assigned: Integers, out: Collection[int], first: Collection[int]) -> None:
        pairs, people = market.pairs, len(market.candidates)
        self.assigned = assigned
        self._market = market
        self._nobody = people
        self._owner, self._order = pairs.owner, market.own_order
        self._country: Integers = np.array(market.country, np.int64)
        lifted = np.zeros(people, np.int64)
        lifted[list(first)] = _LIFTED
        self._value = market.standing | lifted[self._owner]
        inside = np.ones(people, np.bool_)
        inside[list(out)] = False
        self._inside = inside[self._owner]
        self._free, self._shares = np.array(market.free, np.int64), np.array(market.shares, np.int64)
        fixed = np.array([sum(used.values()) for used in market.used], np.int64)
        self._tight = self._shares < self._free + fixed
        self._known: dict[int, tuple[object, list[_Steps]]] = {}
        self._lot = hashes(market.problem.seed, "candidate", [candidate.id for candidate in market.candidates])

    def round(self) -> bool:
        """Make exchanges that share no seat, as many as are found; return whether there was any."""
        graph = self._graph()
        component = _components(graph.enters)
        found, failures = False, 0
        for enters, places in graph.gains.items():
            for leaves in places:
                if component.get(leaves) != component.get(enters) or not graph.open((leaves, enters)):
                    continue
                circle = _circle(graph, component, leaves, enters)
                if circle and self._allowed(circle) and graph.lawful(circle, self._kind):
                    self._make(graph, circle)
                    found = True
                    break
                failures += 1
            if found and failures >= _FAILURES:
                break
        return found

    def _kind(self, candidate: int, seat: int) -> Kind | None:
        """Return the country of somebody and the value to a seat; None for nobody."""
        if candidate == self._nobody:
            return None
        row = self._market.pairs.row(candidate)
        at = row.start + self._market.pairs.seat[row].tolist().index(seat)
        return int(self._country[candidate]), int(self._value[at])

    def _make(self, graph: _Graph, circle: Sequence[Step]) -> None:
        """Make an exchange."""
        for step in circle:
            seat = graph.seat_of(step)
            graph.used.add(seat)
            if step[1] != self._nobody:
                self.assigned[step[1]] = seat

    def _allowed(self, circle: Sequence[Step]) -> bool:
        """Return whether the ceiling of a country lets somebody without a seat enter."""
        market = self._market
        for _, enters in circle:
            if enters != self._nobody and self.assigned[enters] == _NOWHERE:
                most = market.quota[market.country[enters]]
                sent = int(np.count_nonzero((self._country == market.country[enters]) & (self.assigned != _NOWHERE)))
                if most is not None and sent >= most:
                    return False
        return True

    def _graph(self) -> _Graph:
        """Return who may enter which place now."""
        pairs, owner, people = self._market.pairs, self._owner, self._nobody
        has_seat = self.assigned[owner] == pairs.seat
        reached = np.full(people, np.iinfo(np.int64).max)
        reached[owner[has_seat]] = self._order[has_seat]
        wants = self._inside & (self._order < reached[owner])
        content = self._inside & (self._order == reached[owner]) & ~has_seat
        most = np.full((len(self._free), len(self._market.countries)), -1, np.int64)
        np.maximum.at(most, (pairs.seat[wants], self._country[owner[wants]]), self._value[wants])
        own = most[pairs.seat, self._country[owner]]
        least = np.where(self._tight[pairs.seat], own, most.max(axis=1)[pairs.seat])
        may = np.flatnonzero((wants | content) & (self._value >= least) & (self._free[pairs.seat] > 0))
        may = may[np.argsort(pairs.seat[may], kind="stable")]
        cuts = np.searchsorted(pairs.seat[may], np.arange(len(self._free) + 1)).tolist()
        enters: defaultdict[int, list[int]] = defaultdict(list)
        gains: defaultdict[int, list[int]] = defaultdict(list)
        seat_of: dict[int, int] = {}
        free: dict[int, int] = {}
        seats = self._seats(np.flatnonzero(has_seat))
        limits = {number: _limits(most[number]) for number in seats}
        for number, seat in seats.items():
            seat_of.update(dict.fromkeys(seat.holders, number))
            here = may[cuts[number] : cuts[number + 1]]
            if len(seat.holders) < self._free[number]:
                # One free place of those that are worth the same is enough.
                fresh = [each for each in owner[here].tolist() if each not in free]
                fresh = [each for each in fresh if seat.count.get(int(self._country[each]), 0) < seat.share]
                free.update(dict.fromkeys(fresh, number))
                enters[people] += fresh
            for alike, line, better in self._steps(number, seat, here, wants[here], most[number]):
                enters.update(dict.fromkeys(alike, line))
                for candidate in better:
                    gains[candidate] += alike
        for candidate in np.flatnonzero(self.assigned == _NOWHERE).tolist():
            enters[candidate].append(people)
            seat_of[candidate] = -1 - candidate  # a place of nobody's, which can be left once
        by_lot = sorted(gains, key=lambda candidate: int(self._lot[candidate]))
        gaining = {candidate: gains[candidate] for candidate in by_lot}
        return _Graph(enters, gaining, seat_of, free, seats, limits)

    def _steps(
        self, number: int, seat: "_Seat", here: Integers, gain: NDArray[np.bool_], most: Integers
    ) -> list[_Steps]:
        """Return who may enter a seat in whose stead; what was found for a seat that has not changed is used again."""
        known = (tuple(seat.holders.items()), here.tobytes(), gain.tobytes(), most.tobytes())
        if number not in self._known or self._known[number][0] != known:
            limits = _limits(most)
            candidates = self._owner[here]
            kinds = list(zip(self._country[candidates].tolist(), self._value[here].tolist(), strict=True))
            found: list[_Steps] = []
            for leaving, alike in seat.alike().items():
                allowed = {kind: seat.allows([leaving], [kind], limits) for kind in set(kinds)}
                may = np.array([allowed[kind] for kind in kinds], np.bool_)
                line = candidates[may].tolist()
                if seat.allows([leaving], [], limits):
                    line.append(self._nobody)
                found.append((alike, line, candidates[may & gain].tolist()))
            self._known[number] = known, found
        return self._known[number][1]

    def _seats(self, has_seat: Integers) -> dict[int, "_Seat"]:
        """Return all seats with their holders."""
        market = self._market
        seats = {
            number: _Seat(int(self._free[number]), int(self._shares[number]), dict(market.used[number]))
            for number in range(len(self._free))
        }
        for at in has_seat.tolist():
            candidate = int(self._owner[at])
            seat, country = seats[int(market.pairs.seat[at])], int(self._country[candidate])
            seat.holders[candidate] = (country, int(self._value[at]))
            seat.count[country] = seat.count.get(country, 0) + 1
        return seats


@dataclass(slots=True)
class _Seat:
    """A seat with its holders (country and value of each), and how many of each country it has, with fixed pairs."""

    places: int
    share: int
    count: dict[int, int]
    holders: dict[int, Kind] = field(default_factory=dict)

    def alike(self) -> dict[Kind, list[int]]:
        """Return the holders by country and value: of two alike it makes no difference which one leaves."""
        found: dict[Kind, list[int]] = {}
        for candidate, kind in self.holders.items():
            found.setdefault(kind, []).append(candidate)
        return found

    def allows(self, gone: Sequence[Kind], new: Sequence[Kind], limits: Sequence[Kind]) -> bool:
        """Return whether some may enter as others leave, so that nobody could claim the seat.

        `limits` is what the seat values most of each country among those who would rather have it. It leaves out
        nobody who gains in the same exchange, which only makes the answer more careful.
        """
        come, left = Counter(country for country, _ in new), Counter(country for country, _ in gone)
        change = {country: come[country] - left[country] for country in come | left}
        if any(more > 0 and self.count.get(country, 0) + more > self.share for country, more in change.items()):
            return False
        after = list(self.holders.values())
        for kind in gone:
            after.remove(kind)
        after += new
        if len(after) > self.places:
            return False
        room = len(after) < self.places
        lowest = min((value for _, value in after), default=0)
        for country, value in limits:
            count = self.count.get(country, 0) + change.get(country, 0)
            if count < self.share:
                if room or value > lowest:
                    return False
            elif any(of == country and value > own for of, own in after):
                return False
        return True


def _limits(most: Integers) -> list[Kind]:
    return [(country, value) for country, value in enumerate(most.tolist()) if value >= 0]


def _circle(graph: _Graph, component: Mapping[int, int], leaves: int, enters: int) -> list[Step]:
    """Return the shortest circle with the step in which one enters another's place; empty if there is none.

    A circle that comes back to a seat is cut there, if a part of it is an exchange by itself.
    """
    came: dict[int, int] = {enters: -1}
    line = [enters]
    for here in line:
        if here == leaves:
            break
        for other in graph.enters.get(here, ()):
            if other not in came and component.get(other) == component[here] and graph.open((here, other)):
                came[other] = here
                line.append(other)
    if leaves not in came:
        return []
    path = [leaves]
    while path[-1] != enters:
        path.append(came[path[-1]])
    path.reverse()
    circle = [*pairwise(path), (leaves, enters)]
    return _cut(graph, circle) or circle


def _cut(graph: _Graph, circle: list[Step]) -> list[Step] | None:
    """Return a circle in which the last step is a gain without the steps that come back to a seat."""
    seats = [graph.seat_of(step) for step in circle]
    for at, seat in enumerate(seats[:-1]):
        if seat in seats[at + 1 :]:
            end = len(seats) - 1 - seats[::-1].index(seat)
            leaves, enters = circle[at][0], circle[end][1]
            lawful = enters in graph.enters.get(leaves, ()) and graph.seat_of((leaves, enters)) == seat
            return _cut(graph, [*circle[:at], (leaves, enters), *circle[end + 1 :]]) if lawful else None
    return circle


def _components(enters: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return the strongly connected component of each node (Tarjan, 1972): only inside one is there a circle."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    component: dict[int, int] = {}
    stack: list[int] = []
    for root in sorted(enters):
        work: list[tuple[int, Iterator[int]]] = [] if root in index else [(root, iter(enters[root]))]
        while work:
            node, others = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            new = next((other for other in others if _lowered(node, other, index, low, component)), None)
            if new is not None:
                work.append((new, iter(enters.get(new, ()))))
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                while component.get(node) is None:
                    component[stack.pop()] = node
    return component


def _lowered(node: int, other: int, index: dict[int, int], low: dict[int, int], component: dict[int, int]) -> bool:
    """Return whether another node is new; of one that is on the stack the node takes over the number."""
    if other not in index:
        return True
    if other not in component:
        low[node] = min(low[node], index[other])
    return False
