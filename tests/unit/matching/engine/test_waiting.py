"""The place in line of a waiting candidate is the order in which the seat would call."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings

from services.matching.engine.explain.waiting import lines
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import Problem, Rules
from shared.contracts.codes import HardRule, Objective
from tests.unit.matching.engine.oracle import broken, same_kind
from tests.unit.matching.engine.worlds import problems


@given(problems(people=9, seats=4, objective=Objective.STABLE))
@settings(max_examples=80, deadline=None)
def test_places_in_line_are_a_count_from_one(problem: Problem) -> None:
    """At every seat the places are 1 to m, each once; fixed pairs keep nobody out."""
    taken = {pair.candidate_id for pair in problem.fixed}
    pool = [candidate for candidate in problem.candidates if candidate.id not in taken]
    free = replace(problem, fixed=())
    found = [(candidate, line) for candidate in pool for line in lines(problem, candidate.id, most=99)]
    seats = {seat.id: seat for seat in problem.seats}
    for seat_id, seat in seats.items():
        at = sorted(line.at for _, line in found if line.seat_id == seat_id)
        assert at == list(range(1, len(at) + 1))
        fit = [
            candidate
            for candidate in problem.candidates
            if same_kind(candidate, seat) and not broken(free, candidate, seat)
        ]
        assert all(line.of == len(fit) for _, line in found if line.seat_id == seat_id)
    fixed = Counter(pair.seat_id for pair in problem.fixed)
    for candidate, line in found:
        assert line.free == max(0, seats[line.seat_id].capacity - fixed[line.seat_id])
        limits = {HardRule.QUOTA, HardRule.SHARE_OF_OFFER} & set(broken(problem, candidate, seats[line.seat_id]))
        assert (line.limit in limits) if limits else line.limit is None


@given(problems(people=8, seats=1, objective=Objective.STABLE, quotas=False, fixed=False))
@settings(max_examples=80, deadline=None)
def test_the_line_is_the_order_in_which_places_are_given(problem: Problem) -> None:
    """With one seat and no shares, the places go to the front of the line."""
    problem = replace(problem, rules=replace(Rules(), share=100))
    matched = run(problem).matching
    for candidate in problem.candidates:
        for line in lines(problem, candidate.id):
            assert (line.at <= line.free) == (candidate.id in matched)
