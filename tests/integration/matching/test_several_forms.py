"""A cohort or a ring is committed as a whole: where a pair has changed, both versions are shown and nothing is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa

from shared.contracts.codes import Role
from tests.integration.matching.interventions.test_rings import waiting
from tests.several_forms import Tabs, check_tabs, content, form_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

SCENARIOS = {("/matching/cohorts/{call_id}/commit", ""), ("/matching/rings/{call_id}/propose", "")}


async def proposed(world: World) -> set[str]:
    """Return the applications whose matches were proposed."""
    return {str(event.pairing.application_id) for _, event in await world.facts("MatchProposed")}


async def rename(world: World, application_id: UUID) -> None:
    """Change an application as an event of the portal could, which leaves its provisional match."""
    statement = (
        "UPDATE candidate SET changed_at = changed_at + interval '1 second', reference = 'XX-2026-9999',"
        " profile = jsonb_set(profile::jsonb, '{reference}', '\"XX-2026-9999\"') WHERE id = :id"
    )
    async with world.bus.engine.begin() as connection:
        await connection.execute(sa.text(statement), {"id": application_id})


async def cohort(world: World, browser: httpx2.AsyncClient) -> tuple[list[UUID], httpx2.Response]:
    """Return three officers with provisional places, and the page that asks to commit them."""
    await world.call(share_of_offer=100)
    await world.offer(places=3, group_size=1)
    people = [await world.officer(country) for country in ("MD", "GE", "UA")]
    await world.match_calls()
    chosen = (await browser.get(f"/matching/cohorts/{world.call_id}")).text
    form = {
        "csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', chosen)[:1],
        "pair": re.findall(r'name="pair" value="([^"]+)"', chosen),
    }
    return people, await browser.post(f"/matching/cohorts/{world.call_id}", data=form)


async def test_a_cohort_with_a_changed_pair_is_compared_and_chosen(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Nothing is committed where a pair has changed; the page shows both versions, and commits what is chosen."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, page = await cohort(world, browser)
    await check_tabs(
        Tabs(browser, page, lambda: rename(world, people[1]), lambda: proposed(world), "XX-2026-9999", whole=True)
    )


async def test_a_changed_pair_can_be_left_out_of_its_cohort(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The pairs that have not changed are committed without the one that the coordinator leaves."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, page = await cohort(world, browser)
    tabs = Tabs(browser, page, lambda: rename(world, people[1]), lambda: proposed(world), "XX-2026-9999")
    await tabs.change()
    first = await tabs.send(page)
    assert "Nothing was committed, because 1 of your matches has changed." in content(first)
    assert (await tabs.send(first)).status_code == 303
    assert await proposed(world) == {str(people[0]), str(people[2])}


async def test_a_ring_with_a_changed_officer_is_compared_as_a_whole(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A ring is proposed as a whole: the page shows both versions of the changed officer, and asks once for all."""
    pairs = await waiting(world, "MD", "GE", "UA")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    listed = await browser.get(f"/matching/rings?call={world.call_id}")
    action, values = form_of(listed)
    page = await browser.post(action, data=values)
    tabs = Tabs(
        browser,
        page,
        lambda: rename(world, min(pairs)),
        lambda: proposed(world),
        "XX-2026-9999",
        whole=True,
        chosen=False,
    )
    await check_tabs(tabs)
