"""Placements and mentors are asked by the clock, pause after silence, close when full or over, and open again."""

from __future__ import annotations

import re
from datetime import timedelta
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

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def later(programme: Programme, days: int) -> None:
    """So many days pass, and the clock's worker looks once."""
    clock.move(timedelta(days=days))
    await checks.check_all(programme.app.state.service.bus)


async def kinds(programme: Programme, topic: str = "exchange.offers") -> list[str]:
    """The types of what the portal told on a topic."""
    return [kind for kind, _, _ in await programme.journal(topic)]


async def put(programme: Programme, who: str, path: str, **entry: Any) -> httpx2.Response:
    """Write fields of a placement or a profile."""
    return await programme.as_(who).put(f"/applications/api{path}", json={"entry": entry})


async def answer_link(programme: Programme, about: str, audience: AudienceKind = AudienceKind.HOST_CONTACT) -> str:
    """Return the link that a mail about the open question gets."""
    wanted = ContactRequest(
        audience,
        "offer_availability",
        organisation_id=UUID(programme.organisations["FR"]),
        mentor_id=UUID(about) if audience is AudienceKind.MENTOR else None,
        availability_of=UUID(about),
    )
    found = await contacts(programme.app.state.service.bus, "notifications", wanted)
    assert set(found[0]) == {"recipient", "name", "address", "language", "timezone", "link"}
    return str(found[0]["link"])


def stranger(programme: Programme) -> httpx2.AsyncClient:
    """Somebody who has not signed in, such as a mail scanner or a host on the own phone."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(programme.app), base_url="http://localhost:8000", headers={"Accept": "text/html"}
    )


def button(page: str) -> str:
    """What the button of a page sends along."""
    found = re.search(r'name="press" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def test_asked_after_sixty_days_and_paused_for_silence(abroad: Abroad, programme: Programme) -> None:
    """A placement without a change is asked after 60 days, once; without an answer in ten working days it pauses."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    of = f"/offers/{offer['id']}"
    await later(programme, 59)
    assert not (await abroad.get("claire", of))["asked"]
    await later(programme, 2)
    await later(programme, 1)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["asked"]) == ("published", True)
    await later(programme, 21)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["cause"], shown["due"]) == ("paused", "silence", None)
    assert (await kinds(programme))[2:] == ["OfferPublished", "AvailabilityAsked", "OfferPaused"]
    assert (await abroad.post("claire", f"{of}/resume"))["cause"] is None


async def test_any_change_or_answer_ends_the_question(abroad: Abroad, programme: Programme) -> None:
    """Saying yes, or revising it, answers; then it is asked anew only after another 60 days."""
    far = clock.today() + timedelta(days=150)
    offer = await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    of = f"/offers/{offer['id']}"
    await later(programme, 61)
    assert not (await abroad.post("claire", f"{of}/available"))["asked"]
    await abroad.post("claire", f"{of}/available")
    assert (await kinds(programme)).count("AvailabilityConfirmed") == 1
    await later(programme, 59)
    assert not (await abroad.get("claire", of))["asked"]
    await later(programme, 2)
    assert (await abroad.get("claire", of))["asked"]
    assert not (await put(programme, "claire", of, unit="Second unit")).json()["asked"]
    await abroad.post("paul", f"{of}/available", status=404)
    await abroad.post("luc", f"{of}/available", status=403)


async def test_one_click_from_a_mail_answers_and_a_scanner_does_not(abroad: Abroad, programme: Programme) -> None:
    """Opening the link (twice, by HEAD, by POST without the page's button) changes nothing; the button answers once."""
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
        assert (await abroad.get("claire", f"/offers/{offer['id']}"))["asked"]
        assert (await kinds(programme))[-1] == "AvailabilityAsked"
        pressed = await client.post(link, data={"press": button(page.text), "answer": "available"})
        assert pressed.status_code == 303
        assert "still available" in (await client.get(link)).text
        again = await client.post(link, data={"press": button(page.text), "answer": "pause"})
        assert again.status_code == 303
        assert (await client.get("/applications/available?key=guess")).status_code == 404
        assert (await client.get("/applications/available")).status_code == 404
    shown = await abroad.get("claire", f"/offers/{offer['id']}")
    assert (shown["state"], shown["asked"]) == ("published", False)
    assert (await kinds(programme)).count("AvailabilityConfirmed") == 1
    secret = link.partition("key=")[2]
    async with programme.app.state.service.bus.read() as session:
        rows = (await session.execute(sa.text("SELECT * FROM availability_question"))).all()
        told = (await session.execute(sa.text("SELECT string_agg(payload, '') FROM journal"))).scalar_one()
    assert [row.subject for row in rows] == ["claire"]
    assert secret not in str(rows)
    assert secret not in told


async def test_a_button_is_good_for_ten_minutes_and_a_link_for_its_question(
    abroad: Abroad, programme: Programme
) -> None:
    """An old page asks once more; when the question was answered elsewhere, or by whom left, the link says so."""
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
        await put(programme, "claire", f"/offers/{offer['id']}", unit="Another unit")
        gone = await client.get(link)
        assert (gone.status_code, "This question is over" in gone.text) == (410, True)
        await client.post(link, data={"press": links.button_token(seal, key), "answer": "pause"})
    assert (await abroad.get("claire", f"/offers/{offer['id']}"))["state"] == "published"


async def test_a_mentor_is_asked_answers_by_link_and_closes_when_over(abroad: Abroad, programme: Programme) -> None:
    """A mentor has the same pulse and the same link; after the last period the profile closes, a later one opens it."""
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    of = f"/mentors/{mentor['id']}"
    await later(programme, 61)
    assert (await abroad.get("jonas", of))["asked"]
    link = await answer_link(programme, mentor["id"], AudienceKind.MENTOR)
    async with stranger(programme) as client:
        page = await client.get(link)
        await client.post(link, data={"press": button(page.text), "answer": "pause"})
    shown = await abroad.get("jonas", of)
    assert (shown["state"], shown["cause"]) == ("paused", "by_choice")
    await abroad.post("jonas", f"{of}/resume")
    await later(programme, 61)
    assert not (await abroad.post("jonas", f"{of}/available"))["asked"]
    await later(programme, 79)
    await later(programme, 15)
    shown = await abroad.get("jonas", of)
    assert (shown["state"], shown["cause"]) == ("closed", "period_over")
    await abroad.post("jonas", f"{of}/resume", status=409)
    assert (await put(programme, "jonas", of, about="Later")).status_code == 422
    period = {"start": str(clock.today()), "end": str(clock.today() + timedelta(days=9))}
    assert (await put(programme, "jonas", of, periods=[period])).json()["state"] == "published"
    told = await kinds(programme, "mentoring.mentors")
    assert told[-3:] == ["MentorClosed", "MentorRevised", "MentorResumed"]


async def test_a_mentor_takes_no_fewer_than_have_come(abroad: Abroad, programme: Programme) -> None:
    """Capacity is not lowered below the open mentorships; the refusal says how many there are."""
    match_id = await abroad.mentor_matched()
    await abroad.opened(match_id)
    mentor_id = abroad.pairings[match_id]["mentor_id"]
    other = await abroad.proposed(
        await abroad.eligible("ani", kind="mentee"),
        **{name: abroad.pairings[match_id][name] for name in ("kind", "offer_id", "mentor_id", "host_country")},
        host_organisation_id=abroad.pairings[match_id]["host_organisation_id"],
    )
    for event in (matches.MatchCleared, matches.MatchConfirmed):
        await abroad.tell(event, other)
    answer = await put(programme, "jonas", f"/mentors/{mentor_id}", capacity=1)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "capacity")
    assert "2 mentees" in answer.text
    assert (await put(programme, "jonas", f"/mentors/{mentor_id}", capacity=2)).status_code == 200


async def test_the_last_confirmed_place_closes_a_placement_and_a_free_one_opens_it(
    abroad: Abroad, programme: Programme
) -> None:
    """Full: closed by itself, once; a cancelled visit opens it again; fewer places than confirmed are refused."""
    offer = await abroad.offer(places=1)
    of = f"/offers/{offer['id']}"
    match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    await abroad.scheduled(match_id)
    shown = await abroad.get("claire", of)
    assert (shown["state"], shown["cause"]) == ("closed", "full")
    await abroad.post("claire", f"{of}/resume", status=409)
    same = await put(programme, "claire", of, unit="No more places")
    assert (same.status_code, same.json()["errors"][0]["field"]) == (422, "places")
    more = await put(programme, "claire", of, places=2)
    assert more.json()["state"] == "published"
    await put(programme, "claire", of, places=1)
    assert (await abroad.get("claire", of))["cause"] == "full"
    await abroad.tell(
        matches.MatchCancelled, match_id, by="guest", reason="operational_duty", was=MatchState.CONFIRMED.value
    )
    assert (await abroad.get("claire", of))["state"] == "published"
    told = await kinds(programme)
    assert told[3:] == ["OfferClosed", "OfferRevised", "OfferResumed", "OfferRevised", "OfferClosed", "OfferResumed"]


async def test_nothing_is_lowered_below_what_is_confirmed(abroad: Abroad, programme: Programme) -> None:
    """Places in all and guests a week stay at what is confirmed; the refusal says the numbers."""
    offer = await abroad.offer(places=5)
    of = f"/offers/{offer['id']}"
    for who, coordinator in (("ani", "tigran"), ("nino", "giorgi")):
        application = await abroad.eligible(who, coordinator)
        match_id = await abroad.proposed(application, offer_id=offer["id"])
        await abroad.tell(matches.MatchCleared, match_id)
        await abroad.tell(matches.MatchConfirmed, match_id)
    refused = await put(programme, "claire", of, places=1)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "places")
    assert "2 places are confirmed" in refused.text
    assert (await put(programme, "claire", of, places=3)).status_code == 200


async def test_over_and_closed_with_its_call(abroad: Abroad, programme: Programme) -> None:
    """After its last day a placement closes (`period_over`); one of a call that closes goes with it, once."""
    offer = await abroad.offer()
    other = await abroad.offer(
        periods=[{"start": str(clock.today()), "end": str(clock.today() + timedelta(days=170)), "places_per_week": 1}]
    )
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
    for one in (offer, other):
        shown = await abroad.get("claire", f"/offers/{one['id']}")
        assert (shown["state"], shown["cause"]) == ("closed", "call_closed")
    assert (await put(programme, "claire", f"/offers/{other['id']}", places=9)).status_code == 409


async def test_entered_in_error(abroad: Abroad, programme: Programme) -> None:
    """Only the programme coordinator takes a placement out, with a reason, and not while a confirmed visit stands."""
    offer = await abroad.offer()
    of = f"/offers/{offer['id']}"
    match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    await abroad.scheduled(match_id)
    for who, status in (("claire", 403), ("luc", 403)):
        await abroad.post(who, f"{of}/void", {"reason": "test"}, status)
    refused = await abroad.post("programme", f"{of}/void", {"reason": "test"}, 409)
    assert "1 confirmed place" in refused["detail"]
    await abroad.tell(matches.MatchCancelled, match_id, by="programme", reason="other", was=MatchState.CONFIRMED.value)
    for _ in range(2):
        assert (await abroad.post("programme", f"{of}/void", {"reason": "test"}))["state"] == "voided"
    assert (await kinds(programme)).count("OfferVoided") == 1
    await abroad.post("claire", f"{of}/resume", status=409)
