"""Overrides by the programme coordinator: priced, with a reason, within the law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.matching.interventions.actions import overrides
from shared.contracts.codes import MatchState, Reason, Role
from shared.contracts.matches import MatchProposed, MatchSuperseded
from shared.contracts.receipts import MatchExplained
from shared.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World


async def _states(world: World) -> dict[object, str]:
    rows = await world.rows("SELECT application_id, state FROM match ORDER BY id")
    return {row.application_id: row.state for row in rows}


async def test_an_override_replaces_the_own_match_and_says_why(world: World) -> None:
    """The present match is superseded, its place goes to the next in line, and the new match has the reason."""
    await world.call()
    first = await world.offer(places=1)
    application = await world.officer()
    old = (await world.commit()).matches[application]
    other = await world.offer("PL", places=1)
    match_id = await overrides.put(world.bus, "carla", application, other, Reason.OPERATIONAL_DUTY)
    ((subject, superseded),) = await world.facts("MatchSuperseded")
    assert subject == str(old)
    assert isinstance(superseded, MatchSuperseded)
    assert (superseded.by_match_id, superseded.reason) == (match_id, Reason.OPERATIONAL_DUTY)
    proposed = dict(await world.facts("MatchProposed"))[str(match_id)]
    assert isinstance(proposed, MatchProposed)
    assert (proposed.override, proposed.pairing.offer_id) == (Reason.OPERATIONAL_DUTY, other)
    explained = (await world.facts("MatchExplained"))[-1][1]
    assert isinstance(explained, MatchExplained)
    assert (explained.override, explained.match_id) == (Reason.OPERATIONAL_DUTY, match_id)
    (vacancy,) = await world.rows("SELECT seat_id FROM vacancy")
    assert vacancy.seat_id == first
    assert (await world.rows("SELECT actor FROM journal WHERE type = 'MatchSuperseded'"))[0].actor == "carla"


async def test_a_replaced_officer_waits_again_and_no_place_is_given_twice(world: World) -> None:
    """At a full place a match must be named to yield; its officer waits again, and no vacancy is left behind."""
    await world.call()
    seat = await world.offer(places=1)
    holder = await world.officer()
    match_id = (await world.commit()).matches[holder]
    wanted = await world.officer("GE")
    found = await overrides.weighed(world.bus, "carla", wanted, seat)
    assert found.full
    assert [match.id for match in found.may_yield] == [match_id]
    with pytest.raises(Refused, match="must give up its place"):
        await overrides.put(world.bus, "carla", wanted, seat, Reason.OTHER)
    priced = await overrides.weighed(world.bus, "carla", wanted, seat, match_id)
    assert priced.price.losers == (str(holder),)
    await overrides.put(world.bus, "carla", wanted, seat, Reason.OTHER, match_id)
    assert await _states(world) == {holder: MatchState.SUPERSEDED, wanted: MatchState.PROPOSED}
    assert await world.rows("SELECT 1 FROM vacancy") == []
    await world.match_calls()
    assert (await world.rows("SELECT seat_id FROM standing WHERE application_id = :id", id=holder))[0].seat_id is None


async def test_law_stays_and_wishes_are_set_aside_by_name(world: World) -> None:
    """An excluded pair is refused as not available; a topic that nobody asked for is named and set aside."""
    await world.call()
    await world.exclude("MD", "FR", confidential=True)
    seat = await world.offer()
    other = await world.offer("PL", topics=["drug_trafficking"])
    application = await world.officer()
    found = await overrides.weighed(world.bus, "carla", application, seat)
    assert [rule.value for rule in found.refused] == ["not_available"]
    with pytest.raises(Refused, match="Available"):
        await overrides.put(world.bus, "carla", application, seat, Reason.OTHER)
    assert [rule.value for rule in (await overrides.weighed(world.bus, "carla", application, other)).price.waived] == [
        "topic"
    ]
    await overrides.put(world.bus, "carla", application, other, Reason.OTHER)
    assert await _states(world) == {application: MatchState.PROPOSED}


async def test_a_confirmed_match_is_not_overridden(world: World) -> None:
    """Neither the applicant's own confirmed place nor another's yields."""
    await world.call()
    seat = await world.offer(places=1)
    application, match_id = await world.confirmed()
    other = await world.offer("PL")
    with pytest.raises(Refused, match="confirmed"):
        await overrides.put(world.bus, "carla", application, other, Reason.OTHER)
    waiting = await world.officer("GE")
    with pytest.raises(Refused, match="that you want to replace"):
        await overrides.put(world.bus, "carla", waiting, seat, Reason.OTHER, match_id)


async def test_the_pages_name_the_price_before_anything_happens(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """The pages ask, show the price, then commit; a missing answer is named; other roles are refused."""
    await world.call()
    await world.offer("FR", places=1)
    other = await world.offer("PL", topics=["drug_trafficking"])
    application = await world.officer()
    await world.commit()
    path = f"/matching/applications/{application}/override"
    await sign_in("nina", Role.NATIONAL_COORDINATOR, country="MD")
    assert (await browser.get(path)).status_code == 403
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert path in (await browser.get(f"/matching/applications/{application}")).text
    page = (await browser.get(path)).text
    assert "PL-P-2026" in page
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    empty = await browser.post(path, data={"csrf_token": csrf})
    assert empty.status_code == 422
    assert "Select a place" in empty.text
    assert "Select a reason" in empty.text
    values = {"csrf_token": csrf, "seat": str(other), "reason": "operational_duty"}
    price = await browser.post(path, data=values)
    assert price.status_code == 200
    assert "A wanted topic" in price.text
    assert "FR-P-2026" in price.text
    assert len(await world.facts("MatchProposed")) == 1
    done = await browser.post(f"{path}/commit", data=values)
    assert done.status_code == 303
    assert (
        "A programme coordinator assigned this place. Reason: Operational duty."
        in (await browser.get(f"/matching/applications/{application}")).text
    )


async def test_programs_ask_the_price_and_override(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """The API gives the same price, and refuses an unknown application."""
    await world.call()
    seat = await world.offer(places=1)
    holder = await world.officer()
    match_id = (await world.commit()).matches[holder]
    wanted = await world.officer("GE")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    question = {"application_id": str(wanted), "seat_id": str(seat), "instead": str(match_id)}
    answer = (await browser.get("/matching/api/v1/overrides/price", params=question)).json()
    assert answer["forbidden"] == []
    assert answer["lose_a_place"] == [str(holder)]
    assert answer["supersedes"] == [str(match_id)]
    unknown = await browser.get("/matching/api/v1/overrides/price", params=question | {"application_id": str(seat)})
    assert unknown.status_code == 404
