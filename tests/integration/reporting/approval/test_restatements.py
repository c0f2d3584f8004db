"""A frozen figure changes only by two people, with a reason, and everybody sees its earlier value."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.reporting.approval.actions import periods as approval_periods
from services.reporting.approval.actions import restatements
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.disclosure.model import decide
from services.reporting.facts import store as facts_store
from services.reporting.figures.actions import counting, own_process, running_counts
from services.reporting.figures.model.verification import CheckedFigure, Statement, recount, statement
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.indicators.model.figure import digest_of
from shared.contracts import TOPICS, read
from shared.contracts.codes import Role
from shared.contracts.periods import PeriodRestated, PeriodSubmitted
from shared.identity import Principal
from shared.time import clock
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world
from tests.processes import instead_of_spawned
from tests.support import ticked_versions

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House

LABEL = "2026-Q1"
PAGE = f"/reporting/periods/{LABEL}/restatement"
LATE = (12, 13, 15, 16, 18)
"""Visits of the quarter that may be told of together: five."""


@pytest.fixture
def quick_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count in a forked process, which has the definitions already, instead of a spawned one."""
    monkeypatch.setattr(
        own_process, "multiprocessing", instead_of_spawned("services.reporting.figures.actions.full_count")
    )


async def _frozen(house: House, *, published: bool = True) -> tuple[httpx2.AsyncClient, httpx2.AsyncClient]:
    """Approve, perhaps publish, a quarter with eight visits (of twelve); return its author and its approver."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    steps = [(author, "submit"), (other, "approve"), *([(author, "publish")] if published else [])]
    for who, step in steps:
        assert (await who.post(f"/reporting/periods/{LABEL}/{step}")).status_code == 303
    await house.relay("exchange.periods")
    return author, other


async def _late(house: House, *people: int) -> None:
    """Feed visits of the quarter that become known today, after the freeze."""
    events = [
        each for each in world(max(people) + 1, running=0) if each.story in {ident("application", n) for n in people}
    ]
    now = clock.now()
    await feed_events(house, [replace(each, at=now) if "Visit" in each.event.type else each for each in events])


async def test_late_facts_are_proposed_by_one_and_approved_by_another(house: House) -> None:
    """The proposal names old, new and events, nothing changes before approval, and FigureRestated is published."""
    author, other = await _frozen(house)
    before = (await other.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02?period={LABEL}")).json()
    assert "The figures match the facts" in (await author.get(PAGE)).text
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 409
    await _late(house, *LATE)
    seen = (await author.get(f"/reporting/api/v1/periods/{LABEL}/restatement")).json()
    change = next(each for each in seen["changes"] if (each["indicator"], each["dimension"]) == ("TOPCOP-OP-02", None))
    assert (change["old"], change["new"], len(change["added"]), change["removed"]) == ("8", "13", 5, [])
    page = (await author.get(PAGE)).text
    assert all(each in page for each in change["added"])
    assert len(re.findall(r'<section class="tandem-card"', page)) == len(
        {each["indicator"] for each in seen["changes"]}
    )
    assert re.search(r"8 so far, the facts show\s*<strong>13</strong>", page)
    parts = sum((each["indicator"], bool(each["dimension"])) == ("TOPCOP-OP-02", True) for each in seen["changes"])
    assert f"{parts} of its parts change" in page
    assert (await author.post(f"{PAGE}/propose", data={"reason": "nonsense"})).status_code == 422
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303, "a second click"
    again = await other.post(f"{PAGE}/propose", data={"reason": "late_facts"})
    assert (again.status_code, "A restatement was proposed on" in again.text) == (409, True)
    assert (await author.post(f"{PAGE}/approve")).status_code == 409, "the author does not approve"
    assert "somebody else must decide" in (await author.get(PAGE)).text
    assert (await other.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02?period={LABEL}")).json() == before
    assert (await other.post(f"{PAGE}/approve")).status_code == 303
    assert (await other.post(f"{PAGE}/approve")).status_code == 303, "a second click"
    against = await other.post(f"{PAGE}/decline")
    assert (against.status_code, "“Approved”" in against.text) == (409, True)

    now = (await other.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02?period={LABEL}")).json()
    assert now["value"] == "13"
    listed = (await other.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02/events?period={LABEL}")).json()
    assert set(change["added"]) <= set(listed["events"])
    assert digest_of(UUID(each) for each in listed["events"]) == now["events_digest"]
    events = {row.aggregateid: row for row in await house.journal("exchange.figures") if row.type == "FigureRestated"}
    payload = json.loads(events[f"TOPCOP-OP-02/{LABEL}"].payload)
    assert (payload["previous_value"], payload["figure"]["value"], payload["reason"]) == ("8", "13", "late_facts")
    assert payload["previous_digest"] == before["events_digest"]
    assert sorted(payload["added"]) == sorted(change["added"])
    assert f"TOPCOP-IN-02/{LABEL}" not in events, "what did not change is not told again"
    assert (await other.get(f"/reporting/api/v1/indicators/TOPCOP-DQ-02?period={LABEL}")).json()["value"] != "0"


async def test_each_step_of_a_period_and_of_a_restatement_is_confirmed(house: House) -> None:
    """The page after a step says what was done, also after a second click, and only to the person who did it."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    steps = f"/reporting/periods/{LABEL}"
    late = {"reason": "late_facts"}
    await _confirmed(author, f"{steps}/submit", "The figures are submitted.")
    await _confirmed(other, f"{steps}/return", "The figures are returned", reason="facts_missing")
    await _confirmed(author, f"{steps}/submit", "The figures are submitted.")
    await _confirmed(other, f"{steps}/approve", "The figures are approved and frozen.")
    await _confirmed(author, f"{steps}/publish", "The figures are published.")
    await _late(house, *LATE)
    await _confirmed(author, f"{PAGE}/propose", "The restatement is proposed.", **late)
    await _confirmed(author, f"{PAGE}/withdraw", "Your proposal is withdrawn.")
    await _confirmed(author, f"{PAGE}/propose", "The restatement is proposed.", **late)
    await _confirmed(other, f"{PAGE}/decline", "The restatement is declined.")
    await _confirmed(author, f"{PAGE}/propose", "The restatement is proposed.", **late)
    led = await _confirmed(other, f"{PAGE}/approve", "These figures are now statement 2.")
    assert "The restatement is approved" not in (await author.get(led, follow_redirects=True)).text
    assert "The figures match the facts" in (await other.get(PAGE)).text, "the page to go back to has no old button"


async def _confirmed(client: httpx2.AsyncClient, address: str, sentence: str, **data: str) -> str:
    """Send a form twice and check that the page after it confirms it; return the address of that page."""
    for _ in range(2):
        sent = await client.post(address, data=data)
        assert sent.status_code == 303, sent.text
        led = sent.headers["location"]
        page = await client.get(led)
        assert (page.status_code, sentence in page.text) == (200, True), f"{address}: {page.text}"
    return str(led)


async def test_the_history_of_a_figure_shows_all_statements(house: House) -> None:
    """Page and API show each statement with its reason, to donors too, but without events."""
    author, other = await _frozen(house)
    await _late(house, *LATE)
    await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})
    await other.post(f"{PAGE}/approve")
    donor = await house.grant(Role.DONOR)
    answer = (await donor.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02/history?period={LABEL}")).json()
    assert [(each["statement"], each["value"]) for each in answer["statements"]] == [(1, "8"), (2, "13")]
    page = (await donor.get(f"/reporting/indicators/TOPCOP-OP-02?period={LABEL}")).text
    assert "All statements" in page
    assert "Facts arrived after the freeze" in page
    assert "They were restated: this is statement 2." in (await donor.get(f"/reporting/?period={LABEL}")).text
    assert (await donor.get(PAGE)).status_code == 403
    assert "Approved" in (await author.get(PAGE)).text
    await _late(house, 19)
    await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})
    assert (await author.post(f"{PAGE}/withdraw")).status_code == 303
    await author.post(f"{PAGE}/propose", data={"reason": "correction"})
    assert (await other.post(f"{PAGE}/withdraw")).status_code == 409, "only the author withdraws"
    assert (await other.post(f"{PAGE}/decline")).status_code == 303
    answer = (await donor.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02/history?period={LABEL}")).json()
    assert len(answer["statements"]) == 2, "what was withdrawn or declined never stood"


async def test_a_correction_of_one_waits_for_others(house: House) -> None:
    """One late visit changes nothing that is shown and the page says so; with four more it is published."""
    author, other = await _frozen(house)
    donor = await house.grant(Role.DONOR)
    address = f"/reporting/api/v1/indicators/TOPCOP-OP-02?period={LABEL}"
    before = (await donor.get(address)).json()
    await _late(house, 12)
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{PAGE}/approve")).status_code == 303
    assert (await donor.get(address)).json() == {**before, "waits": True}
    page = (await donor.get(f"/reporting/indicators/TOPCOP-OP-02?period={LABEL}")).text
    assert "A correction is waiting, because it would reveal few people." in page
    history = f"/reporting/api/v1/indicators/TOPCOP-OP-02/history?period={LABEL}"
    assert [each["statement"] for each in (await donor.get(history)).json()["statements"]] == [1]
    listed = (await other.get(f"/reporting/api/v1/indicators/TOPCOP-OP-02/events?period={LABEL}")).json()
    assert listed["events_digest"] == before["events_digest"]
    assert digest_of(UUID(each) for each in listed["events"]) == before["events_digest"]
    file = (await donor.get(f"/reporting/feeds/{LABEL}/2/figures.csv")).text
    assert ",9," not in next(line for line in file.splitlines() if line.startswith("TOPCOP-OP-02"))
    restated = [row.aggregateid for row in await house.journal("exchange.figures") if row.type == "FigureRestated"]
    assert not [name for name in restated if name.startswith("TOPCOP-OP-02")]
    await _late(house, *LATE[1:])
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{PAGE}/approve")).status_code == 303
    now = (await donor.get(address)).json()
    assert (now["value"], now["waits"]) == ("13", False)
    stated = (await donor.get(history)).json()["statements"]
    assert [(each["statement"], each["value"]) for each in stated] == [(1, "8"), (3, "13")]


async def test_simultaneous_approvals_count_once(house: House) -> None:
    """Of two simultaneous approvals one is refused, and each figure is restated once."""
    author, other = await _frozen(house)
    third = await house.grant(Role.EVALUATOR, Role.PROGRAMME_COORDINATOR)
    await _late(house, *LATE)
    proposed = await asyncio.gather(
        *(who.post(f"{PAGE}/propose", data={"reason": "late_facts"}) for who in (author, author))
    )
    assert [each.status_code for each in proposed] == [303, 303], "the second click is answered as the first"
    async with house.app.state.service.bus.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM restatement")) == 1
    answers = await asyncio.gather(*(who.post(f"{PAGE}/approve") for who in (other, third)))
    assert sorted(each.status_code for each in answers) in ([303, 409], [303, 412])
    events = [row.aggregateid for row in await house.journal("exchange.figures") if row.type == "FigureRestated"]
    assert len(events) == len(set(events)) > 0


async def test_a_draft_is_not_restated_and_a_frozen_one_is_published_as_restated(house: House) -> None:
    """Restatement needs a frozen period, and publication uses the last statement."""
    coordinator = await house.grant(Role.EVALUATOR, name="early")
    assert (await coordinator.get(PAGE)).status_code == 409
    assert (await coordinator.get("/reporting/periods/2026-Q7/restatement")).status_code == 404
    author, other = await _frozen(house, published=False)
    await _late(house, 12)
    await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})
    await other.post(f"{PAGE}/approve")
    assert [row for row in await house.journal("exchange.figures") if row.type == "FigureRestated"] == []
    assert (await author.post(f"/reporting/periods/{LABEL}/publish")).status_code == 303
    payloads = {row.aggregateid: json.loads(row.payload) for row in await house.journal("exchange.figures")}
    assert payloads[f"TOPCOP-OP-02/{LABEL}"]["figure"]["value"] == "9"


async def test_a_statement_has_a_sketch_of_its_events(house: House) -> None:
    """A late event is missing from the statement's sketch, and present in that of the restatement."""
    events = world(12)
    records = [house.feed.record(t.event, t.subject, at=t.at, correlation=t.story) for t in events]
    on_its_way = next(place for place, each in enumerate(events) if each.event.type == "VisitCompleted")
    await house.feed.apply([record for place, record in enumerate(records) if place != on_its_way])
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    for who, step in ((author, "submit"), (other, "approve"), (author, "publish")):
        assert (await who.post(f"/reporting/periods/{LABEL}/{step}")).status_code == 303
    await house.relay("exchange.periods")
    await house.feed.apply([records[on_its_way]])

    async def checked() -> tuple[list[Statement], list[CheckedFigure], list[CheckedFigure]]:
        """Compare each statement with all facts, and published figures with and without their statements."""
        async with house.app.state.service.bus.read() as session:
            used = await facts_store.used(session)
        periods = [read(row.type, row.payload) for row in await house.journal("exchange.periods")]
        figures = [read(row.type, row.payload).figure for row in await house.journal("exchange.figures")]  # type: ignore[attr-defined]  # the topic's only type
        stated = [
            statement(used, each.period.label, each.counted)
            for each in periods
            if isinstance(each, PeriodSubmitted | PeriodRestated) and each.counted
        ]
        return (
            stated,
            [each for each in recount(used, figures, stated) if each.differences],
            [each for each in recount(used, figures) if each.differences],
        )

    stated, broken, without = await checked()
    late = UUID((dict(records[on_its_way].headers)["ce_id"] or b"").decode())
    assert [each.late for each in stated] == [{late}]
    assert [each.lost for each in stated] == [set()]
    assert broken == []
    assert without, "without it the late event would be counted"
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{PAGE}/approve")).status_code == 303
    await house.relay("exchange.periods")
    stated, broken, _ = await checked()
    assert [each.late for each in stated] == [{late}, set()]
    assert broken == []
    (restated,) = [row for row in await house.journal("exchange.periods") if row.type == "PeriodRestated"]
    assert json.loads(restated.payload)["period"]["statement"] == 2


async def test_compacted_topics_give_the_present_figures(house: House) -> None:
    """The newest event of each key alone gives every number as it is shown now."""
    assert TOPICS["exchange.figures"].compacted
    assert TOPICS["exchange.periods"].compacted
    author, other = await _frozen(house)
    await _late(house, 12, 13, 14, 15, 16, 17)
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert (await other.post(f"{PAGE}/approve")).status_code == 303
    newest = {row.aggregateid: json.loads(row.payload)["figure"] for row in await house.journal("exchange.figures")}
    shown = {}
    for figure in (await other.get(f"/reporting/api/v1/figures?period={LABEL}")).json()["figures"]:
        name = f"{figure['indicator']}/{LABEL}"
        shown[name] = figure["value"]
        for dimension, parts in figure["breakdowns"].items():
            of_parts = {f"{name}/{dimension}={part['value_of']}": part["value"] for part in parts if not part["hidden"]}
            shown |= {key: value for key, value in of_parts.items() if not key.endswith("=rolled_up")}
    published = {key: figure["value"] for key, figure in newest.items() if key.split("/")[0] in INDICATORS}
    assert {key: value for key, value in published.items() if not newest[key]["suppressed"] or key in shown} == shown
    periods = {row.aggregateid: json.loads(row.payload)["period"] for row in await house.journal("exchange.periods")}
    assert periods[LABEL]["statement"] == 2
    assert periods[LABEL]["frozen_at"] is not None


async def test_a_large_programme_is_counted_by_a_process_with_the_same_result(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process gives the same figures, digests and events, and pages respond meanwhile."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    submit = f"/reporting/periods/{LABEL}/submit"
    assert (await author.post(submit)).status_code == 303
    small = await _stated(house)
    assert {each[1] for each in small} >= {"TOPCOP-IN-01", "TOPCOP-OP-02", "TANDEM-ND-01"}
    assert (await other.post(f"/reporting/periods/{LABEL}/return", data={"reason": "other"})).status_code == 303

    monkeypatch.setattr(running_counts, "PATIENCE", 600.0)
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    submitting = asyncio.create_task(author.post(submit))
    assert (await other.get("/reporting/quality")).status_code == 200
    assert not submitting.done(), "a page is answered while others count"
    assert (await submitting).status_code == 303
    assert await _stated(house) == small
    assert (await other.post(f"/reporting/periods/{LABEL}/approve")).status_code == 303

    await _late(house, 12, 15)
    in_processes = (await author.get(f"/reporting/api/v1{PAGE.removeprefix('/reporting')}")).json()["changes"]
    monkeypatch.setattr(counting, "AT_ONCE", 10_000)
    assert (await author.get(f"/reporting/api/v1{PAGE.removeprefix('/reporting')}")).json()["changes"] == in_processes
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    assert in_processes
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    assert {each[1] for each in await _stated(house) if each[2] == 2} == {each["indicator"] for each in in_processes}
    proposed = (await author.get(f"/reporting/api/v1{PAGE.removeprefix('/reporting')}")).json()
    assert (proposed["changes"], proposed["proposal"]["state"]) == (in_processes, "proposed")


async def _sent(who: httpx2.AsyncClient, address: str, page: str, **fields: str) -> httpx2.Response:
    """Send a form as the page shows it: what runs on after the answer rests on the version that the page names."""
    return await who.post(address, data=fields | ticked_versions((await who.get(page)).text))


@pytest.mark.usefixtures("quick_processes")
async def test_a_long_count_continues_and_the_page_shows_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long submission or proposal is shown as in progress, and then with its result."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    monkeypatch.setattr(running_counts, "PATIENCE", 0.0)
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    submit, overview = f"/reporting/periods/{LABEL}/submit", f"/reporting/?period={LABEL}"
    assert (await _sent(author, submit, overview)).status_code == 303
    page = (await author.get(overview)).text
    assert "counting these figures for submission" in page
    assert f'action="{submit}"' not in page
    assert "are being counted" not in (await donor.get(overview)).text
    assert (await author.post(submit)).status_code == 303, "a second click"
    assert "are being counted" in (await other.post(submit)).text
    await _done(house)
    page = (await author.get(overview)).text
    assert "are being counted" not in page
    assert "Another evaluator or programme coordinator" in page
    assert (await other.post(f"/reporting/periods/{LABEL}/approve")).status_code == 303

    assert (await _sent(author, f"{PAGE}/propose", PAGE, reason="late_facts")).status_code == 303
    assert "are being counted" in (await author.get(PAGE)).text
    await _done(house)
    assert "there is nothing to restate" in (await author.get(PAGE)).text
    await _late(house, 12)
    assert (await _sent(author, f"{PAGE}/propose", PAGE, reason="late_facts")).status_code == 303
    await _done(house)
    assert "You proposed this restatement" in (await author.get(PAGE)).text


async def test_a_long_check_continues_and_publishes_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long publication or restatement is shown as in progress; a second click does not publish a second time."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    publish, overview = f"/reporting/periods/{LABEL}/publish", f"/reporting/?period={LABEL}"
    assert (await author.post(f"/reporting/periods/{LABEL}/submit")).status_code == 303
    assert (await other.post(f"/reporting/periods/{LABEL}/approve")).status_code == 303
    may_go_on = threading.Event()

    def slow(*arguments: Any) -> Any:
        assert may_go_on.wait(60)
        return decide(*arguments)

    monkeypatch.setattr(disclosure_actions, "decide", slow)
    monkeypatch.setattr(running_counts, "PATIENCE", 0.0)
    for _ in range(2):
        assert (await _sent(author, publish, overview)).status_code == 303
    page = (await author.get(overview)).text
    assert "that these figures reveal nobody, and will then publish them" in page
    assert f'action="{publish}"' not in page
    assert "are being published" in (await other.post(publish)).text
    may_go_on.set()
    await _done(house)
    assert "reveal nobody, and will then" not in (await author.get(overview)).text
    assert [each.type for each in await house.journal("exchange.periods")].count("PeriodPublished") == 1

    monkeypatch.setattr(running_counts, "PATIENCE", 600.0)
    await _late(house, *LATE)
    assert (await author.post(f"{PAGE}/propose", data={"reason": "late_facts"})).status_code == 303
    monkeypatch.setattr(running_counts, "PATIENCE", 0.0)
    may_go_on.clear()
    for _ in range(2):
        assert (await _sent(other, f"{PAGE}/approve", PAGE)).headers["location"] == PAGE
    assert "are being published" in (await other.get(PAGE)).text
    may_go_on.set()
    await _done(house)
    assert (await other.get(f"/reporting/{LABEL}/2/")).status_code == 200
    assert [each.type for each in await house.journal("exchange.periods")].count("PeriodRestated") == 1


async def _done(house: House) -> None:
    """Wait until no count is in progress."""
    work = house.app.state.running_counts.of(LABEL)
    assert work is not None
    await asyncio.wait({work.task})


async def _stated(house: House) -> list[tuple[Any, ...]]:
    """Return the stored statement of the quarter: each figure, and the events of each of its numbers."""
    figures_kept = (
        "SELECT period, indicator, statement, version, total::text, breakdowns::text, notes::text FROM stated_figure"
    )
    proofs = "SELECT period, indicator, statement, 0, dimension, value, events::text FROM proof"
    async with house.app.state.service.bus.read() as session:
        rows = await session.execute(text(f"{figures_kept} UNION ALL {proofs} ORDER BY 1, 2, 3, 4, 5, 6"))
        return [tuple(row) for row in rows]


async def test_a_failed_count_is_shown_until_it_succeeds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is shown until the same was counted, also by another instance."""
    await feed_events(house, world(12))
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    submit, overview = f"/reporting/periods/{LABEL}/submit", f"/reporting/?period={LABEL}"
    note = "The figures could not be counted"

    async def fail() -> None:
        broken = asyncio.Event()

        async def work() -> None:
            await broken.wait()
            raise ConnectionResetError

        monkeypatch.setattr(running_counts, "PATIENCE", 0.0)
        await house.app.state.running_counts.run(LABEL, work(), ("somebody", "submit"))
        broken.set()
        await _done(house)

    await fail()
    assert note in (await author.get(overview)).text
    assert note in (await author.get(overview)).text, "it stays until it was counted"
    await approval_periods.submit(house.app.state.service.bus, Principal("somebody"), LABEL)
    assert note not in (await author.get(overview)).text
    assert (await other.post(f"/reporting/periods/{LABEL}/return", data={"reason": "other"})).status_code == 303
    assert note not in (await author.get(overview)).text

    await fail()
    assert note in (await author.get(overview)).text
    monkeypatch.setattr(running_counts, "PATIENCE", 600.0)
    assert (await author.post(submit)).status_code == 303
    assert note not in (await author.get(overview)).text
    assert (await other.post(f"/reporting/periods/{LABEL}/approve")).status_code == 303

    await fail()
    assert note in (await author.get(PAGE)).text
    await _late(house, 12)
    await restatements.propose(house.app.state.service.bus, Principal("somebody"), LABEL, "late_facts")
    assert note not in (await author.get(PAGE)).text
