"""Every flaw in the data is listed with its consequence, and the data counts once it is corrected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus.dead_letters import redrive
from shared.contracts import EVENTS
from shared.contracts import _examples as ex
from shared.contracts.codes import Role
from tests.integration.reporting.facts.test_rebuild import changed
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import WorldEvent, ident, world

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.reporting.conftest import House

AT = datetime(2026, 4, 2, 9, tzinfo=UTC)


def _event(type_: str, subject: UUID, **changes: object) -> WorldEvent:
    model = EVENTS[type_]
    return WorldEvent(model.model_validate({**model.example, **changes}), subject, AT, subject)


async def test_data_without_a_flaw_is_confirmed(house: House) -> None:
    """Without a flaw the page says so, and a donor does not see the page."""
    await feed_events(house, world(3))
    auditor, donor = await house.grant(Role.AUDITOR), await house.grant(Role.DONOR)
    assert "No problems with the data" in (await auditor.get("/reporting/quality")).text
    assert (await donor.get("/reporting/quality")).status_code == 403
    assert "/reporting/quality" in (await auditor.get("/reporting/")).text


async def test_each_flaw_is_listed_with_its_event_and_its_consequence(house: House) -> None:
    """A reversed visit, a day outside, an impossible score and a code of another scheme are kept and listed."""
    visit = ident("visit", 0)
    plan = {**ex.VISIT_PLAN, "application_id": ident("application", 0)}
    await feed_events(
        house,
        [
            *world(2),
            _event("VisitCompleted", ident("odd", 1), plan=plan, ended_on="2026-03-02"),
            _event("TestScored", ident("odd", 2), phase="post", score=31, maximum=20),
            _event("NeedChanged", ident("odd", 3), scheme="empact-2026", topic_code="cyber_attacks"),
            _event("AttendanceRecorded", ident("match", 0), visit_id=visit, day="2026-05-01", present=True),
        ],
    )
    evaluator = await house.grant(Role.EVALUATOR)
    answer = (await evaluator.get("/reporting/api/v1/quality")).json()
    listed = [*answer["flaws"]["items"], *answer["attended_elsewhere"]]
    assert {each["flaw"]: each["left_out"] for each in listed} == {
        "ends_before_it_starts": True,
        "score_above_maximum": True,
        "unknown_code": False,
        "attended_on_another_day": False,
    }
    page = (await evaluator.get("/reporting/quality")).text
    assert all(each["event"] in page for each in listed)
    assert "The visit ends before it starts" in page
    assert "Left out of all figures" in page
    figures = (await evaluator.get("/reporting/api/v1/figures?period=2026-Q1")).json()["figures"]
    assert next(each["value"] for each in figures if each["indicator"] == "TOPCOP-OP-02") == "2"


async def test_flaws_are_read_page_by_page(house: House) -> None:
    """Following `next` gives each flaw once, the newest first; `since` leaves out earlier ones."""
    odd = [_event("TestScored", ident("odd", n), phase="post", score=31 + n, maximum=20) for n in range(5)]
    await feed_events(house, odd)
    evaluator = await house.grant(Role.EVALUATOR)
    found, cursor = [], ""
    while True:
        page = (await evaluator.get(f"/reporting/api/v1/quality?limit=2{cursor}")).json()["flaws"]
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len({each["event"] for each in found}) == len(found) == 5
    assert [each["occurred_at"] for each in found] == sorted((each["occurred_at"] for each in found), reverse=True)
    later = (await evaluator.get("/reporting/api/v1/quality?since=2090-01-01T00:00:00Z")).json()
    assert (later["flaws"]["items"], later["total"]) == ([], 5)
    assert (await evaluator.get("/reporting/api/v1/quality?cursor=x")).status_code == 422


async def test_dead_letters_are_listed_and_count_after_a_redrive(house: House) -> None:
    """An event against its contract is listed with its reason, and counts once it is corrected and redriven."""
    records = [house.feed.record(each.event, each.subject, at=each.at, correlation=each.story) for each in world(3)]
    visit = str(ident("visit", 1))
    broken = next(n for n, each in enumerate(records) if each.key == visit.encode())
    whole = records[broken]
    strange = changed(
        records[-1], offset=9_000, ce_type=b"VisitAdmired", ce_sequence=b"2", ce_id=ident("x").hex.encode()
    )
    await house.feed.apply([*records[:broken], changed(whole, value=b'{"plan": 1}'), *records[broken + 1 :], strange])
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    answer = (await coordinator.get("/reporting/api/v1/quality")).json()
    unknown = [(each["topic"], each["type"], each["count"]) for each in answer["unknown"]]
    assert unknown == [("exchange.visits", "VisitAdmired", 1)]
    assert answer["dead_letters"][0] | {"subject": visit} == answer["dead_letters"][0]
    assert [each["reason"] for each in answer["dead_letters"]] == ["contract", "behind", "behind", "behind"]
    page = (await coordinator.get("/reporting/quality")).text
    assert "It breaks its contract" in page
    assert "VisitAdmired" in page
    assert "/reporting/dead-letters" in page
    value = "/reporting/api/v1/indicators/TOPCOP-OP-02?period=2026"
    assert (await coordinator.get(value)).json()["value"] == "2"
    service = house.app.state.service
    async with service.bus.transaction("system:tests") as tx:
        mended = "UPDATE dead_letter SET value = :value WHERE settled_at IS NULL AND reason = 'contract'"
        await tx.session.execute(text(mended), {"value": whole.value})
    await redrive.redrive(service.bus, service.consumers, "exchange.visits", visit, "operator", "mended")
    assert (await coordinator.get("/reporting/api/v1/quality")).json()["dead_letters"] == []
    assert (await coordinator.get(value)).json()["value"] == "3"
