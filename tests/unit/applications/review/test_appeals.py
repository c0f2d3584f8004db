"""Tests of the rules of appeals: once, in time, and with the states of the life cycle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.application.model.states import NotPossible
from services.applications.review import model as review_model
from shared.contracts._examples import CALL_TERMS
from shared.contracts.calls import CallTerms
from shared.contracts.codes import AppealOutcome, ApplicationState
from shared.contracts.lifecycle import OPEN, allowed

S = ApplicationState
TERMS = CallTerms.model_validate(CALL_TERMS)
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@given(st.sampled_from(list(S)), st.booleans(), st.booleans())
def test_an_appeal_is_possible_once_and_in_time_only(state: S, filed: bool, late: bool) -> None:  # noqa: FBT001 - hypothesis gives them
    """Each of the three decisions can be appealed once, and in time."""
    until = NOW - timedelta(seconds=1) if late else NOW
    if allowed("AppealFiled", state) and not filed and not late:
        assert review_model.after_filing(state, now=NOW, until=until, filed=filed) is S.APPEALED
        return
    with pytest.raises(NotPossible):
        review_model.after_filing(state, now=NOW, until=until, filed=filed)


@given(st.sampled_from(list(review_model.DECISIONS.values())), st.sampled_from(OPEN))
def test_states_after_an_appeal(against: S, earlier: S) -> None:
    """An upheld appeal restores the state before the decision, a dismissed one the decision, and both only once."""
    before = review_model.state_before(against, earlier)
    if against is not S.CANCELLED:
        assert allowed(
            {S.NOT_ENDORSED: "ApplicationNotEndorsed", S.INELIGIBLE: "ApplicationFoundIneligible"}[against], before
        )
    else:
        assert before is earlier
    known: dict[str, Any] = {"state": S.APPEALED, "against": against, "before": before, "closed": False}
    assert review_model.after_decision(AppealOutcome.UPHELD, **known) is before
    assert review_model.after_decision(AppealOutcome.DISMISSED, **known) is against
    late = known | {"closed": True}
    assert review_model.after_decision(AppealOutcome.UPHELD, **late) is S.UNPLACED
    assert review_model.after_decision(AppealOutcome.DISMISSED, **late) is against
    with pytest.raises(NotPossible, match="already been decided"):
        review_model.after_decision(AppealOutcome.UPHELD, **known | {"state": before})


def test_the_call_sets_the_time_for_appeals() -> None:
    """Ten working days are the default, and the deadline after an upheld appeal is the call's own."""
    assert review_model.appeal_deadline(NOW, TERMS, "AM") - NOW >= timedelta(days=14)
    assert review_model.next_due(S.SUBMITTED, NOW, TERMS, "AM") is not None
    assert review_model.next_due(S.ELIGIBLE, NOW, TERMS, "AM") is None


def test_the_author_of_a_decision_does_not_decide_its_appeal() -> None:
    """Another coordinator than the author of the decision decides."""
    review_model.check_other_decider("tigran", "armen")
    with pytest.raises(NotPossible, match="another coordinator"):
        review_model.check_other_decider("tigran", "tigran")
