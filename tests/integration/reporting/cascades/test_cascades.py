"""Sessions at home become a figure, as far as the line manager confirms them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa

from services.reporting.cascades import actions as cascades_actions
from shared.contracts.codes import Role, VoidReason
from shared.contracts.visits import VisitCompleted, VisitVoided
from shared.identity import csrf, idempotency, issue_ticket
from shared.identity.bearer import Proof
from shared.identity.state import identity_of
from shared.time import clock
from tests.integration.reporting.answers.test_forms import APPLICATION, VISIT
from tests.integration.reporting.conftest import ORIGIN, set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world
from tests.support import ReadFirst, ticket_keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.reporting.conftest import House

OWN = f"/reporting/cascades/{APPLICATION}"
MANAGED = f"/reporting/cascades/line_manager.{APPLICATION}"
SESSION = {
    "held_on-day": "20", "held_on-month": "5", "held_on-year": "2026",
    "format": "training", "attendees": "18", "about": "Tracing crypto assets",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock to November: the visits are over, and their sessions can still be reported."""
    set_day(date(2026, 11, 20), tmp_path, monkeypatch)


async def officer(house: House) -> httpx2.AsyncClient:
    """Return the officer whose visit it was, with the page open."""
    guest = await house.grant(Role.OFFICER)
    page = await house.with_ticket(guest, OWN, "cascade", "officer")
    assert page.status_code == 200, page.text
    return guest


async def manager(house: House) -> tuple[httpx2.AsyncClient, str]:
    """Return the line manager, who has no account, and the page that the link's ticket opens."""
    client = house.stranger()
    page = await house.with_ticket(client, MANAGED, "cascade", None)
    assert page.status_code == 200, page.text
    client.headers[csrf.HEADER] = (re.findall(r'name="csrf_token" value="([^"]+)"', page.text) or [""])[0]
    return client, page.text


async def reported(house: House, *sessions: dict[str, str]) -> None:
    """Report sessions as the officer, one after the other."""
    guest = await officer(house)
    for each in sessions:
        answer = await guest.post(OWN, data={**SESSION, "cascade_id": str(uuid4()), **each})
        assert answer.status_code == 303, answer.text


def asked_of(page: str) -> str:
    """Return the session that a manager's page asks about."""
    return str(re.findall(r"/([0-9a-f-]{36})/confirm", page)[0])


async def test_a_session_counts_with_the_number_that_the_manager_confirms(house: House) -> None:
    """A corrected number counts with its reason, and a refused session does not count."""
    await feed_events(house, world(1, running=0))
    await reported(house, {}, {"held_on-month": "6", "attendees": "40", "about": "The laboratory"})
    client, page = await manager(house)
    assert "Tracing crypto assets" in page
    assert "We ask about one more session after this one" in page
    first = asked_of(page)
    assert (await client.post(f"{MANAGED}/{first}/confirm", data={"attendees": "19"})).status_code == 422
    unsaid = await client.post(f"{MANAGED}/{first}/confirm", data={"attendees": "12"})
    assert (unsaid.status_code, "why it was fewer" in unsaid.text) == (422, True)
    given = {"attendees": "12", "why": "Six were called away"}
    assert (await client.post(f"{MANAGED}/{first}/confirm", data=given)).status_code == 303
    assert (await client.post(f"{MANAGED}/{first}/confirm", data=given)).status_code == 303, "a second click"
    for step, data in (("confirm", {**given, "attendees": "11"}), ("refuse", {"reason": "not_held"})):
        against = await client.post(f"{MANAGED}/{first}/{step}", data=data)
        assert (against.status_code, "for 12 people" in against.text) == (409, True)
    page = (await client.get(MANAGED)).text
    second = asked_of(page)
    assert "The laboratory" in page
    assert (await client.post(f"{MANAGED}/{second}/refuse", data={"reason": "because"})).status_code == 422
    assert (await client.post(f"{MANAGED}/{second}/refuse", data={"reason": "not_held"})).status_code == 303
    assert "You do not need to do anything else" in (await client.get(MANAGED)).text
    events = await house.journal("exchange.outcomes")
    assert [row.type for row in events] == [
        "CascadeDelivered", "CascadeDelivered", "CascadeConfirmed", "CascadeRefused"
    ]  # fmt: skip
    words = ("Tracing", "laboratory", "called away")
    assert not any(word in row.payload for row in events for word in words)
    assert json.loads(events[2].payload)["attendees"] == 12
    await house.relay("exchange.outcomes")
    steering = await house.grant(Role.EVALUATOR)
    figure = (await steering.get("/reporting/api/v1/indicators/TOPCOP-OC-05?period=2026")).json()
    assert figure["value"] == "12"
    shown = (await (await officer(house)).get(OWN)).text
    assert "Confirmed for 12: Six were called away" in shown
    assert "It did not take place" in shown


async def test_invalid_sessions_are_refused_at_their_fields(house: House) -> None:
    """Days before the end or to come, no participants and no text are errors, and a repeated report counts once."""
    await feed_events(house, world(1, running=0))
    guest = await officer(house)
    tomorrow = clock.today() + timedelta(days=1)
    wrong = {
        "held_on-month": ({"held_on-month": "2"}, "after the end"),
        "to come": ({"held_on-year": str(tomorrow.year + 1)}, "Enter today or a day in the past"),
        "attendees": ({"attendees": "0"}, "from 1 to 5,000"),
        "about": ({"about": ""}, "in a few words what it was about"),
        "format": ({"format": "dinner"}, "Choose one of the answers given"),
    }
    for changes, sentence in wrong.values():
        answer = await guest.post(OWN, data={**SESSION, **changes})
        assert answer.status_code == 422
        assert sentence in answer.text
    same = {**SESSION, "cascade_id": str(uuid4())}
    assert [(await guest.post(OWN, data=same)).status_code for _ in range(2)] == [303, 303]
    other = await guest.post(OWN, data={**same, "attendees": "40"})
    assert (other.status_code, "This was reported with other answers on" in other.text) == (409, True)
    assert len(await house.journal("exchange.outcomes")) == 1
    (another,) = re.findall(r'name="cascade_id" value="([^"]+)"', other.text)
    assert (await guest.post(OWN, data={**same, "attendees": "40", "cascade_id": another})).status_code == 303
    assert len(await house.journal("exchange.outcomes")) == 2, "sent again, it is another session"


async def test_sessions_are_reported_for_the_months_of_the_call(house: House) -> None:
    """Sessions can be reported from the end for twelve months, and afterwards the page says so."""
    await feed_events(house, world(1, running=1))
    guest = await officer(house)
    early = f"/reporting/cascades/{ident('application', 1)}"
    assert "It has not ended yet" in (await house.with_ticket(guest, early, "cascade", "officer")).text
    assert (await guest.post(early, data=SESSION)).status_code == 409
    clock.move(timedelta(days=(date(2027, 3, 21) - clock.today()).days))
    late = await officer(house)
    assert "could be reported until 20 March 2027" in (await late.get(OWN)).text
    assert (await late.post(OWN, data=SESSION)).status_code == 409


async def test_sessions_of_a_voided_visit_are_not_confirmed(house: House) -> None:
    """If a visit is voided after the manager opened the link, no answer and no event is recorded."""
    events = world(1, running=0)
    await feed_events(house, events)
    await reported(house, {})
    client, page = await manager(house)
    completed = next(each.event for each in events if isinstance(each.event, VisitCompleted))
    voided = VisitVoided(plan=completed.plan, reason=VoidReason.ENTERED_IN_ERROR)
    await house.feed.deliver((voided, VISIT), correlation=APPLICATION)
    for way, given in (("confirm", {"attendees": "18"}), ("refuse", {"reason": "not_held"})):
        answer = await client.post(f"{MANAGED}/{asked_of(page)}/{way}", data=given)
        assert answer.status_code == 409
        assert "entered in error" in answer.text
    assert [row.type for row in await house.journal("exchange.outcomes")] == ["CascadeDelivered"]


async def test_a_voided_visit_says_so_on_every_form(house: House) -> None:
    """Officer and line manager read that the visit was entered in error, are asked nothing, and send nothing."""
    events = world(1, running=0)
    await feed_events(house, events)
    await reported(house, {})
    completed = next(each.event for each in events if isinstance(each.event, VisitCompleted))
    voided = VisitVoided(plan=completed.plan, reason=VoidReason.ENTERED_IN_ERROR)
    await house.feed.deliver((voided, VISIT), correlation=APPLICATION)
    guest, (_, waiting) = await officer(house), await manager(house)
    follow_up, stranger = f"/reporting/follow-ups/line_manager.{APPLICATION}", house.stranger()
    managed = (await house.with_ticket(stranger, follow_up, "follow_up", None)).text
    for page in ((await guest.get(OWN)).text, waiting, managed):
        assert "This was entered in error. We ask nothing more about it." in page
        assert "It has not ended yet" not in page
        assert "<form" not in page.partition("<main")[2]
    for page in (waiting, managed):
        assert "Back to the portal" not in page
    refused = await guest.post(OWN, data={**SESSION, "cascade_id": str(uuid4())})
    assert (refused.status_code, "entered in error" in refused.text) == (409, True)
    assert [row.type for row in await house.journal("exchange.outcomes")] == ["CascadeDelivered"]


async def test_nobody_confirms_their_own_session(house: House) -> None:
    """The officer's ticket cannot confirm, the manager's cannot report, and a host can do neither."""
    await feed_events(house, world(1, running=0))
    await reported(house, {})
    client, page = await manager(house)
    session_id = asked_of(page)
    guest = await officer(house)
    assert (await guest.post(f"{OWN}/{session_id}/confirm", data={"attendees": "18"})).status_code == 404
    assert (await guest.post(f"{OWN}/{session_id}/refuse", data={"reason": "other"})).status_code == 404
    assert (await client.post(MANAGED, data=SESSION)).status_code == 404
    assert (await client.post(f"{MANAGED}/{uuid4()}/confirm", data={"attendees": "1"})).status_code == 404
    host = f"/reporting/cascades/host.{VISIT}"
    contact = await house.grant(Role.HOST_CONTACT)
    assert (await house.with_ticket(contact, host, "cascade", "host_contact")).status_code == 404
    assert [row.type for row in await house.journal("exchange.outcomes")] == ["CascadeDelivered"]


async def test_a_silent_manager_is_reminded_once(house: House) -> None:
    """After fourteen days without an answer there is one reminder for all open sessions, and no other."""
    await feed_events(house, world(1, running=0))
    await reported(house, {}, {"attendees": "7"})
    bus = house.app.state.service.bus
    assert await cascades_actions.remind(bus) == 0
    clock.move(timedelta(days=15))
    assert [await cascades_actions.remind(bus) for _ in range(3)] == [1, 0, 0]
    event = json.loads((await house.journal("exchange.outcomes"))[-1].payload)
    assert (event["form"], event["respondent"], event["visit_id"]) == ("cascade", "line_manager", str(VISIT))


async def test_programs_report_with_ticket_and_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API accepts a session as the page does, names errors, and lists the sessions."""

    async def proof(_: Any, token: str) -> Proof:
        return Proof(token)

    await feed_events(house, world(1, running=0))
    await house.grant(Role.OFFICER)
    monkeypatch.setattr(type(identity_of(house.app).bearer), "proof", proof)
    address = f"/reporting/api/v1/cascades/guest.{VISIT}"
    session = {"held_on": "2026-05-20", "format": "briefing", "attendees": 9, "about": "What a joint team needs"}

    async def response_to(method: str, key: str = "", **more: Any) -> httpx2.Response:
        ticket = issue_ticket("cascade", f"guest.{VISIT}", person="officer", private_key=ticket_keys()[0])
        headers = {"Authorization": "Bearer officer", "X-Ticket": ticket} | ({idempotency.HEADER: key} if key else {})
        async with httpx2.AsyncClient(transport=ReadFirst(house.app), base_url=ORIGIN) as client:
            return await client.request(method, address, headers=headers, **more)

    assert (await response_to("POST", json={**session, "attendees": 0})).status_code == 422
    assert (await response_to("POST", json={**session, "held_on": "2026-01-20"})).status_code == 422
    same = {**session, "id": str(uuid4())}
    assert [(await response_to("POST", json=same)).status_code for _ in range(2)] == [201, 201]
    found = (await response_to("GET")).json()
    assert (found["open"], found["until"]) == (True, "2027-03-20")
    assert [(session["state"], session["attendees"], session["confirmed"]) for session in found["sessions"]] == [
        ("reported", 9, None)
    ]
    twice = [await response_to("POST", "a-key", json=session) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [201, 201]
    assert len((await response_to("GET")).json()["sessions"]) == 2
    async with house.app.state.service.bus.read() as store:  # the service does not note who filled in a form
        senders = (await store.execute(sa.text("SELECT sender FROM request_key"))).scalars().all()
    assert senders == [f"ticket cascade guest.{VISIT}"]
