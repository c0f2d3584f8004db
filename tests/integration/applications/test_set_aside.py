"""A subject at which a sweep of the portal fails is set aside and named; the others are served."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.applications.access.actions.yearly_confirmation import LAPSES, MOVES, lapse, move
from services.applications.application.actions import deadlines
from services.applications.application.actions.companions import ENDING, end_orphaned
from services.applications.availability.actions import checks
from services.applications.oversight.actions.attempts import write
from services.applications.oversight.store.attempts import Attempt
from services.applications.partners.actions import clock as partners_clock
from services.applications.partners.actions import notices
from services.applications.register.model.grants import ConfirmationTimes
from shared.ids import new_id
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.impossible import impossible, set_aside_by
from tests.integration.applications.suspension import choosing, suspend

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def problems(programme: Programme) -> str:
    """Return the page of problems, as the programme coordinator reads it."""
    answer = await programme.as_("programme").get("/applications/dead-letters")
    assert answer.status_code == 200
    return answer.text


async def states(programme: Programme, table: str) -> dict[str, str]:
    """Return the state of each row of a table."""
    async with programme.app.state.service.bus.read() as session:
        rows = await session.execute(sa.text(f"SELECT id, state FROM {table}"))
        return {str(row.id): row.state for row in rows}


@pytest.fixture
async def three(programme: Programme) -> Programme:
    """Return a programme with three officers who can apply: Ani, Davit and Nino."""
    known = {"service": "police", "rank_group": "operational", "years_in_field": 5}
    people = [
        programme.person("davit", "Davit Sahakyan", "AM", "officer", **known),
        programme.person("nino", "Nino Beridze", "GE", "officer", **known),
    ]
    await programme.post("programme", "/people", {"people": people}, 201)
    return programme


async def test_an_impossible_application_holds_up_no_withdrawal(three: Programme) -> None:
    """Of two applications without an answer in time one cannot be changed: the other is withdrawn."""
    made = [(await three.submitted(who))["id"] for who in ("ani", "nino")]
    for who, id_ in zip(("tigran", "giorgi"), made, strict=True):
        await three.post(who, f"/applications/{id_}/return", {"remarks": {"periods": "When?"}})
    bad, good = made
    bus = three.app.state.service.bus
    clock.move(timedelta(days=25))
    async with impossible(bus, "application", f"OLD.id = '{bad}'"):
        assert await deadlines.withdraw_silent(bus) == 1
    found = await states(three, "application")
    assert (found[good], found[bad]) == ("withdrawn", "returned_for_information")
    assert await set_aside_by(bus) == {(deadlines.WORK, bad)}
    assert bad in await problems(three)
    assert await deadlines.withdraw_silent(bus) == 1
    assert await set_aside_by(bus) == set()


async def test_an_impossible_companion_holds_up_no_other(three: Programme) -> None:
    """Of two members of a group that has ended one cannot be changed: the other leaves the group."""
    ani = (await three.submitted("ani"))["id"]
    for who in ("davit", "nino"):
        await three.submitted(who)
        body = {"mode": "group", "written": f"{who}@police.example"}
        made = await three.post("ani", f"/applications/{ani}/companions", body, 201)
        await three.post(who, f"/companions/{made['id']}/answer", {"yes": True})
    bad = made["id"]
    await three.post("ani", f"/applications/{ani}/withdraw", {"reason": "operational_duty"})
    bus = three.app.state.service.bus
    async with impossible(bus, "companion", f"OLD.id = '{bad}'"):
        assert await end_orphaned(bus) == 1
    assert await set_aside_by(bus) == {(ENDING, bad)}
    assert await end_orphaned(bus) == 1
    assert await set_aside_by(bus) == set()


async def test_an_impossible_placement_holds_up_no_check(abroad: Abroad, programme: Programme) -> None:
    """Of two placements one cannot be changed: the other is asked, is paused after silence, and closes at its end."""
    far = clock.today() + timedelta(days=150)
    period = [{"start": str(far), "end": str(far), "places_per_week": 1}]
    bad, good = [(await abroad.offer(periods=period))["id"] for _ in range(2)]
    bus = programme.app.state.service.bus
    for days, state in ((61, "published"), (30, "paused"), (60, "closed")):
        clock.move(timedelta(days=days) + ANSWERED_WITHIN)
        async with impossible(bus, "offer", f"OLD.id = '{bad}'"):
            await checks.check_all(bus)
        found = await states(programme, "offer")
        assert (found[good], found[bad]) == (state, "published")
        assert (checks.WORK, bad) in await set_aside_by(bus)
        await _await_answer(programme, bad)
    await checks.check_all(bus)
    assert (await states(programme, "offer"))[bad] == "closed"
    await checks.check_all(bus)
    assert await set_aside_by(bus) == set()


async def _await_answer(programme: Programme, offer_id: str) -> None:
    """Have a placement wait for an answer that is overdue tomorrow, as its check would have had it."""
    async with programme.app.state.service.bus.transaction("system:tests") as tx:
        due = clock.now() + timedelta(days=1)
        await tx.session.execute(sa.text("UPDATE offer SET due = :due WHERE id = :id"), {"due": due, "id": offer_id})


async def test_a_call_with_impossible_terms_holds_up_no_check(abroad: Abroad, programme: Programme) -> None:
    """The placements of another call are asked; the call is named until its terms can be read."""
    far = clock.today() + timedelta(days=150)
    await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    bus = programme.app.state.service.bus
    other = new_id()
    async with bus.transaction("system:tests") as tx:
        columns = "SELECT * FROM call WHERE id = :id"
        row = dict((await tx.session.execute(sa.text(columns), {"id": programme.call["id"]})).mappings().one())
        row |= {"id": other, "reference": "TC-IMPOSSIBLE", "terms": None}
        copied = ", ".join(f"'{{}}'::jsonb AS {name}" if name == "terms" else _copied(name) for name in row)
        values = {"id": programme.call["id"], "other": other, "reference": "TC-IMPOSSIBLE"}
        insert = f"INSERT INTO call ({', '.join(row)}) SELECT {copied} FROM call WHERE id = :id"
        await tx.session.execute(sa.text(insert), values)
    clock.move(timedelta(days=61))
    await checks.check_all(bus)
    types = [kind for kind, _, _ in await programme.journal("exchange.offers")]
    assert types[-1] == "AvailabilityAsked"
    assert await set_aside_by(bus) == {(checks.CALLS, str(other))}


def _copied(name: str) -> str:
    return {"id": ":other AS id", "reference": ":reference AS reference"}.get(name, name)


@pytest.mark.parametrize("notice", [0, 10])
async def test_an_impossible_decision_holds_up_no_other(abroad: Abroad, notice: int) -> None:
    """Of the decisions about two partners one cannot be changed: the other takes effect, or ends its cases."""
    bus = abroad.of.app.state.service.bus
    made: dict[str, str] = {}
    for country, (officer, coordinator) in {"AM": ("ani", "tigran"), "GE": ("nino", "giorgi")}.items():
        await abroad.eligible(officer, coordinator)
        choices = choosing("home", "waiting", "cancel", **({"notice_days": notice} if notice else {}))
        since = clock.today() + timedelta(days=0 if notice else 2)
        made[country] = (await suspend(abroad, country, choices, since))["id"]
    clock.move(timedelta(days=12))
    table, column = ("partner_case", "decision_id") if notice else ("partner_decision", "id")
    act, work = (notices.end_all_due, notices.NOTICES) if notice else (partners_clock.take_due, partners_clock.WORK)
    async with impossible(bus, table, f"OLD.{column} = '{made['AM']}'"):
        assert await act(bus) == 1
        assert await set_aside_by(bus) == {(work, made["AM"])}
    assert await act(bus) == 1
    assert await set_aside_by(bus) == set()


async def test_an_impossible_person_keeps_nobodys_access(programme: Programme) -> None:
    """One person cannot be changed: the access of the others lapses, who moves arrives, and the person is named."""
    bus = programme.app.state.service.bus
    people = {person["subject"]: person["id"] for person in (await programme.get("programme", "/people"))["items"]}
    async with bus.transaction("system:tests") as tx:
        target = {"to": programme.organisations["GE"], "on": clock.today()}
        await tx.session.execute(
            sa.text("UPDATE person SET moves_to = :to, moves_on = :on WHERE subject IN ('ani', 'tigran')"), target
        )
    async with impossible(bus, "person", "OLD.subject = 'ani'"):
        assert await move(bus) == 1
        assert await set_aside_by(bus) == {(MOVES, people["ani"])}
        clock.move(timedelta(days=400))
        assert await lapse(bus, ConfirmationTimes()) > 0
        assert (LAPSES, people["ani"]) in await set_aside_by(bus)
    assert await move(bus) == 1
    assert await lapse(bus, ConfirmationTimes()) == 1
    assert await set_aside_by(bus) == set()


async def test_an_impossible_attempt_holds_up_no_other(programme: Programme) -> None:
    """Of two counted attempts one cannot be stored: the other is."""
    bus = programme.app.state.service.bus
    bad, good = (
        Attempt(id=new_id(), at=clock.now(), method="GET", route=route, reason="role", status=403)
        for route in ("/\x00", "/applications/queue")
    )
    await write(bus, [bad, good])
    async with bus.read() as session:
        assert (await session.scalars(sa.text("SELECT route FROM attempt"))).all() == ["/applications/queue"]
