"""Test the rules of questions, tests and sittings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.assessments.model import bank, sittings
from services.reporting.assessments.model.bank import Draft, Invalid, NotNow, Question, QuestionKind, TestState
from services.reporting.assessments.model.sittings import Availability
from services.reporting.cases.model import Case
from shared.contracts.calls import Timers
from shared.contracts.codes import TestPhase

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
DRAFT = Draft("online_crime", "", "single", "Which order holds?", ("By age", "By value", "", ""), (1,), 2)
PRE, POST = TestPhase.PRE, TestPhase.POST


def a_question(**changes: Any) -> Question:
    """Return a question from a valid draft with these changes."""
    values = {name: changes.get(name, getattr(DRAFT, name)) for name in Draft.__dataclass_fields__}
    return bank.question(Draft(**values), id=uuid4(), version=1, author="evaluator", at=AT)


def test_empty_answers_are_left_out_and_the_right_one_keeps_its_place() -> None:
    """The right answer is counted among the answers that are left, wherever it was written."""
    question = a_question(answers=("", "By age", "", "By value"), right=(3,))
    assert (question.answers, question.right) == (("By age", "By value"), (1,))
    statement = a_question(kind="true_false", answers=(), right=(1,))
    assert statement.answers[statement.right[0]] == "False"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"topic": "gardening"}, "topic"),
        ({"area": "gardening"}, "area"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"points": 0}, "points"),
        ({"points": None}, "points"),
        ({"kind": "essay"}, "kind"),
        ({"answers": ("One",), "right": (0,)}, "answers"),
        ({"answers": ("Same", "Same")}, "answers"),
        ({"answers": tuple("abcdefg")}, "answers"),
        ({"right": ()}, "right"),
        ({"right": (0, 1)}, "right"),
        ({"right": (2,)}, "right"),
        ({"kind": "multiple", "right": ()}, "right"),
        ({"kind": "true_false", "right": (2,)}, "right"),
        ({"kind": "true_false", "right": (0, 1)}, "right"),
    ],
)
def test_an_invalid_question_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    """Each mistake is named at its field, with the remedy."""
    with pytest.raises(Invalid) as refused:
        a_question(**changes)
    assert list(refused.value.fields) == [field]


@given(
    right=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=6),
    chosen=st.dictionaries(st.integers(1, 6), st.sets(st.integers(0, 3))),
)
def test_points_are_whole_or_none_and_never_above_the_maximum(
    right: list[set[int]], chosen: dict[int, set[int]]
) -> None:
    """Exactly the questions with all right answers chosen, and no other, get points."""
    answers = ("a", "b", "c", "d")
    questions = [
        a_question(kind="multiple", answers=answers, right=tuple(sorted(places)), points=place)
        for place, places in enumerate(right, 1)
    ]
    given_ = {place: tuple(places) for place, places in chosen.items()}
    kept = sittings.valid_answers(questions, given_)
    if not kept:
        with pytest.raises(Invalid):
            sittings.result(questions, kept)
        return
    reached = sittings.result(questions, kept)
    assert reached.score == sum(place for place, places in enumerate(right, 1) if chosen.get(place) == places)
    assert 0 <= reached.score <= reached.maximum == sum(range(1, len(right) + 1))


def test_an_unknown_answer_is_refused() -> None:
    """An unknown answer is an error at its question, and an answer to an unknown question is left out."""
    question = a_question()
    with pytest.raises(Invalid) as refused:
        sittings.valid_answers([question], {1: (2,)})
    assert list(refused.value.fields) == ["q1"]
    assert sittings.valid_answers([question], {1: (1,), 9: (0,)}) == {1: (1,)}


def a_test(**changes: Any) -> bank.Test:
    """Return a draft of a test."""
    values: dict[str, Any] = {"title": "Seizing", "topic": "online_crime", "call_id": None} | changes
    return bank.test(values["title"], values["topic"], values["call_id"], id=uuid4(), author="evaluator", at=AT)


def test_both_forms_of_a_test_have_the_same_points() -> None:
    """The same questions twice or a parallel form of as many points are accepted, and other points refused."""
    first, second, third = a_question(points=2), a_question(points=2), a_question(points=3)
    known = {each.id: each for each in (first, second, third)}
    with pytest.raises(NotNow):
        bank.published(a_test(), known, "author", AT)
    same = bank.published(bank.composed(a_test(), [first.id], [], known), known, "author", AT)
    assert (same.state, same.question_ids(POST)) == (TestState.PUBLISHED, (first.id,))
    parallel = bank.published(bank.composed(a_test(), [first.id], [second.id], known), known, "author", AT)
    assert parallel.question_ids(POST) == (second.id,)
    with pytest.raises(NotNow):
        bank.published(bank.composed(a_test(), [first.id], [third.id], known), known, "author", AT)
    with pytest.raises(NotNow):
        bank.composed(same, [second.id], [], known)
    with pytest.raises(NotNow):
        bank.published(bank.composed(a_test(), [first.id], [], known), {second.id: second}, "author", AT)
    with pytest.raises(Invalid):
        bank.composed(a_test(), [uuid4()], [], known)


def test_a_call_s_own_test_goes_before_one_for_all_and_the_newest_first() -> None:
    """No test of another topic or call, no draft and no closed test is ever used."""
    call, other = UUID(int=1), UUID(int=2)
    question = a_question()
    known = {question.id: question}

    def out(days: int, **changes: Any) -> bank.Test:
        draft = a_test(**changes)
        return bank.published(
            bank.composed(draft, [question.id], [], known), known, "author", AT + timedelta(days=days)
        )

    for_all, newer, own = out(1), out(2), out(0, call_id=call)
    elsewhere, abroad = out(9, topic="drug_trafficking"), out(9, call_id=other)
    shut = bank.closed(out(9), "author", AT)
    everything = [for_all, newer, own, elsewhere, abroad, shut, a_test()]
    assert bank.for_visit(everything, "online_crime", call) == own
    assert bank.for_visit(everything, "online_crime", UUID(int=3)) == newer
    assert bank.for_visit([shut, elsewhere, abroad, a_test()], "online_crime", call) is None


CASE = Case(
    UUID(int=1), "visit", "scheduled", UUID(int=2), UUID(int=3), "MD", "FR", UUID(int=4), "online_crime",
    date(2026, 3, 16), date(2026, 3, 20),
)  # fmt: skip


@pytest.mark.parametrize(
    ("state", "phase", "day", "stand"),
    [
        ("scheduled", PRE, date(2026, 1, 20), Availability.OPEN),
        ("scheduled", PRE, date(2026, 3, 15), Availability.OPEN),
        ("scheduled", PRE, date(2026, 3, 16), Availability.OVER),
        ("under_way", PRE, date(2026, 3, 16), Availability.OVER),
        ("completed", PRE, date(2026, 3, 21), Availability.OVER),
        ("cancelled", PRE, date(2026, 2, 1), Availability.OFF),
        ("no_show", PRE, date(2026, 3, 17), Availability.OFF),
        ("voided", POST, date(2026, 3, 22), Availability.OFF),
        ("scheduled", POST, date(2026, 3, 1), Availability.OFF),
        ("ended", POST, date(2026, 3, 20), Availability.OPEN),
        ("completed", POST, date(2026, 4, 19), Availability.OPEN),
        ("completed", POST, date(2026, 4, 20), Availability.OVER),
    ],
)
def test_each_test_has_its_time(state: str, phase: TestPhase, day: date, stand: Availability) -> None:
    """The first test is open until the day before the start, the second from the end for thirty days."""
    ended = date(2026, 3, 20) if state in {"ended", "completed", "voided"} else None
    values = {name: getattr(CASE, name) for name in Case.__dataclass_fields__}
    case = Case(**{**values, "state": state, "ended_on": ended})
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert sittings.stand(case, phase, Timers(), noon, handed_in=False) is stand
    assert sittings.stand(case, phase, Timers(), noon, handed_in=True) is Availability.HANDED_IN


def test_every_kind_of_question_has_a_name() -> None:
    """No kind of question is shown as a code."""
    assert len({kind.label for kind in QuestionKind}) == len(QuestionKind)
