"""A small rush before a deadline, against the real gateway, portal, database and log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.cli.system import System
from tests.load.rush import Plan, rush
from tests.load.verdict import findings, plot, table
from tests.local_run import service_pids

if TYPE_CHECKING:
    from tests.local_run import LocalRun


async def test_all_who_send_in_time_are_accepted_and_nobody_meets_an_error(local_run: LocalRun) -> None:
    """Of 60 officers all who send in time are accepted and stored, nobody who is late, and none meets an error."""
    system = System(local_run.read("environment.json"))
    outcome = await rush(system, Plan(officers=60, seconds=20), lambda: service_pids(local_run.folder))
    found = findings(outcome)
    assert all(each.met for each in found if not each.timed), table(found)
    assert plot(outcome).startswith("<svg")
