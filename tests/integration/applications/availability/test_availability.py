"""Placements and mentors get availability checks, pause after silence, close when full or over, and reopen."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx2
import sqlalchemy as sa

from services.applications.availability.actions import checks, links
from services.applications.contacts.actions import ContactRequest, contacts
from shared.contracts import matches
from shared.contracts.codes import AudienceKind, MatchState
from shared.identity.state import identity_of
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.integration.applications.suspension import sign_in_again
from tests.support import ReadFirst, move_to

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def later(programme: Programme, days: int) -> None:
    """Let so many days pass, and run the clock's worker once."""
    clock.move(timedelta(days=days))
    await checks.check_all(programme.app.state.service.bus)


async def kinds(programme: Programme, topic: str = "exchange.offers") -> list[str]:
    """Return the types of the events that the portal published on a topic."""
    return [kind for kind, _, _ in await programme.journal(topic)]


async def put(programme: Programme, who: str, path: str, **entry: Any) -> httpx2.Response:
    """Change fields of a placement or a profile."""
    return await programme.as_(who).put(f"/applications/api/v1{path}", json={"entry": entry})


async def answer_link(programme: Programme, about: str, audience: AudienceKind = AudienceKind.HOST_CONTACT) -> str:
    """Return the link that a mail about the open check contains."""
    wanted = ContactRequest(
        audience,
        "offer_availability",
        organisation_id=UUID(programme.organisations["FR"]),
        mentor_id=UUID(about) if audience is AudienceKind.MENTOR else None,
        availability_of=UUID(about),
    )
    found = await contacts(programme.app.state.service.bus, "notifications", wanted)
    assert set(type(found[0]).model_fields) == {"recipient", "name", "address", "language", "timezone", "link"}
    return str(found[0].link)


def stranger(programme: Programme) -> httpx2.AsyncClient:
    """Return a client without a session, such as a mail scanner or a host on their phone."""
    return httpx2.AsyncClient(
        transport=ReadFirst(programme.app), base_url="http://localhost:8000", headers={"Accept": "text/html"}
    )


def button(page: str) -> str:
    """Return the form data of the button on a page."""
    found = re.search(r'name="press" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_a_placement_is_checked_after_sixty_days_and_paused_after_silence(
    abroad: Abroad, programme: Programme
) -> None:
    """A placement is checked once after 60 days, and pauses without an answer in ten working days."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    of = f"/offers/{offer['id']}"
    await later(programme, 59)
    assert not (await abroad.get("claire", of))["awaits_answer"]
    await later(programme, 2)
    await later(programme, 1)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["awaits_answer"]) == ("published", True)
    due = datetime.fromisoformat(shown["due"])
    clock.move(due - clock.now() + ANSWERED_WITHIN - timedelta(minutes=1))
    await later(programme, 0)
    assert (await abroad.get("claire", of))["state"] == "published"  # what arrived in time may still be answered
    await later(programme, 1)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["cause"], shown["due"]) == ("paused", "silence", None)
    assert (await kinds(programme))[2:] == ["OfferPublished", "AvailabilityAsked", "OfferPaused"]
    assert (await abroad.post("claire", f"{of}/resume"))["cause"] is None


async def test_a_change_or_an_answer_ends_the_check(abroad: Abroad, programme: Programme) -> None:
    """A yes or a revision answers the check, and the next one comes after another 60 days."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    of = f"/offers/{offer['id']}"
    await later(programme, 61)
    assert not (await abroad.post("claire", f"{of}/available"))["awaits_answer"]
    await abroad.post("claire", f"{of}/available")
    assert (await kinds(programme)).count("AvailabilityConfirmed") == 1
    await later(programme, 59)
    assert not (await abroad.get("claire", of))["awaits_answer"]
    await later(programme, 2)
    assert (await abroad.get("claire", of))["awaits_answer"]
    assert not (await put(programme, "claire", of, unit="Second unit")).json()["awaits_answer"]
    await abroad.post("paul", f"{of}/available", status=404)
    await abroad.post("luc", f"{of}/available", status=403)


async def test_one_click_from_a_mail_answers_but_a_scanner_does_not(abroad: Abroad, programme: Programme) -> None:
    """Opening the link changes nothing, by GET, HEAD or POST without the button; the button answers once."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    await later(programme, 61)
    link = await answer_link(programme, offer["id"])
    async with stranger(programme) as client:
        for _ in range(2):
            page = await client.get(link)
            assert page.status_code == 200
            assert "A week with the cybercrime unit" in page.text
        assert (await client.head(link)).status_code in {200, 405}
        blind = await client.post(link, data={"answer": "pause"})
        assert blind.status_code == 409
        assert (await abroad.get("claire", f"/offers/{offer['id']}"))["awaits_answer"]
        assert (await kinds(programme))[-1] == "AvailabilityAsked"
        pressed = await client.post(link, data={"press": button(page.text), "answer": "available"})
        assert pressed.status_code == 303
        assert "still available" in (await client.get(link)).text
        again = await client.post(link, data={"press": button(page.text), "answer": "pause"})
        assert again.status_code == 303
        assert (await client.get("/applications/available?key=guess")).status_code == 404
        assert (await client.get("/applications/available")).status_code == 404
    shown = await abroad.get("claire", f"/offers/{offer['id']}")
    assert (shown["state"], shown["awaits_answer"]) == ("published", False)
    assert (await kinds(programme)).count("AvailabilityConfirmed") == 1
    secret = link.partition("key=")[2]
    async with programme.app.state.service.bus.read() as session:
        rows = (await session.execute(sa.text("SELECT * FROM availability_question"))).all()
        payloads = (await session.execute(sa.text("SELECT string_agg(payload, '') FROM journal"))).scalar_one()
    assert [row.subject for row in rows] == ["claire"]
    assert secret not in str(rows)
    assert secret not in payloads


async def test_a_button_expires_after_ten_minutes_and_a_link_with_its_check(
    abroad: Abroad, programme: Programme
) -> None:
    """An old page asks again, and a link to an ended check says how it ended."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    await later(programme, 61)
    link = await answer_link(programme, offer["id"])
    seal = identity_of(programme.app).links
    key = link.partition("key=")[2]
    made = float(links.button_token(seal, key).partition(".")[0])
    async with stranger(programme) as client:
        old = links.button_token(seal, key, made - links.BUTTON_SECONDS - 1)
        late = await client.post(link, data={"press": old, "answer": "available"})
        assert (late.status_code, "ten minutes" in late.text) == (409, True)
        other = links.button_token(seal, "another", made)
        assert (await client.post(link, data={"press": other, "answer": "available"})).status_code == 409
        person = programme.person("claire", "Claire Moreau", "FR", "host_contact")
        person |= {"organisation_id": programme.organisations["FR"], "grants": []}
        await abroad.post("programme", "/people", {"people": [person]}, 201)
        assert (await client.get(link)).status_code == 410
        person = programme.person(
            "claire", "Claire Moreau", "FR", "host_contact", organisation_id=programme.organisations["FR"]
        )
        await abroad.post("programme", "/people", {"people": [person]}, 201)
        assert (await client.get(link)).status_code == 200
        sign_in_again(programme, "claire")
        await put(programme, "claire", f"/offers/{offer['id']}", unit="Another unit")
        gone = await client.get(link)
        assert (gone.status_code, "This question is closed" in gone.text) == (410, True)
        await client.post(link, data={"press": links.button_token(seal, key), "answer": "pause"})
    assert (await abroad.get("claire", f"/offers/{offer['id']}"))["state"] == "published"


async def test_a_mentor_is_checked_and_closes_after_the_last_period(abroad: Abroad, programme: Programme) -> None:
    """A mentor gets the same check and link, closes after the last period, and a later period reopens."""
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    of = f"/mentors/{mentor['id']}"
    await later(programme, 61)
    assert (await abroad.get("jonas", of))["awaits_answer"]
    link = await answer_link(programme, mentor["id"], AudienceKind.MENTOR)
    async with stranger(programme) as client:
        page = await client.get(link)
        await client.post(link, data={"press": button(page.text), "answer": "pause"})
    shown = await abroad.get("jonas", of)
    assert (shown["state"], shown["cause"]) == ("paused", "by_choice")
    await abroad.post("jonas", f"{of}/resume")
    await later(programme, 61)
    assert not (await abroad.post("jonas", f"{of}/available"))["awaits_answer"]
    await later(programme, 79)
    await later(programme, 15)
    shown = await abroad.get("jonas", of)
    assert (shown["state"], shown["cause"]) == ("closed", "period_over")
    await abroad.post("jonas", f"{of}/resume", status=409)
    assert (await put(programme, "jonas", of, about="Later")).status_code == 422
    period = {"start": str(clock.today()), "end": str(clock.today() + timedelta(days=9))}
    assert (await put(programme, "jonas", of, periods=[period])).json()["state"] == "published"
    types = await kinds(programme, "mentoring.mentors")
    assert types[-3:] == ["MentorClosed", "MentorRevised", "MentorResumed"]


async def test_a_mentor_keeps_capacity_for_open_mentorships(abroad: Abroad, programme: Programme) -> None:
    """Capacity cannot go below the open mentorships, and the refusal gives their number."""
    match_id = await abroad.mentor_matched()
    await abroad.opened(match_id)
    mentor_id = abroad.pairings[match_id]["mentor_id"]
    other = await abroad.proposed(
        await abroad.eligible("ani", kind="mentee"),
        **{name: abroad.pairings[match_id][name] for name in ("kind", "offer_id", "mentor_id", "host_country")},
        host_organisation_id=abroad.pairings[match_id]["host_organisation_id"],
    )
    for event in (matches.MatchCleared, matches.MatchConfirmed):
        await abroad.publish(event, other)
    answer = await put(programme, "jonas", f"/mentors/{mentor_id}", capacity=1)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/entry/capacity")
    assert "2 mentees" in answer.text
    assert (await put(programme, "jonas", f"/mentors/{mentor_id}", capacity=2)).status_code == 200


async def test_a_full_placement_closes_and_a_free_place_reopens_it(abroad: Abroad, programme: Programme) -> None:
    """A full placement closes once, a cancelled visit reopens it, and fewer places than confirmed are refused."""
    offer = await abroad.offer(places=1)
    of = f"/offers/{offer['id']}"
    match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    await abroad.scheduled(match_id)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["cause"]) == ("closed", "full")
    await abroad.post("claire", f"{of}/resume", status=409)
    same = await put(programme, "claire", of, unit="No more places")
    assert (same.status_code, same.json()["errors"][0]["pointer"]) == (422, "/entry/places")
    more = await put(programme, "claire", of, places=2)
    assert more.json()["state"] == "published"
    await put(programme, "claire", of, places=1)
    assert (await abroad.get("claire", of))["cause"] == "full"
    await abroad.publish(
        matches.MatchCancelled, match_id, by="guest", reason="operational_duty", was=MatchState.CONFIRMED.value
    )
    assert (await abroad.get("claire", of))["state"] == "published"
    types = await kinds(programme)
    assert types[3:] == ["OfferClosed", "OfferRevised", "OfferResumed", "OfferRevised", "OfferClosed", "OfferResumed"]


async def test_places_cannot_go_below_confirmed_visits(abroad: Abroad, programme: Programme) -> None:
    """Total places and guests per week stay at the confirmed number, which the refusal gives."""
    offer = await abroad.offer(places=5)
    of = f"/offers/{offer['id']}"
    for who, coordinator in (("ani", "tigran"), ("nino", "giorgi")):
        application = await abroad.eligible(who, coordinator)
        match_id = await abroad.proposed(application, offer_id=offer["id"])
        await abroad.publish(matches.MatchCleared, match_id)
        await abroad.publish(matches.MatchConfirmed, match_id)
    refused = await put(programme, "claire", of, places=1)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/entry/places")
    assert "2 places are confirmed" in refused.text
    assert (await put(programme, "claire", of, places=3)).status_code == 200


async def test_a_placement_closes_after_its_last_day_or_with_its_call(abroad: Abroad, programme: Programme) -> None:
    """A placement closes after its last day (`period_over`), or once with its call."""
    offer = await abroad.offer()
    other = await abroad.offer(
        periods=[{"start": str(clock.today()), "end": str(clock.today() + timedelta(days=170)), "places_per_week": 1}]
    )
    clock.move(ANSWERED_WITHIN)
    await later(programme, 131)
    shown = await abroad.get("claire", f"/offers/{offer['id']}")
    assert (shown["state"], shown["cause"]) == ("closed", "period_over")
    start = clock.today()
    period = {"start": str(start), "end": str(start + timedelta(days=30)), "places_per_week": 1}
    again = await put(programme, "claire", f"/offers/{offer['id']}", periods=[period])
    assert again.json()["state"] == "published", again.text
    await abroad.post("claire", f"/offers/{other['id']}/available")
    await abroad.post("programme", f"/calls/{programme.call['id']}/close")
    await later(programme, 0)
    for placement_id in (offer, other):
        shown = await abroad.get("claire", f"/offers/{placement_id['id']}")
        assert (shown["state"], shown["cause"]) == ("closed", "call_closed")
    assert (await put(programme, "claire", f"/offers/{other['id']}", places=9)).status_code == 409


async def test_only_the_programme_voids_a_placement(abroad: Abroad, programme: Programme) -> None:
    """Only the programme coordinator voids a placement, with a reason, and not with a confirmed visit."""
    offer = await abroad.offer()
    of = f"/offers/{offer['id']}"
    match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    await abroad.scheduled(match_id)
    for who, status in (("claire", 403), ("luc", 403)):
        await abroad.post(who, f"{of}/void", {"reason": "test"}, status)
    refused = await abroad.post("programme", f"{of}/void", {"reason": "test"}, 409)
    assert "1 confirmed place" in refused["detail"]
    await abroad.publish(
        matches.MatchCancelled, match_id, by="programme", reason="other", was=MatchState.CONFIRMED.value
    )
    for _ in range(2):
        assert (await abroad.post("programme", f"{of}/void", {"reason": "test"}))["state"] == "voided"
    assert (await kinds(programme)).count("OfferVoided") == 1
    await abroad.post("claire", f"{of}/resume", status=409)


async def test_a_placement_closes_once_all_that_arrived_in_time_is_answered(
    abroad: Abroad, programme: Programme
) -> None:
    """On the day after its last one a placement is open while a request of that day may still be answered."""
    last = clock.today() + timedelta(days=100)
    periods = [{"start": str(clock.today()), "end": str(last), "places_per_week": 1}]
    offer = await abroad.offer(periods=periods)
    move_to(last + timedelta(days=1), 5)
    await later(programme, 0)
    assert (await abroad.get("claire", f"/offers/{offer['id']}"))["state"] == "published"
    move_to(last + timedelta(days=1), 12)
    await later(programme, 0)
    shown = await abroad.get("claire", f"/offers/{offer['id']}")
    assert (shown["state"], shown["cause"]) == ("closed", "period_over")
