"""Visits are listed page by page, each for those who have a part in it."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.time import clock
from shared.web.paging import cursor_of

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


async def test_the_api_lists_the_visits_that_a_person_has_a_part_in(abroad: Abroad) -> None:
    """Guest, host and coordinators read the same entry as their own party, and others read none."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    own = {
        "ani": ["guest"],
        "claire": ["host"],
        "tigran": ["home_coordinator"],
        "luc": ["host_coordinator"],
        "programme": ["programme"],
    }
    for somebody, parties in own.items():
        page = await abroad.get(somebody, "/visits")
        (entry,) = page["items"]
        assert (entry["id"], entry["parties"], page["next"]) == (str(visit_id), parties, None), somebody
        plan = abroad.plan(match_id)
        assert (entry["start"], entry["end"], entry["state"]) == (plan["start"], plan["end"], "scheduled")
    assert (await abroad.get("giorgi", "/visits"))["items"] == []


async def test_the_api_cuts_the_list_of_visits_into_pages(abroad: Abroad) -> None:
    """A cursor goes on after the page before; state and time narrow the list, and a strange cursor is refused."""
    visits = [str(await abroad.scheduled(await abroad.placement_matched())) for _ in range(2)]
    first = await abroad.get("programme", "/visits?limit=1")
    second = await abroad.get("programme", f"/visits?limit=1&cursor={first['next']}")
    assert [entry["id"] for entry in (*first["items"], *second["items"])] == visits[::-1]
    assert second["next"] is None
    assert len((await abroad.get("programme", "/visits?state=scheduled&state=cancelled"))["items"]) == 2
    assert (await abroad.get("programme", "/visits?state=cancelled"))["items"] == []
    later = (clock.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await abroad.get("programme", f"/visits?since={later}"))["items"] == []
    problem = await abroad.get("programme", f"/visits?cursor={cursor_of(['a', 'b'])}", 422)
    assert "cursor" in str(problem)


async def test_the_way_back_from_a_case_keeps_the_filter_of_its_list(abroad: Abroad) -> None:
    """A match and a visit lead back to the list as it was filtered last."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    programme = abroad.of.as_("programme")
    for room, case in (("matches", match_id), ("visits", visit_id)):
        at = f"/applications/{room}"
        state = "confirmed" if room == "matches" else "scheduled"
        assert (await programme.get(f"{at}?state={state}&page=1")).status_code == 200
        shown = html.unescape((await programme.get(f"{at}/{case}")).text)
        assert f'class="govuk-back-link" href="{at}?state={state}&page=1"' in shown
