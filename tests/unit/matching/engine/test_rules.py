"""The bitmaps and scores of the engine equal the rules in plain Python."""

from hypothesis import given, settings

from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Problem
from shared.contracts.codes import HardRule
from tests.unit.matching.engine.oracle import broken, points, same_kind
from tests.unit.matching.engine.worlds import problems


@given(problems())
@settings(max_examples=100, deadline=None)
def test_feasible_pairs_are_those_that_break_no_rule(problem: Problem) -> None:
    """A pair is feasible exactly if each hard rule of the oracle holds; the funnel counts the rest."""
    market = Market(problem)
    for place, candidate in enumerate(market.candidates):
        verdicts = {
            at: broken(problem, candidate, seat) for at, seat in enumerate(market.seats) if same_kind(candidate, seat)
        }
        assert sorted(market.rows[place].seats) == [at for at, rules in verdicts.items() if not rules]
        funnel = market.feasible[place].funnel()
        assert [step.rule for step in funnel] == list(HardRule)
        first = [min(rules, key=list(HardRule).index) for rules in verdicts.values() if rules]
        assert [step.removed for step in funnel] == [first.count(rule) for rule in HardRule]
        assert market.feasible[place].after[0].bit_count() == len(verdicts)


@given(problems())
@settings(max_examples=80, deadline=None)
def test_scores_are_the_weighted_sums_of_their_criteria(problem: Problem) -> None:
    """The scores of each feasible pair are the oracle's points times the weights of either side."""
    market = Market(problem)
    pairs = market.pairs
    for at, (candidate, seat) in enumerate(zip(pairs.owner, pairs.seat, strict=True)):
        earned = points(problem, market.candidates[candidate], market.seats[seat])
        weights = problem.rules.weights
        assert pairs.gain[at] == sum(weights[name].applicant * got for name, got in earned.items())
        assert pairs.preference[at] == sum(weights[name].host * got for name, got in earned.items())


@given(problems(people=12))
@settings(max_examples=50, deadline=None)
def test_orders_are_strict_and_follow_the_scores(problem: Problem) -> None:
    """Keys of a seat differ and follow its preference, pre-matched people first; rows are sorted by gain."""
    market = Market(problem)
    pairs = market.pairs
    for seat in range(len(market.seats)):
        at = pairs.seat == seat
        keys, wanted = pairs.key[at], pairs.preference[at]
        assert len(set(keys.tolist())) == len(keys)
        named = keys >= 1 << 62
        kept, here = market.seats[seat].pre_matched, market.seats[seat].id
        people = [market.candidates[number] for number in pairs.owner[at]]
        assert named.tolist() == [person.id == kept or person.pre_matched == here for person in people]
        assert sorted(wanted[~named].tolist()) == wanted[~named][keys[~named].argsort()].tolist()
    for place in range(len(market.candidates)):
        row = pairs.gain[pairs.row(place)].tolist()
        assert row == sorted(row, reverse=True)
