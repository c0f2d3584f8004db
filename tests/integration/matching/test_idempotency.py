"""A request to matching that is repeated with its `Idempotency-Key` is carried out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.identity import csrf
from shared.identity.idempotency import HEADER, REPLAYED
from shared.identity.state import identity_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World
WHAT_IFS = "/matching/api/v1/what-ifs"


async def test_a_what_if_is_begun_once(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """Two requests with one key begin one what-if; one with another key and other terms begins another."""
    await world.call()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    browser.headers[csrf.HEADER] = csrf.new_token(identity_of(world.app).csrf, csrf.person("carla"))
    body = {"call_id": str(world.call_id), "terms": {"quotas": [{"country": "MD", "ceiling": 0}]}}
    other = {"call_id": str(world.call_id), "terms": {"quotas": [{"country": "MD", "ceiling": 1}]}}
    sent = (("one", body), ("one", body), ("two", other))
    answers = [await browser.post(WHAT_IFS, json=json, headers={HEADER: key}) for key, json in sent]
    assert [answer.status_code for answer in answers] == [202, 202, 202], answers[0].text
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers[REPLAYED] == "true"
    listed = (await browser.get(WHAT_IFS)).json()["items"]
    assert {each["id"] for each in listed} == {answers[0].json()["id"], answers[2].json()["id"]}
