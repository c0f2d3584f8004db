"""Tests of the words of decisions on several cases."""

import pytest

from services.applications.access.pages import confirmation
from services.applications.matches.pages import bulk as matches
from services.applications.placements.pages import bulk as placements
from services.applications.register.pages import approvals
from services.applications.review.pages import bulk as applications
from shared.web.decisions import BulkAct

ACTS = [act for room in (applications, placements, matches, approvals, confirmation) for act in room.ACTS.values()]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.button)
def test_button_below_a_list_says_that_it_acts_on_the_selected_items(act: BulkAct) -> None:
    """A button below a list says what it does and to which items, since nothing else there says it."""
    assert "selected" in act.button
    assert act.name.split()[0] == act.button.split()[0]
