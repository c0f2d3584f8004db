"""The pages and API by which the programme coordinator, and no other role, changes dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from services.matching.scheduling.actions import planner
from shared.bus.db import leases
from shared.contracts import offers
from shared.contracts.codes import Role
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


def _period(first: date, last: date, places: int = 1) -> list[dict[str, Any]]:
    return [{"start": str(first), "end": str(last), "places_per_week": places}]


async def _closed(world: World) -> tuple[UUID, UUID, UUID]:
    """Two visits, of which one is in weeks that the host closed: offer, that match, and the other."""
    await world.call()
    today = clock.today()
    offer_id = await world.offer(periods=_period(today + timedelta(weeks=10), today + timedelta(weeks=30)), places=4)
    first, second = [(await world.confirmed())[1] for _ in range(2)]
    row = (await world.rows("SELECT start FROM visit WHERE match_id = :id", id=second))[0]
    terms = (await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer_id))[0].terms
    changed = terms | {"periods": _period(row.start, row.start + timedelta(weeks=20))}
    event = offers.OfferRevised.model_validate(dict(offers.OfferRevised.example) | {"terms": changed})
    await world.feed.deliver((event, offer_id))
    return offer_id, first, second


async def _token(browser: httpx2.AsyncClient, address: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(address)).text)
    assert found is not None
    return found[1]


async def _proposed(world: World) -> list[Any]:
    return [event for _, event in await world.facts("VisitMoveProposed")]


async def _improve(world: World) -> None:
    lease = await leases.acquire(world.bus, planner.LEASE)
    assert lease is not None
    plan = (await world.rows("SELECT id FROM date_plan ORDER BY asked_at DESC"))[0]
    assert await planner.improve(world.bus, lease, plan.id)


async def test_a_plan_is_made_and_proposed_on_its_page(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Start, progress, proposal of the selected moves: the page says what moves by how much, then who is asked."""
    _, hit, _ = await _closed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/plans/{world.call_id}"
    assert "There is no plan for this call yet" in (await browser.get(address)).text
    started = await browser.post(address, data={"csrf_token": await _token(browser, address)})
    assert started.headers["location"] == address
    searching = (await browser.get(address)).text
    assert "Stop search" in searching
    assert 'name="visit"' not in searching
    await _improve(world)
    page = (await browser.get(address)).text
    assert "Best plan" in page
    assert re.findall(r'name="visit" id="[^"]+" value="([^"]+)"', page) == [str(hit)]
    assert "1 visit would change dates" in page
    assert "days later" in page
    form = {"csrf_token": await _token(browser, address), "reason": "not_available"}
    form["plan"] = str((await world.rows("SELECT id FROM date_plan"))[0].id)
    nothing = await browser.post(f"{address}/propose", data=form)
    assert (nothing.status_code, "Select at least one visit" in nothing.text) == (422, True)
    done = await browser.post(f"{address}/propose", data=form | {"visit": str(hit)})
    assert done.headers["location"] == f"{address}?done=1"
    after = (await browser.get(f"{address}?done=1")).text
    assert "Waiting for guest and host" in after
    assert 'name="visit"' not in after
    assert [event.reason for event in await _proposed(world)] == ["not_available"]


async def test_the_search_that_the_page_shows_is_stopped(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A page that was opened before a newer plan stops its own search, which is over, and leaves the newer one alone.

    Planning again on the same facts leads to the same plan; another coordinator reads who searches since when.
    """
    offer_id, _, _ = await _closed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/plans/{world.call_id}"
    csrf = {"csrf_token": await _token(browser, address)}
    for _ in range(2):
        assert (await browser.post(address, data=csrf)).headers["location"] == address
    assert len(await world.rows("SELECT id FROM date_plan")) == 1
    found = re.search(r'name="plan" value="([^"]+)"', (await browser.get(address)).text)
    assert found is not None
    await sign_in("bruno", Role.PROGRAMME_COORDINATOR)
    token = {"csrf_token": await _token(browser, address)}
    refused = await browser.post(address, data=token)
    assert refused.status_code == 409
    assert "Another coordinator&#39;s search of 30 s, started on" in refused.text
    terms = (await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer_id))[0].terms
    event = offers.OfferRevised.model_validate(dict(offers.OfferRevised.example) | {"terms": terms | {"places": 5}})
    await world.feed.deliver((event, offer_id))
    assert (await browser.post(address, data=token)).headers["location"] == address
    assert (await browser.post(f"{address}/stop", data=token)).status_code == 422
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    stopped = await browser.post(f"{address}/stop", data=csrf | {"plan": found[1]})
    assert stopped.headers["location"] == address
    states = {str(row.id): row.state for row in await world.rows("SELECT id, state FROM date_plan")}
    assert states.pop(found[1]) == "cancelled"
    assert list(states.values()) == ["searching"]


async def test_one_visit_is_moved_by_form(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The form offers lawful weeks only; without a choice the error is at the field; then the week is proposed.

    The way back leads to the list of visits with its filters.
    """
    _, hit, _ = await _closed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert f"/matching/visits/{hit}/move" in (await browser.get("/matching/visits")).text
    address = f"/matching/visits/{hit}/move"
    await browser.get("/matching/visits?call=all&state=scheduled")
    page = (await browser.get(address)).text
    assert 'class="govuk-back-link" href="/matching/visits?call=all&amp;state=scheduled"' in page
    weeks = re.findall(r'name="week"[^>]* value="([^"]+)"', page)
    assert len(weeks) > 10
    form = {"csrf_token": await _token(browser, address), "reason": "operational_duty"}
    for wrong in ({}, {"week": "2020-01-06"}):
        refused = await browser.post(address, data=form | wrong)
        assert refused.status_code == 422
        assert "There is a problem" in refused.text
    done = await browser.post(address, data=form | {"week": weeks[3]})
    assert done.headers["location"] == "/matching/visits?done=1"
    (proposal,) = await _proposed(world)
    assert (str(proposal.start) >= weeks[3], proposal.reason) == (True, "operational_duty")
    again = await browser.post(address, data=form | {"week": weeks[3]})
    assert again.headers["location"] == "/matching/visits?done=1"
    assert len(await _proposed(world)) == 1
    other = await browser.post(address, data=form | {"week": weeks[4]})
    assert other.status_code == 409
    assert "The guest and host of MD-2026-0002 must accept or refuse" in other.text
    assert (await browser.get(address)).status_code == 409


async def test_programs_plan_and_move(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The API plans, reads, proposes, lists lawful weeks and moves; unknown ids get 404, wrong input is named."""
    _, hit, other = await _closed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    token = {"X-CSRF-Token": await _token(browser, f"/matching/plans/{world.call_id}")}
    base = f"/matching/api/v1/calls/{world.call_id}/plan"
    assert (await browser.get(base)).status_code == 404
    made = await browser.post(base, json={"seconds": 5}, headers=token)
    assert (made.status_code, made.json()["state"], made.json()["seconds"]) == (202, "searching", 5)
    await _improve(world)
    plan = (await browser.get(base)).json()
    assert (plan["proven"], plan["moved"]["visits"], plan["cost"]["moved_visits"]) == (True, 1, 1)
    assert plan["cost"] == plan["bound"]
    stopped = await browser.post(f"{base}/stop", json={"plan_id": plan["id"]}, headers=token)
    assert stopped.json()["state"] == "proven"
    wrong = await browser.post(f"{base}/propose", json={"plan_id": str(new_id())}, headers=token)
    assert wrong.status_code == 404
    done = (await browser.post(f"{base}/propose", json={"plan_id": plan["id"]}, headers=token)).json()
    assert [(visit["match_id"], visit["state"]) for visit in done["visits"]] == [(str(hit), "asked")]
    assert done["moved"] == plan["moved"]
    weeks = (await browser.get(f"/matching/api/v1/visits/{other}/weeks")).json()
    assert weeks["matches"] == [str(other)]
    free = next(week for week in weeks["weeks"] if week["moved_days"])
    moved = await browser.post(f"/matching/api/v1/visits/{other}/move", json={"week": free["week"]}, headers=token)
    assert moved.json()["moved"] == {"visits": 1, "days": free["moved_days"]}
    unlawful = await browser.post(f"/matching/api/v1/visits/{other}/move", json={"week": "soon"}, headers=token)
    assert "week" in unlawful.text
    assert unlawful.status_code == 422
    assert (await browser.get(f"/matching/api/v1/visits/{new_id()}/weeks")).status_code == 404


async def test_only_the_programme_changes_dates(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A national coordinator sees the visits, but no plan and no way to change dates."""
    _, hit, _ = await _closed(world)
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    assert "/move" not in (await browser.get("/matching/visits")).text
    for address in (f"/matching/plans/{world.call_id}", f"/matching/visits/{hit}/move"):
        assert (await browser.get(address)).status_code == 403
