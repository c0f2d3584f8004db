"""Where does each group go: all of its members at one seat, in the same weeks, or none of them?

Groups are placed before single candidates, as a layer of their own; only pre-matched pairs come before them. Placed
together with singles, a group would almost never find room: whenever one place falls free somebody alone takes it, and
no stable matching need exist any more (matching with sizes; McDermid & Manlove, "Keeping partners together: algorithmic
results for the hospitals/residents problem with couples", 2010, show that to decide it is NP-hard). What going first
costs the others is counted and told with the run (`Layout.envied`).

Among themselves groups propose as units, by deferred acceptance over units, each seat keeping the units it values most
as far as they fit. That choice is not substitutable, since a large unit may be kept out by a small one, so a pair of
group and seat may block the outcome; few groups are therefore placed by trying all ways, which takes the fewest
blocking pairs there can be, and for many groups those that remain are counted (`Layout.blocking`).
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from services.matching.engine.market import Market
from services.matching.engine.problem import Candidate, Fixed, Problem, Seat
from services.matching.engine.solution import solve
from shared.contracts.codes import Objective

_EXACT_WAYS = 1_000
"""So many ways to place all groups are tried one by one; beyond, the groups propose."""
_FAIR = 60
"""A unit's value to a seat is its members' average; sixtieths keep it whole for groups of up to five, and six."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A seat that takes a whole unit: what the members gain in all, and how the seat values them on average."""

    gain: int
    value: int
    ties: tuple[int, int]

    @property
    def wanted(self) -> tuple[int, int]:
        """Greater is more wanted by the unit; strict by the published tie-break."""
        return self.gain, self.ties[0]

    @property
    def valued(self) -> tuple[int, int]:
        """Greater is preferred by the seat; strict by the published tie-break."""
        return self.value, self.ties[1]


@dataclass(frozen=True, slots=True)
class Unit:
    """The members of a group who are placed together, and the seats (numbers) that could take them all, best first."""

    group_id: str
    members: tuple[Candidate, ...]
    wishes: Mapping[int, Wish]

    @property
    def size(self) -> int:
        """How many places it takes."""
        return len(self.members)

    @property
    def sent(self) -> Counter[str]:
        """How many of each country it sends."""
        return Counter(one.country for one in self.members)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the groups of a problem go.

    `seats` maps candidate ids of all members to a seat id, None where no seat was left that takes all of them.
    `blocking` counts pairs of a group and a seat that would both leave what they have for each other; `numbers` gives
    the number by which the units' wishes call a seat.
    """

    problem: Problem
    units: tuple[Unit, ...] = ()
    seats: Mapping[str, str | None] = field(default_factory=dict)
    blocking: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def rest(self) -> Problem:
        """The problem of those who go alone, beside the groups that are placed."""
        country = {one.id: one.country for one in self.problem.candidates}
        group = {one.id: one.group_id for one in self.problem.candidates}
        placed = tuple(
            Fixed(candidate_id=one, seat_id=seat, country=country[one], group_id=group[one])
            for one, seat in sorted(self.seats.items())
            if seat is not None
        )
        singles = tuple(one for one in self.problem.candidates if one.id not in self.seats)
        return replace(self.problem, candidates=singles, fixed=(*self.problem.fixed, *placed))

    def unit_of(self, candidate_id: str) -> Unit | None:
        """The unit that a candidate belongs to, if any."""
        return next((unit for unit in self.units if any(one.id == candidate_id for one in unit.members)), None)

    def envied(self, market: Market, assigned: Mapping[str, str]) -> int:
        """The price of going first: pairs of a single and a seat that the seat's group keeps apart.

        The single wants the seat more than what he or she has, and the seat values the single above the group. `market`
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
        for one, candidate in enumerate(market.candidates):
            if candidate.id in self.seats:
                continue
            row = market.pairs.row(one)
            own = number.get(assigned.get(candidate.id, ""), -1)
            for seat_number, preference in zip(
                market.pairs.seat[row].tolist(), market.pairs.preference[row].tolist(), strict=True
            ):
                if seat_number == own:
                    break
                count += seat_number in least and preference * _FAIR > least[seat_number]
        return count


@dataclass(frozen=True, slots=True)
class GroupsPrice:
    """What going first costs: groups placed and not, pairs of group and seat that block, singles kept out.

    `envied` counts pairs of a single and a seat: the single wants it more than what he or she has, the seat values the
    single above the group that it holds.
    """

    placed: int
    unplaced: int
    blocking: int
    envied: int


def lay_out(problem: Problem) -> Layout:
    """Place the groups of a problem. The same problem gives the same layout, in whatever order its parts stand.

    A member whose companions are fixed follows them; one who declined the seat at which they are, or whose companions
    are all out of the pool, goes alone like anybody else.
    """
    members = _members(problem)
    if not members:
        return Layout(problem)
    kept = _pre_matched(problem, {one.id for group in members.values() for one in group})
    market = Market(
        replace(
            problem,
            candidates=tuple(one for group in members.values() for one in group),
            # A group offer is exempt from the share of one country (domain.md), and a group fits no other.
            seats=tuple(replace(seat, share_exempt=True) for seat in problem.seats),
            fixed=(*problem.fixed, *kept),
        )
    )
    units = [_unit(market, group_id, group) for group_id, group in sorted(members.items())]
    chosen = _Choice(market, units).best()
    seats: dict[str, str | None] = {}
    for unit, at in zip(units, chosen.at, strict=True):
        for one in unit.members:
            seats[one.id] = None if at is None else market.seats[at].id
    return Layout(
        problem,
        tuple(units),
        seats,
        chosen.blocking,
        numbers={seat.id: at for at, seat in enumerate(market.seats)},
    )


def _members(problem: Problem) -> dict[str, list[Candidate]]:
    """The groups to be placed together, each with its members who are still to be placed, by id."""
    taken = {pair.candidate_id for pair in problem.fixed}
    gone: dict[str, set[str]] = {}
    for pair in problem.fixed:
        if pair.group_id is not None:
            gone.setdefault(pair.group_id, set()).add(pair.seat_id)
    groups: dict[str, list[Candidate]] = {}
    for one in sorted(problem.candidates, key=lambda one: one.id):
        if one.group_id is not None and one.id not in taken and not one.barred & gone.get(one.group_id, set()):
            groups.setdefault(one.group_id, []).append(one)
    return {group: found for group, found in groups.items() if len(found) > 1 or group in gone}


def _pre_matched(problem: Problem, members: Collection[str]) -> list[Fixed]:
    """The pairs of singles who are named by, or name, a seat: they come before any group."""
    named = {seat.pre_matched for seat in problem.seats}
    ids = {seat.id: seat.pre_matched for seat in problem.seats}
    pool = [one for one in problem.candidates if one.id not in members and (one.id in named or one.pre_matched in ids)]
    if not pool:
        return []
    market = Market(replace(problem, candidates=tuple(pool)))
    pairs = []
    for one, at in zip(market.candidates, solve(market).assigned, strict=True):
        if at >= 0 and (market.seats[at].id == one.pre_matched or market.seats[at].pre_matched == one.id):
            pairs.append(Fixed(candidate_id=one.id, seat_id=market.seats[at].id, country=one.country))
    return pairs


def _unit(market: Market, group_id: str, members: Sequence[Candidate]) -> Unit:
    """A group with the seats that all members may take together: the hard rules of each, room and weeks for all."""
    numbers = [market.place[one.id] for one in members]
    gains: Counter[int] = Counter()
    values: Counter[int] = Counter()
    times: Counter[int] = Counter()
    for one in numbers:
        row = market.pairs.row(one)
        for seat, gain, value in zip(
            market.pairs.seat[row].tolist(),
            market.pairs.gain[row].tolist(),
            market.pairs.preference[row].tolist(),
            strict=True,
        ):
            times[seat] += 1
            gains[seat] += gain
            values[seat] += value
    follows = {pair.seat_id for pair in market.problem.fixed if pair.group_id == group_id}
    size = len(members)
    wishes = {
        seat: Wish(
            gains[seat], values[seat] * _FAIR // size, _ties(market.problem.seed, group_id, market.seats[seat].id)
        )
        for seat, count in times.items()
        if count == size
        and size <= market.free[seat]
        and size <= market.seats[seat].group_size
        and (not follows or market.seats[seat].id in follows)
        and _meet(members, market.seats[seat], market.problem.rules.common_weeks)
    }
    best_first = sorted(wishes.items(), key=lambda item: item[1].wanted, reverse=True)
    return Unit(group_id, tuple(members), dict(best_first))


def common_weeks(members: Sequence[Candidate], seat: Seat) -> set[date] | None:
    """The weeks in which a seat has a place for each of them, and all have time; None where weeks do not matter."""
    stated: list[Collection[date]] = [one.weeks for one in members if one.weeks is not None]
    if seat.weeks is not None:
        stated.append({week for week, places in seat.weeks.items() if places >= len(members)})
    return set.intersection(*(set(weeks) for weeks in stated)) if stated else None


def _meet(members: Sequence[Candidate], seat: Seat, enough: int) -> bool:
    """Whether they can all come in the same weeks, as many as the call asks for."""
    weeks = common_weeks(members, seat)
    return weeks is None or len(weeks) >= max(1, enough)


def _ties(seed: str, group_id: str, seat_id: str) -> tuple[int, int]:
    """The published tie-breaks of a group and of a seat for each other: halves of one hash of seed and ids."""
    hashed = hashlib.blake2b(f"{seed}|group|{group_id}|{seat_id}".encode(), digest_size=16).digest()
    return int.from_bytes(hashed[:8], "big"), int.from_bytes(hashed[8:], "big")


@dataclass(frozen=True, slots=True)
class _Placed:
    """The seat (number) of each unit, and how many pairs of unit and seat block it."""

    at: list[int | None]
    blocking: int


class _Choice:
    """Chooses seats for the units of one market."""

    def __init__(self, market: Market, units: Sequence[Unit]) -> None:
        self._market = market
        self._units = units
        self._quota = {
            country: most for country, most in zip(market.countries, market.quota, strict=True) if most is not None
        }

    def best(self) -> _Placed:
        """Of few groups the best way of all; of many the one to which proposing leads."""
        ways = 1
        for unit in self._units:
            ways *= len(unit.wishes) + 1
            if ways > _EXACT_WAYS:
                at = self._proposed()
                return _Placed(at, self._blocking(at))
        return self._exact()

    def _exact(self) -> _Placed:
        """All ways tried. Stable: fewest blocking, then most people, then most gained; most good: the highest sum."""
        stable = self._market.problem.rules.objective is Objective.STABLE
        best: tuple[tuple[int, ...], list[int | None]] | None = None
        for at in self._ways(0, [], Counter(), Counter()):
            gained, valued, people, tie = 0, 0, 0, 0
            for unit, seat in zip(self._units, at, strict=True):
                if seat is not None:
                    wish = unit.wishes[seat]
                    gained += wish.gain
                    valued += wish.value * unit.size // _FAIR
                    people += unit.size
                    tie = (tie + wish.ties[0]) & ((1 << 64) - 1)
            first = (-self._blocking(at), people, gained) if stable else (gained + valued + people, people, 0)
            if best is None or (*first, tie) > best[0]:
                best = (*first, tie), list(at)
        assert best is not None
        return _Placed(best[1], self._blocking(best[1]))

    def _ways(
        self, number: int, at: list[int | None], taken: Counter[int], sent: Counter[str]
    ) -> Iterator[list[int | None]]:
        if number == len(self._units):
            yield at
            return
        unit = self._units[number]
        yield from self._ways(number + 1, [*at, None], taken, sent)
        if not self._within(sent + unit.sent):
            return
        for seat in unit.wishes:
            if taken[seat] + unit.size <= self._market.free[seat]:
                now = taken + Counter({seat: unit.size})
                yield from self._ways(number + 1, [*at, seat], now, sent + unit.sent)

    def _within(self, sent: Mapping[str, int]) -> bool:
        """Whether no country sends more than its ceiling has left."""
        return all(sent.get(country, 0) <= max(0, most) for country, most in self._quota.items())

    def _proposed(self) -> list[int | None]:
        """Deferred acceptance over units; while a country is beyond its ceiling the least valued of its units leave."""
        out: set[int] = set()
        while True:
            at = self._deferred(out)
            beyond = self._beyond(at)
            if beyond is None:
                return self._moved_up(at, out)
            out.add(beyond)

    def _deferred(self, out: Collection[int]) -> list[int | None]:
        held: dict[int, list[int]] = {}
        asking = [iter(unit.wishes) for unit in self._units]
        waiting = [number for number in range(len(self._units)) if number not in out]
        while waiting:
            number = waiting.pop()
            seat = next(asking[number], None)
            if seat is None:
                continue
            applicants = sorted(
                [*held.get(seat, ()), number], key=lambda one: self._units[one].wishes[seat].valued, reverse=True
            )
            kept, room = [], self._market.free[seat]
            for one in applicants:
                if self._units[one].size <= room:
                    room -= self._units[one].size
                    kept.append(one)
                else:
                    waiting.append(one)
            held[seat] = kept
        at: list[int | None] = [None] * len(self._units)
        for seat, kept in held.items():
            for one in kept:
                at[one] = seat
        return at

    def _beyond(self, at: Sequence[int | None]) -> int | None:
        """The least valued unit that sends somebody of a country that is beyond its ceiling, if any is."""
        sent: Counter[str] = Counter()
        for unit, seat in zip(self._units, at, strict=True):
            if seat is not None:
                sent += unit.sent
        over = {country for country, most in self._quota.items() if sent[country] > max(0, most)}
        those = [
            (unit.wishes[seat].valued, number)
            for number, (unit, seat) in enumerate(zip(self._units, at, strict=True))
            if seat is not None and over & unit.sent.keys()
        ]
        return min(those)[1] if those else None

    def _moved_up(self, at: list[int | None], out: Collection[int]) -> list[int | None]:
        """Let units take room that a larger one has left behind; each move betters one and harms none, so it ends."""
        moved = True
        while moved:
            moved = False
            for number, unit in enumerate(self._units):
                for seat in self._wanted_more(number, at):
                    others: Counter[str] = Counter()
                    for other, where in zip(self._units, at, strict=True):
                        if where is not None and other is not unit:
                            others += other.sent
                    if number not in out and self._room(seat, at) >= unit.size and self._within(others + unit.sent):
                        at[number], moved = seat, True
                        break
        return at

    def _wanted_more(self, number: int, at: Sequence[int | None]) -> Iterator[int]:
        """The seats that a unit wants more than what it has, best first."""
        for seat in self._units[number].wishes:
            if seat == at[number]:
                return
            yield seat

    def _room(self, seat: int, at: Sequence[int | None], above: tuple[int, int] | None = None) -> int:
        """The free places of a seat; with `above` those of the units that it values less count as free."""
        taken = sum(
            unit.size
            for unit, where in zip(self._units, at, strict=True)
            if where == seat and (above is None or unit.wishes[seat].valued > above)
        )
        return self._market.free[seat] - taken

    def _blocking(self, at: Sequence[int | None]) -> int:
        """How many pairs of unit and seat block: the unit wants it more, and room is left or held by less valued ones.

        A unit without a seat of which a country's ceiling leaves no room blocks nothing.
        """
        sent: Counter[str] = Counter()
        for unit, seat in zip(self._units, at, strict=True):
            if seat is not None:
                sent += unit.sent
        return sum(
            self._room(seat, at, unit.wishes[seat].valued) >= unit.size
            for number, unit in enumerate(self._units)
            if at[number] is not None or self._within(sent + unit.sent)
            for seat in self._wanted_more(number, at)
        )
