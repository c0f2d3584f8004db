"""Digests of problems: the same for equal problems, and stable for stored runs."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.problem.digest import canonical
from services.matching.engine.problem.digest import digest as digest_of
from services.matching.engine.problem.document import in_full, plain, read
from services.matching.engine.problem.problem import (
    ENGINE_VERSION,
    Candidate,
    Exclusion,
    Fixed,
    Problem,
    Rules,
    Seat,
    Skill,
    Weight,
)
from shared.contracts.codes import Criterion, Objective
from tests.unit.matching.engine.worlds import DAY, EVERY_WEIGHT, make_problem, problems, shuffled

ODD = st.text(st.sampled_from('ab !"#\\\n\x7f\u00e9\u4e2d\U0001f600,'), max_size=4)
"""Texts in which the two ways to write JSON, or to order it, could part."""

STORED = json.loads((Path(__file__).parent / "stored_run.json").read_text(encoding="utf-8"))
"""A run as it was stored by engine version 2: the document of its problem, and its digest. Never to be written again:
a run that is stored cannot be either."""


def _plainly(problem: Problem) -> str:
    """Return the digest by its definition: one sorted JSON text of everything, and its hash."""
    text = json.dumps([ENGINE_VERSION, canonical(problem)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("seed", "tight", "aim", "digest"),
    [
        (1, 0.0, Objective.STABLE, "7aba69e974c049097588a043a17764eb72d11958e3a9f3f590a709f2b6de1b0d"),
        (2, 0.4, Objective.MOST_GOOD, "b3dcb232d3307337a0ba61d1412956b7a5f984c461d49b77881c5d2449addbce"),
    ],
)
def test_digests_of_stored_runs_stay(seed: int, tight: float, aim: Objective, digest: str) -> None:
    """Problems of runs published with this version of the engine keep their digests, stored without weights too."""
    problem = make_problem(random.Random(seed), 9, 5, tight=tight, objective=aim)
    stored = plain(problem)
    del stored["rules"]["weights"]
    assert digest_of(problem) == digest_of(read(Problem, stored)) == digest_of(read(Problem, in_full(stored))) == digest


def test_weights_of_a_new_run_are_written_out() -> None:
    """The weights that a call has by default now stand in the document, so that no later default changes the run."""
    nobody = Problem(call_id="call", day=DAY, seed="seed", candidates=(), seats=())
    assert plain(nobody)["rules"]["weights"]
    assert read(Problem, plain(nobody)) == nobody
    earlier = {name: value for name, value in plain(nobody).items() if name != "rules"}
    assert read(Problem, earlier).rules.weights == EVERY_WEIGHT


def test_the_digest_of_odd_texts_stays() -> None:
    """Accents, blanks, quotation marks and control characters are written and sorted as always."""
    problem = make_problem(random.Random(3), 9, 5, tight=0.15)
    odd = replace(
        problem.candidates[0], id='Zo\u00eb "!"\x7f\n', topics=("a b", "a"), barred=frozenset({"a", "a b", "a!"})
    )
    problem = replace(problem, candidates=(odd, *problem.candidates[1:]))
    assert digest_of(problem) == "428bd76458cc25f496b7064ee986c44e0f2d05a947b4e242f5c69a86d6db8265"


@given(problems(people=6, seats=4), st.integers(0, 2**32), st.lists(ODD, min_size=8, max_size=8, unique=True))
@settings(max_examples=80, deadline=None)
def test_the_short_way_writes_what_the_long_one_does(problem: Problem, seed: int, odd: list[str]) -> None:
    """Any problem, in any order of its parts and with any text, has the digest of the definition."""
    dice = random.Random(seed)
    assert digest_of(shuffled(problem, dice)) == _plainly(problem)
    people = tuple(
        replace(
            candidate,
            id=f"{candidate.id}{odd[0]}",
            barred=frozenset(odd[1:4]),
            expertise=dict(zip(odd, candidate.expertise.values(), strict=False)),
            languages=dict(zip(odd[2:], candidate.languages.values(), strict=False)),
        )
        for candidate in problem.candidates
        if dice.random() < 0.5
    )
    seats = tuple(
        replace(seat, topics=frozenset(odd[:3]), conflicts=frozenset(odd[4:6]))
        for seat in problem.seats
        if dice.random() < 0.5
    )
    fixed = tuple(
        Fixed(candidate_id=candidate_id, seat_id=odd[0], country="AM", group_id=odd[1] or None)
        for candidate_id in odd[:3]
    )
    other = replace(problem, candidates=people, seats=seats, fixed=fixed)
    assert digest_of(other) == _plainly(other)


def test_seed_rules_and_inputs_each_change_the_digest() -> None:
    """Another seed, weight or person is another digest."""
    problem = make_problem(random.Random(0), 4, 3, tight=0.15)
    heavier = replace(problem.rules, weights={**problem.rules.weights, Criterion.TOPIC: Weight(6, 1)})
    others = [
        replace(problem, seed="another"),
        replace(problem, rules=heavier),
        replace(problem, candidates=problem.candidates[:-1]),
        replace(problem, candidates=(replace(problem.candidates[0], first_time=True, topics=()),)),
    ]
    assert len({digest_of(problem_) for problem_ in (problem, *others)}) == 5


def test_the_order_of_wishes_is_part_of_the_digest() -> None:
    """Two orders of the same topics have different digests."""
    problem = make_problem(random.Random(5), 1, 2, tight=0.0)
    candidate = replace(problem.candidates[0], topics=("online_crime", "drug_trafficking"))
    two = replace(candidate, topics=candidate.topics[::-1])
    assert digest_of(replace(problem, candidates=(candidate,))) != digest_of(replace(problem, candidates=(two,)))


def test_a_stored_run_keeps_its_digest() -> None:
    """The stored problem of an earlier run is read as the same problem, with the same digest."""
    problem = read(Problem, STORED["problem"])
    assert digest_of(problem) == STORED["digest"] == _plainly(problem)
    assert plain(problem) == STORED["problem"]


@pytest.mark.parametrize("added", ["added", "zz_added", "aa_added"])
@pytest.mark.parametrize("kind", [Candidate, Seat, Fixed, Rules, Exclusion, Skill, Weight, Problem])
def test_a_field_added_with_a_default_keeps_stored_digests(kind: type[Any], added: str) -> None:
    """A field added later changes no digest while it has its default."""
    wider = _wider(kind, added, bool, field(default=False))
    problem = _rebuilt(read(Problem, STORED["problem"]), kind, wider)
    assert problem != read(Problem, STORED["problem"])
    assert digest_of(problem) == STORED["digest"] == _plainly(problem)
    assert plain(problem) == STORED["problem"]
    assert digest_of(read(wider if kind is Problem else Problem, STORED["problem"])) == STORED["digest"]


@pytest.mark.parametrize("added", ["added", "zz_added", "aa_added"])
@pytest.mark.parametrize("kind", [Candidate, Seat, Fixed, Rules, Exclusion, Skill, Weight, Problem])
@pytest.mark.parametrize("value", [frozenset({"b", "a"}), ("\u00e9", "a"), {"k": Skill(3, 1)}, {"k": 1}])
def test_the_value_of_an_added_field_is_part_of_the_digest(kind: type[Any], added: str, value: object) -> None:
    """Another value than the default, in one part or in all, changes the digest as defined."""
    wider = _wider(kind, added, Any, field(default=None))
    before = read(Problem, STORED["problem"])
    every = _rebuilt(before, kind, wider, {added: value})
    some = _rebuilt(before, kind, wider, {added: value}, most=1)
    assert digest_of(every) == _plainly(every) != STORED["digest"]
    assert digest_of(some) == _plainly(some) != STORED["digest"]


def _wider(kind: type[Any], name: str, of: Any, default: Any) -> type[Any]:
    """Return the class of the engine's problem with one field more."""
    keyword = kind not in {Skill, Weight}
    made: type[Any] = make_dataclass(kind.__name__, [(name, of, default)], bases=(kind,), frozen=True, kw_only=keyword)
    return made


def _rebuilt(
    value: Any, kind: type[Any], wider: type[Any], added: Mapping[str, object] | None = None, *, most: int = 10**6
) -> Any:
    """Return the value with every part of a kind widened, the first so many of them with what is added."""
    left = most

    def rebuilt(part: Any) -> Any:
        nonlocal left
        if isinstance(part, tuple):
            return tuple(map(rebuilt, part))
        if isinstance(part, Mapping):
            return {key: rebuilt(item) for key, item in part.items()}
        if not is_dataclass(part):
            return part
        made: Any = type(part)
        given = {field.name: rebuilt(getattr(part, field.name)) for field in fields(part)}
        if made is not kind:
            return made(**given)
        left -= 1
        return wider(**given, **(added if added and left >= 0 else {}))

    return rebuilt(value)
