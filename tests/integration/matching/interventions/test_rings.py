"""Exchange rings: found, proposed all or none, and watched until each of their matches has ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from deploy.cli.rerun import repeat
from services.matching.cohorts.store import runs as store
from services.matching.interventions.actions import rings
from shared.contracts import matches, participation, receipts, runs
from shared.contracts.codes import Party, Reason, Role
from shared.errors import Refused
from shared.ids import new_id
from tests.support import older, without_versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


async def waiting(world: World, *countries: str) -> dict[UUID, UUID]:
    """Return application -> offer of agencies that could exchange one officer each in a ring, while others have places.

    The officer of each goes to the next; each is kept apart from all the other places.
    """
    await world.call()
    agencies = {country: new_id() for country in countries}
    offers = {
        country: await world.offer(country, organisation_id=str(agency), places=1)
        for country, agency in agencies.items()
    }
    onward = dict(zip(countries, (*countries[1:], countries[0]), strict=True))
    pairs = {}
    for country, agency in agencies.items():
        others = [str(offer) for at, offer in offers.items() if at != onward[country]]
        officer = await world.officer(country, organisation_id=str(agency), conflicts=others, first_time=False)
        pairs[officer] = offers[onward[country]]
    for offer in offers.values():
        others = [str(other) for other in offers.values() if other != offer]
        await world.officer("AM", conflicts=others)
    await world.match_calls()
    rows = await world.rows("SELECT application_id FROM standing WHERE seat_id IS NULL ORDER BY application_id")
    assert [row.application_id for row in rows] == sorted(pairs)
    return pairs


@pytest.mark.parametrize("countries", [("MD", "GE"), ("MD", "GE", "UA")])
async def test_those_without_a_mutual_partner_travel_together(world: World, countries: tuple[str, ...]) -> None:
    """The ring is found, its matches are proposed together with receipts, and its run can be repeated."""
    pairs = await waiting(world, *countries)
    found = await rings.possible(world.bus, world.call_id)
    (ring,) = found.rings
    assert {leg.candidate_id: leg.seat_id for leg in ring.legs} == {
        str(application): str(two) for application, two in pairs.items()
    }
    cost = await rings.price(world.bus, "carla", world.call_id, pairs)
    assert len(cost.lose) == len(cost.gain) == len(countries)
    assert cost.blocking_pairs > 0
    done = await rings.propose(world.bus, "carla", world.call_id, pairs, effort=0)
    proposed = [event for _, event in await world.facts("MatchProposed") if isinstance(event, matches.MatchProposed)]
    assert {event.pairing.application_id: event.pairing.offer_id for event in proposed} == pairs
    assert {event.ring for event in proposed} == {done.ring_id}
    for _, explained in await world.facts("MatchExplained"):
        assert isinstance(explained, receipts.MatchExplained)
        assert explained.ring == len(countries)
    assert await world.facts("NoMatchExplained") == []
    ((_, run),) = await world.facts("RunFinished")
    assert isinstance(run, runs.RunFinished)
    assert (run.ring, run.matched) == (done.ring_id, len(countries))
    async with world.bus.read() as session:
        kept = await store.inputs(session, done.run_id)
    assert kept is not None
    assert repeat(kept.opened()).same
    await world.match_calls()
    rows = await world.rows("SELECT application_id FROM standing WHERE seat_id IS NOT NULL")
    assert rows == [], "their places are taken now"
    assert (await rings.possible(world.bus, world.call_id)).rings == ()


async def test_all_or_none(world: World) -> None:
    """A ring with a pair that is no longer possible, or that is no ring, proposes nothing."""
    pairs = await waiting(world, "MD", "GE", "UA")
    first, second, third = pairs
    for wrong, status in (
        ({first: pairs[first], second: pairs[second]}, 422),
        ({first: pairs[first]}, 422),
        ({}, 422),
        ({first: pairs[third], second: pairs[second], third: pairs[first]}, 422),
        ({first: pairs[second], second: pairs[third], third: pairs[first]}, 409),
        (pairs | {new_id(): pairs[first]}, 409),
    ):
        with pytest.raises(Refused) as refused:
            await rings.propose(world.bus, "carla", world.call_id, wrong)
        assert refused.value.status_code == status
    with pytest.raises(Refused) as unknown:
        await rings.propose(world.bus, "carla", new_id(), pairs)
    assert unknown.value.status_code == 404
    await rings.propose(world.bus, "carla", world.call_id, pairs, effort=0)
    with pytest.raises(Refused, match="Another coordinator proposed this match"):
        await rings.propose(world.bus, "bruno", world.call_id, pairs)
    assert len(await world.facts("MatchProposed")) == 3


async def test_a_ring_is_proposed_by_hand_and_its_end_is_shown(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A ring is priced and proposed on the pages; when one match ends, the coordinators of the others see it."""
    pairs = await waiting(world, "MD", "GE", "UA")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/rings?call={world.call_id}")).text
    assert "Ring of three agencies" in page
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf is not None
    named = re.findall(r'name="pair" value="([^"]+)"', page)
    assert sorted(each.rpartition("/")[0] for each in named) == sorted(
        f"{application}/{seat}" for application, seat in pairs.items()
    )
    form = {"csrf_token": csrf[1], "pair": named}
    cost = await browser.post(f"/matching/rings/{world.call_id}", data=form)
    assert cost.status_code == 200
    assert "AM-2026" in cost.text
    assert await world.facts("MatchProposed") == []
    done = await browser.post(f"/matching/rings/{world.call_id}/propose", data=form)
    assert done.status_code == 303
    assert "The 3 matches of the ring are proposed" in (await browser.get(done.headers["location"])).text
    again = await browser.post(f"/matching/rings/{world.call_id}/propose", data=form)
    assert again.headers["location"] == done.headers["location"]
    assert len(await world.facts("MatchProposed")) == 3
    events = {event.pairing.country: match_id for match_id, event in await world.facts("MatchProposed")}
    applications = {
        row.country: row.id for row in await world.rows("SELECT * FROM candidate WHERE id = ANY(:ids)", ids=list(pairs))
    }
    assert "exchange ring has lost a match" not in (await browser.get("/matching/")).text
    ended = participation.CancellationRequested(
        application_id=applications["MD"], by=Party.GUEST, reason=Reason.OPERATIONAL_DUTY
    )
    await world.feed.deliver((ended, events["MD"]))
    assert "1 exchange ring has lost a match" in (await browser.get("/matching/")).text
    case = (await browser.get(f"/matching/applications/{applications['UA']}")).text
    assert "Another match in the ring has ended." in case
    assert "part of a ring: each of three agencies" in case
    await sign_in("nino", Role.NATIONAL_COORDINATOR, country="UA")
    assert "1 exchange ring has lost a match" in (await browser.get("/matching/")).text
    own = (await browser.get("/matching/rings")).text
    assert "UA-2026" in own
    assert "A match of this ring has ended" in own
    assert "Possible now" not in own
    found = (await browser.get(f"/matching/api/v1/rings?call_id={world.call_id}")).json()
    assert (found["possible"], found["total"], found["bound"]) == ([], None, None)
    seen = [leg.get("country") for leg in found["proposed"][0]["legs"]]
    assert len(seen) == 3
    assert set(seen) < {"UA", "GE", "MD", None}
    assert None in seen, "the leg that neither begins nor ends in the reader's country is not shown"
    await sign_in("a-host", Role.NATIONAL_COORDINATOR, country="FR")
    assert (await browser.get(f"/matching/api/v1/rings?call_id={world.call_id}")).json()["proposed"] == []
    assert "exchange ring has lost" not in (await browser.get("/matching/")).text
    assert (await browser.post("/matching/api/v1/rings", json={})).status_code == 403


async def test_programs_do_the_same(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The API lists possible rings, prices and proposes one; there is no ring if nobody waits."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    empty = await browser.get("/matching/rings?call=all")
    assert "Rings are found within one call" in empty.text
    pairs = await waiting(world, "MD", "GE")
    found = (await browser.get(f"/matching/api/v1/rings?call_id={world.call_id}")).json()
    assert found["total"] == found["bound"] == found["possible"][0]["points"]
    body: dict[str, Any] = {
        "call_id": str(world.call_id),
        "pairs": [
            {"application_id": leg["application_id"], "offer_id": leg["offer_id"]}
            for leg in found["possible"][0]["legs"]
        ],
    }
    page = (await browser.get("/matching/rings")).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    headers = {"X-CSRF-Token": token[1]}
    cost = (await browser.post("/matching/api/v1/rings/price", json=body, headers=headers)).json()
    assert sorted(cost["gain"]) == sorted(str(application) for application in pairs)
    async with without_versions(browser, world.app) as program:
        refused = await program.post("/matching/api/v1/rings", json=body, headers=headers)
        places = [f"/pairs/{place}/version" for place in range(2)]
        assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (428, places)
        present = [each["version"] for each in refused.json()["errors"]]
        for pair, version in zip(body["pairs"], present, strict=True):
            pair["version"] = version
        body["pairs"][1]["version"] = older(present[1])
        refused = await program.post("/matching/api/v1/rings", json=body, headers=headers)
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["pointer"], error["version"]) == (412, places[1], present[1])
        assert await world.facts("MatchProposed") == []
        body["pairs"][1]["version"] = present[1]
        done = await program.post("/matching/api/v1/rings", json=body, headers=headers)
    assert done.status_code == 201
    assert done.json()["matches"].keys() == {str(application) for application in pairs}
