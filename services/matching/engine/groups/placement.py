"""Choose a seat for each of several groups: by trying all ways if they are few, else by proposals."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.matching.engine.groups.units import FAIR, ShareLeft, Unit
from services.matching.engine.market.market import Market
from shared.contracts.codes import Objective

_EXACT_WAYS = 1_000
"""So many ways to place all groups are tried one by one; beyond, the groups propose."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The seat (number) of each unit, and how many pairs of unit and seat block it."""

    at: list[int | None]
    blocking: int


class Choice:
    """The choice of seats for the units of one market."""

    def __init__(self, market: Market, units: Sequence[Unit]) -> None:
        self._market = market
        self._units = units
        self._quota = {
            country: most for country, most in zip(market.countries, market.quota, strict=True) if most is not None
        }
        self._shares = [ShareLeft(market, seat) for seat in range(len(market.seats))]

    def best(self) -> Placed:
        """Return the best of all ways for few groups; for many the one to which proposals lead."""
        ways = 1
        for unit in self._units:
            ways *= len(unit.wishes) + 1
            if ways > _EXACT_WAYS:
                at = self._proposed()
                return Placed(at, self._blocking(at))
        return self._exact()

    def _exact(self) -> Placed:
        """Try all ways. Stable: fewest blocking, then most people, then most gained; most good: the highest sum."""
        stable = self._market.problem.rules.objective is Objective.STABLE
        best: tuple[tuple[int, ...], list[int | None]] | None = None
        for at in self._ways(0, [], Counter()):
            gained, valued, people, tie = 0, 0, 0, 0
            for unit, seat in zip(self._units, at, strict=True):
                if seat is not None:
                    wish = unit.wishes[seat]
                    gained += wish.gain
                    valued += wish.value * unit.size // FAIR
                    people += unit.size
                    tie = (tie + wish.ties[0]) & ((1 << 64) - 1)
            first = (-self._blocking(at), people, gained) if stable else (gained + valued + people, people, 0)
            if best is None or (*first, tie) > best[0]:
                best = (*first, tie), list(at)
        assert best is not None
        return Placed(best[1], self._blocking(best[1]))

    def _ways(self, number: int, at: list[int | None], sent: Counter[str]) -> Iterator[list[int | None]]:
        if number == len(self._units):
            yield at
            return
        unit = self._units[number]
        yield from self._ways(number + 1, [*at, None], sent)
        if not self._within(sent + unit.sent):
            return
        for seat in unit.wishes:
            if self._takes(seat, unit, [other for other, own in zip(self._units, at, strict=False) if own == seat]):
                yield from self._ways(number + 1, [*at, seat], sent + unit.sent)

    def _takes(self, seat: int, unit: Unit, others: Sequence[Unit]) -> bool:
        """Return whether a seat takes a unit beside others: places for all, and no country beyond its share."""
        places = sum(other.size for other in others) + unit.size
        return places <= self._market.free[seat] and self._shares[seat].allows((*others, unit))

    def _within(self, sent: Mapping[str, int]) -> bool:
        """Return whether no country sends more than its ceiling leaves."""
        return all(sent.get(country, 0) <= max(0, most) for country, most in self._quota.items())

    def _proposed(self) -> list[int | None]:
        """Run deferred acceptance over units.

        While a country is beyond its ceiling the least valued of its units leave.
        """
        out: set[int] = set()
        while True:
            at = self._deferred(out)
            beyond = self._beyond(at)
            if beyond is None:
                return self._moved_up(at, out)
            out.add(beyond)

    def _deferred(self, out: Collection[int]) -> list[int | None]:
        provisional: dict[int, list[int]] = {}
        asking = [iter(unit.wishes) for unit in self._units]
        waiting = [number for number in range(len(self._units)) if number not in out]
        while waiting:
            number = waiting.pop()
            seat = next(asking[number], None)
            if seat is None:
                continue
            applicants = sorted(
                [*provisional.get(seat, ()), number],
                key=lambda applicant: self._units[applicant].wishes[seat].valued,
                reverse=True,
            )
            kept: list[int] = []
            for applicant in applicants:
                if self._takes(seat, self._units[applicant], [self._units[holder] for holder in kept]):
                    kept.append(applicant)
                else:
                    waiting.append(applicant)
            provisional[seat] = kept
        at: list[int | None] = [None] * len(self._units)
        for seat, kept in provisional.items():
            for holder in kept:
                at[holder] = seat
        return at

    def _beyond(self, at: Sequence[int | None]) -> int | None:
        """Return the least valued unit with members of a country that is beyond its ceiling, if any."""
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
        """Let units take room that a larger one has left; each move improves one and harms none, so it ends."""
        moved = True
        while moved:
            moved = False
            for number, unit in enumerate(self._units):
                for seat in self._wanted_more(number, at):
                    others: Counter[str] = Counter()
                    for other, seat_at in zip(self._units, at, strict=True):
                        if seat_at is not None and other is not unit:
                            others += other.sent
                    if number not in out and self._has_room(seat, unit, at) and self._within(others + unit.sent):
                        at[number], moved = seat, True
                        break
        return at

    def _wanted_more(self, number: int, at: Sequence[int | None]) -> Iterator[int]:
        """Return the seats that a unit prefers to the present one, best first."""
        for seat in self._units[number].wishes:
            if seat == at[number]:
                return
            yield seat

    def _has_room(self, seat: int, unit: Unit, at: Sequence[int | None], above: tuple[int, int] | None = None) -> bool:
        """Return whether a seat takes a unit; with `above` those that it values less count as gone."""
        others = [
            other
            for other, own in zip(self._units, at, strict=True)
            if own == seat and (above is None or other.wishes[seat].valued > above)
        ]
        return self._takes(seat, unit, others)

    def _blocking(self, at: Sequence[int | None]) -> int:
        """Return how many pairs of unit and seat block: the unit wants it more, and there is room or less valued units.

        A unit without a seat of which a country's ceiling leaves no room blocks nothing.
        """
        sent: Counter[str] = Counter()
        for unit, seat in zip(self._units, at, strict=True):
            if seat is not None:
                sent += unit.sent
        return sum(
            self._has_room(seat, unit, at, unit.wishes[seat].valued)
            for number, unit in enumerate(self._units)
            if at[number] is not None or self._within(sent + unit.sent)
            for seat in self._wanted_more(number, at)
        )
