"""A pair agrees in versions, works on goals, confirms sessions, pauses, ends and travels, by API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.contracts import mentorships, outcomes, visits
from shared.contracts.codes import Party, Reason, Role
from shared.identity import Grant
from shared.identity.access import write_access
from shared.time import clock
from shared.web.paging import cursor_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad

MONTHLY = {"rhythm": "monthly", "meeting": "remote", "aims": "Read charts."}


async def recorded(abroad: Abroad, *kinds: str) -> list[dict[str, Any]]:
    """Return the events of these types, in order."""
    return [body for kind, _, body in await abroad.of.journal("exchange.participation") if kind in kinds]


async def pair(abroad: Abroad) -> tuple[UUID, UUID, str]:
    """Return a pair that has begun: match, mentorship and its path."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.begun(match_id)
    return match_id, mentorship_id, f"/mentorships/{mentorship_id}"


async def session(abroad: Abroad, who: str, of: str, days_ago: int = 0, **fields: Any) -> dict[str, Any]:
    """Return the body of a session that is logged."""
    body = {"held_on": str(clock.today() - timedelta(days=days_ago)), "minutes": 60, **fields}
    made: dict[str, Any] = await abroad.post(who, f"{of}/sessions", body, 201)
    return made


def span(first: int, last: int) -> dict[str, str]:
    """Return a period in days from today."""
    return {"start": str(clock.today() + timedelta(days=first)), "end": str(clock.today() + timedelta(days=last))}


async def test_versions_are_proposed_signed_and_published(abroad: Abroad) -> None:
    """The signed version holds until the other side signs; the event has version, digest and end."""
    _, _, of = await pair(abroad)
    until = str(clock.today() + timedelta(days=100))
    shown = await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY | {"until": until}, "based_on": 1}, 201)
    assert (shown["agreement"]["in_force"], shown["agreement"]["to_sign"]) == (1, 2)
    again = await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY | {"until": until}, "based_on": 1}, 201)
    assert again["agreement"]["newest"] == 2
    assert (await abroad.get("nino", of))["pending"] == [{"what": "sign", "count": 1}]
    shown = await abroad.post("nino", f"{of}/sign", {"version": 2})
    assert (shown["agreement"]["in_force"], shown["until"]) == (2, until)
    assert [version["state"] for version in shown["agreement"]["versions"]] == ["replaced", "in_force"]
    signed = [event for event in await recorded(abroad, "AgreementSigned") if event["version"] == 2]
    assert [(signature["by"], signature["complete"], signature["until"]) for signature in signed] == [
        ("mentor", False, until),
        ("mentee", True, until),
    ]
    assert {signature["document"] for signature in signed} == {shown["agreement"]["versions"][1]["document"]}
    assert "Read charts." not in str(signed)


async def test_a_proposal_on_an_old_version_is_refused(abroad: Abroad) -> None:
    """A writer who did not see the other's proposal is refused, and a counter-proposal ends the first one."""
    _, _, of = await pair(abroad)
    await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY, "based_on": 1}, 201)
    await abroad.post("nino", f"{of}/agreement", {"terms": {"rhythm": "weekly"}, "based_on": 1}, 409)
    await abroad.post("nino", f"{of}/agreement", {"terms": MONTHLY, "based_on": 2}, 422)
    shown = await abroad.post("nino", f"{of}/agreement", {"terms": {"rhythm": "weekly"}, "based_on": 2}, 201)
    assert [version["state"] for version in shown["agreement"]["versions"]] == ["in_force", "lapsed", "proposed"]
    await abroad.post("nino", f"{of}/sign", {"version": 2}, 409)
    await abroad.post("jonas", f"{of}/agreement/versions/3/take-back", status=409)
    shown = await abroad.post("nino", f"{of}/agreement/versions/3/take-back")
    assert (shown["agreement"]["in_force"], shown["agreement"]["to_sign"]) == (1, None)
    await abroad.post("nino", f"{of}/agreement/versions/9/take-back", status=404)


async def test_a_proposal_lapses_in_time(abroad: Abroad) -> None:
    """After ten working days without the second signature a proposal can no longer be signed."""
    _, _, of = await pair(abroad)
    await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY, "based_on": 1}, 201)
    clock.move(timedelta(days=40))
    assert (await abroad.get("nino", of))["agreement"]["to_sign"] is None
    await abroad.post("nino", f"{of}/sign", {"version": 2}, 409)


async def test_a_proposal_before_the_start(abroad: Abroad) -> None:
    """The pair may replace the programme's agreement, and a side that signed it signs the new one too."""
    match_id = await abroad.mentor_matched()
    of = f"/mentorships/{await abroad.opened(match_id)}"
    await abroad.post("nino", f"{of}/sign")
    await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY, "based_on": 1}, 201)
    await abroad.post("nino", f"{of}/sign", {"version": 1})  # a second click on what was signed: nothing new
    shown = await abroad.post("nino", f"{of}/sign")
    assert shown["agreement"]["in_force"] == 2
    assert [event["version"] for event in await recorded(abroad, "AgreementSigned")] == [1, 2, 2]


async def test_goals_with_progress(abroad: Abroad) -> None:
    """Both note progress; a closed goal has its author and reason, and a reopened one is a new goal."""
    _, _, of = await pair(abroad)
    goal = await abroad.post("nino", f"{of}/goals", {"text": "Read a network chart."}, 201)
    at = f"{of}/goals/{goal['id']}"
    await abroad.post("nino", f"{at}/notes", {"text": "Two were read.", "percent": 40}, 201)
    await abroad.post("jonas", f"{at}/notes", {"text": "Another one.", "percent": 60}, 201)
    await abroad.post("jonas", f"{at}/notes", {"text": "Too far.", "percent": 101}, 422)
    shown = (await abroad.get("nino", of))["goals"][0]
    assert shown["percent"] == 60
    assert [(note["by"], note["text"]) for note in shown["notes"]] == [
        ("mentor", "Another one."),
        ("mentee", "Two were read."),
    ]
    await abroad.post("jonas", f"{at}/close", {"met": False}, 422)
    closed = await abroad.post("jonas", f"{at}/close", {"met": False, "reason": "The case is closed."})
    assert (closed["met"], closed["closed_by"], closed["reason"]) == (False, "mentor", "The case is closed.")
    await abroad.post("nino", f"{at}/notes", {"text": "Late."}, 409)
    new = await abroad.post("nino", f"{at}/take-up", {"target": span(30, 31)["start"]}, 201)
    assert (new["follows"], new["number"], new["text"]) == (goal["id"], 2, "Read a network chart.")
    assert (await abroad.post("jonas", f"{at}/take-up", status=201))["id"] == new["id"]
    past = str(clock.today() - timedelta(days=1))
    await abroad.post("nino", f"{of}/goals", {"text": "Too late.", "target": past}, 422)
    assert len(await recorded(abroad, "GoalSet")) == 2
    assert "The case is closed." not in str(await recorded(abroad, "GoalClosed"))
    assert (await abroad.get("giorgi", of))["goals"] == []


async def test_sessions_are_corrected_disputed_and_withdrawn(abroad: Abroad) -> None:
    """Only its author changes a session, only the other side answers, and neither after it is confirmed."""
    _, _, of = await pair(abroad)
    logged = await session(abroad, "jonas", of, note="We began.")
    at = f"{of}/sessions/{logged['id']}"
    right = {"held_on": str(clock.today()), "minutes": 90, "next_on": span(7, 8)["start"]}
    await abroad.post("jonas", f"{at}/dispute", {"text": "No."}, 409)
    await abroad.post("nino", f"{at}/dispute", {"text": "It was longer."})
    assert (await abroad.get("jonas", of))["pending"] == [{"what": "correct", "count": 1}]
    put = abroad.of.as_("nino").put(f"/applications/api/v1{at}", json=right)
    assert (await put).status_code == 409
    read = {"If-Match": (await abroad.of.as_("nino").get(f"/applications/api/v1{of}")).headers["etag"]}
    answer = await abroad.of.as_("jonas").put(f"/applications/api/v1{at}", json=right)
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, "logged", 2)
    stale = await abroad.of.as_("nino").post(f"/applications/api/v1{at}/confirm", headers=read)
    assert stale.status_code == 412, "it was corrected since it was read"
    await abroad.post("nino", f"{at}/confirm")
    await abroad.post("jonas", f"{at}/withdraw", status=409)
    await abroad.post("nino", f"{at}/dispute", {"text": "After all."}, 409)
    second = await session(abroad, "nino", of, another=True)
    await abroad.post("jonas", f"{of}/sessions/{second['id']}/withdraw", status=409)
    gone = await abroad.post("nino", f"{of}/sessions/{second['id']}/withdraw")
    assert gone["state"] == "withdrawn"
    shown = await abroad.get("nino", of)
    assert (shown["confirmed_sessions"], shown["confirmed_minutes"], shown["sessions_needed"]) == (1, 90, 2)
    assert shown["meet_next"] == right["next_on"]
    names = ("SessionLogged", "SessionDisputed", "SessionConfirmed", "SessionWithdrawn")
    kinds = [kind for kind, _, _ in await abroad.of.journal("exchange.participation") if kind in names]
    assert kinds == [
        "SessionLogged",
        "SessionDisputed",
        "SessionLogged",
        "SessionConfirmed",
        "SessionLogged",
        "SessionWithdrawn",
    ]
    assert "longer" not in str(await recorded(abroad, *names))


async def test_a_second_session_on_a_day_needs_confirmation(abroad: Abroad) -> None:
    """A second session on a day is queried, and the same one from the same side is not logged again."""
    _, _, of = await pair(abroad)
    logged = await session(abroad, "jonas", of)
    assert (await session(abroad, "jonas", of))["id"] == logged["id"]
    body = {"held_on": str(clock.today()), "minutes": 60}
    refused = await abroad.post("nino", f"{of}/sessions", body, 409)
    assert "another" in str(refused)
    await abroad.post("nino", f"{of}/sessions", body | {"another": True}, 201)
    for wrong, pointer in (
        ({"minutes": 2, "another": True}, "/minutes"),
        ({"held_on": span(1, 2)["start"]}, "/held_on"),
        ({"next_on": str(clock.today()), "minutes": 61}, "/next_on"),
    ):
        problem = await abroad.post("nino", f"{of}/sessions", body | wrong, 422)
        assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_pause_and_resume(abroad: Abroad) -> None:
    """Either side pauses with a reason and resumes, once, and nothing is logged during the pause."""
    match_id, mentorship_id, of = await pair(abroad)
    for _ in range(2):
        await abroad.post("jonas", f"{of}/pause", {"reason": "health", "text": "An operation."}, 202)
    paused = mentorships.MentorshipPaused
    await abroad.publish_mentorship_event(paused, mentorship_id, match_id, by=Party.MENTOR, reason=Reason.PERSONAL)
    assert (await abroad.get("nino", of))["reason"] == "personal"
    await abroad.post("nino", f"{of}/sessions", {"held_on": str(clock.today()), "minutes": 60}, 409)
    for _ in range(2):
        await abroad.post("nino", f"{of}/resume", status=202)
    await abroad.publish_mentorship_event(mentorships.MentorshipResumed, mentorship_id, match_id, by=Party.MENTEE)
    await abroad.post("nino", f"{of}/resume", status=202)
    (request,) = await recorded(abroad, "PauseRequested")
    assert (request["by"], request["reason"]) == ("mentor", "personal")
    assert [event["by"] for event in await recorded(abroad, "ResumeRequested")] == ["mentee"]
    await abroad.post("nino", f"{of}/pause", {"reason": "operational_duty"}, 202)
    assert len(await recorded(abroad, "PauseRequested")) == 2


async def test_only_the_programme_resumes_its_own_pause(abroad: Abroad) -> None:
    """A pair cannot resume a mentorship that the programme paused."""
    match_id, mentorship_id, of = await pair(abroad)
    by = {"by": Party.PROGRAMME, "reason": Reason.PARTNER_SUSPENDED}
    await abroad.publish_mentorship_event(mentorships.MentorshipPaused, mentorship_id, match_id, **by)
    await abroad.post("nino", f"{of}/resume", status=409)
    assert await recorded(abroad, "ResumeRequested") == []


async def test_complete_or_end_early(abroad: Abroad) -> None:
    """Without enough confirmed sessions it can only end early with a reason, and with them it is completed."""
    match_id, mentorship_id, of = await pair(abroad)
    refused = await abroad.post("nino", f"{of}/end", {}, 409)
    assert "3 more sessions" in str(refused)
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today() - timedelta(days=30)
    )
    for ago in (3, 2, 1):
        logged = await session(abroad, "jonas", of, ago)
        await abroad.post("nino", f"{of}/sessions/{logged['id']}/confirm")
    await abroad.post("nino", f"{of}/end", {}, 202)
    await abroad.post("nino", f"{of}/end", {}, 202)
    assert [event["reason"] for event in await recorded(abroad, "EndRequested")] == [None]
    ended = {"ended_on": clock.today(), "sessions": 3, "goals": 0, "goals_met": 0}
    await abroad.publish_mentorship_event(mentorships.MentorshipCompleted, mentorship_id, match_id, **ended)
    for who in ("nino", "jonas"):
        assert (await abroad.get(who, of))["pending"] == [{"what": "evaluate", "count": 1}]
    for path, body in (
        ("/goals", {"text": "Another one."}),
        ("/agreement", {"terms": MONTHLY, "based_on": 1}),
        ("/sessions", {"held_on": str(clock.today()), "minutes": 45}),
        ("/pause", {"reason": "health"}),
        ("/visit", {"guest": "mentee", "days": 3, "periods": [span(60, 90)]}),
    ):
        await abroad.post("nino", f"{of}{path}", body, 409)


async def test_both_evaluate_after_an_early_end(abroad: Abroad) -> None:
    """Both sides evaluate an early end, and coordinators read its reason."""
    match_id, mentorship_id, of = await pair(abroad)
    await abroad.post("jonas", f"{of}/end", {"reason": "operational_duty", "text": "Moved."}, 202)
    ended = {"by": Party.MENTOR, "reason": Reason.OPERATIONAL_DUTY, "ended_on": clock.today()}
    await abroad.publish_mentorship_event(mentorships.MentorshipEndedEarly, mentorship_id, match_id, **ended)
    for who, party in (("nino", "mentee"), ("jonas", "mentor")):
        tasks = (await abroad.get(who, of))["tasks"]
        wanted = {"purpose": "evaluation", "party": party, "done": False, "awaited": True, "closed": False, "due": None}
        assert tasks[0] == wanted
        # A mentee may tell whom it was passed on to; nobody has to.
        assert [(task["purpose"], task["awaited"]) for task in tasks[1:]] == [("cascade", False)] * (party == "mentee")
        way = await abroad.post(who, f"{of}/tickets", {"purpose": "evaluation"}, 201)
        assert way["address"].endswith(f"{party}.{mentorship_id}")
    mentorship = await abroad.get("rasa", of)
    assert (mentorship["state"], mentorship["reason"], mentorship["tasks"]) == ("ended_early", "operational_duty", [])


async def test_a_pair_has_a_visit(abroad: Abroad) -> None:
    """One side proposes, the other agrees, matching schedules it, and the mentor records attendance."""
    match_id, mentorship_id, of = await pair(abroad)
    wanted = {"guest": "mentee", "days": 3, "periods": [span(60, 100)], "note": "See the analysts."}
    problem = await abroad.post("nino", f"{of}/visit", wanted | {"periods": [span(60, 100), span(0, 1)]}, 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/periods/1/end"]
    proposal = await abroad.post("nino", f"{of}/visit", wanted, 201)
    assert (await abroad.post("nino", f"{of}/visit", wanted, 201))["id"] == proposal["id"]
    await abroad.post("jonas", f"{of}/visit", wanted | {"days": 2}, 409)
    assert (await abroad.get("jonas", of))["pending"] == [{"what": "answer_visit", "count": 1}]
    await abroad.post("nino", f"{of}/visit/{proposal['id']}/answer", {"answer": "accept"}, 409)
    await abroad.post("jonas", f"{of}/visit/{proposal['id']}/answer", {"answer": "decline"}, 422)
    await abroad.post("jonas", f"{of}/visit/{proposal['id']}/answer", {"answer": "accept"}, 202)
    await abroad.post("jonas", f"{of}/visit/{proposal['id']}/answer", {"answer": "accept"}, 202)
    await abroad.post("nino", f"{of}/visit", wanted | {"days": 2}, 409)
    events = await recorded(abroad, "VisitRequested")
    assert [(event["by"], event["answer"], event["days"]) for event in events] == [
        ("mentee", None, 3),
        ("mentor", "accept", 3),
    ]
    assert "analysts" not in str(events)
    visit_id = await abroad.pair_visit(match_id, mentorship_id)
    at = f"/visits/{visit_id}"
    shown = await abroad.get("nino", of)
    assert [visit["id"] for visit in shown["visits"]] == [str(visit_id)]
    await abroad.post("nino", f"{of}/visit", wanted, 409)
    for who in ("nino", "jonas", "giorgi", "rasa", "programme"):
        assert (await abroad.get(who, at))["mentorship_id"] == str(mentorship_id)
    for who in ("claire", "ani", "tigran"):
        await abroad.get(who, at, 404)
    agenda = {"text": "Monday: the unit."}
    assert (await abroad.of.as_("jonas").put(f"/applications/api/v1{at}/agenda", json=agenda)).status_code == 200
    for who in ("nino", "jonas"):
        await abroad.post(who, f"{at}/agenda/agree")
    assert [event["by"] for event in await recorded(abroad, "AgendaAgreed")] == ["guest", "host"]
    days = abroad.pair_plan(match_id, mentorship_id)["days"]
    clock.move(timedelta(days=90))
    await abroad.post("nino", f"{at}/attendance", {"days": {days[0]: True}}, 404)
    await abroad.post("jonas", f"{at}/attendance", {"days": {days[0]: True}})
    assert [event["present"] for event in await recorded(abroad, "AttendanceRecorded")] == [True]


async def test_the_mentor_travels_and_the_mentee_is_the_host(abroad: Abroad) -> None:
    """If the mentor travels, the mentee records attendance and evaluates as host, the mentor as guest."""
    match_id, mentorship_id, _ = await pair(abroad)
    visit_id = await abroad.pair_visit(match_id, mentorship_id, "mentor")
    at = f"/visits/{visit_id}"
    plan = abroad.pair_plan(match_id, mentorship_id, "mentor")
    # The country that sends the mentor knows him by name, as a country knows the officers that it sends.
    assert "Jonas Kazlauskas" in (await abroad.of.as_("rasa").get(f"/applications{at}")).text
    assert "Jonas Kazlauskas" not in (await abroad.of.as_("giorgi").get(f"/applications{at}")).text
    clock.move(timedelta(days=90))
    await abroad.post("jonas", f"{at}/attendance", {"days": {plan["days"][0]: True}}, 404)
    await abroad.post("nino", f"{at}/attendance", {"days": dict.fromkeys(plan["days"], True)})
    over = {"attended": plan["days"], "attended_days": 3, "required_days": 3, "ended_on": plan["days"][-1]}
    await abroad.publish_pair_visit_event(visits.VisitEnded, visit_id, match_id, mentorship_id, "mentor", **over)
    for who, purpose, party in (("jonas", "report", "guest"), ("nino", "evaluation", "host")):
        way = await abroad.post(who, f"{at}/tickets", {"purpose": purpose}, 201)
        assert f"{party}.{visit_id}" in way["address"]
    assert [task["purpose"] for task in (await abroad.get("nino", at))["tasks"]] == ["evaluation"]


async def test_a_certificate_names_the_traveller(abroad: Abroad) -> None:
    """The mentor who travelled finds and reads the certificate, and the mentee has none."""
    match_id, mentorship_id, _ = await pair(abroad)
    visit_id, number = await abroad.pair_visit(match_id, mentorship_id, "mentor"), "TC-2026-000099"
    application_id = str(abroad.pairings[match_id]["application_id"])
    about = {"application_id": application_id, "visit_id": str(visit_id), "number": number}
    granted = outcomes.CertificateGranted.model_validate({**outcomes.CertificateGranted.example, **about})
    await abroad.feed.deliver((granted, visit_id))
    at = f"/applications/certificates/{number}"
    assert "Jonas Kazlauskas" in (await abroad.of.as_("jonas").get(at)).text
    assert number in (await abroad.of.as_("jonas").get(f"/applications/visits/{visit_id}")).text
    for who in ("nino", "giorgi"):
        assert (await abroad.of.as_(who).get(at)).status_code == 404
    for page in (f"/applications/mine/{application_id}", f"/applications/visits/{visit_id}"):
        assert number not in (await abroad.of.as_("nino").get(page)).text


async def test_the_mentee_prepares_as_host_when_the_mentor_travels(abroad: Abroad) -> None:
    """The mentee prepares what a host prepares, the mentor what a guest does, and neither the other's."""
    match_id, mentorship_id, _ = await pair(abroad)
    visit_id = await abroad.pair_visit(match_id, mentorship_id, "mentor")
    at = f"/visits/{visit_id}/preparation"
    shown = (await abroad.of.as_("nino").get(f"/applications{at}")).text
    assert "Provided by: Mentor" in shown
    assert not {"Provided by: Guest", "Provided by: Host agency"} & set(
        re.findall("Provided by: [A-Z][a-z]+(?: agency)?", shown)
    )
    arrival = {"contact_name": "Nino Beridze", "place": "Main gate, Tbilisi", "at": "09:00"}
    insured = {
        "insurer": "Insurance of Lithuania",
        "policy_number": "12",
        "valid_from": str(clock.today()),
        "valid_until": span(0, 300)["end"],
    }
    for who, item, details, status in (
        ("jonas", "arrival", arrival, 404),
        ("nino", "arrival", arrival, 200),
        ("nino", "insurance", insured, 404),
        ("jonas", "insurance", insured, 200),
    ):
        answer = await abroad.of.as_(who).put(f"/applications/api/v1{at}/{item}", json={"details": details})
        assert answer.status_code == status, answer.text
    assert "insurance" in (await abroad.get("rasa", at))["sheets"]
    assert "insurance" not in (await abroad.get("giorgi", at))["sheets"]
    emergency = {"details": {"name": "Ona Kazlauskiene", "relation": "Sister", "phone": "+370 600 00000"}}
    kept = await abroad.of.as_("jonas").put(f"/applications/api/v1{at}/emergency_contact", json=emergency)
    assert kept.status_code == 200, kept.text
    start = date.fromisoformat(abroad.pair_plan(match_id, mentorship_id, "mentor")["start"])
    clock.move(start - clock.today())
    await abroad.post("jonas", f"/visits/{visit_id}/emergency-contact", status=404)
    shown = await abroad.post("nino", f"/visits/{visit_id}/emergency-contact")
    assert shown["phone"] == emergency["details"]["phone"]
    # The log says about whom it was: the mentor, who is the guest.
    query = sa.text(
        "SELECT person.subject FROM access_log JOIN person ON access_log.people ? person.id::text"
        " WHERE access_log.category = 'emergency_contact'"
    )
    async with abroad.of.app.state.service.bus.read() as session:
        assert list(await session.scalars(query)) == ["jonas"]


async def test_a_visit_is_refused_withdrawn_and_cancelled(abroad: Abroad) -> None:
    """The reason of a refusal stays in the portal, its author withdraws a proposal, a scheduled visit is cancelled."""
    match_id, mentorship_id, of = await pair(abroad)
    wanted = {"guest": "mentor", "days": 2, "periods": [span(60, 100)]}
    proposal = await abroad.post("jonas", f"{of}/visit", wanted, 201)
    no = {"answer": "decline", "text": "I am on leave."}
    assert (await abroad.post("nino", f"{of}/visit/{proposal['id']}/answer", no, 202))["state"] == "refused"
    second = await abroad.post("nino", f"{of}/visit", wanted, 201)
    await abroad.post("jonas", f"{of}/visit/{second['id']}/withdraw", status=409)
    for _ in range(2):
        await abroad.post("nino", f"{of}/visit/{second['id']}/withdraw")
    await abroad.post("jonas", f"{of}/visit/{second['id']}/answer", {"answer": "accept"}, 409)
    assert "leave" not in str(await recorded(abroad, "VisitRequested"))
    for wrong in ({"days": 6}, {"guest": "host"}, {"periods": [span(1, 20)]}, {"periods": [span(300, 320)]}):
        await abroad.post("nino", f"{of}/visit", wanted | wrong, 422)
    visit_id = await abroad.pair_visit(match_id, mentorship_id)
    for _ in range(2):
        await abroad.post("nino", f"{of}/visits/{visit_id}/cancel", {"reason": "timetable_conflict"}, 202)
    (cancelled,) = await recorded(abroad, "CancellationRequested")
    assert (cancelled["visit_id"], cancelled["mentorship_id"]) == (str(visit_id), str(mentorship_id))


async def test_a_second_visit_is_independent_of_the_first(abroad: Abroad) -> None:
    """A no-show of the first visit does not prevent a no-show of the second."""
    match_id, mentorship_id, _ = await pair(abroad)
    first = await abroad.pair_visit(match_id, mentorship_id)
    clock.move(timedelta(days=90))
    await abroad.post("jonas", f"/visits/{first}/no-show", {"reason": "health"})
    await abroad.publish_pair_visit_event(visits.VisitNoShow, first, match_id, mentorship_id)
    second = await abroad.pair_visit(match_id, mentorship_id)
    await abroad.post("jonas", f"/visits/{second}/no-show", {"reason": "other"})
    assert [event["visit_id"] for event in await recorded(abroad, "NoShowReported")] == [str(first), str(second)]


async def test_coordinators_see_no_content_of_a_mentorship(abroad: Abroad) -> None:
    """Coordinators see state, dates and counts, but no agreement, goals, sessions or proposals."""
    _, _, of = await pair(abroad)
    await abroad.post("nino", f"{of}/goals", {"text": "Read a network chart."}, 201)
    await session(abroad, "jonas", of, note="We began.")
    await abroad.post("jonas", f"{of}/agreement", {"terms": MONTHLY, "based_on": 1}, 201)
    await abroad.post("jonas", f"{of}/visit", {"guest": "mentee", "days": 3, "periods": [span(60, 90)]}, 201)
    for who in ("giorgi", "rasa", "programme"):
        shown = await abroad.get(who, of)
        assert (shown["goals"], shown["sessions"], shown["proposed_visits"], shown["pending"]) == ([], [], [], [])
        assert [version["text"] for version in shown["agreement"]["versions"]] == [None, None]
        assert "Read charts." not in str(shown)
        assert (await abroad.get(who, "/mentorships"))["items"][0]["pending"] == []
    for who in ("tigran", "luc", "ani", "claire"):
        await abroad.get(who, of, 403 if who == "claire" else 404)


async def test_lists_show_open_tasks_first(abroad: Abroad) -> None:
    """Open tasks of the reader come first, can be filtered, and are counted on the first page."""
    _, mentorship_id, of = await pair(abroad)
    assert (await abroad.get("nino", "/mentorships?waits=true"))["items"] == []
    await session(abroad, "jonas", of)
    (row,) = (await abroad.get("nino", "/mentorships?waits=true"))["items"]
    assert (row["id"], row["pending"]) == (str(mentorship_id), [{"what": "confirm", "count": 1}])
    assert (await abroad.get("jonas", "/mentorships?waits=true"))["items"] == []
    assert len((await abroad.get("jonas", "/mentorships?state=active"))["items"]) == 1
    assert (await abroad.get("jonas", "/mentorships?state=paused"))["items"] == []
    later = (clock.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for query in ("waits=true", "limit=1"):
        page = await abroad.get("nino", f"/mentorships?{query}")
        assert ([signature["id"] for signature in page["items"]], page["next"]) == ([str(mentorship_id)], None)
        assert (await abroad.get("nino", f"/mentorships?{query}&cursor={cursor_of([mentorship_id])}"))["items"] == []
        assert (await abroad.get("nino", f"/mentorships?{query}&since={later}"))["items"] == []
        for other_list in ([1], ["x"], [mentorship_id, mentorship_id]):
            problem = await abroad.get("nino", f"/mentorships?{query}&cursor={cursor_of(other_list)}", 422)
            assert "cursor" in str(problem)


async def test_a_mentorship_stays_open_when_the_mentor_leaves(abroad: Abroad) -> None:
    """A closed profile gets no new mentee, a mentor without the role is shown as gone, and the mentee can end it."""
    match_id, _, of = await pair(abroad)
    mentor_id = abroad.pairings[match_id]["mentor_id"]
    await abroad.post("jonas", f"/mentors/{mentor_id}/close")
    assert (await abroad.get("nino", of))["state"] == "active"
    yesterday = clock.today() - timedelta(days=1)
    gone = Grant(Role.MENTOR, clock.today() - timedelta(days=90), "LT", until=yesterday)
    async with abroad.of.app.state.service.bus.transaction("system:tests") as tx:
        await write_access(tx.session, {"jonas": ([gone], clock.now())})
    shown = await abroad.get("nino", of)
    assert (shown["state"], shown["left"]) == ("active", "mentor")
    await abroad.post("nino", f"{of}/end", {"reason": "not_available"}, 202)
