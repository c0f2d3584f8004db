"""The reciprocity ledger: it follows the visits, counts in the matching, and is limited to the reader's part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.provisional import snapshot
from shared.contracts import participation, receipts, visits
from shared.contracts.codes import Criterion, Party, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

_WORKED_OUT = """
SELECT v.id AS visit_id, v.country,
    CAST(m.pairing ->> CASE WHEN v.details ->> 'guest' = 'mentor' THEN 'host_organisation_id' ELSE 'organisation_id' END
        AS uuid) AS organisation_id,
    v.host_country, v.host_organisation_id,
    CASE WHEN v.state IN ('ended', 'completed') THEN (SELECT count(*) FROM attendance a WHERE a.visit_id = v.id
        AND a.present AND v.days ? CAST(a.day AS text)) ELSE jsonb_array_length(v.days) END AS days,
    v.state IN ('ended', 'completed') AS done
FROM visit v JOIN match m ON m.id = v.match_id
WHERE v.start IS NOT NULL AND v.state IN ('scheduled', 'under_way', 'ended', 'completed')
"""


async def _visit(world: World) -> tuple[UUID, UUID, UUID, tuple[date, ...]]:
    """Return a Moldovan with a scheduled visit in France: application, match, visit, days."""
    application, match_id = await world.confirmed()
    ((visit_id, scheduled),) = await world.facts("VisitScheduled")
    assert isinstance(scheduled, visits.VisitScheduled)
    return application, match_id, UUID(visit_id), scheduled.plan.days


async def _attend(world: World, application: UUID, match_id: UUID, visit_id: UUID, *days: date) -> None:
    for day in days:
        event = participation.AttendanceRecorded(application_id=application, visit_id=visit_id, day=day, present=True)
        await world.feed.deliver((event, match_id))


async def _stays(world: World) -> list[tuple[str, str, int, bool]]:
    rows = await world.rows("SELECT country, host_country, days, done FROM stay ORDER BY visit_id")
    return [(row.country, row.host_country, row.days, row.done) for row in rows]


async def test_planned_days_become_attended_ones(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Planned days are counted apart; once the visit has ended, attended days count, also after an early return."""
    await world.call()
    await world.offer()
    application, match_id, visit_id, days = await _visit(world)
    assert await _stays(world) == [("MD", "FR", len(days), False)]
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    found = (await browser.get("/matching/api/v1/reciprocity")).json()
    assert found["countries"][1] == {
        "country": "MD",
        "days_sent": 0,
        "days_hosted": 0,
        "net": 0,
        "days_sent_to_come": len(days),
        "days_hosted_to_come": 0,
        "net_to_come": -len(days),
    }
    await _attend(world, application, match_id, visit_id, *days[:2])
    early = participation.EarlyReturnReported(application_id=application, visit_id=visit_id, last_day=days[1])
    await world.feed.deliver((early, match_id))
    assert await _stays(world) == [("MD", "FR", 2, True)]
    found = (await browser.get("/matching/api/v1/reciprocity")).json()
    assert found["pairs"] == [
        {
            "country": "FR",
            "with_country": "MD",
            "days_sent": 0,
            "days_hosted": 2,
            "net": 2,
            "days_sent_to_come": 0,
            "days_hosted_to_come": 0,
            "net_to_come": 2,
        }
    ]
    assert found["points"] == [{"country": "FR", "host_country": "MD", "points": 10}]
    page = (await browser.get("/matching/reciprocity")).text
    assert "Moldova must host guests from France for 2 more days to be balanced" in page


async def test_a_visit_that_does_not_take_place_counts_nowhere(world: World) -> None:
    """A cancelled visit leaves the ledger."""
    await world.call()
    await world.offer()
    application, match_id, _, days = await _visit(world)
    assert await _stays(world) == [("MD", "FR", len(days), False)]
    cancelled = participation.CancellationRequested(application_id=application, by=Party.GUEST, reason=Reason.FUNDING)
    await world.feed.deliver((cancelled, match_id))
    assert await _stays(world) == []


async def test_a_host_that_owes_prefers_guests_from_where_it_has_sent(world: World) -> None:
    """The points decide between equals and are in the receipt."""
    await world.call(weights=[{"criterion": "reciprocity", "applicant": 0, "host": 3}])
    await world.offer()
    await _visit(world)
    await world.offer("MD", places=1)
    await world.exclude("GE", "FR", confidential=False)
    first, second = await world.officer("FR"), await world.officer("GE")
    given = await snapshot.load(world.bus, world.call_id)
    assert given is not None
    assert given.facts.reciprocity == {("FR", "MD"): 25}
    committed = await world.commit()
    assert set(committed.matches) == {first}
    events: dict[str, Any] = dict(await world.facts("MatchExplained", "NoMatchExplained"))
    explained = events[str(first)]
    assert isinstance(explained, receipts.MatchExplained)
    (points,) = [earned for earned in explained.points if earned.criterion is Criterion.RECIPROCITY]
    assert (points.host, points.host_of) == (75, 300)
    assert isinstance(events[str(second)], receipts.NoMatchExplained)


async def test_another_call_is_matched_again_when_days_move(world: World) -> None:
    """A change of days has every open call matched again, and no closed one."""
    await world.call()
    mine = world.call_id
    world.call_id = UUID("01977a1e-0000-7000-8000-00000000c0de")
    await world.call(reference="TC-2026-2")
    other, world.call_id = world.call_id, mine
    await world.offer()
    (before,) = await world.rows("SELECT input_version FROM pool WHERE call_id = :id", id=other)
    await _visit(world)
    (after,) = await world.rows("SELECT input_version FROM pool WHERE call_id = :id", id=other)
    assert after.input_version == before.input_version + 1


async def test_each_country_sees_the_own_part(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Guest's and host's coordinators see their balance, others nothing; an empty page says why."""
    await world.call()
    await world.offer()
    await _visit(world)
    for country, shown in (("MD", True), ("FR", True), ("GE", False)):
        await sign_in(f"nc-{country}", Role.NATIONAL_COORDINATOR, country=country)
        found = (await browser.get("/matching/api/v1/reciprocity")).json()
        assert [row["country"] for row in found["countries"]] == ([country] if shown else [])
        assert len(found["agencies"]) == shown
        page = await browser.get("/matching/reciprocity")
        assert page.status_code == 200
        assert ("Moldova" in page.text) is shown
        assert ("No visit is planned or has ended yet" in page.text) is not shown
    await sign_in("olga", Role.OFFICER)
    assert (await browser.get("/matching/reciprocity")).status_code == 403


async def test_the_ledger_holds_what_visits_and_attendance_say(world: World) -> None:
    """The stored rows equal those computed from visits, matches and attendance."""
    await world.call()
    await world.offer()
    application, match_id, visit_id, days = await _visit(world)
    assert await world.rows("SELECT * FROM stay") == await world.rows(_WORKED_OUT)
    await _attend(world, application, match_id, visit_id, *days)
    kept = await world.rows("SELECT * FROM stay")
    assert [row.done for row in kept] == [True]
    assert kept == await world.rows(_WORKED_OUT)
