"""Mentee and mentor can do everything on pages without JavaScript, and a refusal keeps the input."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import mentorships, visits
from shared.contracts.codes import Party, Reason, UnschedulableCause
from shared.ids import new_id
from shared.time import clock
from tests.support import ticked_versions

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from tests.integration.applications.abroad import Abroad

TERMS = {"rhythm": "monthly", "meeting": "remote", "aims": "Read charts."}


async def begun(abroad: Abroad) -> tuple[UUID, UUID, str]:
    """Return a pair that has begun: match, mentorship and the address of its page."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.begun(match_id)
    return match_id, mentorship_id, f"/applications/mentorships/{mentorship_id}"


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


def written(days: int, name: str) -> dict[str, str]:
    """Return a day from today as a form sends it."""
    day = clock.today() + timedelta(days=days)
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


async def test_an_agreement_in_versions(abroad: Abroad) -> None:
    """One side writes and signs a version, the other reads the additions and signs, and it can be printed."""
    _, _, at = await begun(abroad)
    assert "What are your aims?" in await read(abroad, "jonas", f"{at}/agreement/propose")
    same = {"rhythm": "regular", "meeting": "both", "version": "1"}
    assert (
        "You have not changed anything yet" in (await send(abroad, "jonas", f"{at}/agreement/propose", same, 422)).text
    )
    form = TERMS | {"version": "1", **written(50, "until")}
    check = (await send(abroad, "jonas", f"{at}/agreement/propose", form, 200)).text
    for text in ("Changed from:", "Changed to:", "Added:", "Read charts.", "Sign and propose version"):
        assert text in check
    assert 'name="aims" value="Read charts."' in check
    changing = await send(abroad, "jonas", f"{at}/agreement/propose", form | {"step": "change"}, 200)
    assert "Read charts.</textarea>" in changing.text
    await send(abroad, "jonas", f"{at}/agreement/propose", form | {"step": "sign"})
    assert "Version 2 waits for signatures." in await read(abroad, "nino", at)
    page = await read(abroad, "nino", f"{at}/agreement")
    for text in ("Version 1, in force", "Version 2, proposed", "<ins>Read charts.</ins>", "Jonas Kazlauskas"):
        assert text in page
    await send(abroad, "nino", f"{at}/sign", {"version": "1"})
    await send(abroad, "nino", f"{at}/sign", {"version": "2"})
    printed = await read(abroad, "jonas", f"{at}/agreement/versions/2")
    assert "What changed since version 1" in printed
    assert (await abroad.get("nino", f"{at[13:]}"))["agreement"]["versions"][1]["document"] in printed
    await read(abroad, "jonas", f"{at}/agreement/versions/9", 404)
    await read(abroad, "giorgi", f"{at}/agreement/versions/2", 403)
    page = await read(abroad, "giorgi", f"{at}/agreement")
    assert "Version 2" in page
    assert "Read charts." not in page


async def test_a_refused_proposal_keeps_its_input(abroad: Abroad) -> None:
    """The second of two proposals is refused, with its input and the version to be read first."""
    _, _, at = await begun(abroad)
    await send(abroad, "jonas", f"{at}/agreement/propose", TERMS | {"version": "1", "step": "sign"})
    mine = {"rhythm": "weekly", "meeting": "both", "aims": "Draw charts.", "version": "1", "step": "sign"}
    refused = (await send(abroad, "nino", f"{at}/agreement/propose", mine, 409)).text
    assert "Version 2 was written after you opened this page" in refused
    assert "Draw charts.</textarea>" in refused
    assert 'name="version" value="2"' in refused
    old = ticked_versions(await read(abroad, "nino", f"{at}/agreement/propose"))
    await send(abroad, "jonas", f"{at}/agreement/versions/2/take-back")
    await send(abroad, "jonas", f"{at}/agreement/propose", TERMS | {"version": "2", "step": "sign"})
    stale = (await send(abroad, "nino", f"{at}/agreement/propose", mine | {"version": "2"} | old, 412)).text
    assert 'name="version" value="3"' in stale
    assert "Jonas Kazlauskas last changed it on " in stale
    assert "Draw charts.</td>" in stale
    assert "Read charts.</td>" in stale
    await send(abroad, "jonas", f"{at}/agreement/versions/3/take-back")
    assert "Withdraw this version" not in await read(abroad, "jonas", f"{at}/agreement")


async def test_goals_on_pages(abroad: Abroad) -> None:
    """Progress, giving up with a reason and reopening are on pages that name their authors."""
    _, _, at = await begun(abroad)
    await send(abroad, "nino", f"{at}/goals", {"text": "Read a network chart.", **written(30, "target")})
    goal = (await abroad.get("nino", at[13:]))["goals"][0]
    here = f"{at}/goals/{goal['id']}"
    refused = await send(abroad, "jonas", f"{here}/notes", {"note": "Half of it.", "percent": "120"}, 422)
    assert "Half of it.</textarea>" in refused.text
    await send(abroad, "jonas", f"{here}/notes", {"note": "Half of it.", "percent": "50"})
    page = await read(abroad, "nino", here)
    assert "50\u00a0% reached" in page
    assert "Jonas Kazlauskas" in page
    opened = ticked_versions(page)
    await send(abroad, "jonas", f"{here}/notes", {"note": "Nearly.", "percent": "90"})
    stale = await send(abroad, "nino", f"{here}/close", {"reason": "The case is closed."} | opened, 412)
    for words in ("This was changed after you opened it", ">90</td>", ">The case is closed.</dd>"):
        assert words in stale.text
    await send(abroad, "nino", f"{here}/close", {"reason": ""}, 422)
    await send(abroad, "nino", f"{here}/close", {"reason": "The case is closed."} | ticked_versions(stale.text))
    page = await read(abroad, "jonas", here)
    assert "The case is closed." in page
    new = await send(abroad, "jonas", f"{here}/take-up")
    assert "It continues an earlier goal" in await read(abroad, "nino", new.headers["location"].partition("?")[0])
    await read(abroad, "nino", f"{at}/goals/{new_id()}", 404)
    await read(abroad, "giorgi", here, 403)


async def test_sessions_on_pages(abroad: Abroad) -> None:
    """A duplicate is queried, a dispute is answered by a correction, and the corrected session is confirmed."""
    _, _, at = await begun(abroad)
    form = {"minutes": "60", **written(0, "held_on")}
    await send(abroad, "jonas", f"{at}/sessions", form)
    refusal = await send(abroad, "nino", f"{at}/sessions", form | {"minutes": "45", "note": "Mine."}, 409)
    assert "This is another session on the same day" in refusal.text
    assert "Mine.</textarea>" in refusal.text
    session = (await abroad.get("nino", at[13:]))["sessions"][0]
    here = f"{at}/sessions/{session['id']}"
    assert "Confirm this session" in await read(abroad, "nino", here)
    await send(abroad, "nino", f"{here}/dispute", {"text": ""}, 422)
    await send(abroad, "nino", f"{here}/dispute", {"text": "This did not take place."})
    assert "This did not take place." in await read(abroad, "jonas", here)
    late = await send(abroad, "jonas", here, form | written(1, "held_on"), 422)
    assert "is in the future" in late.text
    opened = {who: ticked_versions(await read(abroad, who, here)) for who in ("jonas", "nino")}
    await send(abroad, "jonas", here, form | {"minutes": "30"})
    stale = await send(abroad, "nino", f"{here}/dispute", {"text": "Not so long."} | opened["nino"], 412)
    assert "This was changed after you opened it" in stale.text
    assert ">30</td>" in stale.text, "the page shows the session as it is now"
    assert ">Not so long.</dd>" in stale.text
    other = await send(abroad, "jonas", here, form | {"minutes": "45"} | opened["jonas"], 412)
    assert '>45</td><td class="govuk-table__cell" data-label="Saved version">30</td>' in other.text
    await send(abroad, "nino", f"{here}/confirm")
    await send(abroad, "jonas", f"{here}/withdraw", status=409)
    page = await read(abroad, "jonas", at)
    assert "1 session, 0.5 h in total" in page
    assert "2 more confirmed sessions are needed" in page


async def test_pause_resume_complete_and_end_on_pages(abroad: Abroad) -> None:
    """Only possible actions are offered, and each page says what follows."""
    match_id, mentorship_id, at = await begun(abroad)
    assert "A visit with dates still takes place" in await read(abroad, "nino", f"{at}/pause")
    await send(abroad, "nino", f"{at}/pause", {"reason": ""}, 422)
    await send(abroad, "nino", f"{at}/pause", {"reason": "operational_duty"})
    assert "It will take effect shortly" in await read(abroad, "nino", at)
    paused = mentorships.MentorshipPaused
    await abroad.publish_mentorship_event(
        paused, mentorship_id, match_id, by=Party.MENTEE, reason=Reason.OPERATIONAL_DUTY
    )
    page = await read(abroad, "jonas", at)
    assert "Resume the mentorship" in page
    assert "Log a session" not in page
    await send(abroad, "jonas", f"{at}/resume")
    await abroad.publish_mentorship_event(mentorships.MentorshipResumed, mentorship_id, match_id, by=Party.MENTOR)
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today() - timedelta(days=9)
    )
    assert (await abroad.of.as_("nino").get(f"{at}/complete")).status_code == 303
    refused = await send(abroad, "nino", f"{at}/complete", {}, 409)
    assert "You can complete it after 3 more sessions are confirmed" in refused.text
    for ago in (1, 2, 3):
        await send(abroad, "jonas", f"{at}/sessions", {"minutes": "60", **written(-ago, "held_on")})
    for session in (await abroad.get("nino", at[13:]))["sessions"]:
        await send(abroad, "nino", f"{at}/sessions/{session['id']}/confirm", {"version": "1"})
    assert "you can complete it instead" in await read(abroad, "nino", f"{at}/end")
    assert "It counts as completed." in await read(abroad, "nino", f"{at}/complete")
    await send(abroad, "nino", f"{at}/complete")
    ended = {"ended_on": clock.today(), "sessions": 3, "goals": 0, "goals_met": 0}
    await abroad.publish_mentorship_event(mentorships.MentorshipCompleted, mentorship_id, match_id, **ended)
    for who in ("nino", "jonas"):
        page = await read(abroad, who, at)
        assert "Evaluate the mentorship" in page
        assert "End the mentorship early" not in page
    assert (await abroad.of.as_("nino").get(f"{at}/pause")).status_code == 303
    assert (await abroad.of.as_("nino").get(f"{at}/end")).status_code == 303


async def test_a_visit_of_the_pair_on_pages(abroad: Abroad) -> None:
    """A visit is proposed with rows and answered; without a suitable week the page says why."""
    match_id, mentorship_id, at = await begun(abroad)
    form = {"guest": "mentee", "days": "3", **written(80, "periods-0-start"), **written(120, "periods-0-end")}
    more = await send(abroad, "jonas", f"{at}/visit", form | {"row": "add:periods"}, 422)
    assert "periods-1-start" in more.text
    turned = form | written(70, "periods-0-end")
    assert (
        "The last day must not be before the first day"
        in (await send(abroad, "jonas", f"{at}/visit", turned, 422)).text
    )
    soon = form | written(1, "periods-0-start") | written(9, "periods-0-end")
    assert "Dates need some notice" in (await send(abroad, "jonas", f"{at}/visit", soon, 422)).text
    await send(abroad, "jonas", f"{at}/visit", form | {"note": "See the analysts."})
    assert "Withdraw proposal" in await read(abroad, "jonas", f"{at}/visit")
    assert "See the analysts." in await read(abroad, "nino", f"{at}/visit")
    (proposal,) = (await abroad.get("nino", at[13:]))["proposed_visits"]
    answer = f"{at}/visit/{proposal['id']}/answer"
    await send(abroad, "nino", answer, status=422)
    await send(abroad, "nino", answer, {"answer": "decline"}, 422)
    await send(abroad, "nino", answer, {"answer": "accept"})
    visit_id = await abroad.pair_visit(match_id, mentorship_id)
    assert f"/applications/visits/{visit_id}" in await read(abroad, "nino", at)
    page = await read(abroad, "jonas", f"/applications/visits/{visit_id}")
    assert at in page
    assert f"{at}/visits/{visit_id}/cancel" in page
    assert "Nino Beridze" in page
    assert "Nino Beridze" in await read(abroad, "jonas", "/applications/visits")
    await read(abroad, "nino", f"{at}/visits/{visit_id}/cancel")
    await send(abroad, "nino", f"{at}/visits/{visit_id}/cancel", {"reason": ""}, 422)
    await send(abroad, "nino", f"{at}/visits/{visit_id}/cancel", {"reason": "funding"})
    cancelled = {"by": Party.MENTEE, "reason": Reason.FUNDING}
    await abroad.publish_pair_visit_event(visits.VisitCancelled, visit_id, match_id, mentorship_id, **cancelled)
    plan = abroad.pair_plan(match_id, mentorship_id)
    of = {name: value for name, value in plan.items() if name not in {"start", "end", "days", "required_days"}}
    none = {"visit": of, "required_days": 3, "cause": UnschedulableCause.HOLIDAYS}
    second = new_id()
    await abroad.feed.deliver((visits.VisitUnschedulable.model_validate(none), second))
    assert "No week was found for this visit" in await read(abroad, "jonas", f"/applications/visits/{second}")
    assert "Propose a visit" in await read(abroad, "nino", at)


async def test_open_tasks_on_the_list_and_on_the_first_page(abroad: Abroad) -> None:
    """The first page has the open task with its link, the list finds it, and an empty filter says so."""
    _, _, at = await begun(abroad)
    await send(abroad, "jonas", f"{at}/sessions", {"minutes": "60", **written(0, "held_on")})
    home = await read(abroad, "nino", "/applications/")
    assert f'href="{at}"' in home
    assert "Confirm a session" in home
    assert "Confirm a session" in await read(abroad, "nino", "/applications/mentorships?state=waits")
    assert "state=waits" not in await read(abroad, "jonas", "/applications/mentorships")
    assert "No mentorship has this status" in await read(abroad, "jonas", "/applications/mentorships?state=paused")
    assert "No mentorships yet. " in await read(abroad, "ani", "/applications/mentorships")
