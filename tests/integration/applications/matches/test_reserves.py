"""A match that is cleared as a reserve uses no place until it is called up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from services.applications.consumers import consumers
from shared.contracts import matches, visits
from shared.contracts.codes import MatchState, Party, Reason
from shared.ids import new_id
from shared.time import clock
from tests.integration.applications.abroad import Abroad
from tests.support import example_of, owner_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.integration.applications.conftest import Programme
    from tests.support import Feed


async def _standing(programme: Programme, application_id: str) -> tuple[str, bool]:
    async with programme.app.state.service.bus.read() as session:
        row = (
            await session.execute(
                sa.text("SELECT state, cleared_ahead FROM standing WHERE application_id = :id"), {"id": application_id}
            )
        ).one()
    return row.state, row.cleared_ahead


async def test_a_reserve_waits_cleared_in_advance_until_it_is_called_up(programme: Programme, feed: Feed) -> None:
    """Both countries clear it in their queue; the officer reads of the waiting list, then of an offer."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    offer = await abroad.offer()
    application_id = await abroad.eligible()
    match_id = await abroad.proposed(application_id, offer_id=offer["id"], reserve=True)
    assert await _standing(programme, application_id) == ("in_matching", False)
    tigran, luc, ani = (programme.as_(name) for name in ("tigran", "luc", "ani"))
    queue = (await tigran.get("/applications/matches?state=waits")).text
    assert "Reserve, to be cleared" in queue
    assert "This officer is a reserve" in (await tigran.get(f"/applications/matches/{match_id}")).text
    await abroad.post("tigran", f"/matches/{match_id}/clear")
    assert "Nothing is offered yet" in (await luc.get(f"/applications/matches/{match_id}")).text
    await abroad.post("luc", f"/matches/{match_id}/clear")
    await abroad.publish(matches.MatchCleared, match_id, reserve=True)
    assert await _standing(programme, application_id) == ("waitlisted", True)
    page = (await ani.get(f"/applications/mine/{application_id}")).text
    assert "On the waiting list, cleared in advance" in page
    assert "Open your match" not in page
    answer = await abroad.get("tigran", f"/matches/{match_id}")
    assert (answer["state"], answer["reserve"]) == ("cleared", True)
    await abroad.publish(matches.MatchCalledUp, match_id)
    await abroad.publish(matches.MatchOffered, match_id, due=(clock.now() + timedelta(days=14)).isoformat())
    assert await _standing(programme, application_id) == ("offered", False)
    assert "Open your match" in (await ani.get(f"/applications/mine/{application_id}")).text


async def test_the_end_of_a_reserve_leaves_the_application_unchanged(programme: Programme, feed: Feed) -> None:
    """Another match of the application, and its place in matching, stay as they were."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    offer = await abroad.offer()
    application_id = await abroad.eligible()
    reserve = await abroad.proposed(application_id, offer_id=offer["id"], reserve=True)
    await abroad.publish(matches.MatchCleared, reserve, reserve=True)
    ended = {"by": Party.CLOCK, "reason": Reason.OTHER, "was": MatchState.CLEARED, "reserve": True}
    await abroad.publish(matches.MatchCancelled, reserve, **ended)
    assert await _standing(programme, application_id) == ("in_matching", False)
    again = await abroad.proposed(application_id, offer_id=offer["id"], reserve=True)
    own = await abroad.proposed(application_id, offer_id=offer["id"])
    await abroad.publish(matches.MatchSuperseded, again, reason=Reason.OTHER, by_match_id=str(own), reserve=True)
    assert await _standing(programme, application_id) == ("matched", False)
    assert [kind for kind, _, _ in await programme.journal("exchange.applications")][-1] == "ApplicationFoundEligible"


async def test_the_projection_is_the_same_after_a_rebuild(programme: Programme, feed: Feed) -> None:
    """Matches and states of reserves are the same after a rebuild, event by event."""
    pairing = example_of(matches.MatchProposed)["pairing"]
    events: list[tuple[UUID, Any]] = []
    for number in range(4):
        match_id, of = new_id(), {"pairing": pairing | {"application_id": str(new_id())}}
        proposed = of | {"run_id": str(new_id()), "score": 1, "due": clock.now(), "reserve": True}
        steps: list[matches.MatchEvent] = [matches.MatchProposed.model_validate(proposed)]
        if number > 0:
            steps.append(matches.MatchCleared.model_validate(of | {"reserve": True}))
        if number > 1:
            steps.append(matches.MatchCalledUp.model_validate(of))
        if number > 2:
            steps.append(matches.MatchOffered.model_validate(of | {"due": clock.now()}))
        events += [(match_id, step) for step in steps]
    records = [
        feed.record(step, match_id, at=clock.now() + timedelta(minutes=count))
        for count, (match_id, step) in enumerate(events)
    ]
    await feed.apply(records)
    once = await _stored_rows(programme)
    assert [(row[1], row[2]) for row in once["match"]] == [
        ("proposed", True),
        ("cleared", True),
        ("cleared", False),
        ("offered", False),
    ]
    assert sorted((row[1], row[2]) for row in once["standing"]) == [
        ("in_matching", False),
        ("matched", False),
        ("offered", False),
        ("waitlisted", True),
    ]
    async with owner_of(programme.app.state.service.bus) as owner, owner.transaction("system:tests") as tx:
        for table in (*consumers.projections, "applied_sequence"):
            await tx.session.execute(sa.text(f'TRUNCATE "{table}"'))
    for record in records:
        await feed.apply([record])
    assert await _stored_rows(programme) == once


async def _stored_rows(programme: Programme) -> dict[str, list[tuple[Any, ...]]]:
    async with programme.app.state.service.bus.read() as session:
        found = {}
        for table, columns in (("match", "id, state, reserve"), ("standing", "application_id, state, cleared_ahead")):
            rows = await session.execute(sa.text(f'SELECT {columns} FROM "{table}" ORDER BY 1'))
            found[table] = [tuple(row) for row in rows]
        return found


async def test_the_pages_of_both_visits_lead_to_each_other(programme: Programme, feed: Feed) -> None:
    """The host finds a no-show and its replacement from each other; the guest reads only that there is one."""
    abroad = Abroad(programme, feed)
    await abroad.fill()
    match_id = await abroad.placement_matched()
    old = await abroad.scheduled(match_id)
    await abroad.publish_visit_event(visits.VisitNoShow, old, match_id)
    page = f"/applications/visits/{old}"
    assert "taken over this place" not in (await programme.as_("claire").get(page)).text
    other = await abroad.eligible("nino", "giorgi")
    second = await abroad.proposed(other, offer_id=abroad.pairings[match_id]["offer_id"], country="GE")
    new, plan = new_id(), abroad.plan(second) | {"replaces": str(old)}
    scheduled = visits.VisitScheduled.model_validate({"plan": plan, "agenda_due": clock.now()})
    await feed.deliver((scheduled, new))
    claire = (await programme.as_("claire").get(page)).text
    assert "Somebody else has taken over this place" in claire
    assert f"/applications/visits/{new}" in claire
    ani = (await programme.as_("ani").get(page)).text
    assert "Somebody else has taken over this place" in ani
    assert str(new) not in ani
    claire = (await programme.as_("claire").get(f"/applications/visits/{new}")).text
    assert "This visit replaces an earlier visit that was given up" in claire
    assert f'href="{page}"' in claire
    nino = (await programme.as_("nino").get(f"/applications/visits/{new}")).text
    assert "This visit replaces an earlier visit that was given up" in nino
    assert str(old) not in nino
