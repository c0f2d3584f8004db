"""Tests of closing a call: every application gets the right outcome, whatever happens at the same moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from shared.contracts import matches
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


async def _both_accept(abroad: Abroad) -> tuple[UUID, UUID]:
    """Accept a match by officer and host, before matching answers; return application and match."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    await abroad.post("claire", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    return UUID(str(abroad.pairings[match_id]["application_id"])), match_id


async def _outcomes(abroad: Abroad, application_id: UUID) -> list[str]:
    events = await abroad.of.journal("exchange.applications")
    return [
        payload["outcome"]
        for kind, subject, payload in events
        if kind == "ApplicationDecided" and subject == str(application_id)
    ]


async def _close(abroad: Abroad) -> int:
    answer = await abroad.post("programme", f"/calls/{abroad.of.call['id']}/close")
    return int(answer["unplaced"])


@pytest.mark.parametrize("closed_first", [True, False])
async def test_a_confirmed_match_is_a_place_in_either_order(abroad: Abroad, closed_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """CallClosed and MatchConfirmed in either order leave the officer with a place and one outcome."""
    application_id, match_id = await _both_accept(abroad)
    if closed_first:
        assert await _close(abroad) == 0
        assert await _outcomes(abroad, application_id) == []
    await abroad.publish(matches.MatchConfirmed, match_id)
    if not closed_first:
        assert await _close(abroad) == 0
    assert await _outcomes(abroad, application_id) == ["place_confirmed"]
    assert (await abroad.get("ani", f"/applications/{application_id}"))["state"] == "accepted"


@pytest.mark.parametrize("closed_first", [True, False])
@pytest.mark.parametrize("ends", [matches.MatchCancelled, matches.MatchDeclined, matches.MatchExpired])
async def test_a_match_that_ends_is_no_place_in_either_order(
    abroad: Abroad,
    ends: type[matches.MatchEvent],
    closed_first: bool,  # noqa: FBT001 - as above
) -> None:
    """CallClosed and the end of an accepted match in either order leave the officer unplaced, with one outcome."""
    application_id, match_id = await _both_accept(abroad)
    end = {name: value for name, value in ends.example.items() if name not in {"pairing", "silences"}}
    if closed_first:
        assert await _close(abroad) == 0
    await abroad.publish(ends, match_id, **end)
    if not closed_first:
        assert await _close(abroad) == 1
    assert await _outcomes(abroad, application_id) == ["unplaced_at_close"]
    assert (await abroad.get("ani", f"/applications/{application_id}"))["state"] == "unplaced"


async def test_an_answer_after_the_close_is_refused(abroad: Abroad) -> None:
    """With one acceptance the close leaves the officer unplaced, and the host's later answer is refused."""
    match_id = await abroad.placement_matched()
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    await abroad.post("luc", f"/matches/{match_id}/clear")
    await abroad.publish(matches.MatchCleared, match_id)
    await abroad.publish(matches.MatchOffered, match_id, due=(clock.now() + timedelta(days=14)).isoformat())
    await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    assert await _close(abroad) == 1
    late = await abroad.post("claire", f"/matches/{match_id}/answer", {"answer": "accept"}, 409)
    assert "closed" in str(late)
    application_id = UUID(str(abroad.pairings[match_id]["application_id"]))
    assert await _outcomes(abroad, application_id) == ["unplaced_at_close"]
    await abroad.publish(matches.MatchCancelled, match_id, by="programme", reason="other", was="offered")
    assert await _outcomes(abroad, application_id) == ["unplaced_at_close"]


async def test_a_clearance_after_the_close_is_refused(abroad: Abroad) -> None:
    """A coordinator who clears a match of a closed call reads the reason, and no name is released."""
    match_id = await abroad.placement_matched()
    await _close(abroad)
    await abroad.post("tigran", f"/matches/{match_id}/clear", status=409)
    types = [kind for kind, _, _ in await abroad.of.journal("exchange.participation")]
    assert "IdentityReleased" not in types
