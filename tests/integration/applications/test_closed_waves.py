"""Does a wave that reporting closes end in the other services too: on the portal's task lists, among the deadlines?"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from services.notifications import app as notifications
from services.notifications.consumers import consumers as notifications_consumers
from services.notifications.settings import Settings as NotificationsSettings
from services.reporting import app as reporting
from services.reporting.consumers import consumers as reporting_consumers
from services.reporting.settings import Settings as ReportingSettings
from shared import clock
from shared.contracts import mentorships, read, visits
from shared.contracts.codes import Role
from shared.migrate import migrate
from tests.integration.reporting.conftest import House
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from fastapi import FastAPI

    from tests.conftest import Databases
    from tests.integration.applications.abroad import Abroad

_TOLD = ("exchange.calls", "exchange.applications", "exchange.offers", "mentoring.mentors")


class Everybody:
    """The portal, reporting and notifications, each on a store of its own: what one tells the others read."""

    def __init__(self, abroad: Abroad, house: House, mail: FastAPI) -> None:
        """Take the three; what is told of matches and visits goes to all of them."""
        self.abroad, self.house, self.mail = abroad, house, mail
        self.portal, self.post = abroad.feed, Feed(mail.state.service.bus, notifications_consumers)
        self.evaluator: Any = None
        self._read = 0
        abroad.feed = self  # type: ignore[assignment]  # deliver is all that it is asked for

    async def deliver(self, *events: Any, **options: Any) -> None:
        """Let all three read what matching tells."""
        for feed in (self.portal, self.house.feed, self.post):
            await feed.deliver(*events, **options)

    async def catch_up(self) -> None:
        """Let the others read what the portal told of calls, applications and those who host."""
        for topic in _TOLD:
            for kind, subject, payload in await self.abroad.of.journal(topic):
                for feed in (self.house.feed, self.post):
                    await feed.deliver((read(kind, json.dumps(payload)), subject))

    async def close(self, form: str) -> None:
        """An evaluator closes a wave of the call up to yesterday."""
        day = clock.today() - timedelta(days=1)
        call = f"form={form}&call={self.abroad.of.call['id']}"
        sent = {"due_until-day": day.day, "due_until-month": day.month, "due_until-year": day.year, "reason": "Over"}
        answer = await self.evaluator.post(f"/reporting/waves/closings?{call}", data=sent)
        assert answer.status_code == 303, answer.text
        await self.relay()

    async def reopen(self) -> None:
        """The evaluator opens again what was closed."""
        async with self.house.app.state.service.bus.read() as session:
            ids = list(await session.scalars(sa.text("SELECT id FROM wave_closing ORDER BY id")))
        for id_ in ids:
            assert (await self.evaluator.post(f"/reporting/waves/closings/{id_}/reopen")).status_code == 303
        await self.relay()

    async def relay(self) -> None:
        """Let the portal and notifications read what reporting told since the last time."""
        told = await self.house.journal("exchange.outcomes")
        for row in told[self._read :]:
            for feed in (self.portal, self.post):
                await feed.deliver((read(row.type, row.payload), row.aggregateid))
        self._read = len(told)

    async def waited_for(self, case_id: UUID) -> set[tuple[str, str]]:
        """The open deadlines about a visit or a mentorship, as (kind, whose)."""
        query = sa.text("SELECT kind, owner FROM deadline WHERE open AND case_id = :case_id ORDER BY kind, owner")
        async with self.mail.state.service.bus.read() as session:
            return {(row.kind, row.owner) for row in await session.execute(query, {"case_id": case_id})}


@pytest.fixture
def addresses(postgres: Databases) -> Iterator[list[str]]:
    """A store of its own for each of the two other services."""
    names = ("reporting", "notifications")
    made = [postgres.new(postgres.template(name, partial(migrate, name))) for name in names]
    yield made
    for address in made:
        postgres.drop(address)


@pytest.fixture
async def everybody(abroad: Abroad, addresses: list[str]) -> AsyncIterator[Everybody]:
    """The three services."""
    of_figures = reporting.create_app(ReportingSettings(**settings_for(addresses[0])), background=False)
    mail = notifications.create_app(NotificationsSettings(**settings_for(addresses[1])), background=False)
    house = House(of_figures, Feed(of_figures.state.service.bus, reporting_consumers))
    made = Everybody(abroad, house, mail)
    made.evaluator = await house.grant(Role.EVALUATOR)
    yield made
    for app in (of_figures, mail):
        await app.state.service.bus.close()


async def test_a_closed_wave_is_nobody_s_task_any_more(everybody: Everybody) -> None:
    """Neither list, count nor deadline names what is closed; the rest stays; opened again, it is back for everybody."""
    abroad, ani = everybody.abroad, everybody.abroad.of.as_("ani")
    match_id = await abroad.placement_matched()
    visit_id = await abroad.scheduled(match_id)
    await everybody.catch_up()
    counted = {"attended_days": 5, "required_days": 5, "ended_on": abroad.plan(match_id)["end"]}
    clock.move(timedelta(days=200))
    await abroad.tell_visit(visits.VisitEnded, visit_id, match_id, attended=abroad.plan(match_id)["days"], **counted)
    await abroad.tell_visit(visits.VisitCompleted, visit_id, match_id, **counted)
    form, here = f"/applications/visits/{visit_id}/forms/evaluation", f"/applications/visits/{visit_id}"
    evaluation, report = ("evaluation", "applicant"), ("report", "applicant")
    assert form in (await ani.get(here)).text
    assert "forms to fill in: AM-" in (await ani.get("/applications/")).text
    assert {evaluation, report, ("evaluation", "host_contact")} <= await everybody.waited_for(visit_id)

    await everybody.close("guest")
    assert form not in (await ani.get(here)).text
    assert "is no longer taken" in (await ani.get(here)).text
    assert "form to fill in: AM-" in (await ani.get("/applications/")).text, "the report is still asked for"
    assert f"{form[:-10]}report" in (await ani.get(here)).text
    waits = await everybody.waited_for(visit_id)
    assert evaluation not in waits
    assert {report, ("evaluation", "host_contact")} <= waits
    old_link = await ani.get(form)
    assert old_link.headers["location"].startswith("/reporting/evaluations/guest."), "the form says why"
    await everybody.close("report")
    assert "to fill in: AM-" not in (await ani.get("/applications/")).text
    assert report not in await everybody.waited_for(visit_id)

    await everybody.reopen()
    assert form in (await ani.get(here)).text
    assert "forms to fill in: AM-" in (await ani.get("/applications/")).text
    assert {evaluation, report} <= await everybody.waited_for(visit_id)


async def test_a_mentorship_does_not_wait_for_what_is_closed(everybody: Everybody) -> None:
    """The mentor's list and first page forget a closed evaluation; the mentee's own, of another form, waits on."""
    abroad = everybody.abroad
    match_id = await abroad.mentor_matched()
    pair = await abroad.begun(match_id)
    await everybody.catch_up()
    clock.move(timedelta(days=200))
    over = {"sessions": 3, "goals": 0, "goals_met": 0, "ended_on": clock.today() - timedelta(days=60)}
    await abroad.tell_pair(mentorships.MentorshipCompleted, pair, match_id, **over)
    jonas, nino = abroad.of.as_("jonas"), abroad.of.as_("nino")
    assert "mentorship waits for you" in (await jonas.get("/applications/")).text
    await everybody.close("mentor")
    assert "mentorship waits for you" not in (await jonas.get("/applications/")).text
    assert f"mentorships/{pair}" not in (await jonas.get("/applications/mentorships?state=waits")).text
    assert "mentorship waits for you" in (await nino.get("/applications/")).text
    assert ("evaluation", "mentor") not in await everybody.waited_for(pair)
    assert ("evaluation", "applicant") in await everybody.waited_for(pair)
