"""Tests of the knowledge tests before and after a visit: open in time, and for the guest only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import outcomes, visits
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from shared.contracts import Event
    from tests.integration.applications.abroad import Abroad

BEFORE, AFTER = "Take the test before the visit", "Take the test after the visit"


async def deliver_test_event(abroad: Abroad, event: type[Event], match_id: UUID, visit_id: UUID, **values: Any) -> None:
    """Deliver an event of reporting about the tests of the visit."""
    about = {"application_id": abroad.pairings[match_id]["application_id"], "visit_id": str(visit_id)}
    await abroad.feed.deliver((event.model_validate({**event.example, **about, **values}), visit_id))


async def test_a_guest_finds_each_test_in_its_time(abroad: Abroad) -> None:
    """A published test is a task with its day and a ticket, for the guest alone, until it is submitted."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    plan = abroad.plan(match_id)
    ani, page = abroad.of.as_("ani"), f"/applications/visits/{visit_id}"
    mine = f"/applications/mine/{abroad.pairings[match_id]['application_id']}"
    assert BEFORE not in (await ani.get(page)).text
    assert (await ani.get(f"{page}/forms/test_before")).status_code == 404
    due = clock.now() + timedelta(days=50)
    test = {"test_id": str(new_id())}
    await deliver_test_event(abroad, outcomes.TestAsked, match_id, visit_id, phase="pre", due=due.isoformat(), **test)
    for address in (page, mine):
        shown = (await ani.get(address)).text
        assert BEFORE in shown
        assert "Until " in shown
    assert f"{page}/forms/test_before" in (await ani.get("/applications/")).text
    way = await ani.get(f"{page}/forms/test_before")
    assert way.headers["location"].startswith(f"/reporting/test-before/guest.{visit_id}?ticket=")
    assert BEFORE not in (await abroad.of.as_("claire").get(page)).text
    for other in ("claire", "tigran", "luc"):
        assert (await abroad.of.as_(other).get(f"{page}/forms/test_before")).status_code in {403, 404}
    tasks = (await abroad.get("ani", f"/visits/{visit_id}"))["tasks"]
    assert [(task["purpose"], task["party"], task["done"]) for task in tasks] == [("test_before", "guest", False)]
    assert tasks[0]["due"] is not None
    await deliver_test_event(abroad, outcomes.TestScored, match_id, visit_id, phase="pre")
    tasks = (await abroad.get("ani", f"/visits/{visit_id}"))["tasks"]
    assert [(task["purpose"], task["done"]) for task in tasks] == [("test_before", True)]
    assert f"{page}/forms/test_before" not in (await ani.get(page)).text

    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    later = clock.now() + timedelta(days=30)
    await deliver_test_event(
        abroad, outcomes.TestAsked, match_id, visit_id, phase="post", due=later.isoformat(), **test
    )
    assert AFTER in (await ani.get(mine)).text
    way = await ani.get(f"{page}/forms/test_after")
    assert way.headers["location"].startswith(f"/reporting/test-after/guest.{visit_id}?ticket=")
    clock.move(timedelta(days=31))
    assert AFTER not in (await ani.get(mine)).text
    assert (await ani.get(f"{page}/forms/test_after")).status_code == 404


async def test_a_cancelled_visit_has_no_test(abroad: Abroad) -> None:
    """The task ends with the visit, and its form cannot be opened any more."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    due = clock.now() + timedelta(days=50)
    await deliver_test_event(abroad, outcomes.TestAsked, match_id, visit_id, phase="pre", due=due.isoformat())
    ani, page = abroad.of.as_("ani"), f"/applications/visits/{visit_id}"
    assert BEFORE in (await ani.get(page)).text
    await abroad.publish_visit_event(visits.VisitCancelled, visit_id, match_id, reason="other", by="programme")
    assert BEFORE not in (await ani.get(page)).text
    assert (await ani.get(f"{page}/forms/test_before")).status_code == 404
