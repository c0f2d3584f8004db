"""Tests of the projections: the same state in any order of events, in any batch, and after a rebuild."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.applications.consumers import consumers
from shared.contracts import matches, receipts, visits
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.support import example_of, owner_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

TABLES = ("match", "visit", "mentorship", "receipt", "outcome_record", "standing")


async def projected_rows(programme: Programme) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of the projections."""
    async with programme.app.state.service.bus.read() as session:
        return {
            table: [tuple(row) for row in (await session.execute(sa.text(f'SELECT * FROM "{table}" ORDER BY 1'))).all()]
            for table in TABLES
        }


def story(feed: Feed, application_id: UUID, match_id: UUID, visit_id: UUID) -> list[Any]:
    """Return the records of one application from proposed to completed."""
    pairing = example_of(matches.MatchProposed)["pairing"] | {"application_id": str(application_id)}
    plan = example_of(visits.VisitScheduled)["plan"] | {
        "application_id": str(application_id),
        "match_id": str(match_id),
    }
    now = clock.now()
    ended = {"attended_days": 5, "required_days": 5, "ended_on": plan["end"]}
    events: list[tuple[Any, UUID, dict[str, Any]]] = [
        (matches.MatchProposed, match_id, {"run_id": str(new_id()), "score": 1, "due": now}),
        (matches.MatchCleared, match_id, {}),
        (matches.MatchOffered, match_id, {"due": now}),
        (matches.MatchConfirmed, match_id, {}),
        (visits.VisitScheduled, visit_id, {"agenda_due": now}),
        (visits.VisitStarted, visit_id, {}),
        (visits.VisitEnded, visit_id, {"attended": plan["days"], **ended}),
        (visits.VisitCompleted, visit_id, ended),
    ]
    records = [feed.record(receipts.NoMatchExplained.model_validate(receipts.NoMatchExplained.example), application_id)]
    for count, (event, subject, values) in enumerate(events):
        of = {"pairing": pairing} if event.topic == "exchange.matches" else {"plan": plan}
        records.append(feed.record(event.model_validate(of | values), subject, at=now + timedelta(hours=count)))
    return records


async def test_one_batch_gives_the_same_rows_as_single_events(programme: Programme, feed: Feed) -> None:
    """Two hundred applications in one batch and in single steps leave the same rows."""
    records = [record for _ in range(200) for record in story(feed, new_id(), new_id(), new_id())]
    started = asyncio.get_running_loop().time()
    await feed.apply(records)
    assert asyncio.get_running_loop().time() - started < 20
    once = await projected_rows(programme)
    assert len(once["match"]) == len(once["visit"]) == len(once["standing"]) == 200
    assert {row[1] for row in once["standing"]} == {"completed"}
    bus = programme.app.state.service.bus
    async with owner_of(bus) as owner, owner.transaction("system:tests") as tx:
        for table in (*consumers.projections, "applied_sequence"):
            await tx.session.execute(sa.text(f'TRUNCATE "{table}"'))
    by_topic = sorted(records, key=lambda record: record.topic, reverse=True)
    for start in range(0, len(by_topic), 100):
        await feed.apply(by_topic[start : start + 100])
    again = await projected_rows(programme)
    for table in ("match", "visit", "receipt"):
        assert again[table] == once[table]
    # Visits came before their matches here: the state is the same, only since when it stands may differ.
    assert [row[:2] for row in again["standing"]] == [row[:2] for row in once["standing"]]


async def test_simultaneous_clearances_count_once(programme: Programme, feed: Feed) -> None:
    """Ten clicks at the same moment give one clearance and one release, and nobody reads an error."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    match_id = await abroad.placement_matched()
    await asyncio.gather(*(abroad.post("tigran", f"/matches/{match_id}/clear", {"side": "home"}) for _ in range(10)))
    types = [kind for kind, _, _ in await programme.journal("exchange.participation")]
    assert types == ["ClearanceGiven", "IdentityReleased"]
