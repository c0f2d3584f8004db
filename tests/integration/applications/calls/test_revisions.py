"""Tests of revisions: submitted applications keep their rules, unless they gain and the coordinator allows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.time import clock
from tests.integration.applications.call_forms import CALLS, revision, second_coordinator
from tests.integration.applications.test_stale_forms import buttons, form_to, keep, table
from tests.support import items

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

STRICTER = {"languages": ["en", "fr"], "minimum_level": "C1", "countries": ["AM", "GE", "MD"]}
MILDER = {"languages": ["en", "fr"], "minimum_level": "A2", "countries": ["AM", "GE", "MD"]}
A2 = [{"language": "en", "level": "A2"}, {"language": "hy", "level": "NS"}]


async def _is_met(programme: Programme, application_id: str, rule: str = "language") -> bool:
    """Return whether an application meets a rule, as its officer reads it."""
    shown = await programme.get("ani", f"/applications/{application_id}")
    return bool(next(revision["met"] for revision in shown["eligibility"] if revision["rule"] == rule))


async def _last_revision(programme: Programme) -> dict[str, Any]:
    events = await programme.journal("exchange.calls")
    return next(payload for kind, _, payload in reversed(events) if kind == "CallRevised")


async def test_stricter_rules_do_not_affect_submitted_applications(programme: Programme) -> None:
    """An application submitted under B1 is judged by B1 for everybody, and a draft by C1."""
    made = await programme.submitted()
    draft = await programme.post("nino", "/applications", {"call_id": programme.call["id"], "kind": "study_visit"}, 201)
    new = await revision(programme, rules=STRICTER)
    effects = await programme.get("programme", f"/call-drafts/{new}/effects")
    assert [
        (effect["reference"], effect["effect"], effect["lost"], effect["moves"]) for effect in effects["applications"]
    ] == [(made["reference"], "worse", ["language"], False)]
    done = await programme.post("programme", f"/call-drafts/{new}/revise", {"favour": True})
    assert done["revision"] == 2
    assert (await _last_revision(programme))["touches"] == []
    assert await _is_met(programme, made["id"])
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    case = (await programme.as_("tigran").get(f"/applications/cases/{made['id']}")).text
    assert "at level B1 or higher" in case
    judged = await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    assert [revision["eligible"] for revision in judged["done"]] == [True]
    payloads = [payload for kind, _, payload in await programme.journal("exchange.applications") if "Eligible" in kind]
    assert [payload["rules_version"] for payload in payloads] == [1]
    written = {"languages": [{"language": "en", "level": "B2"}]}
    path = f"/applications/api/v1/applications/{draft['id']}/answers"
    assert (await programme.as_("nino").put(path, json=written)).status_code == 200
    page = (await programme.as_("nino").get(f"/applications/mine/{draft['id']}")).text
    assert "at level C1 or higher" in page


@pytest.mark.parametrize("favour", [True, False])
async def test_milder_rules_apply_to_submitted_applications_if_chosen(programme: Programme, favour: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Exactly the application that gains moves and is in the event if chosen; otherwise none moves."""
    gains = await programme.submitted(languages=A2)
    await programme.submitted("nino", rank_group="operational", years_in_field=6)
    assert not await _is_met(programme, gains["id"])
    new = await revision(programme, rules=MILDER)
    page = (await programme.as_("programme").get(f"{CALLS}/drafts/{new}/effects")).text
    assert "1 submitted application would be judged differently." in page
    assert f'href="/applications/cases/{gains["id"]}"' in page
    digest = re.search(r'name="seen" value="(\w+)"', page)
    assert digest
    data = {"favour": "yes" if favour else "no", "seen": digest.group(1), "moving": "1"}
    unsaid = await programme.as_("programme").post(f"{CALLS}/drafts/{new}/revise", data=data | {"favour": ""})
    assert unsaid.status_code == 422
    done = await programme.as_("programme").post(f"{CALLS}/drafts/{new}/revise", data=data)
    assert done.headers["location"] == f"{CALLS}/{programme.call['id']}?done=revised"
    assert (await _last_revision(programme))["touches"] == ([gains["id"]] if favour else [])
    assert await _is_met(programme, gains["id"]) is favour
    own = (await programme.as_("ani").get(f"/applications/mine/{gains['id']}")).text
    assert ("new rules apply because they favour this application" in own) is favour


async def test_a_change_since_the_page_was_opened_stops_the_revision(programme: Programme) -> None:
    """An application that arrived in between is shown beside the page's effects, and its rules can be chosen there."""
    new = await revision(programme, rules=MILDER)
    effects = await programme.get("programme", f"/call-drafts/{new}/effects")
    at, client = f"{CALLS}/drafts/{new}/revise", programme.as_("programme")
    form = form_to((await client.get(f"{CALLS}/drafts/{new}/effects")).text, at)
    assert "favour" not in form
    made = await programme.submitted(languages=A2)
    body = {"favour": True, "digest": effects["digest"]}
    await programme.post("programme", f"/call-drafts/{new}/revise", body, 409)
    page = await client.post(at, data=form)
    keep("revision", page)
    assert page.status_code == 412
    assert "Applications have arrived or changed since you opened this page." in page.text
    compared = table(page.text)
    then, now = compared[made["reference"]]
    assert then == "Empty"
    assert now == "Armenia. Better: Language at the level of the call. Can move to the new rules Changed"
    assert compared["Affected applications"] == ("None", "Armenia: better 1, worse 0 Changed")
    assert compared["Requirements for officers"][0] == compared["Requirements for officers"][1]
    assert buttons(page.text) == ["Publish revision all the same"]
    assert "Should applications that benefit be judged by the new rules?" in page.text
    choice = form_to(page.text, at)
    assert "favour" not in choice
    assert (await client.post(at, data=choice)).status_code == 422
    assert (await client.post(at, data=choice | {"favour": ["yes"]})).status_code == 303
    assert (await _last_revision(programme))["touches"] == [made["id"]]


async def test_one_revision_at_a_time_is_shared(programme: Programme) -> None:
    """A second coordinator who revises finds the revision that the first began, and publishes it once."""
    ada = await second_coordinator(programme)
    new = await revision(programme, group_size=3)
    path = f"{CALLS}/{programme.call['id']}/revise"
    assert (await programme.as_(ada).post(path)).headers["location"] == f"{CALLS}/drafts/{new}"
    await programme.post(ada, f"/call-drafts/{new}/publish", status=409)
    for _ in range(2):
        answer = await programme.post(ada, f"/call-drafts/{new}/revise", {"favour": False})
        assert answer["revision"] == 2
        form = {"favour": "no", "seen": "", "moving": "0"}
        again = await programme.as_(ada).post(f"{CALLS}/drafts/{new}/revise", data=form)
        assert again.headers["location"].startswith(f"{CALLS}/{programme.call['id']}?")
    events = await programme.journal("exchange.calls")
    assert [kind for kind, _, _ in events].count("CallRevised") == 1
    for who, favour in (("programme", False), (ada, True)):
        other = await programme.post(who, f"/call-drafts/{new}/revise", {"favour": favour}, 409)
        assert "This revision was published on" in other["detail"]


async def test_fixed_terms_cannot_be_revised(programme: Programme) -> None:
    """A kind with applications, a past opening day, a past deadline and the scheme cannot be revised."""
    await programme.submitted()
    past = datetime.combine(clock.today() - timedelta(days=2), datetime.min.time(), UTC).isoformat()
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "kinds": ({"kinds": ["mentee"]}, "There are already applications for this: Study visit."),
        "opens": ({"opens": str(clock.today())}, "You can no longer change that day."),
        "deadline": ({"deadline": past}, "has passed. Enter a future day"),
        "scheme": ({"scheme": "empact-2022", "topics": ["cyber_attacks"]}, "Keep this scheme, or write a new call."),
    }
    for field, (changes, reason) in wrong.items():
        new = await revision(programme, **changes)
        answer = await programme.post("programme", f"/call-drafts/{new}/revise", {"favour": False}, 422)
        assert field in str(answer)
        assert reason in str(answer)
        page = await programme.as_("programme").get(f"{CALLS}/drafts/{new}/effects")
        assert page.status_code == 422
        assert reason in page.text
        assert (await programme.as_("programme").delete(f"/applications/api/v1/call-drafts/{new}")).status_code == 204
    same = await revision(programme)
    unchanged = await programme.post("programme", f"/call-drafts/{same}/revise", {"favour": False}, 422)
    assert "You have not changed anything in this call." in str(unchanged)


async def test_the_history_says_what_each_revision_changed(programme: Programme) -> None:
    """Everybody reads the removed and added sentences, and only coordinators read who made the revision."""
    new = await revision(programme, rules=MILDER, group_size=3)
    await programme.post("programme", f"/call-drafts/{new}/revise", {"favour": False})
    path = f"{CALLS}/{programme.call['id']}/history"
    page = (await programme.as_("ani").get(path)).text
    assert "<del>You speak English or French at level B1 or higher.</del>" in page
    assert "<ins>You speak English or French at level A2 or higher.</ins>" in page
    assert "<ins>A group has at most 3 members.</ins>" in page
    assert "Programme coordinator</p>" not in page
    answer = (await programme.get("ani", f"/calls/{programme.call['id']}/revisions"))["items"]
    assert [revision["revision"] for revision in answer] == [2, 1]
    assert {change["section"] for change in answer[0]["changes"]} == {"rules", "quotas"}


async def test_a_closed_call_is_not_revised(programme: Programme) -> None:
    """Closing deletes a revision in progress, and none can be begun afterwards."""
    new = await revision(programme, group_size=3)
    await programme.post("programme", f"/calls/{programme.call['id']}/close")
    await programme.get("programme", f"/call-drafts/{new}", 404)
    await programme.post("programme", f"/calls/{programme.call['id']}/revise", status=409)


async def test_an_application_that_came_back_keeps_its_revision(programme: Programme) -> None:
    """An application that was returned and submitted again is judged by the revision of its first submission."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"periods": "When?"}})
    new = await revision(programme, rules=STRICTER)
    await programme.post("programme", f"/call-drafts/{new}/revise", {"favour": False})
    again = await programme.as_("ani").post(f"/applications/mine/{made['id']}/check")
    assert again.status_code == 303, again.text
    assert await _is_met(programme, made["id"])


async def test_the_closing_page_shows_open_applications(programme: Programme) -> None:
    """Page and API count the applications by state, with links and the outcome of each state."""
    await programme.submitted()
    path = f"{CALLS}/{programme.call['id']}/close"
    page = (await programme.as_("programme").get(path)).text
    assert f'href="/applications/cases?state=submitted&amp;call={programme.call["id"]}"' in page
    assert "Officers are notified at once that no place was found" in page
    left = await programme.get("programme", f"/calls/{programme.call['id']}/left")
    assert left["items"] == [{"state": "submitted", "count": 1, "becomes": "unplaced", "awaited": 0}]
    assert (await programme.as_("ani").get(path)).status_code == 403
    closed = await programme.as_("programme").post(path)
    assert closed.headers["location"] == f"{CALLS}/{programme.call['id']}?done=closed"
    assert (await programme.as_("programme").get(path)).status_code == 409
