"""Test the rules of forms, certificates and approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.reporting.answers.model import forms as model_forms
from services.reporting.answers.model.certificates import earned, granted, missing
from services.reporting.cases.model import Case, months_after
from services.reporting.periods.model import approval
from services.reporting.periods.model.approval import Approval, NotNow
from services.reporting.periods.model.periods import parse, programme
from shared.contracts.calls import Timers
from shared.contracts.codes import PeriodState, Respondent
from tests.unit.reporting.fact_samples import ident

CASE = Case(
    ident("visit"), "visit", "completed", ident("application"), ident("call"), "MD", "FR", ident("host"),
    "online_crime", date(2026, 3, 16), date(2026, 3, 20), date(2026, 3, 20), 5, 5,
)  # fmt: skip
GIVEN = model_forms.Evaluation(
    4, {1: 5, 2: 3}, {}, {question.name: 4 for question in model_forms.questions(Respondent.GUEST)}
)
ALL = {("evaluation", "guest"), ("evaluation", "host"), ("report", "guest")}
AT = datetime(2027, 1, 5, tzinfo=UTC)


def test_the_event_of_an_evaluation_has_no_text() -> None:
    """The event has the scores and whether it is late, but no text."""
    event = model_forms.evaluated(CASE, Respondent.GUEST, GIVEN, 2, date(2026, 3, 27), date(2026, 3, 28))
    assert (event.overall, event.late, [o.score for o in event.objectives]) == (4, True, [5, 3])
    assert {answer.level for answer in event.answers} == {1, 2}
    assert not model_forms.evaluated(CASE, Respondent.GUEST, GIVEN, 2, date(2026, 3, 27), date(2026, 3, 27)).late


def test_missing_answers_are_named() -> None:
    """A missing answer or one out of range is refused at its field."""
    with pytest.raises(model_forms.NotComplete) as problem:
        model_forms.evaluated(
            CASE, Respondent.GUEST, replace(GIVEN, overall=6, objectives={1: 5}), 2, None, date(2026, 3, 28)
        )
    assert set(problem.value.fields) == {"overall", "objective_2"}
    with pytest.raises(model_forms.NotComplete) as problem:
        model_forms.texts(model_forms.REPORT, {"programme": " ", "learnt": "x" * 5000, "use": "We train"})
    assert set(problem.value.fields) == {"programme", "learnt"}


@pytest.mark.parametrize("left_out", sorted(ALL))
def test_a_certificate_needs_all_three(left_out: tuple[str, str]) -> None:
    """A certificate needs the guest's evaluation, the host's evaluation and the report."""
    assert earned(CASE, ALL)
    assert not earned(CASE, ALL - {left_out})


def test_a_waiver_replaces_the_hosts_evaluation() -> None:
    """A waived evaluation counts as received; voided or open visits and mentorships earn no certificate."""
    waived = (ALL - {("evaluation", "host")}) | {("waiver", "host")}
    assert missing(waived).nothing
    assert not earned(replace(CASE, state="voided"), ALL)
    assert not earned(replace(CASE, ended_on=None), ALL)
    assert not earned(replace(CASE, kind="mentorship"), ALL)
    assert granted(CASE, "TC-2026-000017").number == "TC-2026-000017"


def test_dates_of_outcomes() -> None:
    """Evaluations are due after seven days, reports after thirty, follow-ups six months on, within thirty days."""
    timers = Timers()
    assert CASE.evaluation_due(timers) == date(2026, 3, 27)
    assert CASE.report_due(timers) == date(2026, 4, 19)
    assert CASE.follow_up_on(timers) == date(2026, 9, 20)
    assert CASE.in_follow_up_window(timers, date(2026, 10, 20))
    assert not CASE.in_follow_up_window(timers, date(2026, 10, 21))
    assert months_after(date(2025, 8, 31), 6) == date(2026, 2, 28)


def test_approval_takes_two_people() -> None:
    """One submits, another approves, freezes and publishes, and no step is skipped or repeated."""
    draft = Approval(parse("2026"))
    submitted = approval.submit(draft, "author", date(2027, 1, 1), AT, 22, "d" * 64)
    with pytest.raises(NotNow, match="somebody else"):
        approval.approve(submitted, "author")
    frozen = approval.freeze(approval.approve(submitted, "another"), AT)
    published = approval.publish(frozen)
    assert [each.state for each in (submitted, frozen, published)] == [
        PeriodState.SUBMITTED, PeriodState.FROZEN, PeriodState.PUBLISHED,
    ]  # fmt: skip
    assert published.as_reporting_period().figures == 22
    assert approval.give_back(submitted).state is PeriodState.RETURNED
    with pytest.raises(NotNow):
        approval.publish(submitted)
    with pytest.raises(NotNow):
        approval.approve(published, "another")
    with pytest.raises(NotNow):
        approval.submit(published, "author", date(2027, 1, 1), AT, 22, "")


def test_only_a_period_that_is_over_is_submitted() -> None:
    """The current period and the whole programme are not submitted."""
    with pytest.raises(NotNow, match="not ended yet"):
        approval.submit(Approval(parse("2026")), "author", date(2026, 12, 31), AT, 22, "")
    whole = programme(date(2026, 1, 1), date(2026, 12, 31))
    with pytest.raises(NotNow, match="The programme as a whole is not submitted"):
        approval.submit(Approval(whole), "author", date(2027, 12, 31), AT, 22, "")
