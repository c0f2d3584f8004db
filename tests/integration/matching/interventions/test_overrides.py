"""Overrides by the programme coordinator: priced, with a reason, within the law."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from services.matching.interventions.actions import overrides
from services.matching.interventions.actions.reasons import OverrideReason
from services.matching.interventions.views.overrides import override_choice
from shared.contracts.codes import ApplicationKind, MatchState, Reason, Role
from shared.contracts.matches import MatchProposed, MatchSuperseded
from shared.contracts.receipts import MatchExplained
from shared.errors import Refused
from tests.portal_of_strangers import AWAY, REASONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from uuid import UUID

    import httpx2

    from tests.integration.matching.conftest import World


WORDS = "The host asked: her unit works on the same case."


@pytest.fixture
def away() -> Iterator[set[str]]:
    """The routes of the portal that do not answer."""
    yield AWAY
    AWAY.clear()


async def put(
    world: World, application: UUID, seat: UUID, code: Reason, instead: UUID | None = None, text: str = WORDS
) -> UUID:
    """Put an application to a place in carla's name."""
    wanted = overrides.WantedOverride(application, seat, OverrideReason(code, text), instead)
    return await overrides.put(world.bus, world.app.state.service.settings, "carla", wanted)


def _fields(page: str) -> dict[str, str]:
    """Return the fields of the last form of a page."""
    form = page.rsplit("<form", maxsplit=1)[-1].split("</form>", maxsplit=1)[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


async def _content(world: World) -> str:
    """Return all that matching has stored."""
    names = await world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return "".join([str(await world.rows(f"SELECT * FROM {row.tablename}")) for row in names])


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
    match_id = await put(world, application, other, Reason.OPERATIONAL_DUTY)
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


async def test_an_override_belongs_to_the_newest_cohort_of_its_kind(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """A visit assigned by hand is listed with the study visits, also if mentees were matched since."""
    await world.call()
    await world.offer(places=1)
    application = await world.officer()
    visits = (await world.commit()).runs[ApplicationKind.STUDY_VISIT]
    await world.mentor()
    mentee = await world.officer(kind="mentee")
    mentoring = (await world.commit()).runs[ApplicationKind.MENTEE]
    await put(world, application, await world.offer("PL", places=1), Reason.OPERATIONAL_DUTY)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    for run_id, is_with_visits in ((visits, True), (mentoring, False)):
        page = (await browser.get(f"/matching/runs/{run_id}")).text
        assert (f'href="/matching/applications/{application}"' in page) is is_with_visits
        assert (f'href="/matching/applications/{mentee}"' in page) is not is_with_visits


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
        await put(world, wanted, seat, Reason.OTHER)
    priced = await overrides.weighed(world.bus, "carla", wanted, seat, match_id)
    assert priced.price.losers == (str(holder),)
    await put(world, wanted, seat, Reason.OTHER, match_id)
    assert await _states(world) == {holder: MatchState.SUPERSEDED, wanted: MatchState.PROPOSED}
    assert await world.rows("SELECT 1 FROM vacancy") == []
    await world.match_calls()
    assert (await world.rows("SELECT seat_id FROM standing WHERE application_id = :id", id=holder))[0].seat_id is None


async def test_full_places_are_offered_only_where_a_match_can_give_way(
    world: World, browser: httpx2.AsyncClient, sign_in: Callable[..., Awaitable[None]]
) -> None:
    """A place with room comes first, a full one is marked, and one whose matches are all confirmed is left out."""
    await world.call()
    await world.offer(places=1)
    await world.confirmed()
    full = await world.offer("PL", places=1)
    await world.officer()
    await world.commit()
    free, wanted = await world.offer("DE", places=1), await world.officer("GE")
    async with world.bus.read() as session:
        choice = await override_choice(session, wanted)
    assert ([place.id for place in choice.free], [place.id for place in choice.full]) == ([free], [full])
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/applications/{wanted}/override")).text
    assert page.count(": full, another match must give up its place") == 1


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
        await put(world, application, seat, Reason.OTHER)
    assert [rule.value for rule in (await overrides.weighed(world.bus, "carla", application, other)).price.waived] == [
        "topic"
    ]
    await put(world, application, other, Reason.OTHER)
    assert await _states(world) == {application: MatchState.PROPOSED}


async def test_a_confirmed_match_is_not_overridden(world: World) -> None:
    """Neither the applicant's own confirmed place nor another's yields."""
    await world.call()
    seat = await world.offer(places=1)
    application, match_id = await world.confirmed()
    other = await world.offer("PL")
    with pytest.raises(Refused, match="confirmed"):
        await put(world, application, other, Reason.OTHER)
    waiting = await world.officer("GE")
    with pytest.raises(Refused, match="that you want to replace"):
        await put(world, waiting, seat, Reason.OTHER, match_id)


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
    assert "Enter the reason in your own words" in empty.text
    values = {"csrf_token": csrf, "seat": str(other), "reason": "operational_duty", "text": WORDS}
    long = await browser.post(path, data=values | {"text": "x" * 1001})
    assert (long.status_code, "must be 1,000 characters or fewer" in long.text) == (422, True)
    price = await browser.post(path, data=values)
    assert price.status_code == 200
    assert "A wanted topic" in price.text
    assert "FR-P-2026" in price.text
    assert price.text.count(WORDS) == 2  # to read, and for the form that follows
    bare = await browser.post(f"{path}/commit", data=values | {"text": " "})
    assert (bare.status_code, "Enter the reason in your own words" in bare.text) == (422, True)
    assert len(await world.facts("MatchProposed")) == 1
    done = await browser.post(f"{path}/commit", data=values)
    assert done.status_code == 303
    assert (
        "A programme coordinator assigned this place. Reason: Operational duty."
        in (await browser.get(f"/matching/applications/{application}")).text
    )


async def test_the_portal_alone_has_the_words(world: World) -> None:
    """The words are stored in the portal for the match that is made; no table and no event of matching has them."""
    await world.call()
    seat = await world.offer(places=1)
    application = await world.officer()
    match_id = await put(world, application, seat, Reason.OTHER)
    assert REASONS[str(match_id)] == {
        "match_id": str(match_id),
        "application_id": str(application),
        "decided_by": "carla",
        "reason": "other",
        "text": WORDS,
    }
    assert "her unit" not in await _content(world)
    assert await put(world, application, seat, Reason.OTHER) == match_id
    with pytest.raises(Refused, match="already has this place"):
        await put(world, application, seat, Reason.OTHER, text="Something else")
    assert len(await world.facts("MatchProposed")) == 1


@pytest.mark.parametrize("route", ["own-cases", "override-reasons"])
async def test_nothing_is_assigned_while_the_portal_stores_no_reason(
    world: World,
    browser: httpx2.AsyncClient,
    sign_in: Callable[..., Awaitable[None]],
    away: set[str],
    route: str,
) -> None:
    """While the portal does not answer nothing is committed; the page has what was written, to be sent again."""
    await world.call()
    seat = await world.offer(places=1)
    application = await world.officer()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    path = f"/matching/applications/{application}/override"
    csrf = (await browser.get(path)).text.split('name="csrf_token" value="')[1].split('"')[0]
    values = {"seat": str(seat), "reason": "operational_duty", "text": WORDS}
    priced = _fields((await browser.post(path, data=values | {"csrf_token": csrf})).text)
    away.add(f"/applications/internal/{route}")
    failed = await browser.post(f"{path}/commit", data=priced)
    assert failed.status_code == 503
    assert await world.facts("MatchProposed") == []
    assert f'action="{path}/commit"' in failed.text
    fields = _fields(failed.text)
    assert fields.keys() == priced.keys()
    assert {name: fields[name] for name in values} == values
    assert failed.text.count(WORDS) == 2
    assert str(seat) not in failed.text.split("<form")[-2].split("What you sent")[-1]
    assert "Operational duty" in failed.text
    away.clear()
    assert (await browser.post(f"{path}/commit", data=fields)).status_code == 303
    assert len(await world.facts("MatchProposed")) == 1


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
