"""The pages of placements preview a revision, name others by reference, copy, list and void."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from services.applications.fields import differing
from services.applications.placements.model import revision
from services.applications.placements.model.placement import PlacementEntry
from shared.time import clock
from tests.integration.applications.conftest import call_terms
from tests.integration.applications.test_abroad_pages import read, send, step
from tests.support import items, ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def test_a_revision_is_previewed_before_it_is_published(abroad: Abroad, programme: Programme) -> None:
    """The preview shows old and new, confirmed visits and proposals; only the second button publishes."""
    offer = await abroad.offer(places=3)
    at = f"/applications/offers/{offer['id']}"
    await abroad.scheduled(await abroad.proposed(await abroad.eligible(), offer_id=offer["id"]))
    other = await abroad.eligible("nino", "giorgi")
    reference = (await abroad.get("nino", f"/applications/{other}"))["reference"]
    await abroad.proposed(other, offer_id=offer["id"], country="GE")
    revised = step("what", unit="Second unit") | step("when", places="5") | {"part": ["what", "when"]}
    shown = (await send(abroad, "claire", f"{at}/edit", revised, 200)).text
    for words in ("Second unit", "1 confirmed place stays as agreed", "1 match is in progress", reference):
        assert words in shown, words
    assert "ani@" not in shown
    before = ticked_versions(shown)
    kept = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    assert kept["places"] == "5"
    back = await send(abroad, "claire", f"{at}/edit", step("when", places="5", back="1"), 200)
    assert 'name="places"' in back.text
    assert ticked_versions(await read(abroad, "claire", f"{at}/edit?step=when")) == before
    await send(abroad, "claire", f"{at}/edit", step("when", places="5", told="1", **before))
    assert (await abroad.get("claire", f"/offers/{offer['id']}"))["entry"]["places"] == 5
    stale = await send(abroad, "claire", f"{at}/edit", step("when", places="4", told="1", **before), 412)
    assert "This was changed after you opened it" in stale.text
    both = stale.text.partition("Your version")[2]
    assert '>4</td><td class="govuk-table__cell" data-label="Saved version">5</td>' in both
    less = await send(abroad, "claire", f"{at}/edit", step("when", places="0"), 422)
    assert 'id="places-error"' in less.text
    body = {"entry": {"places": 6}}
    found = await abroad.post("claire", f"/offers/{offer['id']}/differences", body)
    assert (found["changes"], found["confirmed"]) == ([{"field": "places", "old": 5, "new": 6}], 1)
    assert [placement["reference"] for placement in found["matches_under_way"]] == [reference]
    await abroad.post("paul", f"/offers/{offer['id']}/differences", body, 404)
    await abroad.post("luc", f"/offers/{offer['id']}/differences", body, 403)


async def test_others_are_named_by_reference_or_name(abroad: Abroad, programme: Programme) -> None:
    """Counterparts and conflicts are entered by reference or name; unknown ones and drafts are refused."""
    application = await programme.submitted()
    made = await send(abroad, "claire", f"/applications/offers/new?call={programme.call['id']}", step("what"))
    edit = made.headers["location"].partition("?")[0]
    wrong = await send(abroad, "claire", edit, step("security", prematched_with="AM-2026-9999"), 422)
    assert 'id="prematched_with-error"' in wrong.text
    wrong = await send(abroad, "claire", edit, step("security", conflicts="Police of Nowhere"), 422)
    assert "Police of Nowhere" in wrong.text
    lines = f"police of georgia\n{application['reference']}"
    named = {"prematched_with": application["reference"].lower(), "conflicts": lines}
    await send(abroad, "claire", edit, step("security", **named))
    offer = (await abroad.get("claire", "/offers"))["items"][0]
    assert edit == f"/applications/offers/{offer['id']}/edit"
    assert offer["entry"]["prematched_with"] == application["id"]
    assert offer["entry"]["conflicts"] == [programme.organisations["GE"], application["id"]]
    form = await read(abroad, "claire", f"/applications/offers/{offer['id']}/edit?step=security")
    assert f'value="{application["reference"]}"' in form
    assert "Police of Georgia" in form
    body = {"entry": {}, "prematched_reference": "GE-2026-0042"}
    answer = await programme.as_("claire").put(f"/applications/api/v1/offers/{offer['id']}", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/entry/prematched_with")
    body = {"call_id": programme.call["id"], "entry": {}, "prematched_reference": application["reference"]}
    assert (await abroad.post("claire", "/offers", body, 201))["entry"]["prematched_with"] == application["id"]


async def test_the_contact_stays_in_the_portal_and_reaches_the_guest(abroad: Abroad, programme: Programme) -> None:
    """No event has contact or security, which only the guest of a confirmed visit reads abroad."""
    offer = await abroad.offer(contact="Claire, room 12")
    visit_id = await abroad.scheduled(await abroad.proposed(await abroad.eligible(), offer_id=offer["id"]))
    events = str(await programme.journal("exchange.offers"))
    assert "room 12" not in events
    page = f"/applications/visits/{visit_id}"
    assert "Claire, room 12" in await read(abroad, "ani", page)
    assert "room 12" not in await read(abroad, "tigran", page)


async def test_a_placement_is_copied_to_another_call(abroad: Abroad, programme: Programme) -> None:
    """The copy is a draft of the other call, moved by whole weeks, and another host finds nothing."""
    offer = await abroad.offer()
    fund = (await abroad.get("programme", "/funds"))["items"][0]["id"]
    terms = call_terms(fund) | {"topics": ["criminal_networks"]}
    start = clock.today() + timedelta(days=60 + 371)
    terms["visit_periods"] = [{"start": str(start), "end": str(start + timedelta(days=100))}]
    terms["closes"] = str(start + timedelta(days=120))
    other = await abroad.post("programme", "/calls", terms, 201)
    at = f"/applications/offers/{offer['id']}/copy"
    assert "Exchange of experts" in await read(abroad, "claire", at)
    await send(abroad, "claire", at, {}, 422)
    made = await send(abroad, "claire", at, {"call": other["id"]})
    copied = await abroad.get("claire", made.headers["location"].removeprefix("/applications").partition("?")[0])
    assert (copied["state"], copied["call_id"], copied["entry"]["topics"]) == ("draft", other["id"], [])
    first, then = (date.fromisoformat(placement["entry"]["periods"][0]["start"]) for placement in (offer, copied))
    assert then - first == timedelta(weeks=53)
    await read(abroad, "paul", at, 404)
    await abroad.post("paul", f"/offers/{offer['id']}/copy", {"call_id": other["id"]}, 404)
    await abroad.post("programme", f"/calls/{other['id']}/close")
    await abroad.post("claire", f"/offers/{offer['id']}/copy", {"call_id": other["id"]}, 409)


async def test_open_tasks_come_first_and_counts_lead_to_their_rows(abroad: Abroad, programme: Programme) -> None:
    """Hosts, coordinators and programme see their open tasks first, and an empty list says why."""
    assert "No placements yet." in await read(abroad, "claire", "/applications/offers")
    published = await abroad.offer()
    body = {"call_id": programme.call["id"], "entry": abroad.offer_entry(title="Second"), "submit": True}
    submitted = await abroad.post("claire", "/offers", body, 201)
    draft = await abroad.post("claire", "/offers", {"call_id": programme.call["id"], "entry": {}}, 201)

    async def visible_ids(who: str, query: str = "") -> list[str]:
        return [item["id"] for item in (await abroad.get(who, f"/offers{query}"))["items"]]

    assert (await visible_ids("claire"))[0] == draft["id"]
    assert await visible_ids("claire", "?state=waits") == [draft["id"]]
    assert set(await visible_ids("luc")) == {published["id"], submitted["id"]}
    assert await visible_ids("luc", "?state=waits") == [submitted["id"]]
    assert await visible_ids("programme", "?state=waits") == []
    assert await visible_ids("rasa") == await visible_ids("paul") == []
    assert await visible_ids("luc", "?reference=" + published["reference"].lower()) == [published["id"]]
    assert await visible_ids("luc", f"?call_id={programme.organisations['FR']}") == []
    page = await read(abroad, "luc", "/applications/offers")
    assert "/applications/offers?state=waits" in page
    assert "No placements match these filters" in await read(abroad, "luc", "/applications/offers?state=withdrawn&q=x")
    clock.move(timedelta(days=21))
    late = await abroad.get("programme", "/offers?state=late")
    counted = await abroad.get("programme", "/offers/counts")
    assert ([item["id"] for item in late["items"]], counted["late"]) == ([submitted["id"]], 1)
    assert counted["states"] == {"published": 1, "submitted": 1}
    assert "National coordinator of France, and also the programme coordinator" in await read(
        abroad, "luc", f"/applications/offers/{submitted['id']}"
    )


async def test_several_are_decided_after_one_page_that_names_them(abroad: Abroad, programme: Programme) -> None:
    """The page names the selected placements and their outcome; one decided meanwhile is left out and named."""
    made = []
    for title in ("First", "Second", "Third"):
        body = {"call_id": programme.call["id"], "entry": abroad.offer_entry(title=title), "submit": True}
        made.append((await abroad.post("claire", "/offers", body, 201))["id"])
    page = await read(abroad, "luc", "/applications/offers")
    assert all(f'id="offer-{placement}"' in page for placement in made)
    assert 'id="offer-' not in await read(abroad, "claire", "/applications/offers")
    ticked = "&".join(f"offer={placement}" for placement in made[:2])
    at = f"/applications/offers/decide?act=endorse&{ticked}"
    confirmation = await read(abroad, "luc", at)
    assert "Second" in confirmation
    assert "Third" not in confirmation
    await abroad.post("luc", f"/offers/{made[0]}/endorse")
    await abroad.post("claire", f"/offers/{made[0]}/publish")
    after = (await send(abroad, "luc", at, ticked_versions(confirmation), 409)).text
    assert "Decision saved for 1 placement." in after
    assert "1 entry has changed since you opened the page. We left it as it is." in after
    to_return = f"/applications/offers/decide?act=return&offer={made[2]}"
    await send(abroad, "luc", to_return, {"remark": "More?"}, 422)
    body_ = {"section": "places", "remark": "Only two?"} | ticked_versions(await read(abroad, "luc", to_return))
    await send(abroad, "luc", to_return, body_)
    assert (await abroad.get("claire", f"/offers/{made[2]}"))["remarks"] == {"places": "Only two?"}
    assert "Select at least one placement" in await read(abroad, "luc", "/applications/offers/decide?act=endorse", 422)
    for somebody, status in (("rasa", 404), ("claire", 403), ("ani", 403)):
        await read(abroad, somebody, at, status)
        await abroad.post(somebody, "/offers/decide", {"offers": items(*made)}, status)
    left = await abroad.post("luc", "/offers/decide", {"offers": items(*made)})
    assert (left["done"], {placement["id"] for placement in left["left"]}) == ([made[1]], {made[0], made[2]})


async def test_voiding_a_placement_by_page(abroad: Abroad) -> None:
    """The programme coordinator confirms once more and gives a reason, and hosts have no such page."""
    offer = await abroad.offer()
    at = f"/applications/offers/{offer['id']}"
    await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    assert "1 match that is not confirmed is cancelled" in await read(abroad, "programme", f"{at}/void")
    await read(abroad, "claire", f"{at}/void", 403)
    await send(abroad, "programme", f"{at}/void", {}, 422)
    await send(abroad, "programme", f"{at}/void", {"reason": "duplicate"})
    assert "Entered in error" in await read(abroad, "claire", at)
    await send(abroad, "claire", f"{at}/edit", step("what"), 409)
    assert (await abroad.of.as_("claire").get(f"{at}/edit")).status_code == 303


def days(offset: int) -> str:
    """Return a day so many days after a fixed Monday."""
    return str(date(2026, 1, 5) + timedelta(days=offset))


entries = st.builds(
    lambda places, week, length: PlacementEntry.model_validate(
        {"places": places, "periods": [{"start": days(0), "end": days(length), "places_per_week": week}]}
    ),
    st.integers(1, 20),
    st.integers(1, 5),
    st.integers(0, 60),
)


@given(entries, st.integers(0, 25), st.integers(0, 6), st.integers(0, 10))
def test_a_revision_keeps_places_of_confirmed_visits(
    entry: PlacementEntry, confirmed: int, visits: int, week: int
) -> None:
    """A revision is refused exactly where places in all, or of a week, go below the confirmed ones."""
    monday = date(2026, 1, 5) + timedelta(weeks=week)
    found = revision.below_confirmed(entry, confirmed, {monday: visits} if visits else {})
    assert entry.places is not None
    assert ("places" in found) is (entry.places < confirmed)
    period = entry.periods[0]
    has_week = period.start < monday + timedelta(days=7) and monday <= period.end
    assert ("periods" in found) is (has_week and visits > period.places_per_week)


@given(entries, st.dictionaries(st.sampled_from(["title", "city", "outline"]), st.text("abc", max_size=4)))
def test_a_revision_lists_exactly_its_changes(entry: PlacementEntry, changed: dict[str, Any]) -> None:
    """The differences are exactly the fields whose values differ."""
    after = entry.model_copy(update=changed)
    found = {name: (getattr(entry, name), getattr(after, name)) for name in differing(entry, after)}
    assert found == {name: ("", value) for name, value in changed.items() if value}
