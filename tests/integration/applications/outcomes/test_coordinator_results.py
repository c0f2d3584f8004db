"""Tests of the sending country's evaluation: open in time, and for its coordinator only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.contracts import mentorships, outcomes, visits
from shared.contracts.calls import Timers
from shared.next_steps import results_due
from shared.time import clock, dates

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


async def test_the_sending_country_is_asked_months_later(abroad: Abroad) -> None:
    """Six months after the end its coordinator has a task, a count and a ticket; the host's has none."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    home, page, form = abroad.of.as_("tigran"), f"/applications/visits/{visit_id}", "forms/evaluation"
    assert "Report the results at home" not in (await home.get(page)).text
    assert (await home.get(f"{page}/{form}")).status_code == 404
    clock.move(timedelta(days=400))
    assert f"{page}/{form}" in (await home.get(page)).text
    to_do = (await home.get("/applications/")).text
    assert "Report results" in to_do
    assert to_do.index(">Overdue<") < to_do.index("Report results"), "the list says that the date has passed"
    listed = await home.get("/applications/visits?state=results")
    assert page in listed.text
    way = await home.get(f"{page}/{form}")
    assert way.headers["location"].startswith(f"/reporting/evaluations/national_coordinator.{visit_id}?ticket=")
    visit = await abroad.get("tigran", f"/visits/{visit_id}")
    assert visit["tasks"] == [
        {
            "purpose": "evaluation",
            "party": "home_coordinator",
            "done": False,
            "awaited": True,
            "closed": False,
            "due": None,
        }
    ]
    for other in ("luc", "marta"):
        assert (await abroad.of.as_(other).get(f"{page}/{form}")).status_code in {403, 404}
    guest = await abroad.of.as_("ani").get(f"{page}/{form}")
    assert guest.headers["location"].startswith(f"/reporting/evaluations/guest.{visit_id}")
    example = dict(outcomes.EvaluationSubmitted.example) | {
        "application_id": abroad.pairings[match_id]["application_id"], "visit_id": str(visit_id),
        "respondent": "national_coordinator", "objectives": [],
    }  # fmt: skip
    await abroad.feed.deliver((outcomes.EvaluationSubmitted.model_validate(example), visit_id))
    assert f"{page}/{form}" not in (await home.get(page)).text
    assert "Report results" not in (await home.get("/applications/")).text
    assert page not in (await home.get("/applications/visits?state=results")).text


async def test_the_mentee_s_country_evaluates_a_mentorship(abroad: Abroad) -> None:
    """Six months after the end the first page counts it, the list shows it, and the answer ends both."""
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    today = clock.today()
    over = {"sessions": 3, "goals": 0, "goals_met": 0, "ended_on": today}
    await abroad.publish_mentorship_event(mentorships.MentorshipCompleted, pair, match_id, **over)
    home, page = abroad.of.as_("giorgi"), f"/applications/mentorships/{pair}"
    listed = "/applications/mentorships?state=results"
    assert "Report results" not in (await home.get("/applications/")).text
    assert page not in (await home.get(listed)).text
    clock.move(timedelta(days=170))
    first = (await home.get("/applications/")).text
    assert "Report results" in first
    assert page in first
    assert f"Due: {dates.day(results_due(today, Timers()))}" in re.sub(r"<[^>]*>", "", first)
    assert "Report the results at home" in (await home.get(listed)).text
    assert page in (await home.get(listed)).text
    answer = await abroad.get("giorgi", "/mentorships?waits=true")
    assert [item["results_asked"] for item in answer["items"]] == [True]
    way = await home.get(f"{page}/forms/evaluation")
    assert way.headers["location"].startswith(f"/reporting/evaluations/national_coordinator.{pair}?ticket=")
    for other in ("rasa", "marta", "jonas"):
        assert "Report results" not in (await abroad.of.as_(other).get("/applications/")).text
    example = dict(outcomes.EvaluationSubmitted.example) | {
        "application_id": abroad.pairings[match_id]["application_id"], "visit_id": None, "mentorship_id": str(pair),
        "respondent": "national_coordinator", "objectives": [],
    }  # fmt: skip
    await abroad.feed.deliver((outcomes.EvaluationSubmitted.model_validate(example), pair))
    assert "Report results" not in (await home.get("/applications/")).text
    assert page not in (await home.get(listed)).text
