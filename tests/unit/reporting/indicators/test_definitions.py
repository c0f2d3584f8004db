"""Definitions keep their promises: versions, reasons instead of zeros, and only data that makes sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.disclosure.model import Hidden, release
from services.reporting.facts.model.book import Book
from services.reporting.facts.model.facts import frozen_by
from services.reporting.facts.model.flaws import Flaw, flaws
from services.reporting.indicators.model.catalogue import EARLIER, INDICATORS, UnknownVersion, definition, figures
from services.reporting.indicators.model.figure import Measure, compute
from services.reporting.periods.model.periods import parse
from tests.unit.reporting.fact_samples import (
    LATER,
    YEAR,
    counted,
    fact,
    figure,
    fraction,
    ident,
    parts,
    plan,
    value,
    visit,
)

if TYPE_CHECKING:
    from services.reporting.facts.model.facts import Fact

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)


def test_a_person_who_corrects_the_sex_is_counted_once_with_the_newest() -> None:
    """OP-01 and OP-06: a man in one application, a woman in the next, is one official, a woman."""
    first, second = counted(1, 7, "male"), replace(counted(2, 7, "female"), occurred_at=NOON)
    facts = [first, second, *visit(1), *visit(2, "2026-03-27")]
    made = figure("TOPCOP-OP-01", facts)
    assert {sex: cell.value for sex, cell in made.breakdowns["sex"].items()} == {"female": 1}
    assert fraction("TOPCOP-OP-06", facts) == (1, 1)
    assert second.id in figure("TOPCOP-OP-06", facts).total.events


def test_a_changed_definition_leaves_the_old_one_as_it_was() -> None:
    """Version 1 gives the published figure for the same facts, and version 2 the new one."""
    facts = [
        counted(1, 7, "male"),
        replace(counted(2, 7, "female"), occurred_at=NOON),
        *visit(1),
        *visit(2, "2026-03-27"),
        fact("OfferPublished", ident("offer"), "2026-01-16"),
        fact("OfferVoided", ident("offer"), "2026-02-10", sequence=2),
        fact("CascadeDelivered", ident("visit", 1), "2026-05-20", cascade_id=ident("c"), attendees=18),
        fact("CascadeConfirmed", ident("visit", 1), "2026-05-25", sequence=2, cascade_id=ident("c"), attendees=12),
    ]
    book = Book(facts, LATER)
    old = compute(definition("TOPCOP-OP-01", 1), book, YEAR)
    assert old.definition.version == 1
    assert old.total.value == 1
    assert {sex: cell.value for sex, cell in old.breakdowns["sex"].items()} == {"female": 1, "male": 1}
    assert compute(definition("TOPCOP-IN-02", 1), book, YEAR).total.value == 1
    assert compute(definition("TOPCOP-IN-02", 2), book, YEAR).total.value == 0
    assert [compute(definition("TOPCOP-OC-05", version), book, YEAR).total.value for version in (1, 2)] == [18, 12]
    with pytest.raises(UnknownVersion):
        definition("TOPCOP-IN-02", 3)


def test_every_version_can_still_be_computed() -> None:
    """No version is missing from the present one of each indicator down to the first."""
    for each in INDICATORS.values():
        for version in range(1, each.version + 1):
            assert definition(each.id, version).version == version
    assert all(version < INDICATORS[id_].version for id_, version in EARLIER)


def test_no_data_is_no_zero() -> None:
    """Before the first event, and before a period begins, all 22 indicators have a reason instead of a figure."""
    facts = [fact("ApplicationSubmitted", ident("application", 1), "2026-05-16"), *visit(1, "2026-06-19")]
    book = Book(facts, datetime(2026, 7, 2, tzinfo=UTC))
    for label in ("2025", "2026-Q1", "2026-Q4", "2030"):
        for made in figures(book, parse(label)):
            assert made.total.value is None, (made.definition.id, label)
            assert release([made])[0].total.hidden is Hidden.NO_DATA
    known = {made.definition.id: made.total.value for made in figures(book, parse("2026-Q3"))}
    assert known["TOPCOP-OP-02"] == 0, "the programme runs, and no visit was completed: that is a zero"
    assert known["TOPCOP-PR-01"] is None, "nothing was decided: there is nothing to divide by"
    assert all(made.total.value is None for made in figures(Book([], LATER), YEAR))


def test_a_visit_that_ends_before_it_starts_does_not_count() -> None:
    """A reversed visit is left out of every figure, and counts again once its owner corrects it."""
    wrong = fact("VisitCompleted", ident("visit", 1), sequence=4, plan=plan(1), ended_on="2026-03-10")
    assert flaws(wrong.type, wrong.values) == (Flaw.ENDS_BEFORE_IT_STARTS,)
    assert value("TOPCOP-OP-02", [wrong, counted(1, 1)]) == "0"
    again = fact("VisitCompleted", ident("visit", 1), sequence=5, plan=plan(1), ended_on="2026-03-20")
    assert flaws(again.type, again.values) == ()
    assert value("TOPCOP-OP-02", [wrong, again]) == "1"


def test_days_outside_the_visit_are_listed() -> None:
    """A visit with attendance on a day outside it counts as published, and is listed."""
    odd = fact("VisitEnded", ident("visit", 1), plan=plan(1), attended=["2026-03-16", "2026-04-01"], attended_days=2)
    assert flaws(odd.type, odd.values) == (Flaw.DAYS_OUTSIDE,)
    assert value("TOPCOP-OP-03", [odd]) == "2"


def test_a_score_above_the_maximum_does_not_count() -> None:
    """OC-02: an impossible score is left out, and the corrected score counts."""
    pre = fact("TestScored", ident("visit", 1), phase="pre", score=4, maximum=20)
    wrong = fact("TestScored", ident("visit", 1), sequence=2, phase="post", score=31, maximum=20)
    assert flaws(wrong.type, wrong.values) == (Flaw.SCORE_ABOVE_MAXIMUM,)
    assert figure("TOPCOP-OC-02", [pre, wrong]).total.value is None
    again = fact("TestScored", ident("visit", 1), sequence=3, phase="post", score=13, maximum=20)
    assert fraction("TOPCOP-OC-02", [pre, wrong, again]) == (1, 1)


def test_unknown_codes_are_counted_apart() -> None:
    """An unknown topic is a separate part, and is listed."""
    known = fact("VisitCompleted", ident("visit", 1), plan=plan(1))
    odd = replace(known, values={**known.values, "topic": "stamp_collecting"})
    assert flaws(odd.type, odd.values) == (Flaw.UNKNOWN_CODE,)
    assert figure("TOPCOP-OP-02", [odd]).breakdowns["priority-topic"].keys() == {"stamp_collecting"}


def test_a_period_stays_frozen_after_its_newest_event_is_another() -> None:
    """DQ-02: PeriodPublished says since when a period is frozen, for compaction keeps only its newest event."""
    about = {"label": "2026-Q1", "kind": "quarter", "start": "2026-01-01", "end": "2026-03-31"}
    frozen = fact("PeriodFrozen", "2026-Q1", "2026-04-20", period={**about, "state": "frozen"})
    published = fact(
        "PeriodPublished",
        "2026-Q1",
        "2026-05-20",
        sequence=2,
        period={**about, "state": "published", "frozen_at": NOON.isoformat()},
    )
    assert frozen_by([published]) == frozen_by([frozen]) == frozen_by([published, frozen])
    late = [replace(each, occurred_at=datetime(2026, 5, 2, tzinfo=UTC)) for each in visit(2)]
    assert value("TOPCOP-DQ-02", [published, *late], "2026-Q1") == "2"


def _story(data: st.DataObject) -> list[Fact]:
    """Draw a programme: visits completed, cut short, voided, moved or not attended, by some people."""
    facts: list[Fact] = []
    for n in range(data.draw(st.integers(1, 6))):
        facts += [
            fact("ApplicationSubmitted", ident("application", n), "2026-01-16"),
            counted(n, data.draw(st.integers(0, 3)), data.draw(st.sampled_from(("female", "male", None)))),
            fact("MatchConfirmed", ident("match", n), "2026-02-01"),
            fact("VisitScheduled", ident("visit", n), "2026-02-01", plan=plan(n)),
        ]
        match data.draw(st.sampled_from(("completed", "short", "voided", "moved", "no_show", "application voided"))):
            case "completed":
                facts += [
                    *visit(n),
                    fact("EvaluationSubmitted", ident("visit", n), overall=data.draw(st.integers(1, 5))),
                ]
            case "short":
                facts += visit(n, attended=2)
            case "voided":
                facts += [*visit(n), fact("VisitVoided", ident("visit", n), "2026-04-16", sequence=9, plan=plan(n))]
            case "moved":
                later = plan(n, start="2026-07-06", end="2026-07-10")
                facts.append(fact("VisitMoved", ident("visit", n), "2026-02-05", sequence=2, plan=later))
            case "no_show":
                facts.append(fact("VisitNoShow", ident("visit", n), "2026-03-16", sequence=2, plan=plan(n)))
            case _:
                facts += [*visit(n), fact("ApplicationVoided", ident("application", n), "2026-04-16", sequence=9)]
    return facts


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_definition_needs_no_other_events_than_those_it_names(data: st.DataObject) -> None:
    """A figure from the facts of its own types equals one from all facts."""
    facts = _story(data)
    whole = Book(facts, LATER)
    first = min(each.day for each in facts)
    for each in INDICATORS.values():
        if each.late:
            continue
        own = Book([fact for fact in facts if fact.type in each.sources], LATER, first=first)
        assert compute(each, own, YEAR) == compute(each, whole, YEAR), each.id


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_repeated_and_reordered_facts_give_the_same_figures(data: st.DataObject) -> None:
    """Every indicator has the same numbers, events and digest for each quarter."""
    facts = _story(data)
    shuffled = data.draw(st.permutations([*facts, *data.draw(st.lists(st.sampled_from(facts), max_size=9))]))
    for label in ("2026-Q1", "2026-Q3", "2026"):
        assert figures(Book(shuffled, LATER), parse(label)) == figures(Book(facts, LATER), parse(label))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_parts_add_up_to_the_total_where_each_unit_has_one_place(data: st.DataObject) -> None:
    """The parts of a count or a sum by one dimension add up to the total, as nothing is in two parts or none."""
    for made in figures(Book(_story(data), LATER), YEAR):
        if made.definition.measure not in {Measure.COUNT, Measure.SUM} or not made.definition.additive:
            continue
        for cells in made.breakdowns.values():
            assert sum((cell.value or Decimal() for cell in cells.values()), Decimal()) == made.total.value


def test_no_shows_and_early_returns_are_not_completed() -> None:
    """OP-01, 02, 03 and PR-04 of five visits: as planned, short, moved, cancelled, not attended."""
    facts = [
        *(counted(n, n) for n in range(5)),
        *(fact("VisitScheduled", ident("visit", n), "2026-02-01", plan=plan(n)) for n in range(5)),
        *visit(0),
        *visit(1, attended=2),
        fact("VisitMoved", ident("visit", 2), "2026-02-05", sequence=2,
             plan=plan(2, start="2026-07-06", end="2026-07-10")),
        fact("VisitCancelled", ident("visit", 3), "2026-02-09", sequence=2, plan=plan(3)),
        fact("VisitNoShow", ident("visit", 4), "2026-03-16", sequence=2, plan=plan(4)),
    ]  # fmt: skip
    assert [value(f"TOPCOP-OP-0{n}", facts, "2026-Q1") for n in (1, 2, 3)] == ["1", "1", "7"]
    assert parts(figure("TOPCOP-PR-04", facts, "2026-Q1").total) == (2, 4)
    assert parts(figure("TOPCOP-PR-04", facts, "2026-Q3").total) == (0, 1)
