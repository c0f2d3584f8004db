"""Each application is counted by its result, proved by the right events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.facts.model.book import Book
from services.reporting.indicators.model.catalogue import OWN
from services.reporting.indicators.model.demand import MATCHED, RECEIVED, RESULTS, UNMET
from services.reporting.indicators.model.figure import compute, joined, parts_of, split
from services.reporting.indicators.model.reciprocity import SENT
from services.reporting.periods.model.periods import parse
from shared.contracts import _examples as ex
from tests.unit.reporting.application_samples import LATER, SampleApplication, counted, facts_of, no_match
from tests.unit.reporting.fact_samples import fact, ident, visit

if TYPE_CHECKING:
    from services.reporting.indicators.model.figure import Figure

BECAME = ("open", "withdrawn", "matched", "completed", "topic", "common_language", "taken")


def parts(figure: Figure, dimension: str) -> dict[str, int]:
    """Return the parts of a figure as plain numbers."""
    return {value: int(cell.value or 0) for value, cell in figure.breakdowns[dimension].items()}


def test_demand_is_counted_by_result() -> None:
    """Completed, matched, unmatched for two reasons, withdrawn and open applications each have their part."""
    made = counted(
        facts_of(
            SampleApplication(became=outcome, level=level, country=country)
            for outcome, level, country in (
                ("completed", 1, "MD"),
                ("completed", 2, "GE"),
                ("matched", 2, "GE"),
                ("common_language", 3, "MD"),
                ("taken", 3, "MD"),
                ("withdrawn", 2, "UA"),
                ("open", 2, "UA"),
            )
        )
    )
    assert parts(made[RESULTS], "result") == {"matched": 3, "not_matched": 2, "other": 2}
    assert parts(made[RESULTS], "level-and-result") == {
        "1|matched": 1,
        "2|matched": 2,
        "2|other": 2,
        "3|not_matched": 2,
    }
    assert parts(made[MATCHED], "completion") == {"completed": 2, "open": 1}
    assert parts(made[MATCHED], "country-and-completion") == {"GE|completed": 1, "GE|open": 1, "MD|completed": 1}
    assert parts(made[UNMET], "country-and-gap") == {"MD|no_language": 1, "MD|places_taken": 1}
    assert made[RESULTS].total.value == made[RECEIVED].total.value == 7


@pytest.mark.parametrize(
    ("rule", "gap"),
    [
        ("capacity", "places_taken"),
        ("common_weeks", "no_weeks"),
        ("excluded_pair", "other_rule"),
        ("topic", "no_topic"),
    ],
)
def test_reasons_are_grouped_and_reveal_no_exclusion(rule: str, gap: str) -> None:
    """Each rule has its group, and one that may be confidential shares a group with others."""
    assert parts(counted(facts_of([SampleApplication(became=rule)]))[UNMET], "gap") == {gap: 1}


def test_without_any_place_no_rule_is_the_reason() -> None:
    """If no place was considered, the first rule of the funnel is not the reason."""
    facts = [
        *facts_of([SampleApplication()]),
        fact("NoMatchExplained", ident("application", 0), considered=0, feasible=0),
    ]
    assert parts(counted(facts)[UNMET], "gap") == {"no_offer": 1}


def test_the_newest_receipt_or_decision_counts() -> None:
    """A match after a refusal counts, a refusal after a cancelled match too, and a cancelled match is none."""
    application = ident("application", 0)
    late = SampleApplication(became="matched").facts(0)
    assert parts(counted([*late, no_match(application, "2026-01-20", "topic")])[RESULTS], "result") == {"matched": 1}
    fell = [
        *late,
        fact("ApplicationDecided", application, "2026-02-05", sequence=2, outcome="place_confirmed"),
        fact("MatchCancelled", ident("match", 0), "2026-03-01", sequence=2),
    ]
    assert parts(counted(fell)[RESULTS], "result") == {"other": 1}
    refused = counted([*fell, no_match(application, "2026-03-10", "capacity")])
    assert parts(refused[RESULTS], "result") == {"not_matched": 1}
    assert refused[UNMET].total.count == 3, "submission, first decision and receipt prove it"


def test_the_language_is_the_best_foreign_one() -> None:
    """French at C1 precedes English at B2, and an officer with only a native language is counted with it."""
    known = [
        {"language": "ro", "level": "NS"},
        {"language": "en", "level": "B2"},
        {"language": "fr", "level": "C1"},
    ]
    for languages, expected in ((known, "fr"), (known[:1], "ro"), ([], None)):
        made = fact("ApplicationSubmitted", "one", profile={**ex.PROFILE, "languages": languages})
        assert made.values["language"] == expected


def test_days_abroad_are_counted_by_the_officers_country() -> None:
    """Five days of Moldova's officers and two of an early return, which also count for the hosts."""
    figure = counted([*visit(1), *visit(2, attended=2)])[SENT]
    assert parts(figure, "country-of-service") == {"MD": 7}


people = st.lists(
    st.builds(
        SampleApplication,
        country=st.sampled_from(("MD", "GE")),
        topic=st.sampled_from(("online_crime", "drug_trafficking")),
        language=st.sampled_from(("en", "fr")),
        level=st.integers(1, 3),
        became=st.sampled_from(BECAME),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(people, st.data())
def test_repeated_and_reordered_facts_give_the_same(drawn: list[SampleApplication], data: st.DataObject) -> None:
    """Numbers, events and digests are the same for any order and repetition, from own types or all."""
    facts = facts_of(drawn)
    shuffled = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=9))]))
    made = counted(facts)
    assert counted(shuffled) == made
    first = min(each.day for each in facts)
    for each in OWN.values():
        own = Book([fact for fact in facts if fact.type in each.sources], LATER, first=first)
        assert compute(each, own, parse("2026")) == made[each.id]


@settings(max_examples=40, deadline=None)
@given(people)
def test_joint_parts_add_up_to_those_that_they_cross(drawn: list[SampleApplication]) -> None:
    """Both margins of each joint breakdown equal the plain ones, and matched and unmatched add up to the total."""
    made = counted(facts_of(drawn))
    plain = {**made[RESULTS].breakdowns, **made[RECEIVED].breakdowns}
    for dimension, cells in made[RESULTS].breakdowns.items():
        for place, part in enumerate(parts_of(dimension)):
            sums: dict[str, int] = {}
            for value, cell in cells.items():
                at = split(value)[place]
                sums[at] = sums.get(at, 0) + int(cell.value or 0)
            assert sums == {value: int(cell.value or 0) for value, cell in plain[part].items()}
    for figure, result in ((MATCHED, "matched"), (UNMET, "not_matched")):
        number = parts(made[RESULTS], "result").get(result, 0)
        assert made[figure].total.value == number
        assert all(sum(parts(made[figure], each).values()) == number for each in made[figure].breakdowns)


def test_a_joint_value_is_split_into_its_parts() -> None:
    """A joint value is split into the two values that it was made of."""
    assert split(joined(("online_crime", "MD"))) == ("online_crime", "MD")
