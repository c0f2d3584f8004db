"""Test that the sample's story is the same on every day of the week, at changes of summer time and of the year."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle, pairwise
from typing import TYPE_CHECKING

import pytest

from deploy.cli.sample import past_call
from deploy.cli.sample.days import APPLIED, EVALUATED, VISITS, Days
from deploy.cli.sample.load import steps
from deploy.cli.sample.plan import CALLS, FINISHED
from deploy.cli.sample.programme import generate
from services.reporting.periods.model.periods import parse
from shared.contracts.calls import Timers
from shared.contracts.codes import Applied
from shared.time.workdays import ZONE
from tests.days import changes

if TYPE_CHECKING:
    from deploy.cli.sample.plan import Programme

_YEAR = date(2026, 1, 1)
_WEEK = [date(2026, 11, 23) + timedelta(days=count) for count in range(7)]
_AROUND = [
    day + timedelta(days=count)
    for day in (date(2026, 12, 31), date(2026, 6, 30), *changes(ZONE, _YEAR, 365))
    for count in (-1, 0, 1, 2)
]
DAYS = sorted({*_WEEK, *_AROUND, date(2028, 2, 29)})


@pytest.fixture(params=DAYS, ids=str)
def days(request: pytest.FixtureRequest) -> Days:
    """The days of a loading that ends on one of these days."""
    return Days(request.param)


def test_nothing_is_done_on_a_weekend(days: Days) -> None:
    """Every step is on a working day, in the order of the story, and before the day of the loading."""
    plan = [day for day, _, _ in steps(days)]
    assert all(day.weekday() < 5 for day in plan)
    assert plan == sorted(plan)
    assert days.begins < plan[0]
    assert plan[-1] < days.today


def test_the_order_of_the_steps_is_always_the_same(days: Days) -> None:
    """On no day does one part of the story overtake another that it rests on: each call's steps keep their order."""
    of_a_call = [
        [words for _, words, _ in steps(each) if words.startswith(call)]
        for call in ("First call", "Second call")
        for each in (days, Days(_WEEK[0]))
    ]
    assert of_a_call[0] == of_a_call[1]
    assert of_a_call[2] == of_a_call[3]


def test_the_finished_call_has_the_same_weekdays(days: Days) -> None:
    """A day of the finished call is the same day of the week whatever the day of the loading, in the same distance."""
    other = Days(_WEEK[0])
    counts = range(-365, -60)
    assert [days.past(count).weekday() for count in counts] == [other.past(count).weekday() for count in counts]
    assert {days.past(count) - days.past(-365) for count in counts} == {
        other.past(count) - other.past(-365) for count in counts
    }


def test_recent_steps_are_as_many_working_days_apart(days: Days) -> None:
    """Between two recent days there are as many working days on every day of the loading."""

    def working_days(each: Days, first: int, last: int) -> int:
        start, end = each.recent(first), each.recent(last)
        return sum((start + timedelta(days=count)).weekday() < 5 for count in range((end - start).days))

    counts = (*range(-66, 0, 3), 0, *range(3, 60, 5))
    other = Days(_WEEK[0])
    assert [working_days(days, *pair) for pair in pairwise(counts)] == [
        working_days(other, *pair) for pair in pairwise(counts)
    ]


def test_the_published_half_year_holds_all_visits_and_evaluations(days: Days) -> None:
    """The visits of the finished call and what is said about them lie in one half-year, over before it is published."""
    half = parse(days.published_half)
    assert days.past(VISITS[0]) in half
    assert days.past(EVALUATED) in half
    submitted = next(day for day, words, _ in steps(days) if words == "Figures of the first call are published")
    assert half.end < submitted


def test_the_half_year_of_the_applications_is_published_too(days: Days) -> None:
    """It is the half-year of the visits or the one before, over when it is published; groupings are chosen earlier."""
    applied, visited = parse(days.applied_half), parse(days.published_half)
    assert days.past(APPLIED) in applied
    assert applied == visited or applied.end + timedelta(days=1) == visited.start
    done = {words: day for day, words, _ in steps(days)}
    assert done["Groupings of figures"] < done["Figures of the applications are published"]
    assert done["First call closes"] < done["Figures of the applications are published"]
    assert done["Figures of the applications are published"] < done["Figures of the first call are published"]
    assert applied == visited or applied.end < done["Figures of the applications are published"]


@pytest.mark.parametrize("say", [past_call.GUESTS_SAY, past_call.MANAGERS_SAY])
def test_most_answers_say_that_it_is_used(say: tuple[Applied | None, ...]) -> None:
    """Of ten to thirty who are asked, 55 to 80 per cent of the answers say yes, and not all of them answer.

    One answer less, since an application proves to be entered twice, leaves it between 50 and 90 per cent.
    """
    for people in range(10, 31):
        answers = [answer for _, answer in zip(range(people), cycle(say), strict=False) if answer]
        used = answers.count(Applied.YES)
        assert 0.55 <= used / len(answers) <= 0.8
        assert 0.5 <= (used - 1) / (len(answers) - 1) < used / (len(answers) - 1) <= 0.9
        assert len(answers) < people


def test_most_forms_are_in_time_and_some_are_late(days: Days) -> None:
    """Of visits that end on a Friday most are evaluated within seven days, a few later, a few never."""
    handed_in = [day for day, words, _ in steps(days) if words == "First call: evaluations and reports"]
    week = Timers().evaluation_days
    for monday in past_call.VISIT_WEEKS:
        friday = days.past(monday - 3)
        assert friday.weekday() == 4
        after = [(day - friday).days for day in handed_in if day > friday]
        assert min(after) <= week
        assert any(week < each < 14 for each in after)
    places = range(18)
    late = sum(past_call.evaluates_late(place) for place in places)
    never = sum(past_call.never_evaluates(place) for place in places)
    assert 0 < late < 6
    assert 0 < never < 4


def test_follow_ups_are_within_their_window(days: Days) -> None:
    """The day of the follow-up is six months after each visit, thirty days more or less."""
    answered = next(day for day, words, _ in steps(days) if words == "First call: follow-up after six months")
    for end in (VISITS[0] + 2, VISITS[1]):
        assert abs((answered - days.past(end)).days - 182) <= Timers().follow_up_window_days + 1


def test_the_plan_is_the_same_but_for_its_dates(days: Days) -> None:
    """People, applications, fates, placements and mentors are the same; only days differ."""

    def without_days(programme: Programme) -> list[object]:
        return [
            programme.people,
            [(each.call, each.officer, each.kind, each.day, each.fate) for each in programme.applications],
            [(each.call, each.host, each.day, each.state, each.entry["places"]) for each in programme.offers],
            [(each.call, each.mentor, each.day) for each in programme.mentors],
        ]

    assert without_days(generate(days.today)) == without_days(generate(_WEEK[0]))


def test_calls_are_closed_open_and_about_to_open(days: Days) -> None:
    """One call is over, one takes applications, and one opens within the next weeks."""
    finished, running, coming = (
        (
            days.past(call.closes) if call.key == FINISHED else days.recent(call.closes),
            days.recent(call.deadline),
            days.recent(call.published if call.opens is None else call.opens),
        )
        for call in CALLS
    )
    assert finished[0] < days.today
    assert running[2] < days.today < running[1]
    assert days.today < coming[2] < days.today + timedelta(days=21)
