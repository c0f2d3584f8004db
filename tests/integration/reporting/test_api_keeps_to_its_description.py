"""The API of reporting answers as its OpenAPI document says, to every role."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from shared.identity import issue_ticket
from tests.api_trial import try_all, try_tickets
from tests.integration.reporting.answers.test_forms import APPLICATION
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world
from tests.support import ticket_keys

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.integration.reporting.conftest import House


async def test_every_operation_answers_as_described(house: House) -> None:
    """Examples, valid and invalid requests of every role get answers that the document describes."""
    found = await try_all(house.app, "reporting", {}, {"period": "2026", "label": "2026"})
    assert found == [], "\n".join(found)


async def test_operations_for_a_ticket_answer_as_described(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So do the forms and tests of a guest whose visit is over."""
    set_day(date(2026, 6, 15), tmp_path, monkeypatch)
    await feed_events(house, world(2, running=1))
    tickets = {
        purpose: issue_ticket(purpose, str(APPLICATION), person="officer", private_key=ticket_keys()[0])
        for purpose in ("evaluation", "report", "follow_up", "cascade", "test_before", "test_after")
    }
    found = await try_tickets(house.app, "reporting", "officer", {"subject": str(APPLICATION)}, tickets)
    assert found == [], "\n".join(found)
