"""The mentor's country sees the whole profile, and a mentee sees no text and no name before the release."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from services.applications.availability.actions import checks
from shared.contracts import matches
from shared.ids import new_id
from shared.time import clock
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
    one = await read(abroad, "rasa", f"/applications/mentors/{mentor_id}")
    assert "I analyse networks" in one
    assert "/pause" not in one
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
    assert (await abroad.get("rasa", "/mentors/country/counts")) == {"states": {"published": 1}, "asked": 0}
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
