"""An incident report names those who were chosen to read it, until it is closed."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from services.applications.oversight.model import IncidentState, Reader, standing
from shared.next_steps import Described

CHOSEN = list(chain.from_iterable(combinations(Reader, count) for count in range(1, len(Reader) + 1)))


@pytest.mark.parametrize("chosen", CHOSEN)
def test_the_chosen_readers_hold_a_report_until_it_is_closed(chosen: tuple[Reader, ...]) -> None:
    """Exactly the chosen readers are named; one of them reads "you", and a closed report asks nobody."""
    for state in (IncidentState.REPORTED, IncidentState.ACKNOWLEDGED):
        step = standing(state, chosen, handles=False).step
        assert {reader for reader in Reader if reader.label in step.holder} == set(chosen)
        assert step.step.startswith("They ")
        assert standing(state, chosen, handles=True).step.step == step.step.replace("They ", "You ")
    assert standing(IncidentState.CLOSED, chosen, handles=True) == Described()
