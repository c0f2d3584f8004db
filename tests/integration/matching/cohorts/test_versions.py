"""A cohort, or a place given by hand, rests on the applications as the coordinator read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shared.contracts.codes import Role
from tests.support import older, without_versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

API = "/matching/api/v1"


async def token_of(world: World, browser: httpx2.AsyncClient) -> str:
    """Return the token of the forms of this browser."""
    page = (await browser.get(f"/matching/cohorts/{world.call_id}")).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def change(world: World, application_id: UUID) -> None:
    """Change the facts of an application as an event of the portal could, which leaves its provisional match."""
    async with world.bus.engine.begin() as connection:
        later = "UPDATE candidate SET changed_at = changed_at + interval '1 second' WHERE id = :id"
        await connection.execute(sa.text(later), {"id": application_id})


async def test_a_program_commits_what_it_has_read(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Each pair is sent with the version of the application: 428 without, 412 with an older one, nothing is done."""
    await world.call(share_of_offer=100)
    await world.offer(places=2, group_size=1)
    people = [await world.officer("MD"), await world.officer("GE")]
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    headers = {"X-CSRF-Token": await token_of(world, browser)}
    found = (await browser.get(f"{API}/provisional?call_id={world.call_id}")).json()["items"]
    pairs = [{"application_id": each["id"], "seat_id": each["seat_id"], "version": each["version"]} for each in found]
    assert sorted(pair["application_id"] for pair in pairs) == sorted(str(person) for person in people)

    async with without_versions(browser, world.app) as program:

        async def commit(*chosen: dict[str, Any]) -> httpx2.Response:
            body = {"call_id": str(world.call_id), "pairs": list(chosen)}
            return await program.post(f"{API}/cohorts", json=body, headers=headers)

        first, second = pairs
        without = await commit(first, {name: second[name] for name in ("application_id", "seat_id")})
        assert without.status_code == 428, without.text
        [error] = without.json()["errors"]
        assert (error["pointer"], error["version"]) == ("/pairs/1/version", second["version"])
        await change(world, people[0])
        stale = await commit(*pairs)
        assert (stale.status_code, stale.json()["code"]) == (412, "outdated"), stale.text
        [error] = stale.json()["errors"]
        changed = next(place for place, pair in enumerate(pairs) if pair["application_id"] == str(people[0]))
        assert error["pointer"] == f"/pairs/{changed}/version"
        assert error["version"] != pairs[changed]["version"]
        assert await world.facts("MatchProposed", "RunFinished") == []
        pairs[changed]["version"] = error["version"]
        done = await commit(*pairs)
        assert done.status_code == 201, done.text
        assert len(done.json()["matches"]) == 2


async def test_a_page_commits_what_it_shows(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A page that was opened before an application changed, or before there were matches, commits nothing."""
    await world.call(share_of_offer=100)
    early = await world.officer("MD")
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    token, address = await token_of(world, browser), f"/matching/cohorts/{world.call_id}"
    assert "There are no provisional matches" in (await browser.get(address)).text
    await world.offer(places=1, group_size=1)
    await world.match_calls()
    unseen = await browser.post(f"{address}/commit", data={"csrf_token": token})
    assert unseen.status_code == 409, "nobody has seen the match that has come"
    pairs = re.findall(r'name="pair" value="([^"]+)"', (await browser.get(address)).text)
    assert len(pairs) == 1
    await change(world, early)
    form = {"csrf_token": token, "pair": pairs}
    assert (await browser.post(address, data=form)).status_code == 409
    assert (await browser.post(f"{address}/commit", data=form)).status_code == 409
    assert await world.facts("MatchProposed", "RunFinished") == []
    form["pair"] = re.findall(r'name="pair" value="([^"]+)"', (await browser.get(address)).text)
    assert (await browser.post(f"{address}/commit", data=form)).status_code == 303


async def test_a_program_places_by_hand_what_it_has_read(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Putting an application to a place names its version: 428 without it, 412 with an older one."""
    await world.call(share_of_offer=100)
    seat = await world.offer(places=1, group_size=1)
    person = await world.officer("MD")
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    headers = {"X-CSRF-Token": await token_of(world, browser)}
    version = (await browser.get(f"{API}/applications/{person}")).headers["etag"]
    body = {"application_id": str(person), "seat_id": str(seat), "reason": "operational_duty", "text": "As asked."}
    async with without_versions(browser, world.app) as program:
        for sent, status in (("", 428), (older(version.strip('"')), 412)):
            refused = await program.post(f"{API}/overrides", json=body | {"version": sent}, headers=headers)
            assert refused.status_code == status, refused.text
            [error] = refused.json()["errors"]
            assert (error["pointer"], error["version"]) == ("/version", version.strip('"'))
            assert "etag" not in refused.headers
        assert await world.facts("MatchProposed") == []
        done = await program.post(f"{API}/overrides", json=body | {"version": version}, headers=headers)
        assert done.status_code == 201, done.text
