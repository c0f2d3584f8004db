"""The pages and API of what-ifs, and what each reader may see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from services.matching.interventions.actions import what_ifs
from services.matching.interventions.model import Basis, OtherTerms
from shared.contracts.calls import CountryQuota
from shared.contracts.codes import Role
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


async def _two_for_one_place(world: World) -> tuple[UUID, UUID]:
    await world.call()
    await world.offer(places=1)
    pair = await world.officer("MD"), await world.officer("GE", first_time=False)
    await world.match_calls()
    return pair


async def _fields(browser: httpx2.AsyncClient, address: str) -> dict[str, str]:
    """Return what a form on the page would send unchanged."""
    page = (await browser.get(address)).text
    sent = dict(re.findall(r'<input[^>]* name="([\w-]+)"[^>]* value="([^"]*)"', page))
    sent.update(re.findall(r'name="(\w+)" type="radio" value="(\w+)" checked', page))
    return sent


async def test_other_terms_are_tried_on_the_page(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The form shows the call's terms; with a quota changed the page shows the progress and then who loses."""
    first, second = await _two_for_one_place(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/what-ifs/new?call={world.call_id}"
    form = await _fields(browser, address)
    assert form["basis"] == "now"
    assert form["share_of_offer"] == "40"
    more = await browser.post(address, data=form | {"row": "add:quotas"})
    assert 'name="quotas-0-country"' in more.text
    form |= {"quotas-0-country": "MD", "quotas-0-floor": "0", "quotas-0-ceiling": "0"}
    response = await browser.post(address, data=form)
    assert response.status_code == 303
    page = response.headers["location"]
    assert "Waiting" in (await browser.get(page)).text
    await what_ifs.work_once(world.bus)
    text = (await browser.get(page)).text
    assert "Quota of Moldova" in text
    assert f"/matching/applications/{first}" in text
    assert f"/matching/applications/{second}" in text
    assert "Revise the call with these terms" in text
    assert "Quota of Moldova" in (await browser.get(f"/matching/what-ifs?call={world.call_id}")).text
    assert 'value="MD" selected' in (await browser.get(f"/matching/what-ifs/new?from={page.rpartition('/')[2]}")).text


async def test_another_rule_of_wishes_is_tried_on_the_page(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The form has the call's rule; the page names both, and says that a call that asks for no order has none."""
    await _two_for_one_place(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/what-ifs/new?call={world.call_id}"
    form = await _fields(browser, address)
    assert form["wishes"] == "scores"
    refused = await browser.post(address, data=form | {"wishes": "wishes_first", "objective": "most_good"})
    assert refused.status_code == 422
    assert "Choose the stable aim, or let points alone decide." in refused.text
    page = (await browser.post(address, data=form | {"wishes": "wishes_first"})).headers["location"]
    await what_ifs.work_once(world.bus)
    text = (await browser.get(page)).text
    assert "Order of placements and mentors" in text
    assert "Wishes first, then points" in text
    assert "This call asks nobody for an order, so there is none that could count here." in text
    assert "The rule for this order can change only before the call opens." in text
    again = await _fields(browser, f"/matching/what-ifs/new?from={page.rpartition('/')[2]}")
    assert again["wishes"] == "wishes_first"


async def test_wrong_input_names_its_field_and_what_to_write(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A weight that is no number, a share above 100, an unknown call, no change: each error says what to do."""
    await world.call()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/what-ifs/new?call={world.call_id}"
    form = await _fields(browser, address)
    for wrong, sentence in (
        ({"topic_applicant": "many"}, "Topic wanted, for the officer: enter a whole number from 0 to 1000"),
        ({"topic_host": "1001"}, "Topic wanted, for the host: enter a whole number from 0 to 1000"),
        ({"share_of_offer": "101"}, "must be from 1 to 100"),
        ({}, "Change at least one"),
    ):
        answer = await browser.post(address, data=form | wrong)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert (await browser.get(f"/matching/what-ifs/new?call={new_id()}")).status_code == 404
    assert (await browser.get(f"/matching/what-ifs/{new_id()}")).status_code == 404
    assert await world.rows("SELECT id FROM what_if") == []


async def test_only_the_programme_asks_and_a_country_reads_its_own_cases(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A national coordinator sees the counts and their country's officers, and can neither ask nor cancel."""
    await _two_for_one_place(world)
    other = OtherTerms(quotas=(CountryQuota(country="MD", ceiling=0),))
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, other)
    await what_ifs.work_once(world.bus)
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    text = (await browser.get(f"/matching/what-ifs/{what_if_id}")).text
    assert "MD-2026-0002" in text
    assert "GE-2026" not in text
    assert "Georgia" in text
    answer = (await browser.get(f"/matching/api/v1/what-ifs/{what_if_id}")).json()
    assert [move["how"] for move in answer["outcome"]["moved"]] == ["lost"]
    assert (await browser.get(f"/matching/what-ifs/new?call={world.call_id}")).status_code == 403
    csrf = {"X-CSRF-Token": "none"}
    assert (await browser.post(f"/matching/what-ifs/{what_if_id}/cancel", headers=csrf)).status_code == 403
    assert (await browser.post("/matching/api/v1/what-ifs", json={}, headers=csrf)).status_code == 403


async def test_all_who_win_or_lose_are_listed_page_by_page(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Of more cases than fit each is on one page, with its reason; a page after the last shows the last."""
    await world.call(share_of_offer=100)
    await world.offer(places=60)
    for _ in range(53):
        await world.officer("MD")
    other = OtherTerms(quotas=(CountryQuota(country="MD", ceiling=0),))
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, other)
    await what_ifs.work_once(world.bus)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    pages = [(await browser.get(f"/matching/what-ifs/{what_if_id}?page={page}")).text for page in (1, 2, 3)]
    named = [re.findall(r"MD-2026-\d+", page) for page in pages]
    assert [len(row) for row in named] == [50, 3, 3]
    assert len({*named[0], *named[1]}) == 53
    assert "51 to 53 of 53" in pages[1]
    assert "?page=2#cases" in pages[0]
    assert pages[1].count("No place meets the rule") == 3
    assert named[2] == named[1]


async def _post(browser: httpx2.AsyncClient, address: str, body: Any, call_id: UUID) -> httpx2.Response:
    page = (await browser.get(f"/matching/what-ifs/new?call={call_id}")).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return await browser.post(address, json=body, headers={"X-CSRF-Token": token[1]})


async def test_programs_ask_follow_and_cancel(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The API does what the page does; exclusions cannot be changed, and an unknown term is refused."""
    await _two_for_one_place(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    body = {"call_id": str(world.call_id), "terms": {"quotas": [{"country": "MD", "ceiling": 0}]}}
    response = await _post(browser, "/matching/api/v1/what-ifs", body, world.call_id)
    assert response.status_code == 202, response.text
    address = f"/matching/api/v1/what-ifs/{response.json()['id']}"
    assert response.json()["state"] == "waiting"
    stopped = await _post(browser, f"{address}/cancel", {}, world.call_id)
    assert stopped.json()["state"] == "cancelled"
    again = await _post(browser, f"{address}/cancel", {}, world.call_id)
    assert (again.status_code, again.json()) == (200, stopped.json())
    again = await _post(browser, "/matching/api/v1/what-ifs", body, world.call_id)
    await what_ifs.work_once(world.bus)
    answer = (await browser.get(f"/matching/api/v1/what-ifs/{again.json()['id']}")).json()
    assert answer["state"] == "done"
    assert {move["how"] for move in answer["outcome"]["moved"]} == {"gained", "lost"}
    assert len((await browser.get("/matching/api/v1/what-ifs")).json()["items"]) == 2
    refused = await _post(browser, "/matching/api/v1/what-ifs", body | {"terms": {"exclusions": []}}, world.call_id)
    assert refused.status_code == 422
    assert "exclusions" in refused.text
    nowhere = await _post(browser, "/matching/api/v1/what-ifs", body | {"call_id": str(new_id())}, world.call_id)
    assert nowhere.status_code == 404


async def test_a_confidential_exclusion_is_not_revealed(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """No page and no JSON of a what-if reveals that two countries are kept apart."""
    await world.call()
    await world.offer("FR", places=1)
    await world.offer("PL", places=1)
    await world.exclude("MD", "FR", confidential=True)
    await world.officer("MD")
    await world.match_calls()
    what_if_id = await what_ifs.ask(world.bus, "carla", world.call_id, Basis.NOW, OtherTerms(notice_weeks=52))
    await what_ifs.work_once(world.bus)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    text = (await browser.get(f"/matching/what-ifs/{what_if_id}")).text
    assert "Loses the place" in text
    for body in (text, (await browser.get(f"/matching/api/v1/what-ifs/{what_if_id}")).text):
        assert "xcluded" not in body
        assert "xclusion" not in body
        assert "FR-P" not in body
