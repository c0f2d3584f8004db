"""Hosts, mentors, coordinators and officers can do everything on pages, without JavaScript."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.applications.placements.model.placement import STEPS
from shared.contracts import mentorships, visits
from shared.identity.versions import FIELD
from shared.time import clock
from tests.support import ticked_versions

if TYPE_CHECKING:
    import httpx2

    from tests.integration.applications.abroad import Abroad

BOTH_SCRIPTS = 'Ani Petrosyan (<span lang="hy">Անի Պետրոսյան</span>)'
"""The officer's name as it is written in both scripts, the second one with its language."""


async def read(abroad: Abroad, subject: str, address: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await abroad.of.as_(subject).get(address)
    assert answer.status_code == status, answer.text
    return answer.text


async def send(
    abroad: Abroad, subject: str, address: str, data: dict[str, Any] | None = None, status: int = 303
) -> httpx2.Response:
    """Send a form as a person."""
    answer = await abroad.of.as_(subject).post(address, data=data or {})
    assert answer.status_code == status, re.findall(r'error-message">(.*?)</p>', answer.text, re.DOTALL)
    return answer


def written(day: Any, name: str) -> dict[str, str]:
    """Return a date as a form sends it."""
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def offer_form(**changes: Any) -> dict[str, Any]:
    """Return the placement's form, filled in."""
    start = clock.today() + timedelta(days=70)
    return {
        "title": "A week with the cybercrime unit",
        "city": "Lyon",
        "topics": ["online_crime"],
        "expertise": ["analysis"],
        "outline": "Case work.",
        "places": "2",
        **written(start, "periods-0-start"),
        **written(start + timedelta(days=60), "periods-0-end"),
        "periods-0-places_per_week": "1",
        "days": "5",
        "group_size": "1",
        "languages-0-language": "en",
        "languages-0-level": "B1",
        "security": "Identity document.",
        **changes,
    }


def step(code: str, **changes: Any) -> dict[str, Any]:
    """Return one step of the placement's form, filled in."""
    names = STEPS[code][1]
    filled = {name: value for name, value in offer_form().items() if name.partition("-")[0] in names}
    return {"part": code, **filled, **changes}


async def test_a_host_offers_and_a_coordinator_endorses(abroad: Abroad) -> None:
    """A placement is drafted, submitted, returned, changed, endorsed, published, revised and paused."""
    new = f"/applications/offers/new?call={abroad.of.call['id']}"
    assert "Add a placement" in await read(abroad, "claire", "/applications/offers")
    assert "Outline of the agenda" in await read(abroad, "claire", new)
    made = await send(abroad, "claire", new, step("what"))
    at, _, onward = made.headers["location"].partition("/edit")
    assert onward == "?step=when"
    more = await send(abroad, "claire", f"{at}/edit", step("when", row="add:periods"), 200)
    assert "periods-1-start-day" in more.text
    for code in ("who", "security"):
        await send(abroad, "claire", f"{at}/edit", step(code))
    await send(abroad, "claire", f"{at}/edit", step("when", places=""))
    lacking = await send(abroad, "claire", f"{at}/submit", {}, 422)
    assert "Enter how many guests you can take in total" in lacking.text
    await send(abroad, "claire", f"{at}/edit", step("when", record_version="offer.0.1"), 412)
    page = await read(abroad, "claire", f"{at}/edit?step=when")
    await send(abroad, "claire", f"{at}/edit", step("when", **ticked_versions(page)))
    await send(abroad, "claire", f"{at}/submit")
    assert "Endorse" in await read(abroad, "luc", at)
    await read(abroad, "paul", at, 404)
    await send(abroad, "luc", f"{at}/return", {}, 422)
    await send(abroad, "luc", f"{at}/return", {"places": "Only two?"})
    assert "Places and periods: Only two?" in await read(abroad, "claire", f"{at}/edit")
    assert "Answer questions" in await read(abroad, "claire", "/applications/")
    assert "Only two?" in await read(abroad, "claire", at)
    await send(abroad, "claire", f"{at}/edit", step("when", places="3"))
    await send(abroad, "claire", f"{at}/submit")
    await send(abroad, "luc", f"{at}/endorse")
    await send(abroad, "claire", f"{at}/publish")
    again = await send(abroad, "claire", f"{at}/publish")
    assert "Published" in await read(abroad, "claire", again.headers["location"])
    shown = await send(abroad, "claire", f"{at}/edit", step("when", places="4"), 200)
    assert "What changes" in shown.text
    await send(abroad, "claire", f"{at}/edit", step("when", places="4", told="1"))
    await send(abroad, "claire", f"{at}/pause")
    await send(abroad, "claire", f"{at}/withdraw", {"reason": "operational_duty"})
    assert "Withdrawn" in await read(abroad, "luc", "/applications/offers")
    assert (await abroad.get("claire", "/offers"))["items"][0]["entry"]["places"] == 4
    await send(abroad, "claire", f"{at}/nonsense", status=404)


async def test_a_mentor_writes_a_profile(abroad: Abroad) -> None:
    """A mentor begins, reads what is missing, publishes, and pauses."""
    assert "Write your profile" in await read(abroad, "jonas", "/applications/mentors")
    begun = await send(abroad, "jonas", f"/applications/mentors/new?call={abroad.of.call['id']}")
    edit = begun.headers["location"]
    assert "Your areas of expertise" in await read(abroad, "jonas", edit)
    form = {"service": "police", "rank_group": "supervisor", "minimum_level": "B1", "capacity": "2", "publish": "1"}
    lacking = await send(abroad, "jonas", edit, form, 422)
    assert "Add at least one area of expertise" in lacking.text
    form |= {"expertise-0-area": "analysis", "expertise-0-level": "3", "expertise-0-years": "12"}
    form |= {"languages-0-language": "en", "languages-0-level": "C1", "topics": "online_crime"}
    form |= written(clock.today(), "periods-0-start")
    form |= written(clock.today() + timedelta(days=200), "periods-0-end")
    at = (await send(abroad, "jonas", edit, form)).headers["location"]
    assert "Published" in await read(abroad, "jonas", at)
    assert 'value="2" checked' in await read(abroad, "jonas", edit)
    form.pop("publish")
    shown = html.unescape(
        (await send(abroad, "jonas", edit, form | {"capacity": "4", "about": "I follow money."}, 200)).text
    )
    for text in ("What changes", "Maximum number of mentees", "I follow money.", "No mentee is affected yet."):
        assert text in shown
    assert "Areas of expertise" not in shown
    mentor = (await abroad.get("jonas", "/mentors"))["items"][0]
    assert mentor["entry"]["capacity"] == 2
    back = await send(abroad, "jonas", edit, form | {"capacity": "4", "back": "1"}, 200)
    assert 'value="4" checked' in back.text
    opened = ticked_versions(await read(abroad, "jonas", edit))
    await send(abroad, "jonas", edit, form | opened | {"capacity": "4", "told": "1"})
    stale = await send(abroad, "jonas", edit, form | opened | {"capacity": "1", "told": "1"}, 412)
    assert "This was changed after you opened it" in stale.text
    assert "many mentees can you take?" in stale.text.partition("Your version")[2].partition("</table>")[0]
    assert (await abroad.get("jonas", "/mentors"))["items"][0]["entry"]["capacity"] == 4
    await send(abroad, "jonas", edit, form | {"capacity": "4"})
    await send(abroad, "jonas", edit.replace("edit", "pause"))
    assert "Paused" in await read(abroad, "jonas", "/applications/mentors")


async def test_a_match_is_cleared_and_answered(abroad: Abroad) -> None:
    """Each person sees their tasks, clears or answers once, and sees no name too early."""
    match_id = await abroad.placement_matched()
    at = f"/applications/matches/{match_id}"
    assert "Ani Petrosyan" in await read(abroad, "tigran", "/applications/matches?state=waits")
    assert "Clear match" in await read(abroad, "tigran", "/applications/")
    assert "Clear match" not in await read(abroad, "luc", "/applications/")
    page = await read(abroad, "luc", at)
    assert "Petrosyan" not in page
    assert "Operational" in page
    await send(abroad, "tigran", f"{at}/clear", {"side": "home"})
    await send(abroad, "tigran", f"{at}/clear", {"side": "home"})
    assert BOTH_SCRIPTS in await read(abroad, "luc", at)
    assert "Petrosyan" not in await read(abroad, "claire", at)
    assert "Petrosyan" not in await read(abroad, "programme", at)
    await send(abroad, "luc", f"{at}/refuse", {}, 422)
    await read(abroad, "luc", f"{at}/refuse")
    await abroad.offered(match_id, "luc", "luc")
    assert "Do you accept?" in await read(abroad, "ani", at)
    refused = await send(abroad, "ani", f"{at}/answer", {"answer": "decline"}, 422)
    assert "Choose why you decline" in refused.text
    await send(abroad, "ani", f"{at}/answer", {"answer": "accept"})
    await send(abroad, "ani", f"{at}/answer", {"answer": "accept"})
    page = await read(abroad, "ani", at)
    assert "We have received your answer. The match is confirmed when the other side accepts too." in page
    assert "Do you accept?" not in page
    await send(abroad, "claire", f"{at}/answer", {"answer": "accept"})
    for side in ("ani", "claire"):
        assert "The other side accepted too, and the match is being confirmed." in await read(abroad, side, at)
    await read(abroad, "nino", at, 404)
    await read(abroad, "ani", f"{at}/cancel")


async def test_a_visit_on_pages(abroad: Abroad) -> None:
    """An agenda is agreed, attendance is recorded by day, and forms are opened with a ticket."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    at = f"/applications/visits/{visit_id}"
    assert "Visits" in await read(abroad, "claire", "/applications/visits")
    assert "Ani Petrosyan" in await read(abroad, "claire", "/applications/visits")
    assert BOTH_SCRIPTS in await read(abroad, "claire", at)
    assert "Before travel" in await read(abroad, "ani", at)
    [opened, *_] = re.findall(rf'name="{FIELD}" value="(visit[^"]+)"', await read(abroad, "ani", at))
    await send(abroad, "claire", f"{at}/agenda", {"text": "Monday: briefing."})
    late = await send(abroad, "ani", f"{at}/agenda", {"text": "Another one.", FIELD: opened}, 412)
    for text in ("Your version", "Another one.", "Saved version", "Monday: briefing."):
        assert text in late.text
    page = await read(abroad, "ani", at)
    assert "Changes since version 1" in page
    assert "<ins>briefing.</ins>" in page or "<ins>Monday: briefing.</ins>" in page
    for somebody in ("ani", "claire", "claire"):
        await send(abroad, somebody, f"{at}/agenda/agree", {"version": "2"})
    assert "agrees to the agenda" not in await read(abroad, "claire", at)
    for text in ("Monday: tour.", "Monday: long tour."):
        await send(abroad, "claire", f"{at}/agenda", {"text": text})
    # What was agreed was version 2: the difference is to that one, whatever lay between.
    page = await read(abroad, "ani", at)
    assert "Changes since the version you agreed to" in page
    assert "<del>briefing.</del>" in page
    assert "<ins>long tour.</ins>" in page
    assert "Was the guest there?" not in await read(abroad, "claire", at)
    clock.move(timedelta(days=80))
    page = await read(abroad, "claire", at)
    assert "Was the guest there?" in page
    assert "did not come at all" in page
    days = abroad.plan(match_id)["days"]
    await read(abroad, "claire", f"{at}/no-show")
    await send(abroad, "claire", f"{at}/attendance", {f"day-{days[0]}": "yes", f"day-{days[1]}": "no"})
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    assert days[2] in await read(abroad, "claire", f"{at}/early-return")
    await send(abroad, "claire", f"{at}/early-return", {"last_day": ""}, 422)
    await send(abroad, "claire", f"{at}/early-return", {"last_day": days[0], "reason": "health"})
    ended = {"attended": days[:1], "attended_days": 1, "required_days": 5, "ended_on": days[0], "early": True}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, **ended)
    assert "Write your report" in await read(abroad, "ani", at)
    page = await read(abroad, "claire", at)
    assert "Evaluate the visit" in page
    assert "Write your report" not in page
    on = await abroad.of.as_("claire").get(f"{at}/forms/evaluation")
    assert on.headers["location"].startswith(f"/reporting/evaluations/host.{visit_id}?ticket=")
    assert (await abroad.get("ani", f"/applications/{abroad.pairings[match_id]['application_id']}"))["state"] == "ended"


async def test_a_mentorship_on_pages(abroad: Abroad) -> None:
    """Both sign, set a goal, log and confirm a session on pages; a coordinator sees neither goal nor note."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    at = f"/applications/mentorships/{mentorship_id}"
    assert "Sign the agreement" in await read(abroad, "nino", f"{at}/agreement")
    for somebody in ("nino", "jonas", "jonas"):
        await send(abroad, somebody, f"{at}/sign")
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today()
    )
    await send(abroad, "nino", f"{at}/goals", {"text": ""}, 422)
    await send(abroad, "nino", f"{at}/goals", {"text": "Read a network chart."})
    tomorrow = written(clock.today() + timedelta(days=1), "held_on")
    early = await send(abroad, "jonas", f"{at}/sessions", {"minutes": "60", **tomorrow}, 422)
    assert "is in the future" in early.text
    session = {"minutes": "60", "note": "We began.", **written(clock.today(), "held_on")}
    await send(abroad, "jonas", f"{at}/sessions", session)
    page = await read(abroad, "nino", at)
    assert "Confirm this session" in page
    assert "Jonas Kazlauskas" in page
    session = (await abroad.get("nino", f"/mentorships/{mentorship_id}"))["sessions"][0]
    await send(abroad, "nino", f"{at}/sessions/{session['id']}/confirm")
    goal = (await abroad.get("nino", f"/mentorships/{mentorship_id}"))["goals"][0]
    await send(abroad, "nino", f"{at}/goals/{goal['id']}/close", {"met": "yes"})
    page = await read(abroad, "jonas", at)
    assert ">Met</strong>" in page
    assert "1 of 1 goal is met." in page
    [session_progress] = re.findall(r"1 of (\d+) required sessions are confirmed\.(?= <)", page)
    assert f'max="{session_progress}" value="1"' in page
    page = await read(abroad, "giorgi", at)
    assert "goal is met" not in page
    assert "network chart" not in page
    assert "We began." not in page
    assert "Nino Beridze" in await read(abroad, "jonas", "/applications/mentorships")
    await read(abroad, "nino", f"{at}/end")
    await send(abroad, "nino", f"{at}/end", {"reason": ""}, 422)
    await send(abroad, "nino", f"{at}/end", {"reason": "operational_duty"})
