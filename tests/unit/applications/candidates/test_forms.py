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
    form.offer([(CANDIDATE, "Candidate 5B3F09AC")], [])
    lawful = missing in {(), ("text",), tuple(WHOLE)}
    assert form.check() is lawful
    sentences = [sentence for _, sentence in form.problems()]
    assert sentences == ([] if lawful else ["Choose a candidate and a reason in each row"])
    if lawful:
        assert [each.application_id for each in form.choices().not_suitable] == [CANDIDATE] * (len(missing) < 3)


def test_of_many_candidates_a_filled_row_offers_one_and_an_empty_row_all() -> None:
    """A full form of 500 candidates has 620 names, not 120 times 500."""
    many = [(new_id(), f"Candidate {number}") for number in range(500)]
    written = {f"order-{row}-candidate": str(many[row][0]) for row in range(19)} | {"order-19-candidate": ""}
    written |= {f"not_suitable-{row}-candidate": str(many[row + 19][0]) for row in range(100)}
    written |= {f"not_suitable-{row}-reason": "other" for row in range(100)}
    form = CandidatesForm(FormData(written))
    form.offer(many, [])
    assert form.check()
    html = str(form["order"]) + str(form["not_suitable"])
    assert sum(html.count(f'value="{id_}"') for id_, _ in many) == 19 + 100 + 500
    form.append(str(many[200][0]))
    assert form.check()
    assert len(form.choices().order) == 20
    form.append(str(many[201][0]))
    assert not form.check()
    assert form.problems() == [("order", "Your order is full: it has 20 candidates. Remove one first.")]
