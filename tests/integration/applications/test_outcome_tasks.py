"""Does the officer's application say what is asked after the visit, and offer only what is still possible?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shared import clock
from shared.contracts import outcomes, visits
from tests.integration.applications.abroad import Abroad

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """The programme with a host country and a mentor."""
    made = Abroad(programme, feed)
    await made.fill()
    return made


async def test_what_is_asked_after_the_visit_stands_with_the_application(abroad: Abroad) -> None:
    """Evaluation and report open reporting's forms by a ticket, and are shown as received once reporting says so."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    application_id = abroad.pairings[match_id]["application_id"]
    mine, client = f"/applications/mine/{application_id}", abroad.of.as_("ani")
    assert "Write your report" not in (await client.get(mine)).text
    assert f"{mine}/withdraw" in (await client.get(mine)).text
    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.tell_visit(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.tell_visit(visits.VisitCompleted, visit_id, match_id, **counted)
    page = (await client.get(mine)).text
    for purpose in ("evaluation", "report"):
        assert f"/applications/visits/{visit_id}/forms/{purpose}" in page
    home = (await client.get("/applications/")).text
    assert "forms to fill in: AM-" in home
    assert "Nothing waits for you" not in home
    way = await client.get(f"/applications/visits/{visit_id}/forms/report")
    assert way.headers["location"].startswith("/reporting/reports/guest.")
    assert f"{mine}/withdraw" not in page
    asked = await client.get(f"{mine}/withdraw")
    assert (asked.status_code, asked.headers["location"]) == (303, mine)
    await abroad.post("ani", f"/applications/{application_id}/withdraw", {"reason": "other"}, 409)
    example = dict(outcomes.ReportSubmitted.example) | {"application_id": application_id, "visit_id": str(visit_id)}
    await abroad.feed.deliver((outcomes.ReportSubmitted.model_validate(example), visit_id))
    assert f"/applications/visits/{visit_id}/forms/report" not in (await client.get(mine)).text
    clock.move(timedelta(days=400))
    assert "Say what you use of it" in (await client.get(mine)).text
