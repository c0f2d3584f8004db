"""A placement goes from draft to published and back, only by those entitled, with one event for each step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.contracts.codes import OfferState
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def test_returned_then_endorsed_and_published(abroad: Abroad, programme: Programme) -> None:
    """A placement is submitted, returned, submitted again, endorsed, published, revised, paused and resumed."""
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry()}
    made = await abroad.post("claire", "/offers", body, 201)
    assert (made["state"], made["reference"][:5]) == ("draft", "FR-P-")
    of = f"/offers/{made['id']}"
    assert (await abroad.post("claire", f"{of}/submit"))["state"] == "submitted"
    returned = await abroad.post("luc", f"{of}/return", {"remarks": {"places": "Only two?"}})
    assert (returned["state"], returned["remarks"]) == ("returned", {"places": "Only two?"})
    changed = await programme.as_("claire").put(f"/applications/api/v1{of}", json={"entry": {"places": 3}})
    assert changed.status_code == 200, changed.text
    await abroad.post("claire", f"{of}/submit")
    assert (await abroad.post("luc", f"{of}/endorse"))["state"] == "endorsed"
    assert (await abroad.post("claire", f"{of}/publish"))["state"] == "published"
    revised = await programme.as_("claire").put(f"/applications/api/v1{of}", json={"entry": {"places": 4}})
    assert revised.json()["state"] == "published"
    await abroad.post("claire", f"{of}/pause")
    await abroad.post("claire", f"{of}/resume")
    assert (await abroad.post("claire", f"{of}/close"))["state"] == "closed"
    events = await programme.journal("exchange.offers")
    assert [kind for kind, _, _ in events] == [
        "OfferSubmitted",
        "OfferReturned",
        "OfferSubmitted",
        "OfferEndorsed",
        "OfferPublished",
        "OfferRevised",
        "OfferPaused",
        "OfferResumed",
        "OfferClosed",
    ]
    assert events[4][2]["terms"]["places"] == 3
    assert "Only two?" not in str(events)
    assert "Identity document" not in str(events)


async def test_a_second_click_changes_nothing(abroad: Abroad, programme: Programme) -> None:
    """A second endorsement or publication gives the present state, and no second event."""
    made = await abroad.offer()
    assert (await abroad.post("claire", f"/offers/{made['id']}/publish"))["state"] == OfferState.PUBLISHED
    problem = await abroad.post("luc", f"/offers/{made['id']}/endorse", status=409)
    assert "Published" in problem["detail"]
    events = await programme.journal("exchange.offers")
    assert [kind for kind, _, _ in events] == ["OfferSubmitted", "OfferEndorsed", "OfferPublished"]


async def test_an_incomplete_placement_is_refused(abroad: Abroad, programme: Programme) -> None:
    """A placement without places, with days beyond the call or what is no number is refused with the field."""
    entry = {"title": "A week", "days": 1}
    made = await abroad.post("claire", "/offers", {"call_id": programme.call["id"], "entry": entry}, 201)
    problem = await abroad.post("claire", f"/offers/{made['id']}/submit", status=422)
    assert {"places", "topics", "periods", "languages", "outline", "days"} <= {
        error["name"] for error in problem["errors"]
    }
    answer = await programme.as_("claire").put(
        f"/applications/api/v1/offers/{made['id']}",
        json={"entry": {"places": 2}},
        headers={"If-Match": '"offer.0.1"'},
    )
    assert answer.status_code == 412
    answer = await programme.as_("claire").put(
        f"/applications/api/v1/offers/{made['id']}", json={"entry": {"places": "many"}}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/entry/places")


async def test_other_hosts_and_countries_find_nothing(abroad: Abroad, programme: Programme) -> None:
    """Another host, another country and an unknown id get the same answer; only its host sees a draft."""
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry()}
    made = await abroad.post("claire", "/offers", body, 201)
    of = f"/offers/{made['id']}"
    await abroad.get("luc", of, 404)
    await abroad.get("programme", of, 404)
    await abroad.post("claire", f"{of}/submit")
    await abroad.get("luc", of)
    for somebody in ("paul", "tigran"):
        await abroad.get(somebody, of, 404)
    await abroad.post("paul", f"{of}/publish", status=404)
    await abroad.post("tigran", f"{of}/endorse", status=404)
    await abroad.get("claire", f"/offers/{new_id()}", 404)
    await abroad.post("claire", f"{of}/endorse", status=403)
    assert [item["id"] for item in (await abroad.get("luc", "/offers"))["items"]] == [made["id"]]
    assert (await abroad.get("paul", "/offers"))["items"] == []
    other = body | {"organisation_id": programme.organisations["FR2"]}
    await abroad.post("claire", "/offers", other, 404)


async def test_a_mentor_publishes_revises_and_pauses(abroad: Abroad, programme: Programme) -> None:
    """A mentor has one profile per call, publishes it once and revises it, and nobody else finds it."""
    body = {"call_id": programme.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    made = await abroad.post("jonas", "/mentors", body, 201)
    assert (made["state"], made["entry"]["service"]) == ("published", "police")
    assert (await abroad.post("jonas", "/mentors", body, 201))["id"] == made["id"]
    answer = await programme.as_("jonas").put(
        f"/applications/api/v1/mentors/{made['id']}", json={"entry": {"capacity": 5}}
    )
    assert answer.json()["entry"]["capacity"] == 5
    answer = await programme.as_("jonas").put(
        f"/applications/api/v1/mentors/{made['id']}", json={"entry": {"capacity": 6}}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/entry/capacity")
    await abroad.post("jonas", f"/mentors/{made['id']}/pause")
    await abroad.post("jonas", f"/mentors/{made['id']}/resume")
    events = await programme.journal("mentoring.mentors")
    assert [kind for kind, _, _ in events] == ["MentorPublished", "MentorRevised", "MentorPaused", "MentorResumed"]
    assert "networks" not in str(events[0][2]["profile"].get("about", ""))
    assert "Kazlauskas" not in str(events)
    await abroad.get("ani", f"/mentors/{made['id']}", 403)


async def test_placements_are_read_page_by_page(abroad: Abroad, programme: Programme) -> None:
    """Pages of one placement give each once, the newest first; `since` leaves out what was not changed since."""
    made = [(await abroad.post("claire", "/offers", {"call_id": programme.call["id"]}, 201))["id"] for _ in range(3)]
    found, cursor = [], ""
    while cursor is not None:
        page = await abroad.get("claire", f"/offers?limit=1{cursor and f'&cursor={cursor}'}")
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == made[::-1]
    clock.move(timedelta(hours=1))
    since = clock.now().isoformat().replace("+00:00", "Z")
    changed = await programme.as_("claire").put(f"/applications/api/v1/offers/{made[1]}", json={"entry": {"days": 3}})
    assert (changed.json()["entry"]["days"], changed.json()["entry"]["group_size"]) == (3, 1)
    page = await abroad.get("claire", f"/offers?since={since}")
    assert ([item["id"] for item in page["items"]], page["next"]) == ([made[1]], None)
    await abroad.get("claire", "/offers?cursor=x", 422)
    await abroad.get("claire", "/offers?state=unknown", 422)


async def test_fields_not_sent_stay_and_unknown_fields_are_refused(abroad: Abroad, programme: Programme) -> None:
    """A change replaces the fields that it names, a null among them; a misspelt field is refused by its name."""
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry()}
    made = await abroad.post("claire", "/offers", body, 201)
    at = f"/applications/api/v1/offers/{made['id']}"
    answer = await programme.as_("claire").put(at, json={"entry": {"places": None}})
    assert answer.json()["entry"] == made["entry"] | {"places": None}
    answer = await programme.as_("claire").put(at, json={"entry": {"seats": 2}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/entry/seats")
