"""Problems written as JSON and read again; errors are named with their place."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.engine.matching import run
from services.matching.engine.problem import document
from services.matching.engine.problem.digest import digest as digest_of
from tests.unit.matching.engine.worlds import make_problem, problems, shuffled

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.matching.engine.problem.problem import Problem


@given(problems(), st.randoms(use_true_random=False))
def test_read_again_it_is_the_same_problem(problem: Problem, dice: random.Random) -> None:
    """The digest and the pairs are the same, and the bytes do not depend on the order of the parts."""
    text = document.dumps(problem)
    again = document.loads(text)
    assert digest_of(again) == digest_of(problem)
    assert run(again).pairs == run(problem).pairs
    assert document.dumps(again) == document.dumps(shuffled(problem, dice)) == text


def _problem() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document.dumps(make_problem(random.Random(3), 3, 2, tight=0.0, fixed=False)))
    return found


@pytest.mark.parametrize(
    ("spoil", "where", "what"),
    [
        (
            lambda document: document["candidates"][1]["languages"].update(en="C9"),
            "candidates[1].languages.en",
            "known are A1",
        ),
        (
            lambda document: document["candidates"][0].update(weeks=["soon"]),
            "candidates[0].weeks[0]",
            "write it as 2027-03-15",
        ),
        (lambda document: document["seats"][0].update(capacity="many"), "seats[0].capacity", "not a whole number"),
        (lambda document: document["seats"][0].update(capacity=True), "seats[0].capacity", "not a whole number"),
        (lambda document: document["seats"][0].pop("country"), "seats[0].country", "this is needed"),
        (lambda document: document["seats"][0].update(colour="red"), "seats[0].colour", "known are id"),
        (lambda document: document["rules"].update(needs=[["AM", 5]]), "rules.needs[0]", "a list of 3 values"),
        (lambda document: document["rules"].update(weights=[]), "rules.weights", "an object"),
        (lambda document: document.update(candidates={}), "candidates", "a list"),
        (lambda document: document["seats"][0].update(capacity=-1), "the document", "below 0"),
    ],
)
def test_errors_are_named_with_their_place(spoil: Callable[[dict[str, Any]], Any], where: str, what: str) -> None:
    """Each fault says where it is and what would be right."""
    spoilt = _problem()
    spoil(spoilt)
    with pytest.raises(document.Unreadable) as refused:
        document.loads(json.dumps(spoilt))
    (fault,) = refused.value.faults
    assert fault.where == where
    assert what in fault.text


def test_all_faults_are_named_at_once() -> None:
    """All faults of a document are reported together."""
    spoilt = _problem()
    del spoilt["seed"]
    spoilt["candidates"][0]["kind"] = "holiday"
    spoilt["candidates"][2]["rank_group"] = "king"
    with pytest.raises(document.Unreadable) as refused:
        document.loads(json.dumps(spoilt))
    assert {fault.where for fault in refused.value.faults} == {"candidates[0].kind", "candidates[2].rank_group", "seed"}
    with pytest.raises(document.Unreadable, match="not JSON"):
        document.loads("{")
