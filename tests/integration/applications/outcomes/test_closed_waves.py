"""Tests of a wave that reporting closes: task lists and deadlines of the other services no longer include it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.applications.contacts.actions import ContactRequest, contacts
from services.applications.outcomes.actions import manager_links
from services.notifications import app as notifications
from services.notifications.consumers import consumers as notifications_consumers
from services.notifications.settings import Settings as NotificationsSettings
from services.reporting import app as reporting
from services.reporting.consumers import consumers as reporting_consumers
from services.reporting.settings import Settings as ReportingSettings
from shared.contracts import mentorships, outcomes, read, visits
from shared.contracts.codes import AudienceKind, Role
from shared.time import clock
from tests.integration.applications.availability.test_availability import button, stranger
from tests.integration.reporting.conftest import House
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI

    from tests.conftest import Databases
    from tests.integration.applications.abroad import Abroad

_TOPICS = ("exchange.calls", "exchange.applications", "exchange.offers", "mentoring.mentors")


class ThreeServices:
    """The portal, reporting and notifications, each with its own database, reading each other's events."""

    def __init__(self, abroad: Abroad, house: House, mail: FastAPI) -> None:
        """Take the three apps; events about matches and visits go to all of them."""
        self.abroad, self.house, self.mail = abroad, house, mail
        self.portal, self.post = abroad.feed, Feed(mail.state.service.bus, notifications_consumers)
        self.evaluator: Any = None
        self._read = 0
        abroad.feed = self

    async def deliver(self, *events: Any, **options: Any) -> None:
        """Deliver events of matching to all three services."""
        for feed in (self.portal, self.house.feed, self.post):
            await feed.deliver(*events, **options)

    async def catch_up(self) -> None:
        """Deliver the portal's events about calls, applications and hosts to the other two services."""
        for topic in _TOPICS:
            for kind, subject, payload in await self.abroad.of.journal(topic):
                for feed in (self.house.feed, self.post):
                    await feed.deliver((read(kind, json.dumps(payload)), subject))

    async def close(self, form: str) -> None:
        """Close a wave of the call up to yesterday, as an evaluator."""
        day = clock.today() - timedelta(days=1)
        call = f"form={form}&call={self.abroad.of.call['id']}"
        sent = {"due_until-day": day.day, "due_until-month": day.month, "due_until-year": day.year, "reason": "Over"}
        answer = await self.evaluator.post(f"/reporting/waves/closings?{call}", data=sent)
        assert answer.status_code == 303, answer.text
        await self.relay()

    async def reopen(self) -> None:
        """Reopen the closed waves, as the evaluator."""
        async with self.house.app.state.service.bus.read() as session:
            ids = list(await session.scalars(sa.text("SELECT id FROM wave_closing ORDER BY id")))
        for id_ in ids:
            assert (await self.evaluator.post(f"/reporting/waves/closings/{id_}/reopen")).status_code == 303
        await self.relay()

    async def relay(self) -> None:
        """Deliver the new events of reporting to the portal and notifications."""
        events = await self.house.journal("exchange.outcomes")
        for row in events[self._read :]:
            for feed in (self.portal, self.post):
                await feed.deliver((read(row.type, row.payload), row.aggregateid))
        self._read = len(events)

    async def open_deadlines(self, case_id: UUID) -> set[tuple[str, str]]:
        """Return the open deadlines about a visit or a mentorship, as (kind, recipient)."""
        query = sa.text("SELECT kind, owner FROM deadline WHERE open AND case_id = :case_id ORDER BY kind, owner")
        async with self.mail.state.service.bus.read() as session:
            return {(row.kind, row.owner) for row in await session.execute(query, {"case_id": case_id})}


@pytest.fixture
def addresses(postgres: Databases) -> Iterator[list[str]]:
    """Return a store for each of the two other services."""
    names = ("reporting", "notifications")
    made = [postgres.new(postgres.of_service(name)) for name in names]
    yield made
    for address in made:
        postgres.drop(address)


@pytest.fixture
async def three_services(abroad: Abroad, addresses: list[str]) -> AsyncIterator[ThreeServices]:
    """Run the three services."""
    of_figures = reporting.create_app(ReportingSettings(**settings_for(addresses[0])), background=False)
    mail = notifications.create_app(NotificationsSettings(**settings_for(addresses[1])), background=False)
    house = House(of_figures, Feed(of_figures.state.service.bus, reporting_consumers))
    made = ThreeServices(abroad, house, mail)
    made.evaluator = await house.grant(Role.EVALUATOR)
    yield made
    for app in (of_figures, mail):
        await app.state.service.bus.close()


async def completed(three_services: ThreeServices, days: int) -> tuple[UUID, UUID]:
    """Complete Ani's visit, so many days after she applied; return the ids of visit and application."""
    abroad = three_services.abroad
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    await three_services.catch_up()
    counted = {"attended_days": 5, "required_days": 5, "ended_on": abroad.plan(match_id)["end"]}
    clock.move(timedelta(days=days))
    await abroad.publish_visit_event(
        visits.VisitEnded, visit_id, match_id, attended=abroad.plan(match_id)["days"], **counted
    )
    await abroad.publish_visit_event(visits.VisitCompleted, visit_id, match_id, **counted)
    return visit_id, UUID(abroad.pairings[match_id]["application_id"])


async def test_a_closed_wave_is_no_task_until_it_is_reopened(three_services: ThreeServices) -> None:
    """No list, count or deadline includes the closed form, and a reopened one is back for everybody."""
    ani = three_services.abroad.of.as_("ani")
    visit_id, _ = await completed(three_services, days=200)
    form, here = f"/applications/visits/{visit_id}/forms/evaluation", f"/applications/visits/{visit_id}"
    evaluation, report = ("evaluation", "applicant"), ("report", "applicant")
    assert form in (await ani.get(here)).text
    assert form in (await ani.get("/applications/")).text
    assert {evaluation, report, ("evaluation", "host_contact")} <= await three_services.open_deadlines(visit_id)

    await three_services.close("guest")
    assert form not in (await ani.get(here)).text
    assert "is no longer accepted" in (await ani.get(here)).text
    home = (await ani.get("/applications/")).text
    assert form not in home
    assert f"{form[:-10]}report" in home, "the report is still asked for"
    assert f"{form[:-10]}report" in (await ani.get(here)).text
    waits = await three_services.open_deadlines(visit_id)
    assert evaluation not in waits
    assert {report, ("evaluation", "host_contact")} <= waits
    old_link = await ani.get(form)
    assert old_link.headers["location"].startswith("/reporting/evaluations/guest."), "the form says why"
    await three_services.close("report")
    assert "/forms/" not in (await ani.get("/applications/")).text
    assert report not in await three_services.open_deadlines(visit_id)

    await three_services.reopen()
    assert form in (await ani.get(here)).text
    assert form in (await ani.get("/applications/")).text
    assert {evaluation, report} <= await three_services.open_deadlines(visit_id)


async def test_a_mentorship_does_not_wait_for_a_closed_evaluation(three_services: ThreeServices) -> None:
    """The mentor has no task for a closed evaluation, and the mentee's task for another form stays."""
    abroad = three_services.abroad
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    await three_services.catch_up()
    clock.move(timedelta(days=200))
    over = {"sessions": 3, "goals": 0, "goals_met": 0, "ended_on": clock.today() - timedelta(days=60)}
    await abroad.publish_mentorship_event(mentorships.MentorshipCompleted, pair, match_id, **over)
    jonas, nino = abroad.of.as_("jonas"), abroad.of.as_("nino")
    assert f"mentorships/{pair}" in (await jonas.get("/applications/")).text
    await three_services.close("mentor")
    assert f"mentorships/{pair}" not in (await jonas.get("/applications/")).text
    assert f"mentorships/{pair}" not in (await jonas.get("/applications/mentorships?state=waits")).text
    assert f"mentorships/{pair}" in (await nino.get("/applications/")).text
    assert ("evaluation", "mentor") not in await three_services.open_deadlines(pair)
    assert ("evaluation", "applicant") in await three_services.open_deadlines(pair)


async def test_a_closed_follow_up_is_no_task_of_the_guest(three_services: ThreeServices) -> None:
    """No page asks the guest for it, the line manager's stays, and a reopened one is back."""
    ani = three_services.abroad.of.as_("ani")
    visit_id, application_id = await completed(three_services, days=400)
    here, form = f"/applications/visits/{visit_id}", f"/applications/visits/{visit_id}/forms/follow_up"
    pages = (here, f"/applications/mine/{application_id}")
    self, manager = ("follow_up", "applicant"), ("follow_up", "line_manager")

    async def what_is_asked() -> tuple[list[bool], bool, bool]:
        """Return whether each page asks for it, whether the first page lists a form, and whether a deadline runs."""
        first = (await ani.get("/applications/")).text
        waits = await three_services.open_deadlines(visit_id)
        return [form in (await ani.get(page)).text for page in pages], "/forms/" in first, self in waits

    for other in ("guest", "report"):
        await three_services.close(other)
    assert await what_is_asked() == ([True, True], True, True)
    await three_services.close("follow-up")
    assert await what_is_asked() == ([False, False], False, False)
    for page in pages:
        assert (await ani.get(page)).text.count("is no longer accepted") == 3
    assert manager in await three_services.open_deadlines(visit_id)
    await three_services.reopen()
    assert await what_is_asked() == ([True, True], True, True)


async def test_a_closed_evaluation_is_no_task_of_the_coordinator(three_services: ThreeServices) -> None:
    """Visit page, first page and task list leave it out until it is reopened."""
    tigran = three_services.abroad.of.as_("tigran")
    visit_id, _ = await completed(three_services, days=400)
    here, listed = f"/applications/visits/{visit_id}", "/applications/visits?state=results"

    async def what_is_asked() -> list[bool]:
        """Visit's page, first page, list, deadline."""
        return [
            f"{here}/forms/evaluation" in (await tigran.get(here)).text,
            "Report results" in (await tigran.get("/applications/")).text,
            here in (await tigran.get(listed)).text,
            ("results", "home_coordinator") in await three_services.open_deadlines(visit_id),
        ]

    assert await what_is_asked() == [True] * 4
    await three_services.close("coordinator")
    assert await what_is_asked() == [False] * 4
    assert "is no longer accepted" in (await tigran.get(here)).text
    await three_services.reopen()
    assert await what_is_asked() == [True] * 4


async def test_a_line_manager_is_not_asked_for_a_closed_form(
    three_services: ThreeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old links say so and nobody else can be named; sessions at home and reopened forms go on."""
    abroad, ani = three_services.abroad, three_services.abroad.of.as_("ani")
    visit_id, application_id = await completed(three_services, days=400)
    mine = f"/applications/mine/{application_id}"
    deadline = ("follow_up", "line_manager")

    async def link_about(id_: UUID, message: str = "deadline_near") -> str:
        wanted = ContactRequest(AudienceKind.LINE_MANAGER, message, application_id=application_id, availability_of=id_)
        return str((await contacts(abroad.of.app.state.service.bus, "notifications", wanted))[0].link)

    async def name(who: str) -> int:
        body = {"name": who, "email": f"{who}@police.example"}
        answer = await ani.put(f"/applications/api/v1/applications/{application_id}/line-manager", json=body)
        return answer.status_code

    async def sent_anew() -> int:
        events = await abroad.of.journal("exchange.applications")
        return [kind for kind, _, _ in events].count("LineManagerLinkAsked")

    fresh = [await link_about(case_id) for case_id in (visit_id, application_id)]
    used = await link_about(visit_id)
    assert f"{mine}/line-manager" in (await ani.get(mine)).text
    assert deadline in await three_services.open_deadlines(visit_id)
    async with stranger(abroad.of) as client:
        pages = [await client.get(link) for link in (*fresh, used)]
        assert [page.status_code for page in pages] == [200] * 3
        assert (await client.post(used, data={"press": button(pages[2].text)})).status_code == 303
        monkeypatch.setattr(manager_links, "GOOD_FOR", timedelta(seconds=-1))
        assert "Send me a new link" in (await client.get(used)).text

        await three_services.close("follow-up-manager")
        for link, page in zip((*fresh, used), pages, strict=True):
            shown = await client.get(link)
            assert (shown.status_code, "is no longer accepted" in shown.text) == (410, True)
            assert "<form" not in shown.text.partition("<main")[2].partition("</main")[0]
            pressed = await client.post(link, data={"press": button(page.text)})
            assert (pressed.status_code, "is no longer accepted" in pressed.text) == (410, True)
            assert (await client.post(link.replace("?", "/renewal?"))).status_code == 303
        assert await sent_anew() == 0
        shown_to_ani = (await ani.get(mine)).text
        assert f"{mine}/line-manager" not in shown_to_ani
        assert "who is no longer asked for the follow-up" in shown_to_ani
        assert f"/applications/visits/{visit_id}/forms/follow_up" in shown_to_ani, "hers is another wave"
        for answer in (await ani.get(f"{mine}/line-manager"), await ani.post(f"{mine}/line-manager", data={})):
            assert "We no longer need an answer from your line manager, so" in answer.text
        assert await name("levon") == 409
        assert deadline not in await three_services.open_deadlines(visit_id)
        session = {"application_id": str(application_id), "visit_id": str(visit_id), "cascade_id": str(uuid4())}
        passed_on = outcomes.CascadeDelivered.model_validate({**outcomes.CascadeDelivered.example, **session})
        await three_services.portal.deliver((passed_on, visit_id))
        confirm = await client.get(await link_about(application_id, "cascade_to_confirm"))
        assert (confirm.status_code, "Was this session held?" in confirm.text) == (200, True)

        await three_services.reopen()
        assert [(await client.get(link)).status_code for link in fresh] == [200] * 2
        assert "Send me a new link" in (await client.get(used)).text
        await client.post(used.replace("?", "/renewal?"))
        assert await sent_anew() == 1
        assert deadline in await three_services.open_deadlines(visit_id)
        assert f"{mine}/line-manager" in (await ani.get(mine)).text
        assert await name("levon") == 200
