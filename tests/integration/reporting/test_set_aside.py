"""A case that cannot be counted is left out of the figures and named; the others count, and it comes back by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from services.reporting.answers.actions import waves
from services.reporting.answers.store.waves import ClosedAnswer
from services.reporting.cascades import actions as cascades_actions
from services.reporting.cascades.store import Cascade
from services.reporting.feeds.actions import publications
from services.reporting.figures.actions import counting
from services.reporting.figures.actions import periods as actions
from shared.bus.set_aside import SetAside
from shared.contracts.codes import Role
from shared.ids import new_id
from shared.time import clock
from tests.impossible import impossible, set_aside_by
from tests.integration.reporting.answers.test_forms import APPLICATION, VISIT
from tests.integration.reporting.feeds.test_files import published
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import ident, world

if TYPE_CHECKING:
    import pytest

    from tests.integration.reporting.conftest import House


async def attended(house: House) -> Any:
    """Return the days of visits that are counted in a year."""
    async with house.app.state.service.bus.read() as session:
        _, made = await actions.standing_figures(session, await actions.period_of(session, "2026"))
    return {figure.definition.id: figure.total.value for figure in made}


async def write(house: House, story: str, **values: Any) -> dict[str, Any]:
    """Write values into the facts of the ended visit of a case, as no event could; return what was there."""
    async with house.app.state.service.bus.transaction("system:tests") as tx:
        query = "SELECT id, values FROM fact WHERE story = :story AND type = 'VisitCompleted'"
        row = (await tx.session.execute(sa.text(query), {"story": story})).one()
        change = sa.text("UPDATE fact SET values = CAST(:values AS json) WHERE id = :id")
        await tx.session.execute(change, {"values": json.dumps(row.values | values), "id": row.id})
        await tx.session.execute(sa.text("UPDATE fact_count SET changes = changes + 1"))
    found: dict[str, Any] = row.values
    return found


async def test_an_impossible_fact_stops_no_figure(house: House) -> None:
    """All pages answer with the figures of the other cases; the page of problems names the case until it is right."""
    await feed_events(house, world(8))
    bus = house.app.state.service.bus
    whole = await attended(house)
    async with bus.read() as session:
        story = (await session.scalars(sa.text("SELECT story FROM fact WHERE type = 'VisitCompleted' LIMIT 1"))).one()
    before = await write(house, story, attended="many")
    without = await attended(house)
    assert without.keys() == whole.keys()
    assert without != whole
    await counting.name_what_fails(bus)
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    shown = await coordinator.get("/reporting/dead-letters")
    assert shown.status_code == 200
    assert story in shown.text
    assert (await coordinator.get("/reporting/?period=2026")).status_code == 200
    await write(house, story, **before)
    assert await attended(house) == whole
    await counting.name_what_fails(bus)
    assert story not in (await coordinator.get("/reporting/dead-letters")).text


async def test_an_impossible_fact_stops_no_figure_of_a_large_programme(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that counts in the background names the case too, and stores the figures of the others."""
    await feed_events(house, world(8))
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    bus = house.app.state.service.bus
    async with bus.read() as session:
        story = (await session.scalars(sa.text("SELECT story FROM fact WHERE type = 'VisitCompleted' LIMIT 1"))).one()
        due = await counting.stale_periods(session)
    await write(house, story, attended="many")
    assert await counting.recount_stale(bus, due) > 0
    async with bus.read() as session:
        assert await counting.stale_periods(session) == []
        assert set((await session.scalars(sa.text("SELECT subject FROM set_aside"))).all()) == {story}


def unconfirmed_session(case_id: UUID) -> Cascade:
    """Return a session at home that was reported so long ago that its line manager is reminded."""
    return Cascade(
        id=new_id(),
        case_id=case_id,
        application_id=APPLICATION,
        held_on=clock.today(),
        format="briefing",
        attendees=5,
        about="What we learnt.",
        reported_at=clock.now() - timedelta(days=20),
    )


async def test_an_impossible_session_holds_up_no_reminder(house: House) -> None:
    """Of the sessions of two visits one cannot be changed: the other line manager is reminded, the visit is named."""
    await feed_events(house, world(3, running=0))
    bus = house.app.state.service.bus
    cases = [VISIT, ident("visit", 1)]
    async with bus.transaction("system:tests") as tx:
        tx.session.add_all(unconfirmed_session(case_id) for case_id in cases)
    async with impossible(bus, "cascade", f"OLD.case_id = '{cases[0]}'"):
        assert await cascades_actions.remind(bus) == 1
        assert await set_aside_by(bus) == {(cascades_actions.WORK, str(cases[0]))}
    assert await cascades_actions.remind(bus) == 1
    assert await set_aside_by(bus) == set()


async def test_an_impossible_call_holds_up_no_closed_answer(house: House) -> None:
    """Of the closed answers of two calls those of one cannot be changed: the other's open again, and it is named."""
    await feed_events(house, world(3, running=0))
    bad, good = UUID(int=1), UUID(int=2)
    bus = house.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        for call_id, case_id in ((bad, VISIT), (good, ident("visit", 1))):
            row = ClosedAnswer(
                case_id=case_id,
                form="evaluation",
                respondent="guest",
                call_id=call_id,
                due=clock.today(),
                at=clock.now(),
            )
            tx.session.add(row)
    async with impossible(bus, "closed_answer", f"OLD.call_id = '{bad}'"):
        await waves.announce_all(bus)
        assert await set_aside_by(bus) == {(waves.WORK, str(bad))}
        reopened = [row.aggregateid for row in await house.journal("exchange.outcomes") if row.type == "AnswerReopened"]
        assert reopened == [str(ident("visit", 1))]
    await waves.announce_all(bus)
    assert await set_aside_by(bus) == set()


async def test_an_impossible_period_keeps_no_other_from_its_files(house: House) -> None:
    """Of two published periods without files one cannot have any: the other gets them, and the first is named."""
    await published(house, "2026-Q1")
    await published(house, "2025-Q4", feed=False)
    bus = house.app.state.service.bus
    async with bus.transaction("system:tests") as tx:
        for table in ("blob", "feed_file", "manifest"):
            await tx.session.execute(sa.text(f"DELETE FROM {table}"))
    aside = SetAside[str](bus, publications.WORK)
    async with impossible(bus, "feed_file", "NEW.period = '2026-Q1'", on="INSERT"):
        assert await publications.keep_missing(bus, aside) == 1
    assert await set_aside_by(bus) == {(publications.WORK, "2026-Q1")}
    again = SetAside[str](bus, publications.WORK)
    assert await publications.keep_missing(bus, again) == 1
    assert await set_aside_by(bus) == set()
