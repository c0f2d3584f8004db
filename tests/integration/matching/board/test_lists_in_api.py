"""The lists of the API: pages by cursor, `since`, and refusals that name the parameter."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.contracts.codes import Role
from shared.ids import new_id
from shared.time import clock
from shared.web.paging import cursor_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

API = "/matching/api/v1"
LISTS = ("applications", "provisional", "matches", "visits", "mentorships", "events", "runs", "what-ifs")


async def _all(browser: httpx2.AsyncClient, path: str, limit: int) -> list[dict[str, Any]]:
    """Return all items of a list, read page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = (await browser.get(f"{API}/{path}", params=query)).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_every_list_is_read_page_by_page(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Pages of one or two items give each item once, in the order of one large page."""
    await world.call()
    await world.offer(places=2)
    await world.confirmed()
    for country in ("MD", "GE", "UA"):
        await world.officer(country)
    await world.commit()
    await world.officer("AM")
    await world.offer("EE", places=2)
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    for path in LISTS:
        whole = await _all(browser, path, 200)
        assert whole or path in {"mentorships", "what-ifs"}, path
        for limit in (1, 2):
            assert [item["id"] for item in await _all(browser, path, limit)] == [item["id"] for item in whole], path
        assert len({item["id"] for item in whole}) == len(whole)
    references = [case["reference"] for case in await _all(browser, "applications", 2)]
    assert references == sorted(references)
    assert len(references) == 5


async def test_a_list_since_a_moment_has_what_changed_then(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, moving_clock: None
) -> None:
    """`since` leaves out what has not changed from that moment on."""
    await world.call()
    await world.offer(places=3)
    await world.officer("MD")
    await world.commit()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    clock.move(timedelta(hours=2))
    since = {"since": (clock.now() - timedelta(hours=1)).isoformat()}
    for path in LISTS:
        assert (await browser.get(f"{API}/{path}", params=since)).json()["items"] == [], path
    late = await world.officer("GE")
    await world.match_calls()
    for path in ("applications", "provisional"):
        (case,) = (await browser.get(f"{API}/{path}", params=since)).json()["items"]
        assert (case["id"], case["stage"]) == (str(late), "provisional")


async def test_a_list_has_what_is_within_reach_only(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A national coordinator gets nothing of other countries, with a cursor from elsewhere or `since` either."""
    await world.call()
    await world.offer(places=4)  # for the one that is confirmed and three more, in whatever order
    await world.confirmed()
    for country in ("MD", "GE", "UA"):
        await world.officer(country)
    await world.commit()
    for country in ("MD", "GE", "AM"):
        await world.officer(country)
    await world.match_calls()
    countries = {row.id: row.country for row in await world.rows("SELECT id, country FROM candidate")}
    await sign_in("tea", Role.NATIONAL_COORDINATOR, country="GE")
    nobody, newest = UUID(int=0), UUID(int=2**128 - 1)
    after = {"applications": cursor_of(("", nobody)), "provisional": cursor_of(("", nobody))}
    after |= {path: cursor_of((newest,)) for path in ("matches", "visits")}
    after["events"] = cursor_of((clock.now() + timedelta(days=9), newest))
    for path, cursor in after.items():
        for query in (None, {"cursor": cursor}, {"since": (clock.now() - timedelta(days=9)).isoformat()}):
            items = (await browser.get(f"{API}/{path}", params=query)).json()["items"]
            whose = {_application(item) for item in items} - {None}
            assert {countries[UUID(application)] for application in whose if application} <= {"GE"}, (path, query)
            assert whose or path in {"provisional", "visits"}, (path, query)


def _application(item: dict[str, Any]) -> str | None:
    """Return the application that an item is about; a case is one itself."""
    if "pairing" in item:
        item = item["pairing"]
    application: str | None = item["application_id"] if "application_id" in item else item["id"]
    return application


async def test_a_filter_leaves_the_cases_that_it_names(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Cases are filtered by call, stage, country, kind, and the beginning of a reference in any case."""
    await world.call()
    await world.offer()
    await world.officer("MD")
    await world.officer("GE")
    await world.commit()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)

    async def countries(**query: str) -> list[str]:
        page = (await browser.get(f"{API}/applications", params=query)).json()
        return [case["country"] for case in page["items"]]

    assert await countries(call_id=str(world.call_id)) == ["GE", "MD"]
    assert await countries(call_id=str(new_id())) == []
    assert await countries(country="GE") == ["GE"]
    assert await countries(kind="mentee") == []
    assert await countries(search="md-") == ["MD"]
    assert await countries(search="m%") == []
    assert sorted(await countries(stage="match:proposed") + await countries(stage="application:waitlisted")) == [
        "GE",
        "MD",
    ]


async def test_invalid_list_parameters_are_refused(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A cursor of another list, an unknown state, too large a limit, a moment out of time and an unknown field: 422."""
    await world.call()
    await world.offer()
    await world.officer("MD")
    await world.officer("GE")
    await world.commit()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    cursor = (await browser.get(f"{API}/applications", params={"limit": 1})).json()["next"]
    beyond = {"since": "0001-01-01T00:00:00+14:00"}
    for query in ({"cursor": cursor}, {"cursor": "nonsense"}, {"limit": "201"}, {"state": "nothing"}, beyond):
        assert (await browser.get(f"{API}/matches", params=query)).status_code == 422, query
    page = (await browser.get("/matching/rings")).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    body = {"call_id": str(world.call_id), "pair": []}
    refused = await browser.post(f"{API}/cohorts", json=body, headers={"X-CSRF-Token": token})
    assert (refused.status_code, "pair" in refused.text) == (422, True)


async def test_one_match_is_answered_within_reach_only(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A match is typed and whole; a coordinator of another country, and an unknown id, get 404."""
    await world.call()
    await world.offer()
    officer = await world.officer("MD")
    match_id = (await world.commit()).matches[officer]
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    match = (await browser.get(f"{API}/matches/{match_id}")).json()
    assert (match["pairing"]["application_id"], match["state"], match["in_reserve"]) == (
        str(officer),
        "proposed",
        False,
    )
    assert (await browser.get(f"{API}/matches/{new_id()}")).status_code == 404
    case = (await browser.get(f"{API}/applications/{officer}")).json()
    assert [each["id"] for each in case["matches"]] == [str(match_id)]
    assert (case["case"]["stage_kind"], case["case"]["stage"], case["visits"]) == ("match", "proposed", [])
    await sign_in("tea", Role.NATIONAL_COORDINATOR, country="GE")
    assert (await browser.get(f"{API}/matches/{match_id}")).status_code == 404
    assert (await browser.get(f"{API}/applications/{officer}")).status_code == 404
