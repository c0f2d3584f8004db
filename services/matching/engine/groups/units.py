"""Units: groups whose members are placed together, with the seats that could take them and the value of each."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Candidate, Seat

FAIR = 60
"""A unit's value to a seat is its members' average; sixtieths keep it whole for groups of up to five, and six."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A seat that takes a whole unit: the sum of the members' gains, and the seat's average preference for them."""

    gain: int
    value: int
    ties: tuple[int, int]

    @property
    def wanted(self) -> tuple[int, int]:
        """The unit's order: greater is more wanted; strict by the published tie-break."""
        return self.gain, self.ties[0]

    @property
    def valued(self) -> tuple[int, int]:
        """The seat's order: greater is preferred; strict by the published tie-break."""
        return self.value, self.ties[1]


@dataclass(frozen=True, slots=True)
class Unit:
    """The members of a group who are placed together, and the seats (numbers) that could take them all, best first."""

    group_id: str
    members: tuple[Candidate, ...]
    wishes: Mapping[int, Wish]

    @property
    def size(self) -> int:
        """The number of places it takes."""
        return len(self.members)

    @property
    def sent(self) -> Counter[str]:
        """The number of members by country."""
        return Counter(member.country for member in self.members)


class ShareLeft:
    """The part of a seat that each country may still take, beside fixed pairs."""

    def __init__(self, market: Market, seat: int) -> None:
        self._most = market.shares[seat]
        self._used = {market.countries[number]: count for number, count in market.used[seat].items()}

    def allows(self, units: Iterable[Unit]) -> bool:
        """Return whether the units together keep every country within its share."""
        sent: Counter[str] = Counter()
        for unit in units:
            sent += unit.sent
        return all(self._used.get(country, 0) + count <= self._most for country, count in sent.items())


def unit_for(market: Market, group_id: str, members: Sequence[Candidate]) -> Unit:
    """Return a group with the seats that all members may take together: hard rules, room, share and weeks for each."""
    numbers = [market.place[member.id] for member in members]
    gains: Counter[int] = Counter()
    values: Counter[int] = Counter()
    times: Counter[int] = Counter()
    for number in numbers:
        row = market.pairs.row(number)
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
            gains[seat], values[seat] * FAIR // size, _ties(market.problem.seed, group_id, market.seats[seat].id)
        )
        for seat, count in times.items()
        if count == size
        and size <= market.free[seat]
        and size <= market.seats[seat].group_size
        and (not follows or market.seats[seat].id in follows)
        and _meet(members, market.seats[seat], market.problem.rules.common_weeks)
    }
    unit = Unit(group_id, tuple(members), {})
    best_first = sorted(wishes.items(), key=lambda item: item[1].wanted, reverse=True)
    return replace(unit, wishes={seat: wish for seat, wish in best_first if ShareLeft(market, seat).allows([unit])})


def common_weeks(members: Sequence[Candidate], seat: Seat) -> set[date] | None:
    """Return the weeks in which a seat has a place for each and all have time; None if weeks do not matter."""
    stated: list[Collection[date]] = [member.weeks for member in members if member.weeks is not None]
    if seat.weeks is not None:
        stated.append({week for week, places in seat.weeks.items() if places >= len(members)})
    return set.intersection(*(set(weeks) for weeks in stated)) if stated else None


def _meet(members: Sequence[Candidate], seat: Seat, enough: int) -> bool:
    """Return whether they can all come in the same weeks, as many as the call asks for."""
    weeks = common_weeks(members, seat)
    return weeks is None or len(weeks) >= max(1, enough)


def _ties(seed: str, group_id: str, seat_id: str) -> tuple[int, int]:
    """Return the published tie-breaks of a group and of a seat for each other: halves of one hash of seed and ids."""
    hashed = hashlib.blake2b(f"{seed}|group|{group_id}|{seat_id}".encode(), digest_size=16).digest()
    return int.from_bytes(hashed[:8], "big"), int.from_bytes(hashed[8:], "big")
