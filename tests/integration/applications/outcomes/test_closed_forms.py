"""Tests of forms that are closed: the portal links to the reason, and never to another form."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from services.applications.outcomes.actions import tickets
from services.applications.outcomes.views import Task
from shared.contracts import mentorships, outcomes, visits
from shared.contracts.codes import Party
from shared.identity import Principal
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

WHY = "Open it to see why"


async def closed(
    abroad: Abroad, match_id: UUID, about: UUID, form: str, respondent: str, *, visit: bool = True
) -> None:
    """Publish that reporting no longer accepts this answer."""
    event = outcomes.AnswerClosed.model_validate(
        {
            **outcomes.AnswerClosed.example,
            "application_id": abroad.pairings[match_id]["application_id"],
            "visit_id": str(about) if visit else None,
            "mentorship_id": None if visit else str(about),
            "form": form,
            "respondent": respondent,
        }
    )
    await abroad.feed.deliver((event, about))


async def test_every_list_links_to_the_closed_form_of_a_visit(abroad: Abroad) -> None:
    """Visit and officer pages link to the reason, no count includes the form, and others get 404."""
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    plan = abroad.plan(match_id)
    counted = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    await abroad.publish_visit_event(visits.VisitEnded, visit_id, match_id, attended=plan["days"], **counted)
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    here, mine = f"/applications/visits/{visit_id}", f"/applications/mine/{abroad.pairings[match_id]['application_id']}"
    ani, claire = abroad.of.as_("ani"), abroad.of.as_("claire")
    for page in (here, mine):
        assert WHY not in (await ani.get(page)).text
    for form in ("evaluation", "report"):
        await closed(abroad, match_id, visit_id, form, "guest")
    for page in (here, mine):
        shown = (await ani.get(page)).text
        assert shown.count(WHY) == 2
        for form in ("evaluation", "report"):
            assert f'href="{here}/closed-forms/{form}/guest"' in shown
    assert "/forms/" not in (await ani.get("/applications/")).text, "a way to the reason is nothing to do"
    way = await ani.get(f"{here}/closed-forms/report/guest")
    assert way.headers["location"].startswith(f"/reporting/reports/guest.{visit_id}?ticket=")
    await closed(abroad, match_id, visit_id, "evaluation", "host")
    assert f'href="{here}/closed-forms/evaluation/host"' in (await claire.get(here)).text
    way = await claire.get(f"{here}/closed-forms/evaluation/host")
    assert way.headers["location"].startswith(f"/reporting/evaluations/host.{visit_id}?ticket=")
    assert (await claire.get(f"{here}/closed-forms/evaluation/guest")).status_code == 404, (
        "the guest's is not the host's"
    )
    assert (await abroad.of.as_("marta").get(f"{here}/closed-forms/evaluation/host")).status_code in {403, 404}


async def test_the_mentor_gets_a_link_to_the_reason_for_a_closed_form(abroad: Abroad) -> None:
    """The mentor's page links to the reason, and the mentee's form stays open."""
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    over = {"sessions": 3, "goals": 0, "goals_met": 0, "ended_on": clock.today()}
    await abroad.publish_mentorship_event(mentorships.MentorshipCompleted, pair, match_id, **over)
    clock.move(timedelta(days=30))
    await closed(abroad, match_id, pair, "evaluation", "mentor", visit=False)
    here, jonas = f"/applications/mentorships/{pair}", abroad.of.as_("jonas")
    shown = (await jonas.get(here)).text
    assert WHY in shown
    assert f'href="{here}/closed-forms/evaluation/mentor"' in shown
    way = await jonas.get(f"{here}/closed-forms/evaluation/mentor")
    assert way.headers["location"].startswith(f"/reporting/evaluations/mentor.{pair}?ticket=")
    mentee = (await abroad.of.as_("nino").get(here)).text
    assert WHY not in mentee
    assert f'href="{here}/forms/evaluation"' in mentee


async def test_a_respondent_of_two_forms_reads_the_reason_for_the_closed_one(programme: Programme) -> None:
    """A guest who is also coordinator has two evaluations, and the closed one has its own link."""
    subject = uuid4()
    tasks = [
        Task("evaluation", Party.GUEST, done=False, closed=True),
        Task("evaluation", Party.HOME_COORDINATOR, done=False),
    ]
    settings = programme.app.state.service.settings

    def leads(party: str) -> str:
        return tickets._task_ticket(settings, Principal("ani"), tasks, subject, "evaluation", party).address

    assert leads("guest") == f"/reporting/evaluations/guest.{subject}"
    assert leads("") == leads("home_coordinator") == f"/reporting/evaluations/national_coordinator.{subject}"
