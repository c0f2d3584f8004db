"""A pair plans, moves and cancels its next session, each in their own time zone, by page and by API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.contracts import mentorships
from shared.contracts.codes import Party, Reason
from shared.time import clock
from shared.time.zones import zone_of
from tests.integration.applications.mentorships.test_mentorships import pair, recorded
from tests.support import ticked_versions, without_versions

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad

KINDS = ("SessionPlanned", "SessionMoved", "SessionCancelled")


def meeting_in(days: int, time: str = "14:30", **more: Any) -> dict[str, Any]:
    """Return the body of a session in so many days."""
    return {"day": str(clock.today() + timedelta(days=days)), "time": time, "minutes": 60, **more}


def moment(body: dict[str, Any], country: str) -> datetime:
    """Return the moment that a local time of a country means."""
    return datetime.fromisoformat(f"{body['day']}T{body['time']}").replace(tzinfo=zone_of(country)).astimezone(UTC)


async def put(abroad: Abroad, who: str, path: str, body: dict[str, Any]) -> int:
    """Return the status of the answer to another time for a session."""
    answer = await abroad.of.as_(who).put(f"/applications/api/v1{path}", json=body)
    return answer.status_code


async def test_either_side_plans_moves_and_cancels_in_its_time_zone(abroad: Abroad) -> None:
    """Half past two is in the writer's time zone, and each step publishes the session with the next number."""
    _, _, of = await pair(abroad)
    first, second = meeting_in(10), meeting_in(12, on_site=True)
    made = await abroad.post("nino", f"{of}/meetings", first, 201)
    assert (await abroad.post("nino", f"{of}/meetings", first, 201))["id"] == made["id"]
    await abroad.post("jonas", f"{of}/meetings", second, 409)
    shown = (await abroad.get("jonas", of))["planned_session"]
    assert (shown["id"], shown["by"], shown["version"]) == (made["id"], "mentee", 1)
    at = f"{of}/meetings/{made['id']}"
    async with without_versions(abroad.of.as_("nino"), abroad.of.app) as nino:
        read = {"If-Match": (await nino.get(f"/applications/api/v1{of}")).headers["etag"]}
        assert [await put(abroad, "jonas", at, second) for _ in range(2)] == [200, 200]
        for stale in (
            await nino.put(f"/applications/api/v1{at}", json=first, headers=read),
            await nino.post(f"/applications/api/v1{at}/cancel", headers=read),
        ):
            assert stale.status_code == 412, "it was moved since it was read"
    for _ in range(2):
        await abroad.post("nino", f"{at}/cancel")
    assert (await abroad.get("nino", of))["planned_session"] is None
    assert await put(abroad, "jonas", at, meeting_in(15)) == 409
    events = [(kind, body) for kind, _, body in await abroad.of.journal("exchange.participation") if kind in KINDS]
    assert [(kind, event["by"], event["version"], event["on_site"]) for kind, event in events] == [
        ("SessionPlanned", "mentee", 1, False),
        ("SessionMoved", "mentor", 2, True),
        ("SessionCancelled", "mentee", 3, True),
    ]
    begins = [datetime.fromisoformat(event["begins_at"]) for _, event in events]
    assert begins == [moment(first, "GE"), moment(second, "LT"), moment(second, "LT")]
    await abroad.post("nino", f"{of}/meetings", meeting_in(20), 201)


async def test_impossible_sessions_are_refused(abroad: Abroad) -> None:
    """A session in the past, after the planned end, of one minute or before the start is refused."""
    match_id, mentorship_id, of = await pair(abroad)
    for wrong in (meeting_in(0, "00:00"), meeting_in(-1), meeting_in(181), meeting_in(400), meeting_in(3, minutes=1)):
        problem = await abroad.post("nino", f"{of}/meetings", wrong, 422)
        assert problem["errors"][0]["pointer"] == ("/minutes" if wrong["minutes"] == 1 else "/day")
    await abroad.post("nino", f"{of}/meetings", meeting_in(3, "25:00"), 422)
    made = await abroad.post("nino", f"{of}/meetings", meeting_in(3), 201)
    clock.move(timedelta(days=4))
    await abroad.post("nino", f"{of}/meetings/{made['id']}/cancel", status=409)
    assert await put(abroad, "nino", f"{of}/meetings/{made['id']}", meeting_in(9)) == 409
    await abroad.post("jonas", f"{of}/meetings", meeting_in(9), 201)  # what is over stands in nobody's way
    paused = {"by": Party.MENTOR, "reason": Reason.OPERATIONAL_DUTY}
    await abroad.publish_mentorship_event(mentorships.MentorshipPaused, mentorship_id, match_id, **paused)
    await abroad.post("nino", f"{of}/meetings", meeting_in(9), 409)


async def test_after_the_last_planned_session_both_are_asked_to_log_it(abroad: Abroad) -> None:
    """From its end on, list, page and first page ask both to log it or to plan another, until they have done so."""
    _, _, of = await pair(abroad)

    async def prompts(who: str) -> list[bool]:
        pages = ("/", "/mentorships?state=waits", of)
        texts = [(await abroad.of.as_(who).get(f"/applications{page}")).text for page in pages]
        pending = (await abroad.get(who, of))["pending"]
        return [*("Log or plan a session" in text for text in texts), {"what": "log", "count": 1} in pending]

    assert not any(await prompts("nino"))
    await abroad.post("nino", f"{of}/meetings", meeting_in(3), 201)
    assert not any(await prompts("jonas"))
    clock.move(timedelta(days=4))
    for who in ("nino", "jonas"):
        assert all(await prompts(who))
    await abroad.post("jonas", f"{of}/meetings", meeting_in(5), 201)
    assert not any(await prompts("nino"))
    clock.move(timedelta(days=6))
    assert all(await prompts("nino"))
    logged = {"held_on": str(clock.today() - timedelta(days=1)), "minutes": 60}
    await abroad.post("nino", f"{of}/sessions", logged | {"next_on": str(clock.today() + timedelta(days=2))}, 201)
    assert not any(await prompts("nino"))
    clock.move(timedelta(days=3))
    assert all(await prompts("nino")), "the day that they agreed on is over"


async def test_a_pause_or_an_end_cancels_the_session(abroad: Abroad) -> None:
    """A paused or ended mentorship cancels its planned session once, in nobody's name."""
    match_id, mentorship_id, of = await pair(abroad)
    await abroad.post("nino", f"{of}/meetings", meeting_in(10), 201)
    why = {"by": Party.MENTOR, "reason": Reason.OPERATIONAL_DUTY}
    for _ in range(2):
        await abroad.publish_mentorship_event(mentorships.MentorshipPaused, mentorship_id, match_id, **why)
    (cancelled,) = await recorded(abroad, "SessionCancelled")
    assert (cancelled["by"], cancelled["version"]) == (None, 2)
    await abroad.publish_mentorship_event(mentorships.MentorshipResumed, mentorship_id, match_id, by=Party.MENTOR)
    await abroad.post("nino", f"{of}/meetings", meeting_in(10), 201)
    ended = why | {"ended_on": clock.today()}
    await abroad.publish_mentorship_event(mentorships.MentorshipEndedEarly, mentorship_id, match_id, **ended)
    assert [event["by"] for event in await recorded(abroad, "SessionCancelled")] == [None, None]
    assert (await abroad.get("nino", of))["planned_session"] is None


async def test_the_pages_of_a_planned_session(abroad: Abroad) -> None:
    """The session is planned on the mentorship's page, and moved and cancelled on its own, in both time zones."""
    _, _, of = await pair(abroad)
    nino, jonas, page = abroad.of.as_("nino"), abroad.of.as_("jonas"), f"/applications{of}"
    day = clock.today() + timedelta(days=10)
    form = {"day-day": str(day.day), "day-month": str(day.month), "day-year": str(day.year), "minutes": "45"}
    wrong = await nino.post(f"{page}/meetings", data=form | {"clock": "half past two"})
    assert wrong.status_code == 422
    assert "Enter a time such as 14:30" in wrong.text
    assert "half past two" in wrong.text
    planned = await nino.post(f"{page}/meetings", data=form | {"clock": "14.30"})
    assert planned.headers["location"] == f"{page}?done=planned#sessions"
    shown = (await nino.get(page)).text
    lithuanian = moment({"day": str(day), "time": "14:30"}, "GE").astimezone(zone_of("LT"))
    assert f"14:30 (Georgia), {lithuanian:%H:%M} (Lithuania)" in shown
    assert "Plan the next session" not in shown
    there = (await jonas.get(page)).text
    assert f"{lithuanian:%H:%M} (Lithuania), 14:30 (Georgia)" in there
    at = re.search(rf"{page}/meetings/[0-9a-f-]+", there)[0]  # type: ignore[index]  # a failure if it is not there
    own = (await jonas.get(at)).text
    assert f'value="{lithuanian:%H:%M}"' in own
    assert (await nino.post(at, data=form | {"clock": ""})).status_code == 422
    opened = ticked_versions((await nino.get(at)).text)
    moved = await jonas.post(at, data=form | {"clock": "9:05"})
    assert moved.headers["location"] == f"{page}?done=moved#sessions"
    assert "09:05 (Lithuania)" in (await jonas.get(f"{page}?done=moved")).text
    stale = await nino.post(at, data=form | {"clock": "16:40"} | opened)
    assert stale.status_code == 412
    assert "This was changed after you opened it" in stale.text
    georgian = moment({"day": str(day), "time": "09:05"}, "LT").astimezone(zone_of("GE"))
    assert f'>16:40:00</td><td class="govuk-table__cell" data-label="Saved version">{georgian:%H:%M}' in stale.text
    assert (await nino.post(f"{at}/cancel")).status_code == 303
    assert "Plan the next session" in (await nino.get(page)).text
    assert (await nino.get(at)).status_code == 404
    late = await jonas.post(at, data=form | {"clock": "16:40"})
    assert late.status_code == 409
    assert "This session is cancelled. You can plan another one." in late.text
    assert 'value="16:40"' in late.text
    assert "Plan the next session" not in (await abroad.of.as_("giorgi").get(page)).text
