"""The matching of the highest sum: optimal, proven, and with true prices."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.matching.engine.explain.counterfactual import Search
from services.matching.engine.explain.prices import blocking_pairs, total_of
from services.matching.engine.market import market as market_module
from services.matching.engine.market.market import Market, Pairs
from services.matching.engine.matching import run
from services.matching.engine.optimal import shortlist
from services.matching.engine.optimal.certificate import bound
from services.matching.engine.optimal.most_good import Effort, most_good
from services.matching.engine.optimal.network import Limits, Network, Prices
from services.matching.engine.optimal.potentials import potentials, residual
from services.matching.engine.optimal.shortlist import PairTable
from services.matching.engine.problem.problem import WEIGHTS, Problem, Rules, SeatKind, Weight
from services.matching.engine.rules.scores import TIE_BITS
from services.matching.engine.solution import solve
from services.matching.engine.stable.deferred_acceptance import UNMATCHED, stable
from shared.contracts.codes import ApplicationKind, Change, Criterion, LanguageLevel, Objective
from tests.unit.matching.engine.oracle import all_matchings, blocking, lawful
from tests.unit.matching.engine.worlds import DAY, HOMES, candidate, make_problem, market_of, problems, seat

SHORT = Effort(all_at_once=0, paths_at_once=0, best=1, per_place=1, near=1)
"""As few pairs as can be, so that small worlds go all the ways of large ones."""
_ALL = 1000
"""More runs than any search of these worlds makes, so that none ends for want of effort."""


def _matching(assigned: list[int]) -> dict[int, int]:
    return {candidate: seat for candidate, seat in enumerate(assigned) if seat >= 0}


def _assigned(market: Market, matching: dict[int, int]) -> list[int]:
    return [matching.get(candidate, -1) for candidate in range(len(market.candidates))]


def _sum(market: Market, matching: dict[int, int]) -> int:
    return total_of(market, _assigned(market, matching))


def _ties(market: Market, matching: dict[int, int]) -> int:
    table = PairTable(market)
    numbers = np.arange(table.count)
    chosen = np.array(_assigned(market, matching), np.int64)[table.owner(numbers)] == table.seat(numbers)
    return int(table.tie(numbers[chosen]).sum())


WEIGHTS_DRAWN = st.sampled_from((WEIGHTS, {Criterion.TOPIC: Weight(1, 0)}, {Criterion.FIRST_TIME: Weight(0, 1)}))
"""Weights of a call; with some nearly all sums are equal, and the tie-breaks decide."""


@given(problems(people=5, seats=3, objective=Objective.MOST_GOOD), WEIGHTS_DRAWN)
@settings(max_examples=100, deadline=None)
def test_no_lawful_matching_has_a_higher_sum(problem: Problem, weights: Mapping[Criterion, Weight]) -> None:
    """No lawful matching has a higher sum; of the best ones it is first by the tie-breaks."""
    market = Market(replace(problem, rules=replace(problem.rules, weights=weights)))
    found = _matching(most_good(market).assigned)
    assert lawful(market, found)
    assert (_sum(market, found), _ties(market, found)) == max(
        (_sum(market, matching), _ties(market, matching)) for matching in all_matchings(market)
    )


@given(
    problems(people=5, seats=3, objective=Objective.MOST_GOOD),
    st.dictionaries(st.sampled_from(("AM", "GE", "MD")), st.integers(1, 3), min_size=1),
    st.sampled_from((Effort(), SHORT)),
)
@settings(max_examples=80, deadline=None)
def test_floors_come_before_points(problem: Problem, floors: dict[str, int], effort: Effort) -> None:
    """As many go as floors ask for and any lawful matching allows; what is missing is named by country."""
    problem = replace(problem, rules=replace(problem.rules, floors=floors))
    market = Market(problem)
    fixed = Counter(pair.country for pair in problem.fixed)

    def reached(matching: dict[int, int]) -> int:
        sent = fixed + Counter(market.countries[market.country[candidate]] for candidate in matching)
        return sum(min(floor, sent[country]) for country, floor in floors.items())

    possible = list(all_matchings(market))
    best = max(reached(matching) for matching in possible)
    answer = most_good(market, effort=effort)
    found = _matching(answer.assigned)
    assert lawful(market, found)
    assert reached(found) == best
    highest = max(_sum(market, matching) for matching in possible if reached(matching) == best)
    assert _sum(market, found) == answer.certificate.total == answer.certificate.bound == highest
    assert bound(market, answer.certificate, np.array(answer.assigned, np.int64)) == highest
    result = run(problem)
    assert sum(result.unmet_floors.values()) == sum(floors.values()) - best
    assert set(result.unmet_floors) <= set(floors)


@given(problems(people=14, seats=7, objective=Objective.MOST_GOOD), st.integers(0, 3), WEIGHTS_DRAWN)
@settings(max_examples=80, deadline=None)
def test_the_way_to_the_optimum_does_not_show(
    problem: Problem, floor: int, weights: Mapping[Criterion, Weight]
) -> None:
    """From a short list, a longer one or all pairs at once the matching is the same, and proven."""
    _same_by_all_ways(Market(replace(problem, rules=replace(problem.rules, floors={"GE": floor}, weights=weights))))


@given(
    problems(people=14, seats=70, objective=Objective.MOST_GOOD),
    WEIGHTS_DRAWN,
    st.sampled_from((1, 400)),
    st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nor_does_it_where_the_market_is_swept(
    monkeypatch: pytest.MonkeyPatch,
    problem: Problem,
    weights: Mapping[Criterion, Weight],
    heavier: int,
    places_only: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Weights and tie-breaks from compiled sweeps, in 16 bits or 32, give the same matching and bound.

    Where only places are scarce these come from shortest paths, or from flows once the search for a path gives up.
    """
    paths = pytest.importorskip("services.matching.engine.optimal.paths")
    monkeypatch.setattr(market_module, "SWEPT_FROM", 0)
    heavy = {name: Weight(weight.applicant * heavier, weight.host * heavier) for name, weight in weights.items()}
    rules = replace(problem.rules, weights=heavy, floors={"GE": 1})
    if places_only:
        rules = replace(rules, floors={}, ceilings={}, share=100)
    problem = replace(problem, rules=rules)
    swept, whole = Market(problem), Market(problem)
    assert swept.sweep is not None
    assert len(whole.pairs.starts)
    expected = most_good(whole)
    for effort, reads in itertools.product((Effort(), SHORT), (1_000_000, 0)):
        monkeypatch.setattr(paths, "_LEAST_READS", reads)
        monkeypatch.setattr(paths, "_READS", min(reads, 50))
        found = most_good(swept, effort=effort)
        assert found.assigned == expected.assigned
        assert found.certificate.bound == expected.certificate.bound
        assert bound(whole, found.certificate, np.array(found.assigned, np.int64)) == found.certificate.total


@pytest.mark.parametrize("width", [64, 63])
def test_a_short_list_is_short(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Bars from a sample leave out most pairs and leave everybody some, for rows of any length."""
    monkeypatch.setattr(shortlist, "_SAMPLE", 2_000)
    monkeypatch.setattr(shortlist, "_EXACT", 2_000)
    monkeypatch.setattr(shortlist, "_BLOCK", 1_000)
    table = PairTable(_dense(7, 250, width, 1000))
    listed = table.shortlist(np.full(width, 2), 12, 6)
    assert table.count == 250 * width
    assert len(np.unique(table.owner(listed))) == 250
    assert len(np.unique(table.seat(listed))) == width
    assert len(listed) < table.count // 2


@given(st.integers(0, 2**32), st.integers(1, 25), st.integers(1, 12), st.sampled_from((2, 30, 1000)))
@settings(max_examples=80, deadline=None)
def test_nor_does_it_where_every_pair_is_feasible(seed: int, people: int, seats: int, most: int) -> None:
    """The same for worlds without rules, whose short lists leave out nearly all pairs."""
    _same_by_all_ways(_dense(seed, people, seats, most))


def test_large_prices_are_as_good_as_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices too large for 32 bits are applied in 64, with the same result."""
    markets = [_dense(seed, 25, 12, 1000) for seed in range(20)]
    expected = [most_good(market, effort=SHORT).assigned for market in markets]
    monkeypatch.setattr(shortlist, "_SMALL", 0)
    assert [most_good(market, effort=SHORT).assigned for market in markets] == expected


def _dense(seed: int, people: int, seats: int, most: int) -> Market:
    """Return a market in which all pairs are feasible, with weights up to `most` and one to three places a seat."""
    dice = random.Random(seed)
    market = _assignment([[dice.randint(1, most) for _ in range(seats)] for _ in range(people)])
    market.pairs = replace(
        market.pairs, key=np.array([dice.getrandbits(TIE_BITS) for _ in market.pairs.seat], np.int64)
    )
    market.free = [dice.randint(1, 3) for _ in range(seats)]
    market.shares = list(market.free)
    return market


def _same_by_all_ways(market: Market) -> None:
    whole, short = most_good(market), most_good(market, effort=SHORT)
    longer = most_good(market, effort=replace(SHORT, best=2, near=0))
    assert whole.assigned == short.assigned == longer.assigned
    assert whole.certificate.valid
    assert short.certificate.valid
    assert longer.certificate.valid


@given(st.integers(0, 2**32), st.integers(1, 25), st.integers(1, 12), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_a_search_cut_short_says_how_far_it_may_be_from_the_best(
    seed: int, people: int, seats: int, rounds: int
) -> None:
    """After few rounds the matching is lawful, and the best sum lies between its sum and its bound."""
    market = _dense(seed, people, seats, 1000)
    best = most_good(market).certificate
    cut = most_good(market, effort=replace(SHORT, rounds=rounds))
    certificate = cut.certificate
    assert lawful(market, _matching(cut.assigned))
    assert certificate.total == _sum(market, _matching(cut.assigned))
    assert certificate.total <= best.total <= certificate.bound
    assert certificate.valid == (certificate.gap_ppm == 0)
    assert bound(market, certificate, np.array(cut.assigned, np.int64)) == certificate.bound


def test_a_floor_is_worth_any_number_of_points() -> None:
    """A candidate whom a floor asks for goes, though eight others lose nearly all their points by moving."""
    others = [f"c{number}" for number in range(8)]
    seats = [f"s{number}" for number in range(9)]
    wishes = {candidate_id: [seats[at], seats[at + 1]] for at, candidate_id in enumerate(others)} | {"z": [seats[0]]}
    orders = {seat: [candidate_id for candidate_id, wanted in wishes.items() if seat in wanted] for seat in seats}
    market = market_of(wishes, orders)
    pairs = market.pairs
    gain = np.where((pairs.seat == pairs.owner) & (pairs.owner < 8), 500, 0)
    market.pairs = Pairs(pairs.starts, pairs.seat, pairs.key, gain, np.zeros_like(gain))
    market.countries, market.country, market.quota = ["AM", "GE"], [0] * 8 + [1], [None, None]
    market.used = [{} for _ in seats]
    market.problem = replace(market.problem, rules=replace(market.problem.rules, floors={"AM": 8, "GE": 1}))
    assert most_good(market, floors=False).assigned == [*range(8), -1]
    best = most_good(market)
    assert best.assigned == [*range(1, 9), 0]
    assert best.certificate.valid
    assert best.certificate.total == bound(market, best.certificate, np.array(best.assigned, np.int64)) == 9


@given(problems(people=5, seats=3), st.lists(st.integers(0, 3000), min_size=60, max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_prices_prove_too_much(problem: Problem, drawn: list[int]) -> None:
    """No lawful matching is above the bound of any prices."""
    market = Market(problem)
    honest = most_good(market, floors=False).certificate
    dice = iter(np.resize(np.array(drawn, np.int64), 500))

    def like(array: np.ndarray) -> np.ndarray:
        return np.array([next(dice) for _ in range(array.size)], np.int64).reshape(array.shape)

    share = None if honest.prices.share is None else like(honest.prices.share)
    prices = Prices(like(honest.prices.seat), share, np.where(honest.prices.country, like(honest.prices.country), 0))
    nobody = np.full(len(market.candidates), -1, np.int64)
    upper = bound(market, replace(honest, prices=prices), nobody, floors=False)
    assert upper >= max(_sum(market, matching) for matching in all_matchings(market))
    if len(prices.seat):
        with pytest.raises(ValueError, match="below 0"):
            bound(market, replace(honest, prices=replace(prices, seat=prices.seat - 9999)), nobody)


@given(problems(people=12, seats=6, objective=Objective.MOST_GOOD), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_potentials_prove_a_flow_and_only_one_that_costs_least(problem: Problem, floor: int) -> None:
    """No residual arc of an optimal flow has a reduced cost below 0; a worse flow has no potentials."""
    market = Market(replace(problem, rules=replace(problem.rules, floors={"MD": floor})))
    table, limits = PairTable(market), Limits(market)
    everything = np.arange(table.count)
    seat, weight = table.seat(everything), table.weight(everything)
    network = Network(limits, table.owner(everything), seat, weight, 3 * table.heaviest)
    flow = network.flow()
    label = potentials(network, flow)
    tail, head, cost = residual(network, flow)
    assert (cost + label[tail] - label[head] >= 0).all()
    if flow.any():
        with pytest.raises(ValueError, match="not optimal"):
            potentials(network, np.zeros_like(flow))


def _assignment(weights: list[list[int]]) -> Market:
    """Return a market of one place a seat in which the pairs have these weights (rows: candidates)."""
    people = [f"c{number:03}" for number in range(len(weights))]
    seats = [f"s{number:03}" for number in range(len(weights[0]))]
    market = market_of(dict.fromkeys(people, seats), dict.fromkeys(seats, people))
    flat = np.array(weights, np.int64).reshape(-1)
    pairs = market.pairs
    market.pairs = Pairs(pairs.starts, pairs.seat, pairs.key, flat - 1, np.zeros_like(flat))
    return market


@pytest.mark.parametrize("effort", [Effort(), SHORT])
@pytest.mark.parametrize(
    ("costs", "least"),
    [
        ([[400, 150, 400], [400, 450, 600], [300, 225, 300]], 850),
        ([[400, 150, 400, 1], [400, 450, 600, 2], [300, 225, 300, 3]], 452),
        ([[10, 10, 8], [9, 8, 1], [9, 7, 4]], 18),
        ([[10, 10, 8, 11], [9, 8, 1, 1], [9, 7, 4, 10]], 15),
    ],
)
def test_published_assignments(costs: list[list[int]], least: int, effort: Effort) -> None:
    """The examples of the `munkres` package and of SciPy's tests of `linear_sum_assignment`, with their known costs."""
    dear = 1000
    best = most_good(_assignment([[dear - cost for cost in row] for row in costs]), effort=effort)
    assert best.certificate.valid
    assert len(costs) * dear - best.certificate.total == least


@pytest.mark.parametrize("effort", [Effort(), SHORT])
@pytest.mark.parametrize("size", [5, 40])
def test_a_hard_assignment_of_any_size(size: int, effort: Effort) -> None:
    """Costs i x j (Machol & Wien, "A hard assignment problem", 1976): the least is n(n+1)(n+2)/6, in opposite order."""
    dear = size * size + 1
    best = most_good(
        _assignment([[dear - i * j for j in range(1, size + 1)] for i in range(1, size + 1)]), effort=effort
    )
    assert best.assigned == list(range(size))[::-1]
    assert best.certificate.valid
    assert size * dear - best.certificate.total == size * (size + 1) * (size + 2) // 6


@given(problems(people=10, seats=5, quotas=False), st.booleans())
@settings(max_examples=80, deadline=None)
def test_blocking_pairs_are_counted_by_the_definition(problem: Problem, good: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """The number of blocking pairs is that of trying each pair by the definition."""
    market = Market(problem)
    assigned = most_good(market).assigned if good else stable(market)[0]
    assert blocking_pairs(market, assigned) == len(blocking(market, _matching(assigned)))
    alone = [-1] * len(market.candidates)
    assert blocking_pairs(market, alone) == len(blocking(market, {}))


@given(problems(people=10, seats=5))
@settings(max_examples=60, deadline=None)
def test_nobody_beyond_a_ceiling_blocks(problem: Problem) -> None:
    """A candidate without a seat whose country has reached its ceiling blocks nothing; others are counted."""
    market = Market(replace(problem, fixed=(), rules=replace(problem.rules, ceilings=dict.fromkeys(HOMES, 1))))
    assigned, _ = stable(market)
    matching = _matching(assigned)
    sent = Counter(market.country[candidate] for candidate in matching)
    full = {country for country, most in enumerate(market.quota) if most is not None and sent[country] >= most}
    counted = [
        candidate
        for candidate, _ in blocking(market, matching)
        if candidate in matching or market.country[candidate] not in full
    ]
    assert blocking_pairs(market, assigned) == len(counted)


@given(problems(people=12, seats=4, objective=Objective.MOST_GOOD), WEIGHTS_DRAWN, st.sampled_from((0, 0, 4)))
@settings(max_examples=60, deadline=None)
def test_prices_rule_out_only_changes_that_fail(
    problem: Problem, weights: Mapping[Criterion, Weight], floor: int
) -> None:
    """The smallest changes found with the prices' help are those found by running every changed row."""
    floors = {"AM": floor, "GE": floor} if floor else {}
    market = Market(replace(problem, rules=replace(problem.rules, weights=weights, floors=floors)))
    solution = solve(market)
    assert solution.certificate is not None
    quick, slow = Search(market, solution), Search(market, replace(solution, certificate=None))
    for number, assigned in enumerate(solution.assigned):
        if assigned == UNMATCHED:
            changes, runs = quick.smallest(number, _ALL)
            by_running, most_runs = slow.smallest(number, _ALL)
            assert changes == by_running
            assert runs <= most_runs < _ALL


@pytest.mark.parametrize("seed", [13, 54, 59, 129, 173, 178])
def test_shares_bind_at_a_second_place(seed: int) -> None:
    """A second place at a seat makes a share bind there; the search with prices takes it into account."""
    market = Market(make_problem(random.Random(seed), 11, 3, tight=0.0, objective=Objective.MOST_GOOD))
    solution = solve(market)
    assert solution.certificate is not None
    quick, slow = Search(market, solution), Search(market, replace(solution, certificate=None))
    left = [number for number, seat in enumerate(solution.assigned) if seat == UNMATCHED]
    assert left
    for number in left:
        changes, runs = quick.smallest(number, _ALL)
        by_running, most_runs = slow.smallest(number, _ALL)
        assert changes == by_running
        assert runs <= most_runs < _ALL


def test_a_floor_asks_for_a_newly_able_candidate_at_any_price() -> None:
    """One level of English more brings in a candidate of a country whose floor was unmet, whatever the points."""
    dice = random.Random(1)
    place = replace(seat(dice, "s0", 0.0), kind=SeatKind.PLACEMENT, capacity=1, share_exempt=True, country="DE")
    place = replace(place, languages={"en": LanguageLevel.B1}, topics=frozenset(), expertise={}, weeks=None)
    strong = replace(candidate(dice, "c0", 1, 0.0), country="AM", languages={"en": LanguageLevel.C2}, first_time=True)
    weak = replace(strong, id="c1", country="GE", languages={"en": LanguageLevel.A2}, first_time=False)
    rules = Rules(objective=Objective.MOST_GOOD, floors={"GE": 1})
    people = tuple(
        replace(candidate, kind=ApplicationKind.STUDY_VISIT) for candidate in (strong, replace(strong, id="c2"), weak)
    )
    result = run(Problem(call_id="call", day=DAY, seed="", candidates=people, seats=(place,), rules=rules))
    assert result.matching.keys() < {"c0", "c2"}
    assert result.unmet_floors == {"GE": 1}
    assert Change.LANGUAGE_LEVEL in [change.change for change in result.receipt("c1").changes]


@given(problems(people=8, seats=4), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_both_prices_of_a_run(problem: Problem, floor: int) -> None:
    """A stable run has no blocking pair but for a floor, and at most the best sum; a run for the sum has all of it."""
    problem = replace(problem, rules=replace(problem.rules, floors={"AM": floor}))
    result = run(problem)
    prices = result.prices
    assert 0 <= prices.total <= prices.best
    assert prices.proven
    assert result.certificate.valid
    assert prices.total == sum(pair.gain + pair.preference + 1 for pair in result.pairs)
    if problem.rules.objective is Objective.MOST_GOOD:
        assert prices.of_best_ppm == 1_000_000
    elif not problem.rules.ceilings and not floor:
        assert prices.blocking_pairs == 0
