"""Compare with its description all that matching reads, and a receipt by ticket, where all goes well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from services.matching.cohorts.actions import job
from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis
from services.matching.options import actions as options
from services.matching.scheduling.actions import plans
from shared.contracts.codes import Role
from shared.identity import issue_ticket
from shared.identity.ticket_exchange import HEADER
from tests.integration.matching.conftest import ORIGIN
from tests.integration.matching.interventions.test_what_if import NO_MOLDOVAN
from tests.integration.shared.identity.conftest import signing_issuer
from tests.read_trial import bearer, everybody, unread
from tests.support import ticket_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.matching.conftest import World
    from tests.integration.shared.identity.conftest import SigningIssuer
__all__ = ["signing_issuer"]
API = "/matching/api/v1"


async def test_each_reading_operation_answers_as_described(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Each GET operation answers 200 to somebody, about a call with matches, a run, a what-if and a job."""
    await world.call()
    seat = await world.offer(places=2)
    _, match_id = await world.confirmed()
    waiting = await world.officer("GE")
    await world.match_calls()
    options_id = await options.ask(world.bus, "carla", world.call_id)
    assert await options.work_once(world.bus, apart=False)
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, NO_MOLDOVAN)
    assert await what_ifs.work_once(world.bus)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    await plans.plan_visits(world.bus, "carla", world.call_id, seconds=1)
    runs = (await browser.get(f"{API}/runs")).json()["items"]
    events = (await browser.get(f"{API}/events")).json()["items"]
    job_id = await job.ask(world.bus, "carla", world.call_id)
    known = {
        "call_id": world.call_id,
        "application_id": waiting,
        "seat_id": seat,
        "match_id": match_id,
        "what_if_id": what_if_id,
        "run_id": runs[0]["id"],
        "event_id": events[0]["id"],
        "job_id": job_id,
        "options_id": options_id,
    }
    readers = await everybody(world.app, {Role.PROGRAMME_COORDINATOR: ("carla",)})
    assert await unread(world.app, "matching", readers, {name: str(value) for name, value in known.items()}) == []


async def test_a_receipt_is_answered_to_a_ticket_as_described(world: World, signing_issuer: SigningIssuer) -> None:
    """A person's program gets the receipt with the portal's ticket, and not without it."""
    await world.call()
    await world.offer()
    application_id = await world.officer()
    await world.commit()
    ticket = issue_ticket("receipt", str(application_id), person="olga", private_key=ticket_keys()[0])
    token = bearer(world.app, signing_issuer, sub="olga")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(world.app), base_url=ORIGIN) as client:
        for headers, status in (({HEADER: ticket}, 200), ({}, 403), ({HEADER: "wrong"}, 403)):
            answer = await client.get(f"{API}/receipts/{application_id}", headers=token | headers)
            assert answer.status_code == status, answer.text
