"""The sending country's coordinator evaluates, months later, the results of a visit at home."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from services.reporting.answers.model.waves import AnswerFilter
from services.reporting.answers.store import waves
from services.reporting.cases import views as cases_views
from shared.contracts.codes import Role
from shared.time import clock
from tests.integration.reporting.answers.test_forms import GUEST, VISIT
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, mentorship, world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

ADDRESS = f"/reporting/evaluations/national_coordinator.{VISIT}"
SAID = {
    "overall": "4", "service_better": "5", "knowledge_spread": "3", "cooperation_closer": "4", "need_met": "5",
    "went_well": "Two services meet every month now", "improve": "",
}  # fmt: skip


@pytest.fixture
def months_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than six months, and less than a year, pass after the end of every visit in the tests."""
    monkeypatch.setattr(clock, "today", lambda: date(2026, 11, 30))


@pytest.mark.usefixtures("months_later")
async def test_results_are_published_once_and_count_among_the_answers(house: House) -> None:
    """The coordinator's level 4 statements become one event, and count beside the other answers."""
    await feed_events(house, world(2, running=0))
    coordinator = await house.grant(Role.NATIONAL_COORDINATOR)
    form = await house.with_ticket(coordinator, ADDRESS, "evaluation", "national_coordinator")
    assert "What results did it bring for your services?" in form.text
    assert "How far was each objective met?" not in form.text
    missing = await coordinator.post(ADDRESS, data={**SAID, "need_met": ""})
    assert (missing.status_code, "Select an answer from 1 to 5 for each statement" in missing.text) == (422, True)
    for overall, status in (("4", 303), ("4", 303), ("1", 409)):
        assert (await coordinator.post(ADDRESS, data={**SAID, "overall": overall})).status_code == status
    assert "Two services meet every month now" in (await coordinator.get(ADDRESS)).text
    (row,) = await house.journal("exchange.outcomes")
    event = json.loads(row.payload)
    assert (event["respondent"], event["overall"], event["late"]) == ("national_coordinator", 4, True)
    assert {(answer["question"], answer["level"]) for answer in event["answers"]} == {
        (name, 4) for name in SAID.keys() - {"overall", "went_well", "improve"}
    }
    assert (event["objectives"], event["goals"], "month" in row.payload) == ([], [], False)
    await house.relay("exchange.outcomes")
    async with house.app.state.service.bus.read() as session:
        since = clock.today() - timedelta(days=900)
        rates = await waves.rates(session, AnswerFilter(since, clock.today()), clock.today())
    of_coordinators = [rate for rate in rates if rate.respondent == "national_coordinator"]
    assert [(rate.due, rate.answered, rate.late) for rate in of_coordinators] == [(2, 1, 1)]
    page = (await (await house.grant(Role.EVALUATOR)).get(f"/reporting/waves?since={since}")).text
    assert "Results, by the coordinator" in page


async def test_the_coordinators_form_opens_months_after_the_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right after the end the coordinator's form gives its opening day, and the guest's form is open."""
    await feed_events(house, world(1, running=0))
    async with house.app.state.service.bus.read() as session:
        case = await cases_views.case(session, VISIT)
    assert case is not None
    assert case.ended_on is not None
    ended_on = case.ended_on
    monkeypatch.setattr(clock, "today", lambda: ended_on + timedelta(days=20))
    coordinator = await house.grant(Role.NATIONAL_COORDINATOR)
    form = await house.with_ticket(coordinator, ADDRESS, "evaluation", "national_coordinator")
    assert "It is too early to report results" in form.text
    assert (await coordinator.post(ADDRESS, data=SAID)).status_code == 409
    assert await house.journal("exchange.outcomes") == []
    guest, own = await house.grant(Role.OFFICER), f"/reporting/evaluations/guest.{VISIT}"
    await house.with_ticket(guest, own, "evaluation", "officer")
    assert (await guest.post(own, data=GUEST)).status_code == 303


@pytest.mark.usefixtures("months_later")
async def test_a_coordinator_evaluates_a_mentorship_but_never_reports(house: House) -> None:
    """A completed mentorship has the same form without goals; a coordinator has no report and no follow-up."""
    await feed_events(house, mentorship())
    pair = ident("mentorship")
    coordinator = await house.grant(Role.NATIONAL_COORDINATOR)
    address = f"/reporting/api/v1/evaluations/national_coordinator.{pair}"
    form = (await house.with_ticket(coordinator, address, "evaluation", "national_coordinator")).json()
    assert (form["respondent"], form["open"], form["goals"]) == ("national_coordinator", True, [])
    for kind, purpose in (("reports", "report"), ("follow-ups", "follow_up")):
        other = f"/reporting/{kind}/national_coordinator.{pair}"
        assert (await house.with_ticket(coordinator, other, purpose, "national_coordinator")).status_code == 404
