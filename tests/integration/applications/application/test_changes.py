"""Tests of changes after submission: with a reason, before an offer, and who sees the old answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shared.contracts import outcomes
from shared.identity.versions import FIELD
from shared.ids import new_id

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

TOPIC = "exchange.applications"
REASON = {"reason": "timetable_conflict", "text": "The unit moves in spring"}


async def _changed(programme: Programme) -> list[dict[str, Any]]:
    return [data for kind, _, data in await programme.journal(TOPIC) if kind == "ApplicationChanged"]


async def test_a_change_by_form_shows_old_and_new(programme: Programme) -> None:
    """The page asks for a reason, the coordinator reads old and new answers, and no event has the text."""
    made = await programme.submitted()
    mine = f"/applications/mine/{made['id']}"
    assert f"{mine}/change/objectives" in (await programme.as_("ani").get(f"{mine}/change")).text
    page = await programme.as_("ani").get(f"{mine}/change/objectives")
    assert "Learn how seized devices are searched." in page.text
    [version] = re.findall(rf'name="{FIELD}" value="([^"]+)"', page.text)
    data = {
        "objectives-0-text": "Follow money across borders",
        "cascade_committed": "yes",
        "cascade_plan": "A training day for my unit.",
        FIELD: version,
    }
    without = await programme.as_("ani").post(f"{mine}/change/objectives", data=data)
    assert without.status_code == 422
    assert "Follow money across borders" in without.text
    whole = data | {"change_reason": REASON["reason"], "change_text": REASON["text"]}
    rows = await programme.as_("ani").post(f"{mine}/change/objectives", data=whole | {"row": "add:objectives"})
    assert 'name="objectives-1-text"' in rows.text
    saved = await programme.as_("ani").post(f"{mine}/change/objectives", data=whole)
    assert saved.headers["location"] == f"{mine}?done=changed"
    again = await programme.as_("ani").post(
        f"{mine}/change/objectives", data=whole | {"objectives-0-text": "From an old page"}
    )
    assert again.status_code == 412
    for text in ("Your version", "From an old page", "Saved version", "Follow money across borders"):
        assert text in again.text
    for subject, address in (("ani", mine), ("tigran", f"/applications/cases/{made['id']}")):
        shown = (await programme.as_(subject).get(address)).text
        assert "Learn how seized devices are searched." in shown
        assert "Follow money across borders" in shown
        assert REASON["text"] in shown
    (event,) = await _changed(programme)
    assert (event["sections"], event["reason"], event["state"]) == (["objectives"], "timetable_conflict", "submitted")
    assert "money" not in str(event)


async def test_a_change_of_languages_needs_a_new_endorsement(programme: Programme) -> None:
    """A change of expertise keeps the endorsement; a change of languages needs a new one, with a new deadline."""
    made = await programme.submitted()
    address = f"/applications/{made['id']}/change"
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    body = {"answers": {"expertise": [{"area": "forensics", "level": 1, "years": 2}]}, **REASON}
    assert (await programme.post("ani", address, body))["state"] == "endorsed"
    body = {"answers": {"languages": [{"language": "en", "level": "C1"}]}, **REASON}
    answer = await programme.post("ani", address, body)
    assert (answer["state"], answer["due"] is not None) == ("submitted", True)
    same = await programme.post("ani", address, body)
    assert same["since"] == answer["since"]
    events = await _changed(programme)
    assert [(event["state"], event["due"] is None) for event in events] == [("endorsed", True), ("submitted", False)]
    await programme.post("tigran", f"/applications/{made['id']}/endorse")


async def test_changes_that_are_refused(programme: Programme) -> None:
    """Other people's applications, drafts, returned ones, incomplete answers and fixed fields cannot be changed."""
    made = await programme.submitted()
    address, mine = f"/applications/{made['id']}/change", f"/applications/mine/{made['id']}/change"
    body = {"answers": {"topics": ["criminal_networks"]}, **REASON}
    await programme.post("nino", address, body, 404)
    assert (await programme.as_("nino").get(f"{mine}/topics")).status_code == 404
    assert (await programme.as_("ani").get(f"{mine}/privacy")).status_code == 404
    await programme.post("ani", address, {**body, "answers": {"topics": []}}, 422)
    await programme.post("ani", address, {**body, "answers": {"line_manager_name": "Somebody"}}, 422)
    await programme.post("ani", address, {"answers": {"topics": ["criminal_networks"]}}, 422)
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"topics": "Which one?"}})
    await programme.post("ani", address, body, 409)
    assert (await programme.as_("ani").get(mine)).status_code == 303
    assert (await programme.as_("ani").post(f"{mine}/topics", data={})).status_code == 409
    draft = await programme.post("nino", "/applications", {"call_id": programme.call["id"], "kind": "mentee"}, 201)
    await programme.post("nino", f"/applications/{draft['id']}/change", body, 409)


async def test_an_application_with_an_offer_can_only_be_withdrawn(abroad: Abroad) -> None:
    """After the offer the page offers only to withdraw, and after completion not even that."""
    match_id = await abroad.placement_matched()
    (before,) = (await abroad.get("ani", "/applications"))["items"]
    mine = f"/applications/mine/{before['id']}"
    assert f"{mine}/change" in (await abroad.of.as_("ani").get(mine)).text
    await abroad.offered(match_id, "tigran", "luc")
    shown = (await abroad.of.as_("ani").get(mine)).text
    assert f"{mine}/change" not in shown
    assert f"{mine}/withdraw" in shown
    body = {"answers": {"topics": ["criminal_networks"]}, **REASON}
    await abroad.post("ani", f"/applications/{before['id']}/change", body, 409)


async def test_a_line_manager_is_notified_once(programme: Programme, feed: Feed) -> None:
    """A line manager is notified on submission or when newly named, once per address, and not after the follow-up."""
    made = await programme.submitted()
    mine, address = f"/applications/mine/{made['id']}/line-manager", f"/applications/{made['id']}/line-manager"

    async def times_named() -> int:
        return [kind for kind, _, _ in await programme.journal(TOPIC)].count("LineManagerNamed")

    assert await times_named() == 1
    assert "Vardan Sargsyan" in (await programme.as_("ani").get(mine)).text
    wrong = await programme.as_("ani").post(mine, data={"line_manager_name": "Anna", "line_manager_email": "anna"})
    assert wrong.status_code == 422
    data = {"line_manager_name": "Anna Grigoryan", "line_manager_email": "Anna@police.example"}
    saved = await programme.as_("ani").post(mine, data=data)
    assert saved.headers["location"] == f"/applications/mine/{made['id']}?done=manager"
    assert await times_named() == 2

    async def put(subject: str, email: str) -> int:
        body = {"name": "Vardan Sargsyan", "email": email}
        return (await programme.as_(subject).put(f"/applications/api/v1{address}", json=body)).status_code

    assert await put("ani", "VARDAN@police.example") == 200
    assert await put("ani", "anna@police.example") == 200
    assert await times_named() == 2
    assert await put("nino", "anna@police.example") == 404
    assert await put("ani", "") == 422
    example = dict(outcomes.FollowUpSubmitted.example) | {"application_id": made["id"], "by": "manager"}
    await feed.deliver((outcomes.FollowUpSubmitted.model_validate(example), new_id()))
    assert await put("ani", "other@police.example") == 409
    shown = await programme.as_("ani").get(mine)
    assert (shown.status_code, "We no longer need an answer from your line manager" in shown.text) == (200, True)
    assert 'name="line_manager_email"' not in shown.text


async def test_answers_that_changed_after_a_return_are_marked(programme: Programme) -> None:
    """Submitted again, a changed answer is marked with the old one, until the reader decides again."""
    made = await programme.submitted()
    case = f"/applications/cases/{made['id']}"
    assert "tandem-before" not in (await programme.as_("tigran").get(case)).text
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"languages": "Which level?"}})
    path, languages = f"/applications/api/v1/applications/{made['id']}/answers", [{"language": "en", "level": "C2"}]
    assert (await programme.as_("ani").put(path, json={"languages": languages})).status_code == 200
    await programme.post("ani", f"/applications/{made['id']}/submit")
    shown = (await programme.as_("tigran").get(case)).text
    mark = r'value">([^<]*) <strong [^>]*>Changed</strong><span class="tandem-before">Before: ([^<]*)</span>'
    [(now, before)] = re.findall(mark, shown)
    assert now == "English C2"
    assert before in shown.partition("What the officer changed")[2]
    assert "tandem-before" not in (await programme.as_("ani").get(f"/applications/mine/{made['id']}")).text
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    assert "tandem-before" not in (await programme.as_("tigran").get(case)).text
