"""Guest, host and programme propose other dates of a visit and answer them, by page and API, and nobody else can."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import matches, visits
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


def periods(first: int = 90, last: int = 130) -> list[dict[str, str]]:
    """Return a period in days from today."""
    today = clock.today()
    return [{"start": str(today + timedelta(days=first)), "end": str(today + timedelta(days=last))}]


def row(first: int = 90, last: int = 130, number: int = 0) -> dict[str, str]:
    """Return a period as the form sends it."""
    sent: dict[str, str] = {}
    for name, count in (("start", first), ("end", last)):
        day = clock.today() + timedelta(days=count)
        at = f"periods-{number}-{name}"
        sent |= {f"{at}-day": str(day.day), f"{at}-month": str(day.month), f"{at}-year": str(day.year)}
    return sent


async def proposed(abroad: Abroad, visit_id: UUID, match_id: UUID, move: int = 1) -> dict[str, Any]:
    """Propose the week five weeks later, as matching."""
    plan = abroad.plan(match_id)
    week = [str(clock.today().fromisoformat(day) + timedelta(days=35)) for day in plan["days"]]
    new = {"start": week[0], "end": week[-1], "days": week}
    await abroad.publish_visit_event(
        visits.VisitMoveProposed,
        visit_id,
        match_id,
        move=move,
        by="guest",
        reason="operational_duty",
        due=clock.now() + timedelta(days=14),
        **new,
    )
    return new


async def recorded_moves(programme: Programme) -> list[tuple[str, dict[str, Any]]]:
    """Return the events about moves."""
    found = await programme.journal("exchange.participation")
    return [(kind, payload) for kind, _, payload in found if kind.startswith("Move")]


async def test_a_visit_moves_to_proposed_dates(abroad: Abroad, programme: Programme) -> None:
    """Dates are requested once and accepted by both, and the old ones stay until matching moves the visit."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    of, old = f"/visits/{visit_id}", abroad.plan(match_id)["start"]
    body = {"periods": periods(), "reason": "operational_duty", "text": "A trial in those days."}
    request = await abroad.post("ani", f"{of}/moves", body, 202)
    assert (request["move"]["asked_by"], request["start"]) == ("guest", old)
    await abroad.post("ani", f"{of}/moves", body, 202)
    await abroad.post("claire", f"{of}/moves", body, 409)
    new = await proposed(abroad, visit_id, match_id)
    await abroad.post("claire", f"{of}/moves", body, 409)
    visit = await abroad.get("claire", of)
    assert (visit["move"]["proposed"]["start"], visit["move"]["your_answer_is_asked"]) == (new["start"], True)
    assert (await abroad.get("tigran", of))["move"]["your_answer_is_asked"] is False
    for somebody in ("ani", "ani", "claire"):
        visit = await abroad.post(somebody, f"{of}/moves/1/answer", {"answer": "accept"}, 202)
    assert (visit["move"]["answers"], visit["start"]) == ({"guest": "accept", "host": "accept"}, old)
    events = await recorded_moves(programme)
    assert [kind for kind, _ in events] == ["MoveRequested", "MoveAccepted", "MoveAccepted"]
    assert "trial" not in str(events)
    moved = abroad.plan(match_id) | new
    event = {"plan": moved, "move": 1, "previous_start": old, "previous_end": old, "agenda_due": clock.now()}
    await abroad.feed.deliver((visits.VisitMoved.model_validate(event), visit_id))
    visit = await abroad.get("ani", of)
    assert (visit["start"], visit["move"]["proposed"], visit["state"]) == (new["start"], None, "scheduled")
    await abroad.post("ani", f"{of}/moves/1/answer", {"answer": "accept"}, 202)
    await abroad.post("ani", f"{of}/moves/1/answer", {"answer": "decline", "reason": "other"}, 409)
    for never_made in (2, 0, -1, 10**20):
        await abroad.post("ani", f"{of}/moves/{never_made}/answer", {"answer": "accept"}, 409)
    await abroad.post("programme", f"{of}/moves", body, 202)


async def test_a_refusal_needs_a_reason_and_leaves_the_old_dates(abroad: Abroad, programme: Programme) -> None:
    """A refusal without a reason is an error that keeps the text; afterwards other dates can be requested."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    at = f"/applications/visits/{visit_id}"
    ani, claire = programme.as_("ani"), programme.as_("claire")
    assert (await claire.get(f"{at}/move")).status_code == 200
    wrong = await claire.post(f"{at}/move", data={**row(130, 90), "reason": "health"})
    assert (wrong.status_code, "must not be before the first" in wrong.text) == (422, True)
    half = await claire.post(f"{at}/move", data={"periods-0-start-day": "1", "reason": "health"})
    assert half.status_code == 422
    more = await claire.post(f"{at}/move", data={**row(), "row": "add:periods"})
    assert 'name="periods-1-start-day"' in more.text
    sent = await claire.post(f"{at}/move", data={**row(), "reason": "health", "text": "An operation."})
    assert sent.headers["location"] == f"{at}?done=move"
    assert "Matching is looking for them" in (await ani.get(at)).text
    await proposed(abroad, visit_id, match_id)
    page = (await ani.get(at)).text
    assert "Other dates are proposed" in page
    assert f"{at}/moves/1" in page
    assert (await ani.get(f"{at}/moves/1")).status_code == 200
    assert (await ani.get(f"{at}/moves/7")).headers["location"] == at
    no = await ani.post(f"{at}/moves/1", data={"answer": "decline", "text": "I am away"})
    assert (no.status_code, "Choose why you refuse" in no.text, "I am away" in no.text) == (422, True, True)
    sent = await ani.post(f"{at}/moves/1", data={"answer": "decline", "reason": "not_available", "text": "Away"})
    assert sent.headers["location"] == f"{at}?done=move_answered"
    events = await recorded_moves(programme)
    assert [(kind, payload["reason"]) for kind, payload in events] == [
        ("MoveRequested", "personal"),
        ("MoveRefused", "not_available"),
    ]
    dropped = {"move": 1, "cause": "refused", "by": "guest", "reason": "not_available"}
    await abroad.publish_visit_event(visits.VisitMoveDropped, visit_id, match_id, **dropped)
    page = (await claire.get(at)).text
    assert "the visit keeps its dates" in page
    assert "Request other dates" in page
    assert (await claire.post(f"{at}/move", data={**row(), "reason": "other"})).status_code == 303


async def test_a_visit_without_a_week_accepts_more_periods(abroad: Abroad, programme: Programme) -> None:
    """The page names the cause and the next step, and further periods go to matching once."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    await abroad.publish(matches.MatchConfirmed, match_id)
    visit_id = new_id()
    plan = {name: value for name, value in abroad.plan(match_id).items() if name in visits.VisitOf.model_fields}
    event = visits.VisitUnschedulable.model_validate({"visit": plan, "required_days": 5, "cause": "holidays"})
    await abroad.feed.deliver((event, visit_id))
    page = (await programme.as_("ani").get(f"/applications/visits/{visit_id}")).text
    assert "Public holidays leave too few working days" in page
    assert "Enter possible dates" in page
    body = {"periods": periods(), "reason": "timetable_conflict"}
    await abroad.post("programme", f"/visits/{visit_id}/moves", body, 202)
    assert (await abroad.get("ani", f"/visits/{visit_id}"))["move"]["asked_by"] == "programme"
    await abroad.feed.deliver((event, visit_id))
    assert (await abroad.get("ani", f"/visits/{visit_id}"))["move"]["asked_by"] is None
    await abroad.post("ani", f"/visits/{visit_id}/moves", body, 202)


async def test_nobody_else_moves_a_visit(abroad: Abroad) -> None:
    """Another officer, host or country finds nothing, and coordinators neither request nor answer."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    body = {"periods": periods(), "reason": "other"}
    for somebody in ("nino", "paul"):
        await abroad.post(somebody, f"/visits/{visit_id}/moves", body, 404)
        await abroad.post(somebody, f"/visits/{visit_id}/moves/1/answer", {"answer": "accept"}, 404)
    for somebody in ("tigran", "luc"):
        await abroad.post(somebody, f"/visits/{visit_id}/moves", body, 403)
    await abroad.post("programme", f"/visits/{visit_id}/moves/1/answer", {"answer": "accept"}, 403)
    await abroad.post("ani", f"/visits/{visit_id}/moves", body | {"periods": []}, 422)
    past = {"periods": periods(-20, -10), "reason": "other"}
    await abroad.post("ani", f"/visits/{visit_id}/moves", past, 422)
    clock.move(timedelta(days=80))
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    await abroad.post("ani", f"/visits/{visit_id}/moves", body | {"periods": periods()}, 409)
