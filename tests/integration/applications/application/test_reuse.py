"""Tests of applying again with earlier answers, and of the order of the home page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.privacy_notice import VERSION
from shared.web.site import unbroken
from tests.integration.applications.conftest import call_terms, days

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


async def _next_call(programme: Programme) -> dict[str, Any]:
    """Publish next year's call, with other topics."""
    funds = await programme.get("programme", "/funds")
    terms = call_terms(funds["items"][0]["id"]) | {"topics": ["online_crime"]}
    made: dict[str, Any] = await programme.post("programme", "/calls", terms, 201)
    return made


def _before(application: dict[str, Any]) -> str:
    """Return how the page of a draft begins to offer the answers of an earlier application."""
    return str(unbroken(f"You have applied before ({application['reference']}"))


async def _begin(programme: Programme, call: dict[str, Any], subject: str = "ani") -> str:
    body = {"call_id": call["id"], "kind": "study_visit"}
    return str((await programme.post(subject, "/applications", body, 201))["id"])


async def test_earlier_answers_are_reused_by_form(programme: Programme) -> None:
    """A draft offers them once, outdated answers are named on their page, and the others are filled in."""
    past = {"start": str(days(-30)), "end": str(days(-10))}
    ahead = {"start": str(days(90)), "end": str(days(120))}
    old = await programme.submitted(topics=["online_crime", "criminal_networks"], periods=[past, ahead])
    draft = await _begin(programme, await _next_call(programme))
    mine = f"/applications/mine/{draft}"
    page = (await programme.as_("ani").get(mine)).text
    assert _before(old) in page
    taken = await programme.as_("ani").post(f"{mine}/again")
    assert taken.headers["location"] == f"{mine}?done=again"
    page = (await programme.as_("ani").get(mine)).text
    assert "You have applied before" not in page
    assert "This call does not include these topics: Most threatening criminal networks" in page
    assert "Periods that have ended were left out." in page
    answers = (await programme.get("ani", f"/applications/{draft}"))["answers"]
    assert (answers["topics"], answers["periods"], answers["privacy_version"]) == (["online_crime"], [ahead], None)
    assert answers["objectives"] == ["Learn how seized devices are searched."]
    again = await programme.as_("ani").post(f"{mine}/again")
    assert again.headers["location"] == mine


async def test_an_application_of_the_same_kind_is_offered_first(programme: Programme) -> None:
    """An application of the same kind is offered first, else one of the other kind."""
    visit = await programme.submitted()
    body = {"call_id": (await _next_call(programme))["id"], "kind": "mentee"}
    draft = await programme.post("ani", "/applications", body, 201)
    mine = f"/applications/mine/{draft['id']}"
    assert _before(visit) in (await programme.as_("ani").get(mine)).text
    await programme.as_("ani").post(f"{mine}/again")
    answers = (await programme.get("ani", f"/applications/{draft['id']}"))["answers"]
    assert answers["line_manager_email"] == "vardan@police.example"
    privacy = {"privacy_version": VERSION}
    await programme.as_("ani").put(f"/applications/api/v1/applications/{draft['id']}/answers", json=privacy)
    mentee = await programme.post("ani", f"/applications/{draft['id']}/submit")
    newer = {"kind": "study_visit", "answers": programme.answers(), "privacy": True, "submit": True}
    await programme.post("ani", "/applications", body | newer, 201)
    later = await programme.post("ani", "/applications", {**body, "call_id": (await _next_call(programme))["id"]}, 201)
    shown = (await programme.as_("ani").get(f"/applications/mine/{later['id']}")).text
    assert _before(mentee) in shown


async def test_answers_that_are_not_reused(programme: Programme) -> None:
    """Other people's answers and drafts are not reused, and no written answer is replaced."""
    old = await programme.submitted()
    call = await _next_call(programme)
    draft, theirs = await _begin(programme, call), await _begin(programme, call, "nino")
    await programme.post("nino", f"/applications/{theirs}/again", {"earlier_id": old["id"]}, 404)
    await programme.post("nino", f"/applications/{draft}/again", {"earlier_id": old["id"]}, 404)
    await programme.post("ani", f"/applications/{draft}/again", {"earlier_id": draft}, 404)
    await programme.as_("ani").post(f"/applications/mine/{draft}/service", data={"unit": "Cyber unit", "later": "1"})
    assert "You have applied before" not in (await programme.as_("ani").get(f"/applications/mine/{draft}")).text
    await programme.post("ani", f"/applications/{draft}/again", {"earlier_id": old["id"]}, 409)


async def test_applications_that_need_the_officer_come_first(programme: Programme) -> None:
    """A question from the coordinator comes before a draft, and a draft before an application that waits."""
    sent = await programme.submitted()
    call = await _next_call(programme)
    draft = await _begin(programme, call)
    home = (await programme.as_("ani").get("/applications/")).text
    assert home.index(f"/applications/mine/{draft}") < home.index(f"/applications/mine/{sent['id']}")
    await programme.post("tigran", f"/applications/{sent['id']}/return", {"remarks": {"topics": "Which one?"}})
    home = (await programme.as_("ani").get("/applications/")).text
    assert home.index(f"/applications/mine/{sent['id']}") < home.index(f"/applications/mine/{draft}")
