"""A match goes through clearance, answers, visit and mentorship, and shows names only as they are released."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.applications.settings import Settings
from shared.contracts import matches, mentorships, outcomes, visits
from shared.identity.tickets import open_ticket
from shared.time import clock
from shared.time.arrival import arrived_at
from shared.web.paging import cursor_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def visible_name(abroad: Abroad, subject: str, match_id: UUID, party: str = "guest") -> str | None:
    """Return the name of a party as a person sees it in a match."""
    people = (await abroad.get(subject, f"/matches/{match_id}"))["people"]
    return people[party]["name"] if party in people else None


async def test_identity_is_shown_in_stages(abroad: Abroad, programme: Programme) -> None:
    """The host country sees the name after home clearance, the host agency after both, with an event each."""
    match_id = await abroad.placement_matched()
    assert (await abroad.get("ani", f"/applications/{await _of(abroad, match_id)}"))["state"] == "matched"
    before = await abroad.get("luc", f"/matches/{match_id}")
    assert before["applicant"]["rank_group"] == "operational"
    assert (before["turn"], before["your_turn"]) == ("home", False)
    assert await visible_name(abroad, "luc", match_id) is None
    assert await visible_name(abroad, "tigran", match_id) == "Ani Petrosyan"
    problem = await abroad.post("luc", f"/matches/{match_id}/clear", status=409)
    assert "home country" in problem["detail"]
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    assert await visible_name(abroad, "luc", match_id) == "Ani Petrosyan"
    assert await visible_name(abroad, "claire", match_id) is None
    assert (await abroad.get("luc", f"/matches/{match_id}"))["people"]["guest"]["service_email"] is None
    await abroad.post("luc", f"/matches/{match_id}/clear")
    await abroad.post("luc", f"/matches/{match_id}/clear")
    assert await visible_name(abroad, "claire", match_id) == "Ani Petrosyan"
    assert await visible_name(abroad, "programme", match_id) is None
    events = await programme.journal("exchange.participation")
    assert [kind for kind, _, _ in events] == [
        "ClearanceGiven",
        "IdentityReleased",
        "ClearanceGiven",
        "IdentityReleased",
    ]
    assert events[0][2]["host_due"] is not None
    assert (events[1][2]["to"], events[1][2]["fields"]) == ("host_coordinator", ["name", "national_rank", "unit"])
    assert (events[3][2]["to"], events[3][2]["organisation_id"]) == ("host", programme.organisations["FR"])
    assert "Petrosyan" not in str(events)


async def _of(abroad: Abroad, match_id: UUID) -> str:
    return str(abroad.pairings[match_id]["application_id"])


async def test_nobody_else_finds_a_match(abroad: Abroad) -> None:
    """Another officer, host, country and mentor find nothing at a match's address, by any route."""
    match_id = await abroad.placement_matched()
    for somebody in ("nino", "paul", "giorgi", "rasa", "jonas"):
        await abroad.get(somebody, f"/matches/{match_id}", 404)
        assert (await abroad.get(somebody, "/matches"))["items"] == []
    await abroad.post("giorgi", f"/matches/{match_id}/clear", status=404)
    await abroad.post("paul", f"/matches/{match_id}/answer", {"answer": "accept"}, 404)
    for somebody in ("ani", "claire", "tigran", "luc", "programme"):
        assert len((await abroad.get(somebody, "/matches"))["items"]) == 1


async def test_matches_are_read_page_by_page(abroad: Abroad) -> None:
    """The pages have every match once, the newest first, also when one is added meanwhile; `since` is about the state.

    A cursor of another list is refused.
    """
    offer = await abroad.offer()
    application = await abroad.eligible()
    made = [str(await abroad.proposed(application, offer_id=offer["id"])) for _ in range(5)]
    first = await abroad.get("programme", "/matches?limit=2")
    await abroad.proposed(application, offer_id=offer["id"])
    second = await abroad.get("programme", f"/matches?limit=2&cursor={first['next']}")
    third = await abroad.get("programme", f"/matches?limit=2&cursor={second['next']}")
    pages = (first, second, third)
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [match["id"] for page in pages for match in page["items"]] == made[::-1]
    assert third["next"] is None
    assert (await abroad.get("programme", "/matches?state=confirmed"))["items"] == []
    later = (clock.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await abroad.get("programme", f"/matches?since={later}"))["items"] == []
    await abroad.get("programme", f"/matches?cursor={cursor_of(['a', 'b'])}", 422)


async def test_a_guest_reads_the_placement_before_answering(abroad: Abroad) -> None:
    """City, outline and security are shown before an answer, to whose form the top of the page leads."""
    await abroad.offered(match_id := await abroad.placement_matched(), "tigran", "luc")
    page = (await abroad.of.as_("ani").get(f"/applications/matches/{match_id}")).text
    assert page.index('href="#your-answer"') < page.index("Who and where") < page.index('id="your-answer"')
    for text in ("Lyon", "Case work and seizure of devices.", "Identity document at the gate.", "English B1"):
        assert text in page


async def test_an_application_leads_to_its_visit_or_mentorship(abroad: Abroad) -> None:
    """A scheduled application links to its visit, and a mentee's to the mentorship, with the mentor's name."""
    match_id = await abroad.placement_matched()
    mine = f"/applications/mine/{abroad.pairings[match_id]['application_id']}"
    assert "Open your visit" not in (await abroad.of.as_("ani").get(mine)).text
    visit_id = await abroad.scheduled(match_id)
    assert f'href="/applications/visits/{visit_id}"' in (await abroad.of.as_("ani").get(mine)).text
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    page = (await abroad.of.as_("nino").get(f"/applications/mine/{abroad.pairings[match_id]['application_id']}")).text
    assert f'href="/applications/mentorships/{mentorship_id}"' in page
    assert "You and the mentor" in page
    assert "Both sign the agreement, then it begins." in page


async def test_the_event_of_a_refused_clearance_says_personal_only(abroad: Abroad, programme: Programme) -> None:
    """The reason and its text stay in the portal, and nobody can clear the match afterwards."""
    match_id = await abroad.placement_matched()
    body = {"reason": "clearance", "text": "An open inquiry."}
    await abroad.post("tigran", f"/matches/{match_id}/refuse", body)
    events = await programme.journal("exchange.participation")
    assert (events[0][0], events[0][2]["reason"]) == ("ClearanceRefused", "personal")
    assert "inquiry" not in str(events)
    await abroad.post("luc", f"/matches/{match_id}/clear", status=409)
    await abroad.publish(matches.MatchCancelled, match_id, by="home_coordinator", reason="personal", was="proposed")
    state = (await abroad.get("ani", f"/applications/{await _of(abroad, match_id)}"))["state"]
    assert state == "in_matching"
    assert await visible_name(abroad, "luc", match_id) is None


async def test_answers_wait_for_matching(abroad: Abroad, programme: Programme) -> None:
    """An answer waits for MatchConfirmed, another one is refused, and a late one is shown as late."""
    match_id = await abroad.placement_matched()
    await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 409)
    await abroad.offered(match_id, "tigran", "luc")
    await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "decline"}, 422)
    mine = await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    assert (mine["state"], mine["your_answer_has_arrived"], mine["your_answer_is_asked"]) == ("offered", True, False)
    await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "decline", "reason": "health"}, 409)
    events = [row for row in await programme.journal("exchange.participation") if row[0] == "AnswerGiven"]
    assert [(row[2]["by"], row[2]["answer"]) for row in events] == [("guest", "accept")]
    page = await programme.as_("ani").get(f"/applications/matches/{match_id}")
    assert "We have received your answer." in page.text
    await abroad.publish(matches.AnswerTooLate, match_id, by="guest", answered_at=clock.now(), due=clock.now())
    assert (await abroad.get("ani", f"/matches/{match_id}"))["too_late"] == ["guest"]
    await abroad.publish(matches.MatchConfirmed, match_id)
    assert (await abroad.get("ani", f"/matches/{match_id}"))["your_answer_has_arrived"] is False
    assert (await abroad.get("ani", f"/applications/{await _of(abroad, match_id)}"))["state"] == "accepted"


async def test_an_answer_was_given_when_it_arrived(abroad: Abroad, programme: Programme) -> None:
    """The event of an answer that waited names the moment of its arrival, by which matching judges it."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    moment = datetime.now(UTC) - timedelta(minutes=5)
    with arrived_at(moment):
        await abroad.post("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, 202)
    query = sa.text("SELECT occurred_at FROM journal WHERE type = 'AnswerGiven'")
    async with programme.app.state.service.bus.read() as session:
        given = (await session.scalars(query)).one()
    assert given == moment + clock.offset()


async def test_a_visit_from_agenda_to_outcome(abroad: Abroad, programme: Programme) -> None:
    """The newest agenda is agreed, attendance is recorded day by day, and forms are opened by ticket."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    of = f"/visits/{visit_id}"
    assert (await abroad.get("ani", f"/applications/{await _of(abroad, match_id)}"))["state"] == "scheduled"
    await abroad.post("ani", f"{of}/agenda/agree")
    changed = await programme.as_("claire").put(
        f"/applications/api/v1{of}/agenda", json={"text": "Monday: safety briefing."}
    )
    assert changed.json()["agenda"]["version"] == 2
    await abroad.post("ani", f"{of}/agenda/agree", {"version": 1}, 409)
    await abroad.post("claire", f"{of}/agenda/agree", {"version": 2})
    agreed = await abroad.post("ani", f"{of}/agenda/agree", {"version": 2})
    assert agreed["agenda"]["complete"]
    plan = abroad.plan(match_id)
    await abroad.post("claire", f"{of}/attendance", {"days": {plan["days"][0]: True}}, 409)
    clock.move(timedelta(days=80))
    await abroad.post("claire", f"{of}/attendance", {"days": {"2020-01-01": True}}, 422)
    await abroad.post("paul", f"{of}/attendance", {"days": {plan["days"][0]: True}}, 404)
    body = {"days": dict.fromkeys(plan["days"][:2], True)}
    await abroad.post("claire", f"{of}/attendance", body)
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    body = {"days": dict.fromkeys(plan["days"], True)}
    done = await abroad.post("claire", f"{of}/attendance", body)
    assert len(done["attendance"]) == 5
    await abroad.post("claire", f"{of}/attendance", body)
    types = [kind for kind, _, _ in await programme.journal("exchange.participation")][4:]
    assert types.count("AttendanceRecorded") == 5
    agreements = [row[2] for row in await programme.journal("exchange.participation") if row[0] == "AgendaAgreed"]
    assert [(agreement["by"], agreement["version"], agreement["complete"]) for agreement in agreements] == [
        ("guest", 1, False),
        ("host", 2, False),
        ("guest", 2, True),
    ]
    early = await abroad.post("ani", f"{of}/tickets", {"purpose": "evaluation"}, 404)
    assert "You are not asked for this form" in early["detail"]
    await _end(abroad, visit_id, match_id)
    way = await abroad.post("claire", f"{of}/tickets", {"purpose": "evaluation"}, 201)
    settings = programme.app.state.service.settings
    assert isinstance(settings, Settings)
    ticket = open_ticket(way["ticket"], "evaluation", public_key=settings.ticket_public_key)
    assert (ticket.subject, ticket.person) == (f"host.{visit_id}", "claire")
    await abroad.post("claire", f"{of}/tickets", {"purpose": "report"}, 404)
    stranger = await abroad.post("paul", f"{of}/tickets", {"purpose": "evaluation"}, 404)
    assert "or you may not see it" in stranger["detail"], "what a stranger reads does not say that there is a form"
    assert (await abroad.get("ani", f"/applications/{await _of(abroad, match_id)}"))["state"] == "completed"
    submitted = {
        **outcomes.ReportSubmitted.example,
        "application_id": await _of(abroad, match_id),
        "visit_id": str(visit_id),
    }
    await abroad.feed.deliver((outcomes.ReportSubmitted.model_validate(submitted), visit_id))
    tasks = {task["purpose"]: task["done"] for task in (await abroad.get("ani", of))["tasks"]}
    assert tasks == {"evaluation": False, "report": True, "cascade": False}
    clock.move(timedelta(days=200))
    follow_up = {"purpose": "follow_up", "party": "guest", "done": False, "awaited": True, "closed": False, "due": None}
    assert follow_up in (await abroad.get("ani", of))["tasks"]
    wanted = {"purpose": "evaluation", "application_id": await _of(abroad, match_id), "subject": str(visit_id)}
    await abroad.post("ani", "/tickets", wanted, 201)
    await abroad.post("ani", "/tickets", wanted | {"subject": str(match_id)}, 404)


async def _end(abroad: Abroad, visit_id: UUID, match_id: UUID) -> None:
    plan = abroad.plan(match_id)
    await abroad.publish_visit_event(
        visits.VisitEnded,
        visit_id,
        match_id,
        attended=plan["days"],
        attended_days=5,
        required_days=5,
        ended_on=plan["end"],
    )
    await abroad.publish_visit_event(
        visits.VisitCompleted, visit_id, match_id, attended_days=5, required_days=5, ended_on=plan["end"]
    )


async def test_no_show_early_return_and_cancelling(abroad: Abroad, programme: Programme) -> None:
    """A no-show needs a past first day, an early return a visit in progress, a cancellation a visit to come."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    of = f"/visits/{visit_id}"
    await abroad.post("claire", f"{of}/no-show", {}, 409)
    await abroad.post("ani", f"/matches/{match_id}/cancel", {"reason": "visa_refused", "text": "Refused"}, 202)
    await abroad.post("ani", f"/matches/{match_id}/cancel", {"reason": "visa_refused"}, 202)
    clock.move(timedelta(days=80))
    await abroad.post("claire", f"{of}/no-show", {"reason": "visa_refused"})
    await abroad.post("claire", f"{of}/no-show", {})
    plan = abroad.plan(match_id)
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    await abroad.post("ani", f"/matches/{match_id}/cancel", {"reason": "health"}, 409)
    await abroad.post("claire", f"{of}/early-return", {"last_day": plan["end"]}, 422)
    body = {"last_day": plan["days"][2], "reason": "health"}
    await abroad.post("claire", f"{of}/early-return", body)
    events = await programme.journal("exchange.participation")
    reasons = [(kind, payload.get("reason")) for kind, _, payload in events[-3:]]
    assert reasons == [
        ("CancellationRequested", "visa_refused"),
        ("NoShowReported", "visa_refused"),
        ("EarlyReturnReported", "personal"),
    ]


async def test_a_mentorship_from_signature_to_session(abroad: Abroad, programme: Programme) -> None:
    """Both sign the same text, close a goal, and one confirms the session that the other logged."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    assert await visible_name(abroad, "nino", match_id, "mentor") == "Jonas Kazlauskas"
    assert await visible_name(abroad, "jonas", match_id, "mentee") == "Nino Beridze"
    of = f"/mentorships/{mentorship_id}"
    await abroad.post("nino", f"{of}/sign")
    await abroad.post("nino", f"{of}/sign")
    await abroad.post("jonas", f"{of}/sign")
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today()
    )
    goal = await abroad.post("nino", f"{of}/goals", {"text": "Read a network chart."}, 201)
    body = {"held_on": str(clock.today()), "minutes": 60, "note": "We began."}
    session = await abroad.post("jonas", f"{of}/sessions", body, 201)
    assert (await abroad.post("jonas", f"{of}/sessions", body, 201))["id"] == session["id"]
    await abroad.post("jonas", f"{of}/sessions/{session['id']}/confirm", status=409)
    await abroad.post("nino", f"{of}/sessions/{session['id']}/confirm")
    await abroad.post("nino", f"{of}/sessions/{session['id']}/confirm")
    await abroad.post("jonas", f"{of}/goals/{goal['id']}/close", {"met": True})
    await abroad.post("nino", f"{of}/end", {}, 409)
    await abroad.post("nino", f"{of}/end", {"reason": "operational_duty"}, 202)
    events = [row for row in await programme.journal("exchange.participation") if "mentorship_id" in row[2]]
    assert [kind for kind, _, _ in events] == [
        "AgreementSigned",
        "AgreementSigned",
        "GoalSet",
        "SessionLogged",
        "SessionConfirmed",
        "GoalClosed",
        "EndRequested",
    ]
    assert events[0][2]["document"] == events[1][2]["document"]
    assert "network chart" not in str(events)
    await abroad.get("ani", of, 404)
    assert (await abroad.get("giorgi", of))["goals"] == []
    assert (await abroad.get("nino", f"/applications/{await _of(abroad, match_id)}"))["state"] == "under_way"
    await abroad.publish_mentorship_event(
        mentorships.MentorshipCompleted,
        mentorship_id,
        match_id,
        ended_on=clock.today(),
        sessions=3,
        goals=1,
        goals_met=1,
    )
    way = await abroad.post("jonas", f"{of}/tickets", {"purpose": "evaluation"}, 201)
    assert way["address"] == f"/reporting/evaluations/mentor.{mentorship_id}"
