"""Officers put suitable placements in order, by pages without JavaScript, where the call says that the order counts."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.conftest import call_terms

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad

PROMISE = "Answer truthfully: your order cannot harm you."


async def _call(abroad: Abroad, **terms: Any) -> None:
    """Make another call the one that everybody applies to."""
    fund = (await abroad.get("programme", "/funds"))["items"][0]["id"]
    body = {**call_terms(fund), **terms}
    abroad.of.call = await abroad.post("programme", "/calls", body, 201)


async def _draft(abroad: Abroad, **answers: Any) -> str:
    """Return the id of Ani's draft with complete answers."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit", "privacy": True}
    made = await abroad.post("ani", "/applications", {**body, "answers": abroad.of.answers(**answers)}, 201)
    return str(made["id"])


async def _page(abroad: Abroad, draft: str, code: str = "wishes") -> str:
    answer = await abroad.of.as_("ani").get(f"/applications/mine/{draft}/{code}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def _event(abroad: Abroad, kind: str) -> dict[str, Any]:
    """Return the only event of that type about an application."""
    (found,) = [body for name, _, body in await abroad.of.journal("exchange.applications") if name == kind]
    return found


def _chosen(page: str) -> list[str]:
    return re.findall(r'<option value="([0-9a-f-]{36})" selected', page)


async def test_an_officer_orders_suitable_placements(abroad: Abroad) -> None:
    """Suitable placements are described with the reason, put in order by buttons, and go out with the application."""
    await _call(abroad, wishes="wishes_first")
    first = await abroad.offer(title="Seized devices")
    second = await abroad.offer(title="Open sources")
    other = await abroad.offer(title="Drugs", topics=["criminal_networks"])
    draft = await _draft(abroad)
    page = await _page(abroad, draft)
    for words in (
        "Placements you would like",
        "Your order comes first.",
        PROMISE,
        "Suits you very well.",
        "It has your topic number 1. It is in a country that you prefer. You can both meet in",
        "You speak English at the required level.",
    ):
        assert words in page, words
    assert other["reference"] not in page
    listed = (await abroad.get("ani", f"/applications/{draft}/suitable-places"))["items"]
    assert [(place["id"], place["grade"]) for place in listed] == [(first["id"], 3), (second["id"], 3)]
    assert listed[0]["reasons"][0] == "It has your topic number 1."
    await abroad.get("nino", f"/applications/{draft}/suitable-places", 404)
    address = f"/applications/mine/{draft}/wishes"
    ani = abroad.of.as_("ani")
    data = {"wishes-0-place": first["id"], "row": "add:wishes"}
    added = html.unescape((await ani.post(address, data=data)).text)
    assert 'name="wishes-1-place"' in added
    assert f"{second['reference']}: Open sources, Lyon, France (Suits you very well)" in added
    moved = await ani.post(address, data={**data, "wishes-1-place": second["id"], "row": "up:wishes:1"})
    assert _chosen(moved.text) == [second["id"], first["id"]]
    saved = await ani.post(address, data={"wishes-0-place": second["id"], "wishes-1-place": first["id"]})
    assert saved.headers["location"] == f"/applications/mine/{draft}/objectives"
    assert _chosen(await _page(abroad, draft)) == [second["id"], first["id"]]
    text = f"1. {second['reference']} Open sources (France); 2. {first['reference']} Seized devices (France)"
    assert text in await _page(abroad, draft, "check")
    await abroad.post("ani", f"/applications/{draft}/submit")
    event = await _event(abroad, "ApplicationSubmitted")
    assert event["profile"]["wishes"] == [second["id"], first["id"]]
    case = await abroad.of.as_("tigran").get(f"/applications/cases/{draft}")
    assert text in html.unescape(case.text)
    assert "Order of placements and mentors" in case.text
    assert "you would like" not in case.text


async def test_an_order_may_stay_empty_and_changes_after_submission(abroad: Abroad) -> None:
    """Nobody has to order anything; a submitted application gets an order with a reason, and stays endorsed."""
    await _call(abroad, wishes="wishes_among_equals")
    offer = await abroad.offer()
    draft = await _draft(abroad)
    page = await _page(abroad, draft)
    assert "Points come first." in page
    saved = await abroad.of.as_("ani").post(f"/applications/mine/{draft}/wishes", data={})
    assert saved.status_code == 303
    await abroad.post("ani", f"/applications/{draft}/submit")
    await abroad.post("tigran", f"/applications/{draft}/endorse")
    change = {"wishes-0-place": offer["id"], "change_reason": "other", "change_text": ""}
    changed = await abroad.of.as_("ani").post(f"/applications/mine/{draft}/change/wishes", data=change)
    assert changed.status_code == 303, changed.text
    event = await _event(abroad, "ApplicationChanged")
    assert (event["profile"]["wishes"], event["sections"], event["state"]) == ([offer["id"]], ["topics"], "endorsed")


async def test_a_placement_that_suits_no_longer_is_named_so(abroad: Abroad) -> None:
    """An ordered placement stays in the list when the answers change, and says that it does not suit them now."""
    await _call(abroad, wishes="wishes_first")
    offer = await abroad.offer(title="Seized devices")
    draft = await _draft(abroad, wishes=[offer["id"]])
    path = f"/applications/api/v1/applications/{draft}/answers"
    await abroad.of.as_("ani").put(path, json={"topics": ["criminal_networks"]})
    page = await _page(abroad, draft)
    assert f"{offer['reference']} Seized devices (France) (not available, or does not suit your answers)" in page
    assert "No published placement suits your answers yet." in page
    assert _chosen(page) == [offer["id"]]


async def test_a_paused_placement_stays_in_the_order(abroad: Abroad) -> None:
    """It is no longer offered, its choice says that it may not be available, and the order can be saved as before."""
    await _call(abroad, wishes="wishes_first")
    paused, other = await abroad.offer(title="Seized devices"), await abroad.offer(title="Open sources")
    draft = await _draft(abroad, wishes=[paused["id"]])
    await abroad.post("claire", f"/offers/{paused['id']}/pause")
    page = await _page(abroad, draft)
    assert f"{paused['reference']} Seized devices (France) (not available, or does not suit your answers)" in page
    assert f"{paused['reference']}: Seized devices" not in page
    data = {"wishes-0-place": other["id"], "wishes-1-place": paused["id"]}
    saved = await abroad.of.as_("ani").post(f"/applications/mine/{draft}/wishes", data=data)
    assert saved.status_code == 303
    assert _chosen(await _page(abroad, draft)) == [other["id"], paused["id"]]


async def test_an_officer_orders_mentors(abroad: Abroad) -> None:
    """A mentor is described without a name, and the order goes out with the mentor's id."""
    await _call(abroad, wishes="wishes_first")
    body = {"call_id": abroad.of.call["id"], "entry": abroad.mentor_entry(), "publish": True}
    mentor = await abroad.post("jonas", "/mentors", body, 201)
    begun = {"call_id": abroad.of.call["id"], "kind": "mentee", "privacy": True, "answers": abroad.of.answers()}
    draft = str((await abroad.post("ani", "/applications", begun, 201))["id"])
    page = await _page(abroad, draft)
    assert "Mentors you would like" in page
    assert f"{mentor['reference']} · Lithuania" in page
    assert "Jonas" not in page
    saved = await abroad.of.as_("ani").post(f"/applications/mine/{draft}/wishes", data={"wishes-0-place": mentor["id"]})
    assert saved.status_code == 303
    assert f"1. {mentor['reference']} (Lithuania)" in await _page(abroad, draft, "check")
    await abroad.post("ani", f"/applications/{draft}/submit")
    assert (await _event(abroad, "ApplicationSubmitted"))["profile"]["wishes"] == [mentor["id"]]


async def test_an_order_reveals_no_exclusion(abroad: Abroad) -> None:
    """A confidential exclusion and a conflict of interest change neither what is offered nor what can be saved."""
    await _call(abroad, wishes="wishes_first")
    offer = await abroad.offer()
    draft = await _draft(abroad)
    before = await abroad.get("ani", f"/applications/{draft}/suitable-places")
    pair = {"countries": ["AM", "FR"], "since": str(clock.today()), "confidential": True}
    await abroad.post("programme", "/register/exclusions", {"exclusion": pair})
    entry = abroad.offer_entry(conflicts=[abroad.of.organisations["AM"]])
    revised = await abroad.of.as_("claire").put(f"/applications/api/v1/offers/{offer['id']}", json={"entry": entry})
    assert revised.status_code == 200, revised.text
    assert await abroad.get("ani", f"/applications/{draft}/suitable-places") == before
    path = f"/applications/api/v1/applications/{draft}/answers"
    saved = await abroad.of.as_("ani").put(path, json={"wishes": [offer["id"]]})
    assert saved.status_code == 200, saved.text


async def test_an_order_of_21_is_refused(abroad: Abroad) -> None:
    """The API takes 20 placements, so that the 21st is refused before any is looked up."""
    await _call(abroad, wishes="wishes_first")
    draft = await _draft(abroad)
    path = f"/applications/api/v1/applications/{draft}/answers"
    for count, said in ((21, "20"), (20, "published in this call")):
        answer = await abroad.of.as_("ani").put(path, json={"wishes": [str(new_id()) for _ in range(count)]})
        assert answer.status_code == 422
        assert said in answer.json()["errors"][0]["detail"], answer.text


async def test_nothing_is_listed_for_officers_who_may_not_browse(abroad: Abroad) -> None:
    """An officer from a country that the call leaves out reads no placements on this page or in the API."""
    rules = {"languages": ["en", "fr"], "minimum_level": "B1", "countries": ["GE"]}
    await _call(abroad, wishes="wishes_first", rules=rules)
    offer = await abroad.offer(title="Seized devices")
    draft = await _draft(abroad)
    assert offer["reference"] not in await _page(abroad, draft)
    assert (await abroad.get("ani", f"/applications/{draft}/suitable-places"))["items"] == []


async def test_only_published_placements_of_the_call_are_ordered(abroad: Abroad) -> None:
    """A placement of another call, an unknown id, one id twice, and any order by points alone are refused."""
    elsewhere = await abroad.offer()
    await _call(abroad, wishes="wishes_first")
    offer = await abroad.offer()
    draft = await _draft(abroad)
    path = f"/applications/api/v1/applications/{draft}/answers"
    for wishes in ([elsewhere["id"]], [draft], [offer["id"], offer["id"]]):
        answer = await abroad.of.as_("ani").put(path, json={"wishes": wishes})
        assert answer.status_code == 422, wishes
        assert [error["pointer"].rpartition("/")[2] for error in answer.json()["errors"]] == ["wishes"]
    await _call(abroad)
    offer, draft = await abroad.offer(), await _draft(abroad)
    path = f"/applications/api/v1/applications/{draft}/answers"
    refused = await abroad.of.as_("ani").put(path, json={"wishes": [offer["id"]]})
    assert refused.status_code == 422
    assert (await abroad.of.as_("ani").get(f"/applications/mine/{draft}/wishes")).status_code == 404
    assert "Placements you would like" not in (await abroad.of.as_("ani").get(f"/applications/mine/{draft}")).text


async def test_the_promise_is_made_only_where_it_holds(abroad: Abroad) -> None:
    """A call with a quota orders placements without the promise."""
    await _call(abroad, wishes="wishes_first", quotas=[{"country": "AM", "floor": 0, "ceiling": 1}])
    assert PROMISE not in await _page(abroad, await _draft(abroad))


async def test_a_call_says_before_it_opens_how_an_order_counts(abroad: Abroad) -> None:
    """Its page says it in words, a revision may change it before the first day, and not from then on."""
    opens = clock.today() + timedelta(days=7)
    await _call(abroad, wishes="wishes_first", opens=str(opens))
    address = f"/applications/calls/{abroad.of.call['id']}"
    sentence = "Their order comes first. Points decide among the others."
    assert sentence in html.unescape((await abroad.of.as_("ani").get(address)).text)
    draft = await abroad.post("programme", f"/calls/{abroad.of.call['id']}/revise", status=201)
    form = f"/applications/calls/drafts/{draft['id']}/weights"
    programme = abroad.of.as_("programme")
    assert "Wishes first, then points" in (await programme.get(form)).text
    saved = await programme.post(form, data={"objective": "stable", "wishes": "scores"})
    assert saved.status_code == 303
    await abroad.post("programme", f"/call-drafts/{draft['id']}/revise", {"favour": True})
    assert "Points decide what suits them best." in html.unescape((await abroad.of.as_("ani").get(address)).text)
    await _call(abroad, wishes="scores")
    draft = await abroad.post("programme", f"/calls/{abroad.of.call['id']}/revise", status=201)
    body = {"entry": {"wishes": "wishes_first"}}
    await programme.patch(f"/applications/api/v1/call-drafts/{draft['id']}", json=body)
    late = await programme.post(f"/applications/api/v1/call-drafts/{draft['id']}/revise", json={"favour": True})
    assert late.status_code == 422
    assert "You can no longer change how an order counts" in late.text
