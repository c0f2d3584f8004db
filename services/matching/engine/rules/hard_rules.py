"""Which seats may a candidate take at all, and which rule takes the others away?

The hard rules in the order of `HardRule` (domain.md, "Rules"); each is asked of the seats that the rules before it have
left, so that the funnel of a receipt adds up.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from services.matching.engine.problem.problem import SEATS_FOR, Candidate, Problem, Seat, SeatKind
from services.matching.engine.rules.seat_index import SeatIndex, order_of, union
from shared.contracts.codes import UNION, HardRule


@dataclass(frozen=True, slots=True)
class Step:
    """What one hard rule left: how many seats remain after it, and how many it took away."""

    rule: HardRule
    remaining: int
    removed: int


@dataclass(frozen=True, slots=True)
class Feasible:
    """Seats that pass every rule (bitmap), and the bitmap after each rule, before the first at the front."""

    seats: int
    after: tuple[int, ...]

    def funnel(self) -> tuple[Step, ...]:
        """The steps in order, one a rule."""
        counts = [bits.bit_count() for bits in self.after]
        return tuple(
            Step(rule, left, before - left) for rule, before, left in zip(HardRule, counts, counts[1:], strict=False)
        )


class HardRules:
    """The rules of one problem, ready to be asked of any candidate.

    Takes the problem and its seats in the order whose bits are wanted. One question costs time in proportion to what
    the candidate states, not to the pairs.
    """

    def __init__(self, problem: Problem, seats: Sequence[Seat]) -> None:
        self.problem = problem
        self.seats = seats
        self.index = SeatIndex(seats, order_of(problem.rules.language_minimum))
        day = problem.day
        self._in_force = [one for one in problem.rules.exclusions if one.holds(day)]
        self._suspended = {country for country, since in problem.rules.suspended.items() if since <= day}
        self._active = self.index.everyone & ~union(self.index.country, self._suspended)
        self._count_fixed()

    def _count_fixed(self) -> None:
        """Capacity, shares and quotas that fixed pairs have used up."""
        taken: Counter[str] = Counter()
        by_country: Counter[tuple[str, str]] = Counter()
        self.sent: Counter[str] = Counter()
        for pair in self.problem.fixed:
            taken[pair.seat_id] += 1
            by_country[pair.seat_id, pair.country] += 1
            self.sent[pair.country] += 1
        self.free = [max(0, seat.capacity - taken[seat.id]) for seat in self.seats]
        self.shares: list[int] = []
        self.used_shares: list[dict[str, int]] = []
        self._open = 0
        self._share_full: dict[str, int] = defaultdict(int)
        used: dict[str, dict[str, int]] = defaultdict(dict)
        for (seat_id, country), count in by_country.items():
            used[seat_id][country] = count
        for place, seat in enumerate(self.seats):
            share = self.share_of(seat)
            self.shares.append(share)
            self.used_shares.append(used.get(seat.id, {}))
            if self.free[place]:
                self._open |= 1 << place
            for country, count in self.used_shares[place].items():
                if count >= share:
                    self._share_full[country] |= 1 << place
        self._quota_full = {
            country for country, most in self.problem.rules.ceilings.items() if self.sent[country] >= most
        }

    def share_of(self, seat: Seat) -> int:
        """How many places of the seat one country may take; a mentor and an offer to a group have no such limit."""
        capped = seat.kind is SeatKind.PLACEMENT and not seat.share_exempt
        return self.problem.rules.most_of_one_country(seat.capacity) if capped else seat.capacity

    def ask(self, candidate: Candidate) -> Feasible:
        """The seats that the candidate may take, and what each rule left."""
        left = self.index.kind.get(SEATS_FOR[candidate.kind], 0)
        after = [left]
        for rule in HardRule:
            left &= self._RULES[rule](self, candidate)
            after.append(left)
        return Feasible(left, tuple(after))

    def allowed(self, rule: HardRule, candidate: Candidate) -> int:
        """The seats that one rule alone leaves the candidate (bits beyond the last seat mean nothing)."""
        return self._RULES[rule](self, candidate)

    def broken(self, candidate: Candidate, place: int) -> tuple[HardRule, ...]:
        """All rules that a candidate and a seat (its number) break, each asked by itself."""
        return tuple(rule for rule in HardRule if not self._RULES[rule](self, candidate) >> place & 1)

    def _partner_active(self, candidate: Candidate) -> int:
        return 0 if candidate.country in self._suspended else self._active

    def _cross_border(self, candidate: Candidate) -> int:
        if candidate.country == UNION:
            return self.index.everyone
        return ~self.index.country.get(candidate.country, 0)

    def _same_agency(self, candidate: Candidate) -> int:
        return ~self.index.organisation.get(candidate.organisation_id, 0)

    def _conflict_of_interest(self, candidate: Candidate) -> int:
        named = union(self.index.named, candidate.conflicts) | union(self.index.organisation, candidate.conflicts)
        return ~(named | union(self.index.conflict, (candidate.id, candidate.organisation_id)))

    def _kept_apart(self, candidate: Candidate, *, confidential: bool) -> int:
        own = (candidate.country, candidate.organisation_id)
        others = [
            other
            for one in self._in_force
            if one.confidential is confidential
            for here, other in ((one.first, one.second), (one.second, one.first))
            if here in own
        ]
        return union(self.index.country, others) | union(self.index.organisation, others)

    def _excluded_pair(self, candidate: Candidate) -> int:
        return ~self._kept_apart(candidate, confidential=False)

    def _not_available(self, candidate: Candidate) -> int:
        return self.index.available & ~self._kept_apart(candidate, confidential=True)

    def _topic(self, candidate: Candidate) -> int:
        return self.index.no_topic | union(self.index.topic, candidate.topics)

    def _common_language(self, candidate: Candidate) -> int:
        return self.index.common_language(candidate.languages, order_of(candidate.language_minimum))

    def _shared_expertise(self, candidate: Candidate) -> int:
        found = self.index.no_skill
        for area, skill in candidate.expertise.items():
            found |= self.index.skill.get((area, skill.level), 0)
        return found

    def _common_weeks(self, candidate: Candidate) -> int:
        return self.index.common_weeks(candidate.weeks, self.problem.rules.common_weeks)

    def _rank_group(self, candidate: Candidate) -> int:
        return ~self.index.excludes_rank.get(candidate.rank_group, 0)

    def _group_size(self, candidate: Candidate) -> int:
        return self.index.group.get(candidate.group_size, 0)

    def _pre_matched(self, candidate: Candidate) -> int:
        own = self.index.kept_for.get(candidate.id, 0)
        if candidate.pre_matched is None:
            return own | ~self.index.kept
        return own | (self.index.named.get(candidate.pre_matched, 0) & ~self.index.kept)

    def _declined_before(self, candidate: Candidate) -> int:
        return ~union(self.index.named, candidate.barred)

    def _capacity(self, _candidate: Candidate) -> int:
        return self._open

    def _quota(self, candidate: Candidate) -> int:
        return 0 if candidate.country in self._quota_full else self.index.everyone

    def _share_of_offer(self, candidate: Candidate) -> int:
        return ~self._share_full.get(candidate.country, 0)

    _RULES: ClassVar[Mapping[HardRule, Callable[["HardRules", Candidate], int]]] = {
        HardRule.PARTNER_ACTIVE: _partner_active,
        HardRule.CROSS_BORDER: _cross_border,
        HardRule.SAME_AGENCY: _same_agency,
        HardRule.CONFLICT_OF_INTEREST: _conflict_of_interest,
        HardRule.EXCLUDED_PAIR: _excluded_pair,
        HardRule.NOT_AVAILABLE: _not_available,
        HardRule.TOPIC: _topic,
        HardRule.COMMON_LANGUAGE: _common_language,
        HardRule.SHARED_EXPERTISE: _shared_expertise,
        HardRule.COMMON_WEEKS: _common_weeks,
        HardRule.RANK_GROUP: _rank_group,
        HardRule.GROUP_SIZE: _group_size,
        HardRule.PRE_MATCHED: _pre_matched,
        HardRule.DECLINED_BEFORE: _declined_before,
        HardRule.CAPACITY: _capacity,
        HardRule.QUOTA: _quota,
        HardRule.SHARE_OF_OFFER: _share_of_offer,
    }
