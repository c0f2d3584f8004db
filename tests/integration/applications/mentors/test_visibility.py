"""The mentor's country sees the whole profile, and a mentee sees no text and no name before the release."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from services.applications.availability.actions import checks
from shared.contracts import matches
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.call_forms import fund
from tests.integration.applications.conftest import call_terms
from tests.integration.applications.test_abroad_pages import read, send

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def test_a_coordinator_sees_the_mentors_of_their_country(abroad: Abroad, programme: Programme) -> None:
    """The list has the country's published profiles with mentees and state, and others find nothing."""
    assert "No mentor has published a profile yet" in await read(abroad, "rasa", "/applications/mentors/country")
    match_id = await abroad.mentor_matched()
    await abroad.opened(match_id)
    mentor_id = abroad.pairings[match_id]["mentor_id"]
    page = await read(abroad, "rasa", "/applications/mentors/country")
    for words in ("Jonas Kazlauskas", "1 of 2", f"/applications/mentors/{mentor_id}", "state=published"):
        assert words in page, words
    profile = await read(abroad, "rasa", f"/applications/mentors/{mentor_id}")
    assert "I analyse networks" in profile
    assert "/pause" not in profile
    for somebody in ("luc", "tigran"):
        assert str(mentor_id) not in await read(abroad, somebody, "/applications/mentors/country")
        await read(abroad, somebody, f"/applications/mentors/{mentor_id}", 404)
        await abroad.get(somebody, f"/mentors/{mentor_id}", 404)
    programme_page = await read(abroad, "programme", f"/applications/mentors/{mentor_id}")
    assert "Kazlauskas" not in programme_page
    assert "I analyse networks" not in programme_page
    elsewhere = await abroad.get("programme", f"/mentors/{mentor_id}")
    assert (elsewhere["whole"], elsewhere["entry"]["about"]) == (False, "")
    found = await abroad.get("rasa", "/mentors/country?state=published")
    assert [(entry["id"], entry["mentees"]) for entry in found["items"]] == [(str(mentor_id), 1)]
    assert (await abroad.get("rasa", "/mentors/country/counts")) == {"states": {"published": 1}, "awaited": 0}
    assert "No mentor fits these filters" in await read(
        abroad, "rasa", "/applications/mentors/country?q=LT-M-1999-0001"
    )
    await read(abroad, "ani", "/applications/mentors/country", 403)
    await send(abroad, "rasa", f"/applications/mentors/{mentor_id}/pause", status=403)


async def test_a_mentor_with_an_open_check_is_listed_first(abroad: Abroad, programme: Programme) -> None:
    """After 60 days the coordinator's count links to the mentor, whose page has the button."""
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    clock.move(timedelta(days=61))
    await checks.check_all(programme.app.state.service.bus)
    assert "state=asked" in await read(abroad, "rasa", "/applications/mentors/country")
    assert mentor["reference"] in await read(abroad, "rasa", "/applications/mentors/country?state=asked")
    at = f"/applications/mentors/{mentor['id']}"
    assert "Do you still take mentees?" in await read(abroad, "jonas", at)
    await send(abroad, "jonas", f"{at}/available")
    assert "Do you still take mentees?" not in await read(abroad, "jonas", at)


async def test_a_mentee_reads_no_text_and_no_name_before_the_release(abroad: Abroad) -> None:
    """Before both clearances a mentee sees expertise and languages, and afterwards text and name too."""
    match_id = await abroad.mentor_matched()
    at = f"/applications/matches/{match_id}"
    before = await read(abroad, "nino", at)
    assert "Analysis (expert)" in before
    assert "I analyse networks" not in before
    assert "Kazlauskas" not in before
    await abroad.offered(match_id, "giorgi", "rasa")
    after = await read(abroad, "nino", at)
    assert "I analyse networks" in after
    assert "Jonas Kazlauskas" in after


async def test_only_the_host_of_a_match_reads_its_receipt(abroad: Abroad) -> None:
    """The host gets a ticket for the receipt while the match exists, and nobody else does."""
    match_id = await abroad.placement_matched()
    at = f"/applications/matches/{match_id}"
    await read(abroad, "claire", f"{at}/receipt", 404)
    await abroad.explained(match_id)
    assert f"{at}/receipt" in await read(abroad, "claire", at)
    assert f"{at}/receipt" not in await read(abroad, "ani", at)
    led = await abroad.of.as_("claire").get(f"{at}/receipt")
    to = urlsplit(led.headers["location"])
    assert (led.status_code, to.path) == (303, f"/matching/receipts/{abroad.pairings[match_id]['application_id']}/host")
    assert parse_qs(to.query)["ticket"]
    way = await abroad.post("claire", f"/matches/{match_id}/receipt", None, 201)
    assert way["address"] == to.path
    await abroad.post("paul", f"/matches/{match_id}/receipt", None, 404)
    for somebody in ("ani", "luc", "programme"):
        await abroad.post(somebody, f"/matches/{match_id}/receipt", None, 403)
    body = {"purpose": "host-receipt", "application_id": str(abroad.pairings[match_id]["application_id"])}
    await abroad.post("ani", "/tickets", body, 422)
    await abroad.explained(match_id, offer_id=new_id())
    await abroad.post("claire", f"/matches/{match_id}/receipt", None, 404)
    await abroad.explained(match_id)
    await abroad.publish(matches.MatchCancelled, match_id, by="guest", reason="other", was="proposed")
    await abroad.post("claire", f"/matches/{match_id}/receipt", None, 404)


async def test_restricted_expertise_is_left_out_for_readers_elsewhere(abroad: Abroad, programme: Programme) -> None:
    """The mentor and the country read a restricted area; the programme coordinator reads that there is one."""
    areas = [{"area": "witness_protection", "level": 2, "years": 4}, {"area": "analysis", "level": 3, "years": 12}]
    entry = abroad.mentor_entry(expertise=areas)
    mentor = await abroad.post(
        "jonas", "/mentors", {"call_id": programme.call["id"], "entry": entry, "publish": True}, 201
    )
    assert (mentor["whole"], mentor["restricted_areas"], mentor["entry"]["expertise"]) == (True, 0, areas)
    at = f"/mentors/{mentor['id']}"
    assert (await abroad.get("rasa", at))["entry"] == mentor["entry"]
    elsewhere = await abroad.get("programme", at)
    assert (elsewhere["restricted_areas"], elsewhere["entry"]["expertise"]) == (1, areas[1:])
    (listed,) = (await abroad.get("programme", "/mentors/country"))["items"]
    assert (listed["restricted_areas"], listed["mentees"]) == (1, 0)
    for path in (f"/applications{at}", "/applications/mentors/country"):
        assert "Witness protection" in await read(abroad, "rasa", path)
        page = await read(abroad, "programme", path)
        assert "Witness protection" not in page
        assert "restricted" in page


async def test_mentors_are_read_page_by_page(abroad: Abroad, programme: Programme) -> None:
    """Pages of one profile give each once, the newest first; `since` leaves out what was not changed since."""
    other = await abroad.post("programme", "/calls", call_terms(await fund(programme)), 201)
    body = {"entry": abroad.mentor_entry(), "publish": True}
    calls = (programme.call["id"], other["id"])
    made = [(await abroad.post("jonas", "/mentors", body | {"call_id": call}, 201))["id"] for call in calls]
    first = await abroad.get("programme", "/mentors/country?limit=1")
    rest = await abroad.get("programme", f"/mentors/country?limit=1&cursor={first['next']}")
    assert [mentor["id"] for mentor in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None
    clock.move(timedelta(hours=1))
    since = clock.now().isoformat().replace("+00:00", "Z")
    await abroad.post("jonas", f"/mentors/{made[0]}/pause")
    changed = await abroad.get("programme", f"/mentors/country?since={since}")
    assert [(mentor["id"], mentor["state"]) for mentor in changed["items"]] == [(made[0], "paused")]
    await abroad.get("programme", "/mentors/country?state=unknown", 422)


async def test_the_form_says_why_it_asks(abroad: Abroad, programme: Programme) -> None:
    """A reason is folded away after service and rank, topics, languages, periods, and what the mentor writes."""
    made = await abroad.post("jonas", "/mentors", {"call_id": programme.call["id"], "entry": {}}, 201)
    page = await read(abroad, "jonas", f"/applications/mentors/{made['id']}/edit")
    named = [re.findall(r' name="([a-z_]+)', part) for part in page.split("Why do we ask?")[:-1]]
    after = [[name for name in names if name != "row"][-1] for names in named]
    assert after == ["rank_group", "topics", "languages", "periods", "about"]
