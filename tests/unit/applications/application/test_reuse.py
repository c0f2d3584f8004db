"""Tests of reused answers: only answers that still apply are reused, and the others are named."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.applications.application.model.answers import Answers
from services.applications.application.model.reuse import carried_over, out_of_date
from shared.contracts._examples import CALL_TERMS
from shared.contracts.base import DatePeriod
from shared.contracts.calls import CallTerms
from shared.contracts.codes import EMPACT_2022, EMPACT_2026, PRIORITIES

TODAY = date(2026, 6, 1)
TERMS = CallTerms.model_validate(CALL_TERMS)
SPANS = st.builds(
    lambda start, days: DatePeriod(start=TODAY + timedelta(days=start), end=TODAY + timedelta(days=start + days)),
    st.integers(-200, 200),
    st.integers(0, 60),
)


def test_topics_of_another_scheme_become_their_successors() -> None:
    """Topics keep their order, each once, missing ones are named, and the privacy notice must be read anew."""
    earlier = Answers.model_validate(
        {
            "topics": ["fraud_economic_financial_crimes", "cyber_attacks", "environmental_crime"],
            "privacy_version": "2026-1",
            "unit": "Old unit",
            "objectives": ["Seizures"],
        }
    )
    terms = TERMS.model_copy(update={"topics": ("online_crime", "economic_financial_crime")})
    known = Answers.model_validate({"unit": "New unit", "language": "hy"})
    got = carried_over(earlier, known, scheme=EMPACT_2022, terms=terms, today=TODAY, took_part=True)
    assert got.topics == ("economic_financial_crime", "online_crime")
    assert (got.unit, got.language, got.took_part_before, got.privacy_version) == ("New unit", "hy", True, None)
    assert got.objectives == ("Seizures",)
    notes = out_of_date(earlier, scheme=EMPACT_2022, terms=terms, today=TODAY)
    assert "Environmental crime" in notes["topics"]
    assert "privacy" in notes


@given(
    st.lists(st.sampled_from(sorted(PRIORITIES[EMPACT_2022])), unique=True, max_size=6),
    st.lists(SPANS, max_size=5),
    st.sets(st.sampled_from(sorted(PRIORITIES[EMPACT_2026]))),
)
def test_outdated_answers_are_not_reused(topics: list[str], spans: list[DatePeriod], requests: set[str]) -> None:
    """Only topics of the call and periods to come are reused, and the dropped ones are named."""
    earlier = Answers(topics=tuple(topics), periods=tuple(spans), blackouts=tuple(spans))
    terms = TERMS.model_copy(update={"topics": tuple(sorted(requests)), "scheme": EMPACT_2026})
    got = carried_over(earlier, Answers(), scheme=EMPACT_2022, terms=terms, today=TODAY, took_part=False)
    assert set(got.topics) <= requests
    assert all(entry.end > TODAY for entry in (*got.periods, *got.blackouts))
    assert [span for span in spans if span.end > TODAY] == list(got.periods)
    notes = out_of_date(earlier, scheme=EMPACT_2022, terms=terms, today=TODAY)
    assert ("periods" in notes) == (len(got.periods) < len(spans))
    assert ("topics" in notes) == bool(topics)
