"""The efficient tie-break: stable, worse for nobody than lots, and not to be bettered without a loss for somebody."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.repairs import applied
from services.matching.engine.layers import run_layers
from services.matching.engine.live.matching import can_follow
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import Market
from services.matching.engine.matching import run
from services.matching.engine.options.options import Options
from services.matching.engine.problem.problem import Candidate, Problem, Rules, Seat, SeatKind, Weight
from services.matching.engine.solution import solve
from shared.contracts.codes import (
    ApplicationKind,
    CohortOption,
    Criterion,
    LanguageLevel,
    Objective,
    RankGroup,
    TieBreak,
    Wishes,
    WishMissed,
)
from tests.benchmarks.matching.instances import placements
from tests.unit.matching.engine.oracle import all_matchings, lawful
from tests.unit.matching.engine.worlds import DAY, problems, shuffled

Matching = Mapping[int, int]

FEW_POINTS = {
    Criterion.PREFERRED_COUNTRY: Weight(1, 0),
    Criterion.SERVICE: Weight(0, 1),
    Criterion.FIRST_TIME: Weight(0, 1),
}
"""Weights under which most scores are equal: none or all for an officer, three steps for a host."""


def with_ties(problem: Problem, *, share: int = 100, ties: TieBreak = TieBreak.EXCHANGES) -> Problem:
    """Return the problem with many equal points."""
    return replace(problem, rules=replace(problem.rules, weights=FEW_POINTS, share=share, ties=ties))


class Judge:
    """The worth of each pair to both sides, in points, and all that follows from it alone."""

    def __init__(self, problem: Problem) -> None:
        market = self.market = Market(with_ties(problem, share=problem.rules.share, ties=TieBreak.LOTS))
        pairs = market.pairs
        self.gain, self.value = {}, {}
        for candidate, seat, gain, preference in zip(
            pairs.owner.tolist(), pairs.seat.tolist(), pairs.gain.tolist(), pairs.preference.tolist(), strict=True
        ):
            # The engine's word that a seat is kept for its counterpart; the order itself is made from points here.
            named = bool(market.scores.named([market.candidates[candidate]])[0, seat])
            self.gain[candidate, seat], self.value[candidate, seat] = gain, (named, preference)

    def worth(self, candidate: int, matching: Matching) -> int:
        """Return the points of a candidate, -1 without a seat."""
        return self.gain[candidate, matching[candidate]] if candidate in matching else -1

    def blocks(self, matching: Matching) -> Iterator[tuple[int, int]]:
        """Yield the pairs in which both sides would strictly gain."""
        market = self.market
        for (candidate, seat), gain in self.gain.items():
            if gain <= self.worth(candidate, matching):
                continue
            holders = [other for other, at in matching.items() if at == seat]
            country = market.country[candidate]
            same = [other for other in holders if market.country[other] == country]
            used = market.used[seat].get(country, 0) + len(same)
            weaker = same if used >= market.shares[seat] else holders
            room = used < market.shares[seat] and len(holders) < market.free[seat]
            if room or any(self.value[other, seat] < self.value[candidate, seat] for other in weaker):
                yield candidate, seat

    def better(self, first: Matching, second: Matching) -> bool:
        """Return whether the first is worse for nobody and better for somebody."""
        people = range(len(self.market.candidates))
        worths = [(self.worth(each, first), self.worth(each, second)) for each in people]
        return all(new >= old for new, old in worths) and any(new > old for new, old in worths)


def found(problem: Problem) -> Matching:
    """Return the seats (numbers) of the candidates that have one."""
    return {each: seat for each, seat in enumerate(solve(Market(problem)).assigned) if seat >= 0}


@given(problems(people=5, seats=4, objective=Objective.STABLE, quotas=False))
@settings(max_examples=120, deadline=None)
def test_no_stable_matching_is_better_for_somebody_and_worse_for_nobody(problem: Problem) -> None:
    """Among all stable matchings of the points none improves on that of the exchanges."""
    problem = with_ties(problem)
    judge, matching = Judge(problem), found(problem)
    assert not list(judge.blocks(matching))
    for other in all_matchings(judge.market):
        assert not judge.better(other, matching) or list(judge.blocks(other))


def at_a_binding_share(seed: str) -> Problem:
    """Return five officers: two of two countries fill s under its share, and would rather exchange with two others."""
    rows = {
        "a": ("MD", "FR", {"u"}),
        "b": ("GE", "PL", {"t"}),
        "c": ("GE", "DE", {"u"}),
        "d": ("MD", "DE", {"t"}),
        "e": ("GE", "DE", {"t", "u"}),
    }
    people = [
        Candidate(
            id=name,
            kind=ApplicationKind.STUDY_VISIT,
            country=home,
            organisation_id=f"o{name}",
            rank_group=RankGroup.OPERATIONAL,
            languages={"en": LanguageLevel.C1},
            preferred_countries=frozenset({host}),
            barred=frozenset(barred),
        )
        for name, (home, host, barred) in rows.items()
    ]
    seats = [
        Seat(
            id=name,
            kind=SeatKind.PLACEMENT,
            country=host,
            organisation_id=f"h{name}",
            capacity=places,
            languages={"en": LanguageLevel.B1},
        )
        for name, host, places in (("s", "DE", 2), ("t", "FR", 1), ("u", "PL", 1))
    ]
    call = Problem(call_id="c", day=DAY, seed=seed, candidates=tuple(people), seats=tuple(seats))
    return with_ties(call, share=50)


def test_two_exchange_at_one_seat_at_once_where_a_share_binds() -> None:
    """After any lot nobody can gain without a loss, also where two must leave a seat and two enter at once."""
    bettered = 0
    for number in range(40):
        problem = at_a_binding_share(str(number))
        judge, matching = Judge(problem), found(problem)
        stable = [other for other in all_matchings(judge.market) if not list(judge.blocks(other))]
        assert not any(judge.better(other, matching) for other in stable)
        lots = found(replace(problem, rules=replace(problem.rules, ties=TieBreak.LOTS)))
        names = [judge.market.candidates[each].id for each in matching if matching[each] != lots.get(each)]
        bettered += sorted(names) == ["a", "b", "c", "d"]
    assert bettered


@given(problems(people=14, seats=6, objective=Objective.STABLE), st.sampled_from((30, 50, 100)))
@settings(max_examples=120, deadline=None)
def test_exchanges_leave_nobody_worse_off_than_lots(problem: Problem, share: int) -> None:
    """Under any shares and ceilings nobody loses against lots, no new pair blocks, and no ceiling is passed."""
    problem = with_ties(problem, share=share)
    judge, after = Judge(problem), found(problem)
    lots = found(replace(problem, rules=replace(problem.rules, ties=TieBreak.LOTS)))
    people = range(len(judge.market.candidates))
    assert all(judge.worth(each, after) >= judge.worth(each, lots) for each in people)
    beyond = solve(judge.market).beyond_quota
    assert {candidate for candidate, _ in judge.blocks(after)} <= beyond
    assert not beyond & after.keys()
    assert lawful(judge.market, dict(after))


@given(problems(people=12, seats=5, objective=Objective.STABLE), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_the_order_of_arrival_does_not_matter(problem: Problem, seed: int) -> None:
    """The exchanges depend on the published seed, and not on the order of candidates and seats."""
    problem = with_ties(problem)
    assert run(shuffled(problem, random.Random(seed))).matching == run(problem).matching


def example(seed: str, ties: TieBreak = TieBreak.EXCHANGES) -> Problem:
    """Return three officers and three places, where a lot at y decides between the first and the third officer."""
    wishes = {"1": ("y", "x", "z"), "2": ("z", "y", "x"), "3": ("y", "z", "x")}
    orders = {"x": ("1",), "y": ("2",), "z": ("3", "1", "2")}
    return Problem(
        call_id="example",
        day=DAY,
        seed=seed,
        candidates=tuple(
            Candidate(
                id=name,
                kind=ApplicationKind.STUDY_VISIT,
                country="AM",
                organisation_id=f"o{name}",
                rank_group=RankGroup.OPERATIONAL,
                languages={"en": LanguageLevel.C1},
                wishes=own,
            )
            for name, own in wishes.items()
        ),
        seats=tuple(
            Seat(
                id=name,
                kind=SeatKind.PLACEMENT,
                country="DE",
                organisation_id="h",
                capacity=1,
                languages={"en": LanguageLevel.B1},
                wishes=own,
            )
            for name, own in orders.items()
        ),
        rules=Rules(wishes=Wishes.WISHES_FIRST, ties=ties, weights={Criterion.FIRST_TIME: Weight(0, 0)}),
    )


def test_two_officers_exchange_what_a_lot_gave_them() -> None:
    """If the lot at y falls to the first officer, the second and the third exchange the places that they get."""
    lots = {seed: run(example(seed, TieBreak.LOTS)).matching for seed in map(str, range(20))}
    assert {tuple(sorted(each.items())) for each in lots.values()} == {
        (("1", "x"), ("2", "y"), ("3", "z")),
        (("1", "x"), ("2", "z"), ("3", "y")),
    }
    for seed, by_lot in lots.items():
        result = run(example(seed))
        assert result.matching == {"1": "x", "2": "z", "3": "y"}
        assert result.exchanged == (2 if by_lot["2"] == "y" else 0)
        assert result.prices.blocking_pairs == 0
        missed = result.receipt("1").missed
        assert missed is not None
        assert (missed.seat_id, missed.why) == ("y", WishMissed.EQUAL)
    assert run(example("1", TieBreak.LOTS)).exchanged is None


@given(problems(people=9, seats=4, objective=Objective.STABLE))
@settings(max_examples=40, deadline=None)
def test_named_changes_hold_in_a_run_with_exchanges(problem: Problem) -> None:
    """Each smallest set of changes gives its candidate the named seat when the engine runs again with exchanges."""
    problem = with_ties(problem, share=50)
    result = run_layers(problem)
    for receipt in result.receipts():
        for change in receipt.changes:
            again = run_layers(applied(problem, receipt.candidate_id, change))
            assert again.matching[receipt.candidate_id] == change.seat_id


@given(problems(people=8, seats=4, objective=Objective.STABLE))
@settings(max_examples=15, deadline=None)
def test_options_count_as_blocking_what_both_sides_would_prefer(problem: Problem) -> None:
    """No option has more blocking pairs than it may, counted by points where exchanges follow the lot."""
    problem = with_ties(problem)
    judge, options = Judge(problem), Options(problem, seconds=1)
    for kind in (CohortOption.STABLE, CohortOption.TENTH, CohortOption.HALF):
        option = options.option(kind)
        if option is None:
            continue
        market = judge.market
        seats = {market.place[name]: market.seat_place[seat] for name, seat in option.result.matching.items()}
        stopped = set(market.at_ceiling([seats.get(each, -1) for each in range(len(market.candidates))]))
        blocks = [each for each, _ in judge.blocks(seats) if each in seats or market.country[each] not in stopped]
        assert len(blocks) == option.blocking
        assert option.allowed is None or option.blocking <= option.allowed


def test_a_large_market_exchanges_as_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A market that is swept has the same exchanges as one whose pairs are stored, and none is followed by events."""
    problem = placements(300, 140)
    problem = replace(problem, rules=replace(problem.rules, ties=TieBreak.EXCHANGES))
    swept = run(problem)
    assert not can_follow(problem)
    monkeypatch.setattr(market_module, "SWEPT_FROM", 10**9)
    stored = run(problem)
    assert swept.exchanged
    assert (swept.matching, swept.exchanged) == (stored.matching, stored.exchanged)
    assert not swept.explained.blocking.any()
