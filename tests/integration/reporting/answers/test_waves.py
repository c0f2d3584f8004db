"""An evaluator sees open answers, reminds respondents once in three days, and closes and reopens a wave."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.reporting.answers.actions import waves as actions
from services.reporting.answers.model.waves import AnswerFilter
from services.reporting.answers.store import waves
from shared.contracts import _examples as ex
from shared.contracts.calls import CallRevised, CallTerms
from shared.contracts.codes import Role
from shared.identity.state import identity_of
from shared.time import clock
from tests.integration.reporting.answers.test_forms import APPLICATION, GUEST, HOST, VISIT
from tests.integration.reporting.conftest import set_day
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, mentorship, world

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    import pytest

    from tests.integration.reporting.conftest import House

ALL = "since=2026-01-01&until=2026-12-31"
WAVE = f"form=guest&call={ex.CALL}&{ALL}"
CLOSE = {"due_until-day": "1", "due_until-month": "6", "due_until-year": "2026", "reason": "The report is written"}


async def at_june(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx2.AsyncClient:
    """Return the evaluator on 15 June 2026: two visits and a mentorship are over, and one guest has begun a draft."""
    set_day(date(2026, 6, 15), tmp_path, monkeypatch)
    await feed_events(house, [*world(2, running=1), *mentorship()])
    return await house.grant(Role.EVALUATOR)


async def begin(house: House) -> httpx2.AsyncClient:
    """Open the evaluation as the first visit's guest, and begin it."""
    guest = await house.grant(Role.OFFICER)
    await house.with_ticket(guest, f"/reporting/evaluations/{APPLICATION}", "evaluation", "officer")
    return guest


def listed(page: str) -> list[tuple[str, str]]:
    """Return reference and form of each answer in a page's list."""
    found = re.findall(r'journey/[0-9a-f-]+">([^<]+)</a>.*?data-label="Form"><div>([^<]+)<', page, re.DOTALL)
    return [(reference, form) for reference, form in found]


async def test_open_answers_can_be_filtered(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters are form, state, country, call and day, drafts and received answers are marked, and counts fit."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    page = (await evaluator.get(f"/reporting/waves?{ALL}")).text
    assert "8 answers are missing" in page, "two visits: guest, host, report; a mentorship: mentee, mentor"
    guest = await begin(house)
    sent = {"draft_writer": "a", "draft_turn": "1", "went_well": "The labs"}
    assert (await guest.post(f"/reporting/evaluations/{APPLICATION}/draft", data=sent)).status_code == 200
    contact = await house.grant(Role.HOST_CONTACT)
    await house.with_ticket(contact, f"/reporting/evaluations/host.{VISIT}", "evaluation", "host_contact")
    assert (await contact.post(f"/reporting/evaluations/host.{VISIT}", data=HOST)).status_code == 303
    await house.relay("exchange.outcomes")

    async def rows(query: str) -> list[tuple[str, str]]:
        answer = await evaluator.get(f"/reporting/waves?{query}")
        assert answer.status_code == 200, answer.text
        return listed(answer.text)

    assert await rows(f"{ALL}&state=begun") == [("AM-2026-0000", "Evaluation by the guest")]
    assert await rows(f"{ALL}&state=submitted") == [("AM-2026-0000", "Evaluation by the host")]
    assert await rows(f"{ALL}&form=report") == [
        ("GE-2026-0001", "Report on the visit"),
        ("AM-2026-0000", "Report on the visit"),
    ]
    assert {form for _, form in await rows(f"{ALL}&country=GE&state=all")} == {
        "Evaluation by the mentee", "Evaluation by the mentor", "Evaluation by the guest",
        "Evaluation by the host", "Report on the visit",
    }  # fmt: skip
    assert await rows(f"{ALL}&call={uuid4()}") == []
    assert await rows("since=2026-03-27&until=2026-03-27") == [("AM-2026-0000", "Evaluation by the guest")]
    page = (await evaluator.get(f"/reporting/waves?{ALL}")).text
    assert "7 answers are missing" in page
    assert "1 of 2" in page
    assert "benchmark: 90\u00a0%" in page
    assert "The labs" not in page, "who answers what is not this page's matter"
    for forged in ("since=soon", "form=poem", "state=odd", "call=x", "country=XX"):
        assert (await evaluator.get(f"/reporting/waves?{forged}")).status_code == 422
    assert "All have answered" in (await evaluator.get("/reporting/waves?since=2026-01-01&until=2026-01-02")).text


async def test_reminders_go_out_once_in_three_days(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All listed respondents who have not answered get one reminder in three days, with an event for each visit."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    here = f"/reporting/waves/remind?{ALL}"
    case = {"case_id": str(VISIT), "of": "guest"}
    assert "done_reminded=1" in (await evaluator.post(here, data=case)).headers["location"]
    assert "done_reminded=0" in (await evaluator.post(here, data=case)).headers["location"], "not again so soon"
    assert "Send 7 reminders?" in (await evaluator.get(here)).text
    led = (await evaluator.post(here)).headers["location"]
    assert "7 reminders are being sent" in (await evaluator.get(led)).text
    assert "Nobody to remind" in (await evaluator.get(here)).text
    clock.move(timedelta(days=4))
    assert "done_reminded=8" in (await evaluator.post(here)).headers["location"]
    announced = await house.journal("exchange.outcomes")
    assert [row.type for row in announced] == ["AnswerAsked"] * 16
    first = json.loads(announced[0].payload)
    assert (first["form"], first["respondent"], first["due"]) == ("evaluation", "guest", "2026-03-27")
    assert announced[0].aggregateid == str(VISIT)
    both = {json.loads(row.payload)["mentorship_id"] for row in announced}
    assert both == {None, str(ident("mentorship"))}
    assert (await evaluator.post(here, data={"case_id": "x", "of": "guest"})).status_code == 404
    officer = await house.grant(Role.OFFICER)
    assert (await officer.post(here)).status_code == 403


async def test_a_closed_wave_accepts_no_answer_until_it_is_reopened(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Respondents read why, drafts are refused, nobody is reminded, and other forms stay open."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    assert "A wave is one form of one call" in (await evaluator.get(f"/reporting/waves?{ALL}")).text
    here = f"/reporting/waves/closings?{WAVE}"
    early = await evaluator.post(here, data={**CLOSE, "due_until-month": "12"})
    assert (early.status_code, "a day in the past" in early.text) == (422, True)
    kept = identity_of(house.app).cookies.list
    assert kept not in early.headers.get("set-cookie", ""), "a refused form is no list to go back to"
    assert kept in (await evaluator.get(f"/reporting/waves?{ALL}")).headers.get("set-cookie", "")
    assert (await evaluator.post(here, data={**CLOSE, "reason": ""})).status_code == 422
    assert (await evaluator.post(f"/reporting/waves/closings?{ALL}", data=CLOSE)).status_code == 422
    elsewhere = f"/reporting/waves/closings?{WAVE.replace(str(ex.CALL), str(uuid4()))}"
    assert (await evaluator.post(elsewhere, data=CLOSE)).status_code == 404
    assert (await evaluator.post(here, data=CLOSE)).status_code == 303
    guest = await begin(house)
    address = f"/reporting/evaluations/{APPLICATION}"
    shown = await guest.get(address)
    assert "Reason: The report is written" in shown.text
    assert "Send answers" not in shown.text
    refused = await guest.post(address, data=GUEST)
    assert (refused.status_code, "no longer accepted" in refused.text) == (409, True)
    assert (await guest.post(f"{address}/draft", data={"went_well": "x"})).status_code == 409
    page = (await evaluator.get(f"/reporting/waves?{ALL}&state=closed")).text
    assert listed(page) == [("GE-2026-0001", "Evaluation by the guest"), ("AM-2026-0000", "Evaluation by the guest")]
    assert "Send 6 reminders?" in (await evaluator.get(f"/reporting/waves/remind?{ALL}")).text
    contact = await house.grant(Role.HOST_CONTACT)
    await house.with_ticket(contact, f"/reporting/evaluations/host.{VISIT}", "evaluation", "host_contact")
    assert (await contact.post(f"/reporting/evaluations/host.{VISIT}", data=HOST)).status_code == 303
    again = re.findall(r"/reporting/waves/closings/[0-9a-f-]+/reopen", page)[0]
    assert (await evaluator.post(again)).status_code == 303
    assert (await evaluator.post(again)).status_code == 303, "open already"
    assert (await evaluator.post(f"/reporting/waves/closings/{uuid4()}/reopen")).status_code == 404
    assert (await guest.post(address, data=GUEST)).status_code == 303


async def test_a_wave_is_said_to_be_closed_only_while_it_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page after a closing says so, until somebody else reopens the wave."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    closed = (await evaluator.post(f"/reporting/waves/closings?{WAVE}", data=CLOSE)).headers["location"]
    said = "Closed. People who come too late see the reason."
    page = (await evaluator.get(f"{closed}&state=closed")).text
    assert said in page
    colleague = await house.grant(Role.PROGRAMME_COORDINATOR)
    again = re.findall(r"/reporting/waves/closings/[0-9a-f-]+/reopen", page)[0]
    assert (await colleague.post(again)).status_code == 303
    later = await evaluator.get(closed, follow_redirects=True)
    assert (said in later.text, "done_since" in str(later.url)) == (False, True)


async def test_each_closed_answer_is_published_once(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing publishes each answer once, also one that becomes known later, until it is reopened."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    here = f"/reporting/waves/closings?{WAVE}"
    assert (await evaluator.post(here, data=CLOSE)).status_code == 303
    assert (await evaluator.post(here, data=CLOSE)).status_code == 303, "a second click makes no second closing"
    another = {**CLOSE, "reason": "The programme is over"}
    assert (await evaluator.post(here, data=another)).status_code == 303, "a second closing of the same answers"
    bus = house.app.state.service.bus

    async def announced() -> list[tuple[str, str]]:
        await actions.announce_all(bus)
        return [(row.type, row.aggregateid) for row in await house.journal("exchange.outcomes")]

    closed = [("AnswerClosed", str(visit)) for visit in sorted([VISIT, ident("visit", 1)])]
    assert await announced() == closed
    late = [event for event in world(3, running=0) if event.subject == ident("visit", 2)]
    await feed_events(house, [event for event in late if event.event.type != "VisitScheduled"])
    closed.append(("AnswerClosed", str(ident("visit", 2))))
    assert await announced() == closed, "this visit ended in March, and was told of today"
    page = (await evaluator.get(f"/reporting/waves?{ALL}&state=closed")).text
    first, second = re.findall(r"/reporting/waves/closings/[0-9a-f-]+/reopen", page)
    assert (await evaluator.post(first)).status_code == 303
    assert await announced() == closed, "the other closing still holds"
    assert (await evaluator.post(second)).status_code == 303
    again = [("AnswerReopened", str(visit)) for visit in sorted([VISIT, *(ident("visit", n) for n in (1, 2))])]
    assert await announced() == closed + again


async def test_more_time_takes_answers_out_of_a_closed_wave(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers whose deadline moves past the closed day are published as open, until their own day."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    assert (await evaluator.post(f"/reporting/waves/closings?{WAVE}", data=CLOSE)).status_code == 303
    timers = {**CallTerms.model_validate(ex.CALL_TERMS).timers.model_dump(), "evaluation_days": 90}
    terms = {**ex.CALL_TERMS, "revision": 9, "timers": timers}
    revised = CallRevised.model_validate({**CallRevised.example, "terms": terms})
    await house.feed.apply([house.feed.record(revised, UUID(ex.CALL))])
    await actions.announce_all(house.app.state.service.bus)
    announced = await house.journal("exchange.outcomes")
    assert [row.type for row in announced] == ["AnswerClosed"] * 2 + ["AnswerReopened"] * 2
    due = {row.aggregateid: json.loads(row.payload)["due"] for row in announced if row.type == "AnswerReopened"}
    assert due[str(VISIT)] == "2026-06-18", "ninety days after the 20th of March"
    guest = await begin(house)
    assert (await guest.post(f"/reporting/evaluations/{APPLICATION}", data=GUEST)).status_code == 303


async def test_a_received_answer_is_not_reopened(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer submitted between reopening and publication is not published as open."""
    evaluator = await at_june(house, tmp_path, monkeypatch)
    assert (await evaluator.post(f"/reporting/waves/closings?{WAVE}", data=CLOSE)).status_code == 303
    page = (await evaluator.get(f"/reporting/waves?{ALL}&state=closed")).text
    monkeypatch.setattr(actions, "_ROUNDS", 0)
    (again,) = re.findall(r"/reporting/waves/closings/[0-9a-f-]+/reopen", page)
    assert (await evaluator.post(again)).status_code == 303
    guest = await begin(house)
    assert (await guest.post(f"/reporting/evaluations/{APPLICATION}", data=GUEST)).status_code == 303
    await actions.announce_all(house.app.state.service.bus)
    announced = [(row.type, row.aggregateid) for row in await house.journal("exchange.outcomes")]
    assert [subject for type_, subject in announced if type_ == "AnswerReopened"] == [str(ident("visit", 1))]


async def test_the_list_of_open_answers_reads_by_index(house: House) -> None:
    """The cases of the chosen time, and their data, are found by index."""
    wanted = AnswerFilter(date(2026, 1, 1), date(2026, 3, 1), call_id=UUID(ex.CALL))
    values = {**waves.parameters(wanted, date(2026, 3, 1)), "limit": 50, "offset": 0}
    async with house.app.state.service.bus.read() as session:
        await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {waves.LIST}"), values))
        anywhere = values | {"call_id": None}
        whole = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {waves.LIST}"), anywhere))
        announced = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {waves.UNTOLD}"), values))
        again = {**values, "limit": 50}
        opened = "\n".join(row[0] for row in await session.execute(sa.text(f"EXPLAIN {waves.OPEN_AGAIN}"), again))
    assert "case_ended" in whole, whole
    for index in (
        "case_call_ended",
        "received_answer_pkey",
        "answer_draft_pkey",
        "answer_reminder_pkey",
        "wave_closing_call_id",
    ):
        assert index in plan, plan
    assert {"case_call_ended", "closed_answer_pkey", "submission_pkey"} <= set(re.findall(r"\w+", announced)), announced
    assert {"closed_answer_call_id", "case_pkey", "wave_closing_call_id"} <= set(re.findall(r"\w+", opened)), opened
