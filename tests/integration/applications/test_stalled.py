"""A loop of the portal that stands still for longer than its lease changes nothing when it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from services.applications.access.actions import yearly_confirmation
from services.applications.app import create_app
from services.applications.application.actions import deadlines
from services.applications.availability.actions import checks
from services.applications.oversight.actions import attempts as attempts_actions
from services.applications.partners.actions import clock as partners_clock
from services.applications.register.actions.bulk import enter_first_coordinator
from services.applications.register.model.grants import ConfirmationTimes
from services.applications.sessions import actions as sessions_actions
from services.applications.settings import Settings
from shared.bus.db import leases
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.contracts.codes import Role
from shared.identity.access import grants_of_holders
from shared.time import clock
from shared.time.arrival import ANSWERED_WITHIN
from tests.integration.applications.suspension import choosing, suspend
from tests.sessions import session_key
from tests.stalls import ENDED, stalled
from tests.support import settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from fastapi import FastAPI

    from shared.bus import Bus, Lease
    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme


async def withdraw(address: str) -> None:
    """Withdraw applications that were not answered in time."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, deadlines.LEASE) as lease:
        await deadlines.withdraw_silent(bus, lease)


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("at", ["_withdraw", "record"])
async def test_a_sweep_of_deadlines_that_slept_withdraws_nothing_twice(programme: Programme, at: str) -> None:
    """It stops before or in its transaction; another sweep withdraws the application, once."""
    made = await programme.submitted()
    await programme.post("tigran", f"/applications/{made['id']}/return", {"remarks": {"periods": "When?"}})
    due = datetime.fromisoformat((await programme.get("ani", f"/applications/{made['id']}"))["due"])
    clock.move(due - clock.now() + ANSWERED_WITHIN + timedelta(minutes=1))
    bus = programme.app.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    where = f"services.applications.application.actions.deadlines:{at}"
    async with stalled(__name__, withdraw, address, at=where) as process:
        async with leases.hold(bus, deadlines.LEASE) as lease:
            assert await deadlines.withdraw_silent(bus, lease) == 1
        before = await programme.journal("exchange.applications")
        assert [kind for kind, _, _ in before].count("ApplicationWithdrawn") == 1
        assert await process.go_on() != "done"
    assert await programme.journal("exchange.applications") == before


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep by the clock: its lease, where it stops in its transaction, and what makes something due."""

    lease: str
    act: Callable[[Bus, Lease], Awaitable[object]]
    at: str
    begin: Callable[[Abroad], Awaitable[None]]


async def _old_placement(abroad: Abroad) -> None:
    far = clock.today() + timedelta(days=150)
    await abroad.offer(periods=[{"start": str(far), "end": str(far), "places_per_week": 1}])
    clock.move(timedelta(days=61))


async def _decision_about_a_partner(abroad: Abroad) -> None:
    await abroad.eligible("ani", "tigran")
    await suspend(abroad, "AM", choosing("home", "waiting", "cancel"), clock.today() + timedelta(days=2))
    clock.move(timedelta(days=12))


async def _unconfirmed_access(_: Abroad) -> None:
    clock.move(timedelta(days=400))


SWEEPS = {
    "run_checks": Sweep(checks.LEASE, checks.check_all, "availability.actions.checks:store.lock", _old_placement),
    "keep_partners": Sweep(
        partners_clock.LEASE,
        partners_clock.take_due,
        "partners.actions.clock:store.decision",
        _decision_about_a_partner,
    ),
    "keep_access": Sweep(
        yearly_confirmation.LEASE,
        lambda bus, lease: yearly_confirmation.lapse(bus, ConfirmationTimes(), lease),
        "access.actions.yearly_confirmation:people.lock_lapses",
        _unconfirmed_access,
    ),
}


async def sweep(address: str, name: str) -> None:
    """Do one of the sweeps."""
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    async with leases.hold(bus, SWEEPS[name].lease) as lease:
        await SWEEPS[name].act(bus, lease)


async def _journal(bus: Bus) -> list[Any]:
    """Return all events of the portal."""
    async with bus.read() as session:
        query = "SELECT aggregatetype, aggregateid, sequence, type FROM journal ORDER BY 1, 2, 3"
        return [tuple(row) for row in await session.execute(sa.text(query))]


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("name", SWEEPS)
async def test_a_sweep_that_slept_does_nothing_twice(abroad: Abroad, name: str) -> None:
    """It stops in its transaction; another sweep does all that is due, and the first adds nothing."""
    wanted = SWEEPS[name]
    bus = abroad.of.app.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    await wanted.begin(abroad)
    due = await _journal(bus)
    async with stalled(__name__, sweep, address, name, at=f"services.applications.{wanted.at}") as process:
        assert await _journal(bus) == due
        async with leases.hold(bus, wanted.lease) as lease:
            await wanted.act(bus, lease)
        done = await _journal(bus)
        assert len(done) > len(due)
        assert await process.go_on() != "done"
    assert await _journal(bus) == done
    async with leases.hold(bus, wanted.lease) as lease:
        await wanted.act(bus, lease)
    assert await _journal(bus) == done


def _bus(address: str) -> Bus:
    bus: Bus = create_app(Settings(**settings_for(address)), background=False).state.service.bus
    return bus


async def start_first(address: str, subject: str) -> None:
    """Give the first programme coordinator access, as each start does."""
    await enter_first_coordinator(_bus(address), subject)


@pytest.mark.parametrize(
    ("at", "ended"), [("register_entries.lock_people", frozenset({"done"})), ("register_entries.person", ENDED)]
)
async def test_a_first_start_that_slept_gives_access_to_nobody_else(
    portal: FastAPI, at: str, ended: frozenset[str]
) -> None:
    """It stops before it looks, or between its look and its entry; of two starts one makes a coordinator."""
    bus = portal.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    where = f"services.applications.register.actions.bulk:{at}"
    async with stalled(__name__, start_first, address, "first", at=where) as process:
        assert await enter_first_coordinator(bus, "second")
        before = await _journal(bus)
        assert await process.go_on() in ended
    assert await _journal(bus) == before
    async with bus.read() as session:
        assert list(await grants_of_holders(session, Role.PROGRAMME_COORDINATOR)) == ["second"]


async def forget_old(address: str) -> None:
    """Forget old sessions."""
    bus = _bus(address)
    async with leases.hold(bus, sessions_actions.LEASE) as lease:
        await sessions_actions.forget_old(bus, lease)


async def test_a_process_that_slept_forgets_no_session_of_later(programme: Programme) -> None:
    """It stops before its statement; another forgets what is old by then, and the first deletes nothing more."""
    bus = programme.app.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    days = [31 * 24 * 3600] * 2
    session_key(programme.app, "ani", ago=days[0])
    where = "services.applications.sessions.actions:store.forget_before"
    async with stalled(__name__, forget_old, address, at=where) as process:
        async with leases.hold(bus, sessions_actions.LEASE) as lease:
            assert await sessions_actions.forget_old(bus, lease) == 1
        session_key(programme.app, "ani", ago=days[1])
        assert await process.go_on() in ENDED
    async with bus.read() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM sign_in_session WHERE over_at < now()")) == 1


async def write_attempts(address: str, many: int) -> None:
    """Count attempts of an earlier minute, and run the loop until they are written."""
    service = create_app(Settings(**settings_for(address)), background=False).state.service
    attempts = attempts_actions.AttemptCounter()
    for _ in range(attempts_actions.A_MINUTE + many):
        attempts.admit("ani", 0.0)
    attempts_actions._WRITE_SECONDS = 0.1
    loop = asyncio.create_task(attempts_actions.write_counted_attempts(service, attempts))

    async def is_written() -> bool:
        try:
            return many in await counted(service.bus)
        except DATABASE_ERRORS:  # the store may end this transaction too while the process sleeps
            return False

    await until(is_written, "they are written")
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await service.bus.close()


async def counted(bus: Bus) -> list[int]:
    """Return the numbers of attempts that were counted only."""
    async with bus.read() as session:
        rows = await session.scalars(sa.text("SELECT repeats FROM attempt WHERE reason = 'counted' ORDER BY 1"))
        return list(rows.all())


@pytest.mark.parametrize("at", ["begin", "commit"])
async def test_a_process_that_slept_writes_its_counted_attempts_once(portal: FastAPI, at: str) -> None:
    """It stops before or in its transaction, which the store ends; another writes its own, and each is there once."""
    bus = portal.state.service.bus
    address = bus.settings.database_url.get_secret_value()
    where = {
        "begin": "services.applications.oversight.actions.attempts:_write",
        "commit": "shared.bus.db.bus:commit",
    }[at]

    async def is_ended() -> bool:
        async with bus.read() as session:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
            return not await session.scalar(sa.text(query))

    async with stalled(__name__, write_attempts, address, 3, at=where) as process:
        await write_attempts(address, 5)
        await until(is_ended, "the store ends its transaction")
        assert await counted(bus) == [5]
        assert await process.go_on() == "done"
    assert await counted(bus) == [3, 5]
