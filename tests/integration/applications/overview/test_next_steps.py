"""All pages and lists about one case name the same next step, the same person and the same date."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import TYPE_CHECKING

from shared.contracts import matches, mentorships, outcomes, visits
from shared.ids import new_id
from shared.time import clock, dates
from shared.web import states

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad

_FACT = re.compile(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", re.DOTALL)


def step_on(page: str) -> tuple[str, str, str]:
    """Return holder, next step and date as the region about the state names them; empty where it names none."""
    region = page.partition('<section class="tandem-standing')[2].partition("</section>")[0]
    assert region, "every page of a case has the region"
    facts = {name: unescape(re.sub(r"<[^>]*>", "", text)).strip() for name, text in _FACT.findall(region)}
    due = facts.get("Due", "").partition(" (")[0]
    return facts.get("With", ""), facts.get("Next step", ""), due


async def agreed_words(abroad: Abroad, match_id: UUID, officer: str, coordinator: str, *pages: str) -> tuple[str, str]:
    """Return the next step as both read it, while the call is open; fail where two places differ."""
    words = await agreed_steps(abroad, match_id, officer, coordinator, *pages)
    (summary,) = (await abroad.get(officer, "/applications"))["items"]
    calls = " ".join(
        unescape(re.sub(r"<[^>]*>", " ", (await abroad.of.as_(officer).get("/applications/calls")).text)).split()
    )
    assert f"Your application {summary['reference']} {states.state('application', summary['state']).word}" in calls
    return words


async def agreed_steps(abroad: Abroad, match_id: UUID, officer: str, coordinator: str, *pages: str) -> tuple[str, str]:
    """Return the next step as the officer and as the coordinator read it; fail where two places differ."""
    application_id = abroad.pairings[match_id]["application_id"]
    by_reader = []
    for subject, own in ((officer, f"mine/{application_id}"), (coordinator, f"cases/{application_id}")):
        client = abroad.of.as_(subject)
        found = {page: step_on((await client.get(f"/applications/{page}")).text) for page in (own, *pages)}
        assert len(set(found.values())) == 1, found
        by_reader.append(found[own])
    queue = (await abroad.get(coordinator, "/queue"))["items"]
    [line] = [each for each in queue if each["id"] == str(application_id)]
    due = "" if line["due"] is None else dates.day(datetime.fromisoformat(line["due"]))
    assert (line["holder"], line["next"], due) == by_reader[1]
    (summary,) = (await abroad.get(officer, "/applications"))["items"]
    assert (summary["holder"], summary["next"], summary["due"]) == (*by_reader[0][:2], line["due"])
    first_page = (await abroad.of.as_(officer).get("/applications/")).text
    assert summary["next"] in unescape(first_page)
    assert by_reader[0][2] == by_reader[1][2]
    return by_reader[0][1], by_reader[1][1]


async def test_a_case_of_a_visit_reads_the_same_everywhere(abroad: Abroad) -> None:
    """From the proposal to the evaluations each fact changes the words of all pages, of queue and API alike."""
    match_id = await abroad.placement_matched()
    application_id = abroad.pairings[match_id]["application_id"]
    match = f"matches/{match_id}"

    async def words(*pages: str) -> tuple[str, str]:
        return await agreed_words(abroad, match_id, "ani", "tigran", match, *pages)

    assert (await words())[1] == "The home country clears it, then the host country."
    await abroad.post("tigran", f"/{match}/clear")
    assert (await words())[1] == "The host country clears it."
    await abroad.post("luc", f"/{match}/clear")
    await abroad.publish(matches.MatchCleared, match_id)
    assert (await words())[1] == "It is offered at once."
    due = (clock.now() + timedelta(days=14)).isoformat()
    await abroad.publish(matches.MatchOffered, match_id, due=due)
    assert (await words())[1] == "Both accept, or the next in line gets the offer."
    await abroad.post("claire", f"/{match}/answer", {"answer": "accept"}, 202)
    assert await words() == ("You accept or decline.", "The officer accepts or declines.")
    await abroad.post("ani", f"/{match}/answer", {"answer": "accept"}, 202)
    assert (await words())[1] == "The match is confirmed."
    await abroad.publish(matches.MatchConfirmed, match_id)
    assert (await words())[1] == "The visit gets its dates."
    visit_id, plan = new_id(), abroad.plan(match_id)
    scheduled = visits.VisitScheduled.model_validate({"plan": plan, "agenda_due": due})
    await abroad.feed.deliver((scheduled, visit_id))
    visit = f"visits/{visit_id}"
    own, others = await words(visit)
    assert "You agree on the agenda with the other side." in own
    assert "Guest and host agree on the agenda." in others
    await abroad.post("claire", f"/{visit}/agenda/agree")
    assert "The guest agrees to the agenda." in (await words(visit))[1]
    await abroad.post("ani", f"/{visit}/agenda/agree")
    assert "agenda" not in (await words(visit))[1]
    await abroad.publish_visit_event(visits.VisitStarted, visit_id, match_id)
    assert (await words(visit))[1] == "The host records attendance day by day."
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    assert (await words(visit))[0] == "You evaluate it. You write the report. The host evaluates the visit."
    ids = {"application_id": str(application_id), "visit_id": str(visit_id)}
    example = dict(outcomes.EvaluationSubmitted.example) | ids | {"respondent": "host"}
    await abroad.feed.deliver((outcomes.EvaluationSubmitted.model_validate(example), visit_id))
    assert await words(visit) == (
        "You evaluate it. You write the report.",
        "The guest evaluates the visit. The guest writes the report.",
    )


async def test_a_visit_that_has_begun_asks_for_attendance_everywhere(abroad: Abroad) -> None:
    """From its first day until attendance is recorded, no page asks for agenda or preparation any more."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    visit_id, plan = await abroad.scheduled(match_id), abroad.plan(match_id)
    visit = f"visits/{visit_id}"

    async def text(page: str, reader: str) -> str:
        return (await abroad.of.as_(reader).get(page)).text

    assert "Prepare visit" in await text("/applications/", "ani")
    assert "You still need to provide" in await text(f"/applications/{visit}", "ani")
    for first in (date.fromisoformat(plan["start"]), date.fromisoformat(plan["end"]) + timedelta(days=1)):
        clock.move(datetime.combine(first, time(9), UTC) - clock.now())
        assert (
            await agreed_steps(abroad, match_id, "ani", "tigran", f"matches/{match_id}", visit)
            == ("The host records attendance day by day.",) * 2
        )
        for reader in ("ani", "claire", "tigran"):
            assert "You still need to provide" not in await text(f"/applications/{visit}", reader)
            assert "Prepare visit" not in await text("/applications/", reader)
            assert f"/{visit}" not in await text("/applications/visits?state=unready", reader)
        first_page = await text("/applications/", "claire")
        assert "Record attendance" in first_page
        assert step_on(await text(f"/applications/{visit}", "claire"))[2] in first_page, "both name the same date"


async def test_from_its_deadline_on_an_offer_is_answered_by_nobody(abroad: Abroad) -> None:
    """Before matching ends the offer, no page asks for an answer, a late one is refused, and the answer given stays."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    match = f"matches/{match_id}"
    late = "The time to answer has passed. The offer expires. The next in line gets it, if any."

    async def text(page: str, reader: str) -> str:
        return (await abroad.of.as_(reader).get(f"/applications/{page}")).text

    assert "Answer offer" in await text("", "claire")
    assert "Your answer" in await text(match, "claire")
    await abroad.post("ani", f"/{match}/answer", {"answer": "accept"}, 202)
    clock.move(timedelta(days=14, minutes=1))
    assert await agreed_steps(abroad, match_id, "ani", "tigran", match) == (late, late)
    assert "Answer offer" not in await text("", "claire")
    assert "Your answer" not in await text(match, "claire")
    assert "You answered in time. The other side did not." in await text(match, "ani")
    problem = await abroad.post("claire", f"/{match}/answer", {"answer": "accept"}, 409)
    assert problem["detail"].startswith("The time to answer ended on ")
    overdue = (await abroad.of.as_("tigran").get("/applications/cases?due=overdue")).text
    assert str(abroad.pairings[match_id]["application_id"]) not in overdue


async def test_from_its_deadline_on_an_agreement_is_signed_by_nobody(abroad: Abroad) -> None:
    """Before matching ends the mentorship, no page asks for a signature, and nothing is overdue."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    pair = f"mentorships/{mentorship_id}"
    assert "Sign the agreement" in (await abroad.of.as_("nino").get("/applications/")).text
    clock.move(timedelta(days=60))
    late = "The time to sign has passed. The mentorship ends."
    assert await agreed_steps(abroad, match_id, "nino", "giorgi", f"matches/{match_id}", pair) == (late, late)
    for reader in ("nino", "jonas"):
        assert "Sign the agreement" not in (await abroad.of.as_(reader).get("/applications/")).text


async def test_a_pair_past_its_planned_end_is_ended_by_the_programme(abroad: Abroad) -> None:
    """From the day after the planned end, before matching ends it, no page says that mentee and mentor meet."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today(), until=clock.today()
    )
    pages = (f"matches/{match_id}", f"mentorships/{mentorship_id}")
    clock.move(timedelta(days=1))
    late = "The planned end has passed with too few confirmed sessions. The mentorship ends early."
    assert await agreed_steps(abroad, match_id, "nino", "giorgi", *pages) == (late, late)


async def test_a_case_of_a_mentorship_reads_the_same_everywhere(abroad: Abroad) -> None:
    """A side that has signed is not asked again, and after the end both sides are asked for an evaluation."""
    match_id = await abroad.mentor_matched()
    mentorship_id = await abroad.opened(match_id)
    pair = f"mentorships/{mentorship_id}"

    async def words() -> tuple[str, str]:
        return await agreed_words(abroad, match_id, "nino", "giorgi", f"matches/{match_id}", pair)

    assert (await words())[1] == "Both sign the agreement, then it begins."
    await abroad.post("jonas", f"/{pair}/sign")
    assert await words() == ("You sign the agreement.", "The mentee signs the agreement.")
    await abroad.post("nino", f"/{pair}/sign")
    assert (await words())[1] == "The mentorship begins."
    await abroad.publish_mentorship_event(
        mentorships.MentorshipStarted, mentorship_id, match_id, started_on=clock.today(), until=clock.today()
    )
    day = dates.day(clock.today())
    going = f"Mentee and mentor meet, and log each session. They need 3 more confirmed sessions by {day}."
    assert await words() == (going, going)
    await abroad.publish_mentorship_event(
        mentorships.MentorshipCompleted,
        mentorship_id,
        match_id,
        ended_on=clock.today(),
        sessions=5,
        goals=2,
        goals_met=2,
    )
    assert await words() == (
        "You evaluate it. The mentor evaluates the mentorship.",
        "The mentee evaluates the mentorship. The mentor evaluates the mentorship.",
    )
