"""Incident reports are read by their chosen readers only, and followed up to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from shared.time import clock
from tests.integration.applications.abroad import Abroad

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

TEXT = "A colleague at the host spoke to me in a way that I do not accept."


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """Return the programme with a host country, a mentor and a data protection officer."""
    made = Abroad(programme, feed)
    await made.fill()
    people = [programme.person("dora", "Dora Data", "FR", "data_protection_officer")]
    await programme.post("programme", "/people", {"people": people}, 201)
    return made


async def reported(abroad: Abroad, who: str, match_id: UUID, *readers: str, status: int = 201) -> Any:
    """Report an incident to some readers."""
    body = {"category": "harassment", "text": TEXT, "readers": list(readers), "happened_on": str(clock.today())}
    return await abroad.post(who, f"/matches/{match_id}/incidents", body, status)


async def accesses(programme: Programme, reference: str) -> list[str]:
    """Return the people who opened a report."""
    query = sa.text("SELECT caller FROM access_log WHERE category = 'incident' AND purpose = :reference ORDER BY at")
    async with programme.app.state.service.bus.read() as session:
        return list(await session.scalars(query, {"reference": reference}))


@pytest.mark.parametrize(
    ("reporter", "reader", "who"),
    [
        ("ani", "programme", "programme"),
        ("ani", "data_protection", "dora"),
        ("ani", "country", "tigran"),
        ("claire", "country", "luc"),
        ("luc", "programme", "programme"),
        ("tigran", "data_protection", "dora"),
    ],
)
async def test_only_chosen_readers_read_a_report(
    abroad: Abroad, programme: Programme, reporter: str, reader: str, who: str
) -> None:
    """The other side, the other country and readers who were not chosen find no report."""
    match_id = await abroad.placement_matched()
    await abroad.scheduled(match_id)
    made = await reported(abroad, reporter, match_id, reader)
    at, page = f"/incidents/{made['id']}", f"/applications/incidents/{made['id']}"
    everybody = {"ani", "claire", "tigran", "luc", "programme", "dora", "nino", "paul", "rasa", "giorgi"}
    for somebody in sorted(everybody):
        expected = 200 if somebody in {reporter, who} else 404
        await abroad.get(somebody, at, expected)
        assert (await programme.as_(somebody).get(page)).status_code == expected
        listed = (await abroad.get(somebody, "/incidents"))["items"]
        assert bool(listed) == (expected == 200)
    assert await accesses(programme, made["reference"]) == [who, who]
    for topic in ("exchange.participation", "exchange.applications", "exchange.visits"):
        assert "harassment" not in str(await programme.journal(topic))


async def test_a_report_is_followed_up_to_an_answer(abroad: Abroad, programme: Programme) -> None:
    """A handler acknowledges, notes and closes, once each, and the reporter sees the answer but no note."""
    match_id = await abroad.placement_matched()
    await abroad.scheduled(match_id)
    made = await reported(abroad, "ani", match_id, "programme", "data_protection")
    assert (await reported(abroad, "ani", match_id, "programme"))["id"] == made["id"]
    at = f"/incidents/{made['id']}"
    assert "Acknowledge report" in (await programme.as_("programme").get("/applications/")).text
    await abroad.post("programme", f"{at}/notes", {"text": "Called the host."}, 409)
    await abroad.post("programme", f"{at}/close", {"text": "Done."}, 409)
    await abroad.post("ani", f"{at}/acknowledge", status=403)
    await abroad.post("tigran", f"{at}/acknowledge", status=404)
    for _ in range(2):
        assert (await abroad.post("programme", f"{at}/acknowledge"))["state"] == "acknowledged"
        await abroad.post("dora", f"{at}/notes", {"text": "Called the host."}, 201)
    assert [note["text"] for note in (await abroad.get("programme", at))["notes"]] == ["Called the host."]
    assert (await abroad.get("ani", at))["notes"] == []
    await abroad.post("programme", f"{at}/close", {"text": "We spoke with the host, and your week goes on elsewhere."})
    await abroad.post("dora", f"{at}/close", {"text": "Another answer."})
    page = (await programme.as_("ani").get(f"/applications/incidents/{made['id']}")).text
    assert "your week goes on elsewhere" in page
    assert "Called the host" not in page
    await abroad.post("dora", f"{at}/notes", {"text": "Too late."}, 409)


async def test_a_report_on_pages(abroad: Abroad, programme: Programme) -> None:
    """The pages first show what to do in danger, the form keeps its input, and each step has a page."""
    match_id = await abroad.mentor_matched()
    form = f"/applications/matches/{match_id}/incident"
    assert (await programme.as_("nino").get(form)).status_code == 404
    await abroad.opened(match_id)
    nino, dora = programme.as_("nino"), programme.as_("dora")
    page = (await nino.get(form)).text
    assert "first call the emergency number 112" in page
    wrong = await nino.post(form, data={"category": "safety", "text": TEXT})
    assert (wrong.status_code, "at least one person who may read" in wrong.text, TEXT in wrong.text) == (
        422,
        True,
        True,
    )
    none = (await dora.get("/applications/incidents")).text
    assert "You have no reports to read" in none
    assert "/applications/matches" not in none, "a page for other roles"
    sent = await nino.post(form, data={"category": "safety", "text": TEXT, "readers": ["data_protection"]})
    assert sent.status_code == 303
    at = sent.headers["location"].partition("?")[0]
    assert "sent to the people you chose" in (await nino.get(sent.headers["location"])).text
    assert "Safety or health" in (await dora.get("/applications/incidents")).text
    assert "You have no reports yet" in (await programme.as_("jonas").get("/applications/incidents")).text
    assert (await programme.as_("jonas").get(at)).status_code == 404
    assert (await dora.post(f"{at}/acknowledge")).status_code == 303
    assert (await dora.post(f"{at}/notes", data={"text": ""})).status_code == 422
    assert (await dora.post(f"{at}/notes", data={"text": "Noted."})).status_code == 303
    assert "Noted." in (await dora.get(at)).text
    assert (await dora.post(f"{at}/close", data={"text": "Thank you."})).status_code == 303
    assert "Thank you." in (await nino.get(at)).text
    assert (await nino.get(at)).headers["cache-control"] == "no-store"


async def test_only_people_of_a_confirmed_match_report(abroad: Abroad) -> None:
    """Other people find no match to report about, and nobody does before it is confirmed."""
    match_id = await abroad.placement_matched()
    await reported(abroad, "ani", match_id, "programme", status=404)
    await abroad.scheduled(match_id)
    for somebody in ("nino", "paul", "jonas", "rasa"):
        await reported(abroad, somebody, match_id, "programme", status=404)
    await reported(abroad, "ani", match_id, status=422)
    body = {"category": "safety", "text": TEXT, "readers": ["programme"], "happened_on": "2999-01-01"}
    await abroad.post("ani", f"/matches/{match_id}/incidents", body, 422)
