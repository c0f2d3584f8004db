"""Tests of the form in which a host or mentor judges candidates."""

from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from services.applications.candidates.forms import CandidatesForm
from shared.ids import new_id

CANDIDATE = new_id()
WHOLE = {"candidate": str(CANDIDATE), "reason": "other", "text": "Customs only."}


@pytest.mark.parametrize("missing", [(), ("text",), ("candidate",), ("reason",), ("candidate", "reason"), tuple(WHOLE)])
def test_a_row_without_candidate_or_reason_is_refused_and_an_empty_one_left_out(missing: tuple[str, ...]) -> None:
    """Nothing that was written is lost: a note alone asks for the candidate and the reason too."""
    written = {f"not_suitable-0-{name}": "" if name in missing else value for name, value in WHOLE.items()}
    form = CandidatesForm(FormData(written))
    form.offer([(CANDIDATE, "Candidate 5B3F09AC")])
    lawful = missing in {(), ("text",), tuple(WHOLE)}
    assert form.check() is lawful
    sentences = [sentence for _, sentence in form.problems()]
    assert sentences == ([] if lawful else ["Choose a candidate and a reason in each row"])
    if lawful:
        assert [each.application_id for each in form.choices().not_suitable] == [CANDIDATE] * (len(missing) < 3)
