"""The forms after a visit or a mentorship become events, once each, and the certificate follows."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.reporting.answers.model.waves import AnswerFilter
from services.reporting.answers.store import waves
from shared.contracts.codes import Role, VoidReason
from shared.contracts.visits import VisitCompleted, VisitEnded, VisitVoided
from shared.identity import csrf, idempotency, issue_ticket
from shared.ids import is_mistyped
from shared.time import clock
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, mentorship, world
from tests.support import ReadFirst, ticket_keys

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    import pytest

    from tests.integration.reporting.conftest import House

VISIT, APPLICATION = ident("visit", 0), ident("application", 0)
GUEST = {
    "overall": "5", "objective_1": "4", "objective_2": "3", "objective_3": "5",
    "programme_useful": "5", "well_organised": "4", "hosts_expert": "5", "learnt_new": "4", "able_to_use": "4",
    "went_well": "The labs", "improve": "",
}  # fmt: skip
HOST = {
    "overall": "4", "objective_1": "4", "objective_2": "4", "objective_3": "4",
    "guest_prepared": "5", "guest_took_part": "5", "host_learnt": "3", "went_well": "", "improve": "",
}  # fmt: skip
REPORT = {"programme": "Five days in the lab", "learnt": "Methods", "use": "A training in May", "recommend": ""}


async def the_guest(house: House) -> httpx2.AsyncClient:
    """Return the officer whose visit it was."""
    return await house.grant(Role.OFFICER)


async def test_a_guest_evaluates_on_one_page_once(house: House) -> None:
    """The form opens with the ticket, names missing answers, is accepted once, and is then shown as submitted."""
    await feed_events(house, world(1, running=0))
    guest = await the_guest(house)
    address = f"/reporting/evaluations/{APPLICATION}"
    form = await house.with_ticket(guest, address, "evaluation", "officer")
    assert form.status_code == 200, form.text
    assert "How far was each objective met?" in form.text
    assert "The text of the objectives cannot be shown now" in form.text
    incomplete = await guest.post(address, data={**GUEST, "overall": ""})
    assert incomplete.status_code == 422
    assert "There is a problem" in incomplete.text
    assert "Select an overall rating" in incomplete.text
    assert (await guest.post(address, data=GUEST)).status_code == 303
    assert (await guest.post(address, data=GUEST)).status_code == 303, "the same again"
    for changes in ({"overall": "1", "went_well": "The coffee"}, {"overall": ""}, {"overall": "1", "later": "1"}):
        other = await guest.post(address, data={**GUEST, **changes})
        assert (other.status_code, other.text.count("What you sent now was not saved")) == (409, 1)
        assert "The labs" in other.text, "what was submitted is shown"
        assert ("The coffee" in other.text) == ("went_well" in changes), "and what was not saved, to be copied"
    shown = (await guest.get(address)).text
    assert "Your evaluation has arrived" in shown
    assert "The labs" in shown
    events = await house.journal("exchange.outcomes")
    assert [(row.type, row.aggregateid, row.correlationid) for row in events] == [
        ("EvaluationSubmitted", str(VISIT), str(APPLICATION))
    ]
    event = json.loads(events[0].payload)
    assert (event["respondent"], event["overall"], event["late"]) == ("guest", 5, True)
    assert "The labs" not in events[0].payload


async def test_two_clicks_at_once_are_one_evaluation(house: House) -> None:
    """The same form sent twice at the same moment becomes one event."""
    await feed_events(house, world(1, running=0))
    guest = await the_guest(house)
    address = f"/reporting/evaluations/{APPLICATION}"
    await house.with_ticket(guest, address, "evaluation", "officer")
    both = await asyncio.gather(guest.post(address, data=GUEST), guest.post(address, data=GUEST))
    assert [answer.status_code for answer in both] == [303, 303]
    assert len(await house.journal("exchange.outcomes")) == 1


async def test_an_evaluation_opens_after_the_end(house: House) -> None:
    """A scheduled visit cannot be evaluated, and the page gives the day from which it can."""
    await feed_events(house, world(0, running=1))
    guest = await the_guest(house)
    address = f"/reporting/evaluations/{APPLICATION}"
    form = await house.with_ticket(guest, address, "evaluation", "officer")
    assert "It has not ended yet" in form.text
    assert (await guest.post(address, data=GUEST)).status_code == 409
    assert await house.journal("exchange.outcomes") == []


async def _answers(house: House, *, host: bool = True) -> None:
    """Return the guest's evaluation and report, and the host's evaluation."""
    guest = await the_guest(house)
    await house.with_ticket(guest, f"/reporting/evaluations/{APPLICATION}", "evaluation", "officer")
    assert (await guest.post(f"/reporting/evaluations/{APPLICATION}", data=GUEST)).status_code == 303
    await house.with_ticket(guest, f"/reporting/reports/{APPLICATION}", "report", "officer")
    assert (await guest.post(f"/reporting/reports/{APPLICATION}", data=REPORT)).status_code == 303
    if host:
        contact = await house.grant(Role.HOST_CONTACT)
        address = f"/reporting/evaluations/host.{VISIT}"
        form = await house.with_ticket(contact, address, "evaluation", "host_contact")
        assert "The guest came prepared" in form.text
        assert (await contact.post(address, data=HOST)).status_code == 303


async def test_the_certificate_follows_when_all_forms_are_in(house: House) -> None:
    """Guest evaluation, report and host evaluation grant the certificate automatically, once."""
    await feed_events(house, world(1, running=0))
    await _answers(house)
    await house.relay("exchange.outcomes")
    await house.relay("exchange.outcomes")
    granted = [row for row in await house.journal("exchange.outcomes") if row.type == "CertificateGranted"]
    assert len(granted) == 1
    event = json.loads(granted[0].payload)
    assert re.fullmatch(rf"TC-{clock.today().year}(-[0-9A-Z]{{4}}){{3}}-[0-9A-Z]", event["number"])
    assert not is_mistyped(event["number"])
    assert (event["attended_days"], granted[0].correlationid) == (5, str(APPLICATION))
    assert granted[0].causationid is not None
    figure = await house.grant(Role.EVALUATOR)
    page = (await figure.get("/reporting/outcomes")).text
    assert event["number"] in page
    assert "received late" in page


async def test_the_coordinator_waives_a_silent_host(house: House) -> None:
    """Thirty days after the end the host's evaluation can be waived with a reason, and the certificate follows."""
    await feed_events(house, world(1, running=0))
    await _answers(house, host=False)
    await house.relay("exchange.outcomes")
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    assert "Waive the host's evaluation" in (await coordinator.get("/reporting/outcomes")).text
    waiver = f"/reporting/outcomes/{VISIT}/waiver"
    assert (await coordinator.post(waiver, data={"reason": "because"})).status_code == 422
    assert (await coordinator.post(waiver, data={"reason": "host_silent"})).status_code == 303
    assert (await coordinator.post(waiver, data={"reason": "host_silent"})).status_code == 303, "nothing happens twice"
    await house.relay("exchange.outcomes")
    assert (await coordinator.post(waiver, data={"reason": "host_silent"})).status_code == 303, "nor later"
    otherwise = await coordinator.post(waiver, data={"reason": "host_closed"})
    assert (otherwise.status_code, "The host&#39;s evaluation was waived on" in otherwise.text) == (409, True)
    types = [row.type for row in await house.journal("exchange.outcomes")]
    assert types == ["EvaluationSubmitted", "ReportSubmitted", "EvaluationWaived", "CertificateGranted"]


async def test_a_voided_visit_revokes_its_certificate(house: House) -> None:
    """A visit that was entered in error leaves the counts, and its certificate no longer counts."""
    events = world(1, running=0)
    await feed_events(house, events)
    await _answers(house)
    await house.relay("exchange.outcomes")
    completed = next(each for each in events if each.event.type == "VisitCompleted")
    assert isinstance(completed.event, VisitCompleted)
    voided = VisitVoided(plan=completed.event.plan, reason=VoidReason.ENTERED_IN_ERROR)
    await house.feed.deliver((voided, VISIT), correlation=APPLICATION)
    assert [row.type for row in await house.journal("exchange.outcomes")][-1] == "CertificateRevoked"
    reader = await house.grant(Role.EVALUATOR)
    assert (await reader.get("/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026")).json()["value"] == "0"


async def test_programs_submit_with_ticket_and_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API accepts an evaluation and a report with X-Ticket: 201 the first time, 200 afterwards."""
    from shared.identity.bearer import Proof  # noqa: PLC0415 - only here
    from shared.identity.state import identity_of  # noqa: PLC0415 - only here

    await feed_events(house, world(1, running=0))
    await house.grant(Role.OFFICER)
    identity = identity_of(house.app)

    async def proof(_: Any, token: str) -> Proof:
        return Proof(token)

    monkeypatch.setattr(type(identity.bearer), "proof", proof)
    import httpx2  # noqa: PLC0415 - only here

    client = httpx2.AsyncClient(
        transport=ReadFirst(house.app),
        base_url="http://localhost:8000",
        headers={"Authorization": "Bearer officer"},
    )

    def ticket(purpose: str, subject: object) -> dict[str, str]:
        return {"X-Ticket": issue_ticket(purpose, str(subject), person="officer", private_key=ticket_keys()[0])}

    address = f"/reporting/api/v1/evaluations/{APPLICATION}"
    brought = ticket("evaluation", APPLICATION)
    in_address = await client.get(address, params={"ticket": brought["X-Ticket"]})
    assert in_address.status_code == 403, "programs send the header; an address is for browsers, and may be logged"
    response = (await client.get(address, headers=brought)).json()
    body = {
        "overall": 5,
        "objectives": dict.fromkeys(response["objectives"], 4),
        "answers": {question["name"]: 5 for question in response["questions"]},
        "texts": {"went_well": "The labs"},
    }
    wrong = await client.post(address, json={**body, "answers": {}}, headers=ticket("evaluation", APPLICATION))
    assert wrong.status_code == 422
    first = await client.post(address, json=body, headers=ticket("evaluation", APPLICATION))
    assert first.status_code == 201, first.text
    again = await client.post(address, json=body, headers=ticket("evaluation", APPLICATION))
    assert (again.status_code, again.json()) == (200, first.json())
    other = await client.post(address, json={**body, "overall": 1}, headers=ticket("evaluation", APPLICATION))
    assert (other.status_code, other.json()["detail"].startswith("Other answers were submitted on ")) == (409, True)
    report = f"/reporting/api/v1/reports/{APPLICATION}"
    texts = {"texts": {"programme": "Five days", "learnt": "Methods", "use": "A training"}}
    answers = [
        await client.post(report, json=texts, headers={**ticket("report", APPLICATION), idempotency.HEADER: "key"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    async with house.app.state.service.bus.read() as session:  # text that may be erased lies in no other table
        assert (await session.execute(sa.text("SELECT * FROM request_key WHERE body IS NOT NULL"))).all() == []
    assert (await client.post(report, json=texts)).status_code in {401, 403}
    assert (await client.post(report, json=texts, headers=ticket("report", VISIT))).status_code == 403
    await client.aclose()


async def test_mentee_and_mentor_say_whether_goals_were_met(house: House) -> None:
    """The figure counts a mentorship when both sides say that all goals were met."""
    await feed_events(house, mentorship(goals=1))
    subject = ident("mentorship")
    mentee, mentor = await house.grant(Role.OFFICER), await house.grant(Role.MENTOR)
    answers = {"overall": "5", "goal_1": "yes", "went_well": "", "improve": ""}
    own = f"/reporting/evaluations/{ident('mentee')}"
    assert "Was each goal met?" in (await house.with_ticket(mentee, own, "evaluation", "officer")).text
    said = dict.fromkeys(("sessions_useful", "mentor_available", "learnt_new", "able_to_use"), "5")
    assert (await mentee.post(own, data=answers | said)).status_code == 303
    other = f"/reporting/evaluations/mentor.{subject}"
    assert "The mentee came prepared" in (await house.with_ticket(mentor, other, "evaluation", "mentor")).text
    said = dict.fromkeys(("mentee_prepared", "programme_support", "mentor_learnt"), "4")
    assert (await mentor.post(other, data=answers | said)).status_code == 303
    rows = await house.journal("exchange.outcomes")
    assert [json.loads(row.payload)["respondent"] for row in rows] == ["mentee", "mentor"]


async def test_the_follow_up_counts_in_its_window(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six months after the end the officer reports the use on the job, and the event says if it was in time."""
    ended = next(t.event.ended_on for t in world(1, running=0) if isinstance(t.event, VisitEnded))
    set_day(ended + timedelta(days=190), tmp_path, monkeypatch)
    await feed_events(house, world(1, running=0))
    guest = await the_guest(house)
    address = f"/reporting/follow-ups/{APPLICATION}"
    await house.with_ticket(guest, address, "follow_up", "officer")
    given = {"applied": "yes", "example": "Every week", "use_in_work": "5", "unit_better": "4"}
    assert (await guest.post(address, data={**given, "use_in_work": ""})).status_code == 422
    assert (await guest.post(address, data=given)).status_code == 303
    event = json.loads((await house.journal("exchange.outcomes"))[0].payload)
    assert (event["by"], event["applied"], event["in_window"]) == ("self", "yes", True)


async def test_a_line_manager_answers_without_an_account_once(house: House) -> None:
    """The ticket opens the statements of levels 3 and 4 and each objective, but never an evaluation."""
    await feed_events(house, world(1, running=0))
    address = f"/reporting/follow-ups/line_manager.{APPLICATION}"
    manager = house.stranger()
    assert (await manager.get(address)).status_code == 303, "nobody gets in without a ticket"
    form = await house.with_ticket(manager, address, "follow_up", None)
    assert "The officer has worked differently since then" in form.text
    assert "Back to the portal" not in form.text
    manager.headers[csrf.HEADER] = re.findall(r'name="csrf_token" value="([^"]+)"', form.text)[0]
    said = {
        "applied": "partly",
        "officer_changed": "4",
        "knowledge_shared": "3",
        "unit_better": "2",
        "example": "A case",
    }
    wrong = await manager.post(address, data={**said, "objective_1": "9", "objective_2": "2"})
    assert wrong.status_code == 422
    assert "A case" in wrong.text
    given = said | {f"objective_{number}": str(number) for number in (1, 2)}
    assert (await manager.post(address, data=given)).status_code == 303
    assert (await manager.post(address, data={**given, "applied": "no"})).status_code == 409
    assert "Partly" in (await manager.get(address)).text
    events = await house.journal("exchange.outcomes")
    assert [row.type for row in events] == ["FollowUpSubmitted"]
    event = json.loads(events[0].payload)
    assert (event["by"], event["applied"], event["visit_id"]) == ("manager", "partly", str(VISIT))
    assert [(answer["question"], answer["level"], answer["score"]) for answer in event["answers"]] == [
        ("officer_changed", 3, 4),
        ("knowledge_shared", 3, 3),
        ("unit_better", 4, 2),
    ]
    assert event["objectives"] == [{"number": n, "score": n} for n in (1, 2)]
    assert "A case" not in events[0].payload
    evaluation = f"/reporting/evaluations/line_manager.{APPLICATION}"
    assert (await house.with_ticket(house.stranger(), evaluation, "evaluation", None)).status_code == 404


async def test_response_rates_are_shown_above_open_answers(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one of two answers the rate is half, beside the benchmark, and a country lists only its officers."""
    set_day(date(2026, 11, 20), tmp_path, monkeypatch)
    await feed_events(house, world(2, running=0))
    guest = await the_guest(house)
    await house.with_ticket(guest, f"/reporting/evaluations/{APPLICATION}", "evaluation", "officer")
    assert (await guest.post(f"/reporting/evaluations/{APPLICATION}", data=GUEST)).status_code == 303
    await house.relay("exchange.outcomes")
    async with house.app.state.service.bus.read() as session:
        rates = await waves.rates(session, AnswerFilter(date(2026, 1, 1), clock.today()), clock.today())
    assert {(rate.form, rate.respondent): (rate.due, rate.answered, rate.late) for rate in rates} == {
        ("evaluation", "guest"): (2, 1, 1),
        ("evaluation", "host"): (2, 0, 0),
        ("report", "guest"): (2, 0, 0),
        ("follow_up", "guest"): (2, 0, 0),
        ("follow_up", "line_manager"): (2, 0, 0),
        ("evaluation", "national_coordinator"): (2, 0, 0),
    }
    evaluator = await house.grant(Role.EVALUATOR)
    page = (await evaluator.get("/reporting/waves")).text
    assert "50\u00a0%" in page
    assert "90\u00a0%" in page
    assert "AM-2026-0000" in (await evaluator.get("/reporting/outcomes")).text
    other = (await evaluator.get("/reporting/outcomes?country=GE")).text
    assert "GE-2026-0001" in other
    assert "AM-2026-0000" not in other
    assert "of this country" in (await evaluator.get("/reporting/outcomes?country=UA")).text
    assert (await evaluator.get("/reporting/outcomes?country=nowhere")).status_code == 422
