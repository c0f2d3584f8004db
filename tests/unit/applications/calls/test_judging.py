"""Tests of judging an application by a call's rules, and of the remedies."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.calls.model import Candidate, eligible, findings, judge, rule_sentences
from shared.contracts._examples import CALL_TERMS
from shared.contracts.applications import LanguageHeld
from shared.contracts.base import DatePeriod
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationKind, EligibilityRule, LanguageLevel, RankGroup, ServiceKind

TERMS = CallTerms.model_validate(CALL_TERMS)
GOOD = Candidate(
    kind=ApplicationKind.STUDY_VISIT,
    country="AM",
    partner_active=True,
    years_in_field=5,
    languages=[LanguageHeld(language="en", level=LanguageLevel.B2)],
    cascade_committed=True,
    service=ServiceKind.POLICE,
    rank_group=RankGroup.OPERATIONAL,
    topics=["online_crime"],
    periods=[DatePeriod(start=date(2026, 4, 1), end=date(2026, 5, 1))],
)


def changed(**changes: object) -> Candidate:
    """Return the good candidate with some answers changed."""
    return Candidate(**{name: changes.get(name, getattr(GOOD, name)) for name in Candidate.__slots__})  # type: ignore[arg-type]  # fields of many types


def rule(candidate: Candidate, of: EligibilityRule) -> bool | None:
    """Return whether a rule was met; None if it was not judged."""
    return next((check.held for check in judge(TERMS, candidate) if check.rule is of), None)


def test_a_good_candidate_is_eligible() -> None:
    """All rules are met, and none has a remedy."""
    checks = judge(TERMS, GOOD)
    assert eligible(checks)
    assert not any(finding.remedy for finding in findings(TERMS, checks))


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"years_in_field": 2}, EligibilityRule.YEARS_IN_FIELD),
        ({"languages": [LanguageHeld(language="en", level=LanguageLevel.A2)]}, EligibilityRule.LANGUAGE),
        ({"languages": [LanguageHeld(language="de", level=LanguageLevel.C2)]}, EligibilityRule.LANGUAGE),
        ({"languages": [LanguageHeld(language="en", level=LanguageLevel.NS)]}, EligibilityRule.LANGUAGE),
        ({"country": "UK"}, EligibilityRule.COUNTRY),
        ({"partner_active": False}, EligibilityRule.PARTNER_ACTIVE),
        ({"cascade_committed": False}, EligibilityRule.CASCADE),
        ({"topics": ["drug_trafficking"]}, EligibilityRule.TOPICS),
        (
            {"periods": [DatePeriod(start=date(2026, 8, 1), end=date(2026, 8, 9))]},
            EligibilityRule.PERIODS,
        ),
    ],
)
def test_each_rule_breaks_alone_and_has_a_remedy(changes: dict[str, object], broken: EligibilityRule) -> None:
    """One wrong answer fails exactly its rule, which then has a remedy."""
    checks = judge(TERMS, changed(**changes))
    assert [check.rule for check in checks if not check.held] == [broken]
    assert next(finding for finding in findings(TERMS, checks) if not finding.met).remedy


def test_unanswered_questions_are_not_judged() -> None:
    """A draft fails no rule about a question that it has not answered."""
    draft = Candidate(kind=ApplicationKind.STUDY_VISIT, country="AM", partner_active=True)
    judged = {check.rule for check in judge(TERMS, draft)}
    assert judged == {EligibilityRule.KIND, EligibilityRule.PARTNER_ACTIVE, EligibilityRule.COUNTRY}


@given(st.integers(0, 60))
def test_more_years_never_harm(years: int) -> None:
    """More years of service never fail a rule that was met."""
    fewer, more = rule(changed(years_in_field=years), EligibilityRule.YEARS_IN_FIELD), None
    more = rule(changed(years_in_field=years + 1), EligibilityRule.YEARS_IN_FIELD)
    assert more is True or fewer is False


@given(st.sampled_from(list(LanguageLevel)[:-1]))
def test_the_level_decides(level: LanguageLevel) -> None:
    """A foreign language counts from the call's level on."""
    met = rule(changed(languages=[LanguageHeld(language="fr", level=level)]), EligibilityRule.LANGUAGE)
    assert met is level.reaches(TERMS.rules.minimum_level)


@given(st.integers(-200, 200), st.integers(0, 60))
def test_periods_meet_where_they_share_a_day(start: int, length: int) -> None:
    """A period fits if and only if one of its days is in the call's periods."""
    first = TERMS.visit_periods[0].start + timedelta(days=start)
    mine = DatePeriod(start=first, end=first + timedelta(days=length))
    days = {mine.start + timedelta(days=n) for n in range(length + 1)}
    fits = any(period.start <= day <= period.end for period in TERMS.visit_periods for day in days)
    assert rule(changed(periods=[mine]), EligibilityRule.PERIODS) is fits


def test_rules_are_said_as_sentences() -> None:
    """The sentences contain languages, level and years."""
    text = " ".join(rule_sentences(TERMS))
    assert "English or French at level B1" in text
    assert "3 years" in text
