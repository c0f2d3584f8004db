"""Tests of an application whose place is cancelled, and of the texts that each side reads (decision 0012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.contracts import matches, visits

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


@pytest.mark.parametrize(("by", "state"), [("host", "in_matching"), ("programme", "in_matching"), ("guest", "ended")])
async def test_a_cancelled_place_and_the_close_of_the_call(abroad: Abroad, by: str, state: str) -> None:
    """The state depends on who cancelled while the call is open; a closed call ends it with one outcome."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application = f"/applications/{abroad.pairings[match_id]['application_id']}"
    reason = {"by": by, "reason": "operational_duty"}
    await abroad.publish_visit_event(visits.VisitCancelled, visit_id, match_id, **reason)
    await abroad.publish(matches.MatchCancelled, match_id, was="confirmed", **reason)
    assert (await abroad.get("ani", application))["state"] == state
    await abroad.post("programme", f"/calls/{abroad.of.call['id']}/close")
    assert (await abroad.get("ani", application))["state"] == "ended"
    decided = [row for row in await abroad.of.journal("exchange.applications") if row[0] == "ApplicationDecided"]
    assert [row[2]["outcome"] for row in decided] == ["place_confirmed"]


async def test_each_side_reads_the_consequences_before_it_cancels(abroad: Abroad) -> None:
    """A guest reads that the application ends, others that it goes back to matching; all give a reason."""
    match_id = await abroad.placement_matched()
    await abroad.scheduled(match_id)
    at = f"/applications/matches/{match_id}/cancel"
    for who, sentence in (
        ("ani", "Your application ends too."),
        ("claire", "we look for another place for the application."),
        ("tigran", "we look for another place for the application."),
        ("programme", "we look for another place for the application."),
    ):
        assert sentence in (await abroad.of.as_(who).get(at)).text
        assert (await abroad.of.as_(who).post(at, data={"text": "x"})).status_code == 422
    sent = await abroad.of.as_("claire").post(at, data={"reason": "not_available"})
    assert sent.headers["location"].endswith("?done=cancel")
    events = [row for row in await abroad.of.journal("exchange.participation") if row[0] == "CancellationRequested"]
    assert [row[2]["by"] for row in events] == ["host"]
