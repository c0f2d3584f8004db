"""Bring a mentor and a mentee together: the journey's part of these two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.journey.cast import MENTEE, MENTEE_COUNTRY, MENTOR, MENTOR_COUNTRY
from deploy.cli.journey.steps import PORTAL, Journey, accept
from deploy.cli.journey.visit import ANSWERS, eligible, period, proposed, provisional

if TYPE_CHECKING:
    from datetime import date

    from deploy.cli.answers import Record


async def mentoring(walk: Journey, call: Record, today: date) -> None:
    """Go from the mentor's profile to a session that both confirm."""
    people = walk.people
    async with walk.step("The mentor publishes a profile"):
        entry = {
            "service": "police",
            "rank_group": "supervisor",
            "expertise": [{"area": "analysis", "level": 3, "years": 12}],
            "languages": [{"language": "lt", "level": "NS"}, {"language": "en", "level": "C1"}],
            "capacity": 1,
            "periods": [period(today, 0, 170)],
            "topics": ["criminal_networks", "online_crime"],
        }
        body = {"call_id": call["id"], "entry": entry, "publish": True}
        mentor = await people.post(MENTOR, f"{PORTAL}/mentors", body) or await _own(walk, MENTOR, "mentors", call)
        walk.undo.append((MENTOR, f"{PORTAL}/mentors/{mentor['id']}/close", None))
    async with walk.step("The mentee applies and is endorsed"):
        answers = ANSWERS | {
            "name": "Test Mentee",
            "languages": [{"language": "ka", "level": "NS"}, {"language": "en", "level": "C1"}],
            "periods": [period(today, 0, 170)],
            "topics": ["criminal_networks"],
        }
        body = {"call_id": call["id"], "kind": "mentee", "answers": answers, "privacy": True, "submit": True}
        application = await people.post(MENTEE, f"{PORTAL}/applications", body)
        application = application or await _own(walk, MENTEE, "applications", call)
        walk.void_when_done(application["id"])
        await people.post(MENTEE_COUNTRY, f"{PORTAL}/applications/{application['id']}/endorse", {"note": ""})
    async with walk.step("The mentee is eligible and matched provisionally"):
        await eligible(walk, call, application["id"])
        pair = await provisional(walk, call, application["id"])
    async with walk.step("The pair is committed, cleared by both countries and offered"):
        match_id = await proposed(walk, call, pair)
        at = f"{PORTAL}/matches/{match_id}"
        await people.post(MENTEE_COUNTRY, f"{at}/clear")
        await people.post(MENTOR_COUNTRY, f"{at}/clear")
        await walk.state(at, MENTEE, "offered")
    async with walk.step("Mentee and mentor accept"):
        await accept(people, match_id, MENTEE, MENTOR)
        mentorship_id = await walk.wait_for("a mentorship", MENTEE, at, lambda match: match["mentorship_id"])
    at = f"{PORTAL}/mentorships/{mentorship_id}"
    async with walk.step("Both sign the agreement"):
        await walk.state(at, MENTEE, "opened")
        await people.post(MENTEE, f"{at}/sign")
        await people.post(MENTOR, f"{at}/sign")
        await walk.state(at, MENTEE, "active")
    async with walk.step("The mentor logs a session, the mentee confirms it"):
        started = (await people.get(MENTEE, at))["started_on"]
        body = {"held_on": started, "minutes": 60, "note": "Goals and first questions."}
        session = await people.post(MENTOR, f"{at}/sessions", body)
        session = session or (await people.get(MENTOR, at))["sessions"][-1]
        await people.post(MENTEE, f"{at}/sessions/{session['id']}/confirm")


async def _own(walk: Journey, person: str, what: str, call: Record) -> Record:
    """Return what was created although the answer got lost."""
    found = await walk.people.items(person, f"{PORTAL}/{what}")
    created: Record = next(each for each in found if each["call_id"] == call["id"])
    return created
