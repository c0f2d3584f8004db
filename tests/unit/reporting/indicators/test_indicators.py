"""Each indicator counts as its definition says, in whatever order the facts come."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.facts.model.book import Book
from services.reporting.facts.model.facts import USED, Fact
from services.reporting.indicators.model.catalogue import INDICATORS, figures
from services.reporting.indicators.model.figure import Measure, compute, digest_of, written
from services.reporting.periods.model.periods import UnknownPeriod, labels, parse
from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from tests.unit.reporting.fact_samples import YEAR, counted, fact, figure, fraction, ident, parts, plan, value, visit

LIST = Path(__file__).parents[5] / "shared" / "indicators.csv"


def mentorship(n: object, **changes: object) -> dict[str, object]:
    """Return the plan of a mentorship with its own mentor."""
    return {**ex.MENTORSHIP_PLAN, "application_id": ident("application", n), "mentor_id": ident("mentor", n), **changes}


def test_applications_count_once_and_not_when_voided() -> None:
    """IN-01: the first submission counts, a repeated one does not, and a voided one is removed."""
    facts = [
        fact("ApplicationSubmitted", "a", "2026-01-16"),
        fact("ApplicationSubmitted", "b", "2026-01-17"),
        fact("ApplicationVoided", "b", "2026-02-01", sequence=2),
        fact("ApplicationSubmitted", "c", "2025-12-31"),
    ]
    assert value("TOPCOP-IN-01", facts) == "1"
    assert figure("TOPCOP-IN-01", facts).total.events == (facts[0].id,)
    assert value("TOPCOP-IN-01", facts, "2025") == "1"


def test_offers_count_when_first_published() -> None:
    """IN-02: placements count in the period of their first publication."""
    facts = [fact("OfferPublished", "a", "2026-01-16"), fact("OfferRevised", "a", "2026-02-01", sequence=2)]
    assert (value("TOPCOP-IN-02", facts), value("TOPCOP-IN-02", facts, "2026-Q2")) == ("1", "0")


def test_decisions_and_their_time() -> None:
    """PR-01 and PR-02: the share of confirmed places, and the median number of days until the decision."""
    facts = [
        fact("ApplicationDecided", "a", "2026-02-15", outcome="place_confirmed", submitted_at="2026-02-05T10:00:00Z"),
        fact("ApplicationDecided", "b", "2026-02-15", outcome="withdrawn", submitted_at="2026-01-26T23:00:00Z"),
        fact("ApplicationDecided", "c", "2026-02-15", outcome="ineligible", submitted_at="2026-01-01T23:00:00Z"),
    ]
    assert (value("TOPCOP-PR-01", facts), fraction("TOPCOP-PR-01", facts)) == ("33.33", (1, 3))
    assert value("TOPCOP-PR-02", facts) == "20"
    assert value("TOPCOP-PR-02", []) is None


def test_places_are_counted_in_weeks() -> None:
    """PR-03: Mondays in the period, at most the places of the placement; a visit with a confirmed match fills one."""
    terms = {**ex.OFFER_TERMS, "places": 3, "periods": [{"start": "2026-03-03", "end": "2026-06-26"}]}
    offered = fact("OfferPublished", ident("offer"), "2026-01-16", terms=terms)
    about = plan(1, offer_id=ident("offer"))
    filled = [
        fact("MatchConfirmed", ident("match", 1), "2026-02-01"),
        fact("VisitScheduled", ident("visit", 1), "2026-02-01", plan=about),
    ]
    assert fraction("TOPCOP-PR-03", [offered, *filled]) == (1, 3)
    assert fraction("TOPCOP-PR-03", [offered, *filled], "2026-Q1") == (1, 3), (
        "Mondays 9, 16, 23 and 30 March, but three places"
    )
    cancelled = fact("MatchCancelled", ident("match", 1), "2026-02-10", sequence=2)
    assert fraction("TOPCOP-PR-03", [offered, *filled, cancelled]) == (0, 3)
    withdrawn = fact("OfferWithdrawn", ident("offer"), "2026-02-10", sequence=2)
    assert fraction("TOPCOP-PR-03", [offered, *filled, withdrawn]) == (1, 1)


def test_a_placement_entered_in_error_leaves_the_counts() -> None:
    """IN-02 and PR-03: a voided placement is neither a placement nor a place-week."""
    terms = {**ex.OFFER_TERMS, "places": 3, "periods": [{"start": "2026-03-03", "end": "2026-06-26"}]}
    offered = [fact("OfferPublished", ident("offer", n), "2026-01-16", terms=terms) for n in range(2)]
    voided = fact("OfferVoided", ident("offer", 1), "2026-02-10", sequence=2)
    assert (value("TOPCOP-IN-02", offered), value("TOPCOP-IN-02", [*offered, voided])) == ("2", "1")
    assert fraction("TOPCOP-PR-03", [*offered, voided])[1] == 3


def test_visits_that_fall_through() -> None:
    """PR-04: cancelled and no-show, of the visits with a planned start in the period, by reason."""
    visits = [fact("VisitScheduled", ident("visit", n), "2026-02-01", plan=plan(n)) for n in range(4)]
    moved = fact("VisitMoved", ident("visit", 0), "2026-02-05", sequence=2,
                 plan=plan(0, start="2027-01-11", end="2027-01-15"))  # fmt: skip
    gone = [
        fact("VisitCancelled", ident("visit", 1), "2026-02-09", sequence=2, plan=plan(1), reason="visa_refused"),
        fact("VisitNoShow", ident("visit", 2), "2026-03-16", sequence=2, plan=plan(2)),
    ]
    made = figure("TOPCOP-PR-04", [*visits, moved, *gone])
    assert parts(made.total) == (2, 3)
    reasons = made.breakdowns["reason"]
    assert {code: parts(cell) for code, cell in reasons.items()} == {
        "visa_refused": (1, 3), "no_show": (1, 3),
    }  # fmt: skip


def test_people_visits_days_and_hosts() -> None:
    """OP-01, 02, 03, 05: people once, visits each, days of early returns too, hosts once, voided ones not."""
    facts = [
        counted(1, 7), counted(2, 7), counted(3, 8, "male"),
        *visit(1), *visit(2), *visit(3, host_organisation_id=ident("other host")), *visit(4, attended=2), *visit(5),
        fact("VisitVoided", ident("visit", 5), "2026-04-01", sequence=5, plan=plan(5)),
    ]  # fmt: skip
    assert value("TOPCOP-OP-01", facts) == "2"
    assert value("TOPCOP-OP-02", facts) == "3"
    assert value("TOPCOP-OP-03", facts) == "17"
    assert value("TOPCOP-OP-05", facts) == "2"
    assert fraction("TOPCOP-OP-06", facts) == (1, 2)


def test_a_figure_belongs_to_the_day_on_which_it_happened() -> None:
    """A visit that ended on the last day of a quarter counts there, though its event came in the next."""
    facts = [*visit(1, "2026-03-31")]
    late = [replace(each, occurred_at=datetime(2026, 5, 2, tzinfo=UTC)) for each in facts]
    assert value("TOPCOP-OP-02", late, "2026-Q1") == "1"
    assert value("TOPCOP-OP-02", late, "2026-Q2") == "0"
    begun = fact("ApplicationSubmitted", ident("application", 1), "2026-01-16")
    book = Book([begun, *late], datetime(2026, 4, 15, tzinfo=UTC))
    before = compute(INDICATORS["TOPCOP-OP-02"], book, parse("2026-Q1"))
    assert before.total.value == 0, "it had not been published by the cut-off"


def test_mentorships() -> None:
    """OP-04, 07, 08 and OC-06: three sessions, mentors active at the end, completed ones, goals met by both."""
    opened = fact("MentorshipOpened", ident("m", 1), "2026-02-27", plan=mentorship(1))
    started = fact("MentorshipStarted", ident("m", 1), "2026-03-03", sequence=2, plan=mentorship(1),
                   started_on="2026-03-03")  # fmt: skip
    sessions = [
        fact("SessionConfirmed", ident("match", 1), f"2026-0{3 + n}-04", sequence=n + 1, mentorship_id=ident("m", 1),
             session_id=ident("session", n), held_on=f"2026-0{3 + n}-04")
        for n in range(3)
    ]  # fmt: skip
    done = fact("MentorshipCompleted", ident("m", 1), "2026-09-30", sequence=3, plan=mentorship(1),
                ended_on="2026-09-30", goals=1, goals_met=1)  # fmt: skip
    facts = [opened, started, *sessions, done]
    assert (value("TOPCOP-OP-04", facts, "2026-Q1"), value("TOPCOP-OP-04", facts, "2026-Q2")) == ("0", "1")
    assert (value("TOPCOP-OP-07", facts, "2026-Q2"), value("TOPCOP-OP-07", facts, "2026-Q3")) == ("1", "0")
    assert (value("TOPCOP-OP-08", facts, "2026-Q2"), value("TOPCOP-OP-08", facts, "2026-Q3")) == ("0", "1")

    def evaluation(by: str, sequence: int, *, met: bool) -> Fact:
        return fact("EvaluationSubmitted", ident("m", 1), "2026-10-02", sequence=sequence, respondent=by,
                    visit_id=None, mentorship_id=ident("m", 1), goals=[{"number": 1, "met": met}])  # fmt: skip

    both = [*facts, evaluation("mentee", 1, met=True), evaluation("mentor", 2, met=True)]
    assert figure("TOPCOP-OC-06", both).total.numerator == 1
    more = [*facts, evaluation("mentee", 1, met=True), evaluation("mentor", 2, met=False)]
    assert figure("TOPCOP-OC-06", more).total.numerator == 0
    assert figure("TOPCOP-OC-06", facts).total.numerator == 0


def test_an_application_entered_in_error_takes_its_mentorship_and_visit_along() -> None:
    """OP-01, 02, 04, 07, 08 and OC-06: visit and mentorship of a voided application do not count."""
    m = ident("m", 1)
    facts = [
        fact("MentorshipOpened", m, "2026-02-27", plan=mentorship(1)),
        fact("MentorshipStarted", m, "2026-03-03", sequence=2, plan=mentorship(1), started_on="2026-03-03"),
        *(
            fact("SessionConfirmed", ident("match", 1), "2026-03-04", sequence=n + 1, mentorship_id=m,
                 session_id=ident("session", n), held_on="2026-03-04")
            for n in range(3)
        ),
        fact("MentorshipCompleted", m, "2026-09-30", sequence=3, plan=mentorship(1), ended_on="2026-09-30", goals=1,
             goals_met=1),
        fact("VisitCompleted", ident("visit", 1), "2026-04-17", plan=plan(1), ended_on="2026-04-17"),
    ]  # fmt: skip
    ids = ("OP-01", "OP-02", "OP-04", "OP-08")
    assert [value(f"TOPCOP-{number}", facts) for number in ids] == ["1", "1", "1", "1"]
    voided = [*facts, fact("ApplicationVoided", ident("application", 1), "2026-10-01", sequence=9)]
    assert [value(f"TOPCOP-{number}", voided) for number in ids] == ["0", "0", "0", "0"]
    assert (value("TOPCOP-OP-07", facts, "2026-Q2"), value("TOPCOP-OP-07", voided, "2026-Q2")) == ("1", "0")
    assert figure("TOPCOP-OC-06", voided).total.denominator in {0, None}


def test_outcomes_of_visits() -> None:
    """OC-01 to OC-05: satisfaction, tests as shares of their maximum, use on the job in the window, cascade."""
    facts = [
        fact("EvaluationSubmitted", ident("visit", 1), overall=4),
        fact("EvaluationSubmitted", ident("visit", 2), overall=3),
        fact("EvaluationSubmitted", ident("visit", 2), sequence=2, respondent="host", overall=5),
        fact("TestScored", ident("visit", 1), sequence=2, phase="pre", score=11, maximum=20),
        fact("TestScored", ident("visit", 1), sequence=3, phase="post", score=6, maximum=10),
        fact("TestScored", ident("visit", 2), sequence=3, phase="post", score=6, maximum=10),
        fact("FollowUpSubmitted", ident("visit", 1), "2026-09-20", sequence=4, applied="yes"),
        fact("FollowUpSubmitted", ident("visit", 2), "2026-12-20", sequence=4, applied="yes", in_window=False),
        fact("FollowUpSubmitted", ident("visit", 1), "2026-09-20", sequence=5, by="manager", applied="partly"),
        fact("CascadeDelivered", ident("visit", 1), "2026-05-20", sequence=6, cascade_id=ident("c1"), attendees=18),
        fact("CascadeConfirmed", ident("visit", 1), "2026-05-25", sequence=7, cascade_id=ident("c1"), attendees=18),
        fact("CascadeDelivered", ident("visit", 1), "2026-05-20", sequence=8, cascade_id=ident("c2"), attendees=9),
    ]
    totals = {n: figure(f"TOPCOP-OC-0{n}", facts).total for n in range(1, 6)}
    shares = {n: parts(total) for n, total in totals.items() if n < 5}
    assert shares == {1: (1, 2), 2: (1, 1), 3: (1, 1), 4: (0, 1)}
    assert totals[5].value == 18


def test_response_rate_waits_seven_days_and_flags_late_answers() -> None:
    """DQ-01: only visits that ended more than seven days ago count, and late answers are counted apart."""
    facts = [
        *visit(1), *visit(2), *visit(3), *visit(4, "2026-12-30"),
        fact("EvaluationSubmitted", ident("visit", 1), "2026-03-27"),
        fact("EvaluationSubmitted", ident("visit", 2), "2026-03-28"),
    ]  # fmt: skip
    made = figure("TOPCOP-DQ-01", facts, cut_off=datetime(2027, 1, 3, tzinfo=UTC))
    assert parts(made.total) == (1, 3)
    assert [(note.numerator, note.denominator) for note in made.notes] == [(1, 3), (0, 3)]


def test_facts_that_came_after_a_freeze_are_counted() -> None:
    """DQ-02: an event dated in a frozen period and published after the freeze counts."""
    period = {"label": "2026-Q1", "kind": "quarter", "start": "2026-01-01", "end": "2026-03-31", "state": "frozen"}
    frozen = fact("PeriodFrozen", "2026-Q1", "2026-04-20", period=period)
    early = [*visit(1)]
    late = [replace(each, occurred_at=datetime(2026, 5, 2, tzinfo=UTC)) for each in visit(2)]
    assert value("TOPCOP-DQ-02", [frozen, *early, *late], "2026-Q1") == "2"
    assert value("TOPCOP-DQ-02", [*early, *late], "2026-Q1") == "0"


def _programme() -> list[Fact]:
    facts: list[Fact] = []
    for n in range(4):
        facts += [
            fact("ApplicationSubmitted", ident("application", n), "2026-01-16"),
            counted(n, n % 3, ("female", "male", None)[n % 3]),
            fact("ApplicationDecided", ident("application", n), "2026-02-15", sequence=2),
            fact("MatchConfirmed", ident("match", n), "2026-02-15"),
            fact("VisitScheduled", ident("visit", n), "2026-02-16", plan=plan(n)),
            *visit(n, attended=5 if n else 3),
            fact("EvaluationSubmitted", ident("visit", n), "2026-03-24", overall=3 + n % 3),
        ]
    facts += [
        fact("OfferPublished", ident("offer"), "2026-01-16"),
        fact("VisitVoided", ident("visit", 3), "2026-04-16", sequence=5, plan=plan(3)),
        fact("MentorshipStarted", ident("m", 1), "2026-03-03", plan=mentorship(1)),
    ]
    return facts


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_repeated_and_reordered_facts_give_the_same_figures(data: st.DataObject) -> None:
    """All indicators give the same figures, events and digests for permuted and duplicated facts."""
    facts = _programme()
    cut_off = datetime(2027, 1, 1, tzinfo=UTC)
    twice = data.draw(st.lists(st.sampled_from(facts), max_size=12))
    shuffled = data.draw(st.permutations([*facts, *twice]))
    assert figures(Book(shuffled, cut_off), YEAR) == figures(Book(facts, cut_off), YEAR)


def test_definitions_name_known_events_that_are_kept() -> None:
    """Every source of an indicator is an event of the contracts whose facts are stored."""
    for definition in INDICATORS.values():
        assert set(definition.sources) <= EVENTS.keys(), definition.id
        assert set(definition.sources) <= set(USED), definition.id
        assert (definition.measure is Measure.SHARE) == bool(
            definition.denominator
        ) or definition.measure is Measure.MEDIAN


def test_indicators_are_those_agreed_with_the_donor() -> None:
    """Ids, titles, levels, dimensions and smallest denominators equal the agreed list, if it is available."""
    if not LIST.exists():
        pytest.skip("the agreed list is not part of the project")
    rows = {row["id"]: row for row in csv.DictReader(LIST.read_text(encoding="utf-8").splitlines())}
    assert INDICATORS.keys() == rows.keys()
    for key, definition in INDICATORS.items():
        row = rows[key]
        dimensions = () if row["dimensions"] == "none" else tuple(row["dimensions"].split(";"))
        assert (definition.title, definition.level, definition.dimensions) == (row["title"], row["level"], dimensions)
        assert definition.minimum == (int(row["min_denominator"]) if row["min_denominator"] else None)
        assert definition.kirkpatrick == (int(row["kirkpatrick"]) if row["kirkpatrick"] else None)
        assert definition.additive == (row["aggregation_status"] == "1"), key
        assert (definition.measure is Measure.SHARE) == (row["iati_measure"] == "2")


def test_digest_runs_over_sorted_ids() -> None:
    """The digest of events does not depend on their order, and differs for another set."""
    ids = [ident(n) for n in range(3)]
    assert digest_of(ids) == digest_of(reversed(ids)) != digest_of(ids[:2])


def test_numbers_are_written_out() -> None:
    """Decimal numbers have neither an exponent nor trailing zeros."""
    assert [written(Decimal(text)) for text in ("100", "58.30", "0", "0.00", "33.33")] == [
        "100", "58.3", "0", "0", "33.33",
    ]  # fmt: skip


def test_periods() -> None:
    """Years, halves and quarters have their calendar days, and other labels are refused."""
    assert (parse("2026-H2").start.isoformat(), parse("2026-Q1").end.isoformat()) == ("2026-07-01", "2026-03-31")
    assert parse("2026-Q4").end.isoformat() == parse("2026").end.isoformat() == "2026-12-31"
    assert labels(parse("2026-Q3").start, parse("2026-Q3").end) == ["2026", "2026-H2", "2026-Q3"]
    for wrong in ("2026-Q5", "26", "programme", "1999", "2026-H1 "):
        with pytest.raises(UnknownPeriod):
            parse(wrong)
