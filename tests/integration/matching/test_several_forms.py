"""Cohorts, options, rings and plans are decided on as a whole: where something has changed, both versions are shown."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from services.matching.cohorts.actions import choices
from services.matching.cohorts.model import Choice, ChoiceKind
from services.matching.interventions.actions import overrides
from services.matching.options import actions as options
from services.matching.options import views as option_views
from services.matching.scheduling.actions import planner, plans
from shared.bus.db import leases
from shared.contracts import applications, offers, participation
from shared.contracts.codes import Party, Reason, Role
from shared.ids import new_id
from shared.time import clock
from shared.web.several import CHOICE, DECIDE, SEEN
from tests.integration.matching.interventions.test_rings import waiting
from tests.several_forms import Tabs, both_versions, check_tabs, content, form_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    import pytest

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

SCENARIOS = {
    ("/matching/cohorts/{call_id}", ""),
    ("/matching/cohorts/{call_id}/commit", ""),
    ("/matching/options/{options_id}/options/{option}/commit", ""),
    ("/matching/plans/{call_id}/propose", ""),
    ("/matching/rings/{call_id}/propose", ""),
}
_NO_FACTS = ("1", '"a"', '{"a":"b"}', '[["a"]]', '[["a",1]]', '[["\\ud800","b"]]')
_REMOVED: dict[str, Any] = {"by": Party.GUEST, "reason": Reason.OPERATIONAL_DUTY}


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


async def provisional(world: World) -> list[UUID]:
    """Return three officers with provisional places."""
    await world.call(share_of_offer=100)
    await world.offer(places=3, group_size=1)
    people = [await world.officer(country) for country in ("MD", "GE", "UA")]
    await world.match_calls()
    return people


async def cohort(world: World, browser: httpx2.AsyncClient) -> tuple[list[UUID], httpx2.Response]:
    """Return three officers with provisional places, and the page that asks to commit them."""
    people = await provisional(world)
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


async def hold_back(world: World, application_id: UUID) -> None:
    """Hold an application back from the next cohort, as another coordinator could."""
    choice = Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.PERSONAL)
    await choices.choose(world.bus, "bruno", world.call_id, application_id, choice)


async def test_a_cohort_is_compared_before_it_is_checked(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The page of a cohort shows a changed pair in both versions, and goes on with what is chosen."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people = await provisional(world)
    opened = await browser.get(f"/matching/cohorts/{world.call_id}")
    await rename(world, people[1])
    action, ticked = form_of(opened)
    first = await browser.post(action, data=ticked)
    assert (first.status_code, [row[2] for row in both_versions(first)]) == (409, ["XX-2026-9999"])
    _, values = form_of(first)
    (choice,) = [name for name in values if name.startswith(CHOICE)]
    silent = {name: value for name, value in values.items() if name != choice}
    shown = await browser.post(action, data=silent)
    assert (shown.status_code, both_versions(shown)) == (409, both_versions(first)), (
        "without a choice it is shown again"
    )
    assert "Propose these 2 matches?" in content(await browser.post(action, data=values))
    assert "Propose these 3 matches?" in content(await browser.post(action, data=values | {choice: DECIDE}))
    assert await proposed(world) == set()


async def test_a_form_with_a_thousand_pairs_and_all_that_its_page_showed_is_read(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The form of a large cohort, with a choice for each pair and a title in Georgian for each, is not too large."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    await provisional(world)
    action, values = form_of(await browser.get(f"/matching/cohorts/{world.call_id}"))
    shown = json.loads(values[SEEN][0]) | {str(new_id()): [["Place", "\u10d5" * 200]] for _ in range(1000)}
    many = values | {"pair": values["pair"] * 333} | {f"{CHOICE}{new_id()}": DECIDE for _ in range(1000)}
    answer = await browser.post(action, data=many | {SEEN: json.dumps(shown)})
    assert (answer.status_code, "Propose these 3 matches?" in content(answer)) == (200, True), content(answer)


async def test_the_choices_for_a_cohort_are_compared(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Both pages of a cohort show that another coordinator has held somebody back, and commit what is left."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, checked = await cohort(world, browser)
    opened = await browser.get(f"/matching/cohorts/{world.call_id}")
    await hold_back(world, people[0])
    reference = (await world.rows("SELECT reference FROM candidate WHERE id = :id", id=people[0]))[0].reference
    for page, onward in ((opened, 200), (checked, 303)):
        action, values = form_of(page)
        first = await browser.post(action, data=values)
        assert first.status_code == 409
        assert "The choices for this cohort have changed since you opened the page." in content(first)
        rows = both_versions(first)
        assert (reference, "Empty", "held back: Personal reason") in rows, rows
        assert ("Application", reference, "Empty") in rows, "it is no match any more"
        assert await proposed(world) == set()
        action, values = form_of(first)
        assert (await browser.post(action, data=values)).status_code == onward
    assert await proposed(world) == {str(people[1]), str(people[2])}


async def test_a_cohort_with_an_impossible_choice_is_compared_with_the_reason(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """While a choice of the cohort cannot be carried out there is nothing to choose, and the page says why."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people = await provisional(world)
    action, values = form_of(await browser.get(f"/matching/cohorts/{world.call_id}"))
    ((seat,),) = await world.rows("SELECT id FROM seat")
    pin = Choice(kind=ChoiceKind.PIN, reason=Reason.OTHER, seat_id=seat)
    await choices.choose(world.bus, "bruno", world.call_id, people[0], pin)
    await world.feed.deliver((applications.ApplicationWithdrawn(**_REMOVED), people[0]))
    await rename(world, people[1])
    answer = await browser.post(action, data=values)
    assert ("Application" in content(answer), "XX-2026-9999" in content(answer)) == (True, True)
    assert content(answer).count("Some choices for this cohort are no longer possible. Remove them first.") == 2
    assert 'type="radio"' not in answer.text
    assert "Propose this match as it is now" not in content(answer)


async def test_a_closed_call_is_no_matter_of_the_choices(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A commit that is refused because the call is closed does not say who changed the choices."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, checked = await cohort(world, browser)
    await hold_back(world, people[0])
    await world.close()
    action, values = form_of(checked)
    answer = await browser.post(action, data=values)
    assert (answer.status_code, "This call is closed" in content(answer)) == (409, True)
    assert "changed the choices" not in content(answer)


async def test_a_choice_beside_a_changed_one_is_compared(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A choice beside older choices is not saved: the page shows both versions and prices, and then saves it."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people = await provisional(world)
    at = f"/matching/cohorts/{world.call_id}/choices"
    pages = {each: await browser.get(f"{at}/{each}", params={"choice": "hold_back"}) for each in people[1:]}
    await hold_back(world, people[0])
    for country in ("AM", "AZ"):
        await world.officer(country)
    references = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM candidate")}
    wanted = Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.OTHER)
    # Four are left for three places: without one of these two, the fourth gains a place.
    gains = {each: (await choices.price(world.bus, world.call_id, each, wanted)).gain for each in pages}
    chosen = next(each for each in pages if gains[each])
    action, values = form_of(pages[chosen])
    answer = await browser.post(action, data=values | {"reason": ["timetable_conflict"]})
    (_, saw, now), *costs = both_versions(answer)
    assert (answer.status_code, saw, now) == (409, "Empty", "held back: Personal reason")
    ((saw, now),) = [(saw, now) for label, saw, now in costs if label == "Gains a place"]
    assert (saw, now) == ("nobody", ", ".join(references[each] for each in gains[chosen]))
    assert (await choices.choices_of(world.bus, world.call_id)).keys() == {people[0]}
    action, values = form_of(answer)
    assert (await browser.post(action, data=values)).headers["location"] == f"/matching/cohorts/{world.call_id}"
    assert (await choices.choices_of(world.bus, world.call_id)).keys() == {people[0], chosen}


async def option(world: World, browser: httpx2.AsyncClient) -> tuple[list[UUID], httpx2.Response]:
    """Return three officers with provisional places, and the page of an option that gives them places."""
    people = await provisional(world)
    options_id = await options.ask(world.bus, "carla", world.call_id)
    assert await options.work_once(world.bus, apart=False)
    return people, await browser.get(f"/matching/options/{options_id}/options/stable")


async def test_an_option_with_a_changed_officer_is_compared_as_a_whole(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """An option whose facts have not changed is committed with the present version of its applications."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, page = await option(world, browser)
    tabs = Tabs(browser, page, lambda: rename(world, people[1]), lambda: proposed(world), "XX-2026-9999")
    tabs.whole, tabs.chosen = True, False
    await check_tabs(tabs)


async def test_an_option_with_more_changes_than_a_page_shows_is_compared_page_by_page(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that the first page does not show is not committed: the next page shows it, and counts those left."""
    monkeypatch.setattr(option_views, "SHOWN", 1)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, page = await option(world, browser)
    await rename(world, people[0])
    await rename(world, people[1])
    shown = []
    for count, button in (("2 matches", "Continue"), ("1 match", "Commit option")):
        action, values = form_of(page)
        page = await browser.post(action, data=values)
        assert f"Nothing was committed, because {count} of this option" in content(page)
        assert ("This page shows 1 of them." in content(page)) == (count == "2 matches")
        assert button in content(page)
        shown += [saw for _, saw, _ in both_versions(page)]
        assert await proposed(world) == set()
    assert len(set(shown)) == 2
    action, values = form_of(page)
    assert (await browser.post(action, data=values)).status_code == 303
    assert await proposed(world) == set(map(str, people))


async def test_an_option_from_older_facts_is_compared_and_calculated_again(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The page shows its pairs and figures beside what is true now, and the reader calculates again or leaves it."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people, page = await option(world, browser)
    await world.officer("AM")
    await world.feed.deliver((applications.ApplicationWithdrawn(**_REMOVED), people[0]))
    await world.officer("AZ")
    action, values = form_of(page)
    answer = await browser.post(action, data=values)
    assert answer.status_code == 409
    rows = {label: (saw, now) for label, saw, now in both_versions(answer)}
    assert rows["Applications in the matching"] == ("3", "4")
    assert rows["Applications with a place"] == ("3 of 3 (100\u00a0%)", "Not calculated yet")
    saw, now = rows["Match of the officer"]
    assert (saw, "Withdrawn since" in now) == ("None", True)
    assert "Commit option" not in answer.text
    calculate = f"/matching/options/{world.call_id}"
    assert re.search(rf'action="{calculate}".*?Calculate options', answer.text, re.DOTALL)
    token = {name: value for name, value in values.items() if name == "csrf_token"}
    assert (await browser.post(calculate, data=token)).headers["location"] == calculate
    assert len(await world.rows("SELECT id FROM option_set")) == 2
    assert await proposed(world) == set()


async def test_a_ring_that_is_impossible_is_compared_with_the_reason(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Before and after its price the page shows both versions of an officer who has left, and no choice."""
    pairs = await waiting(world, "MD", "GE", "UA")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    listed = await browser.get(f"/matching/rings?call={world.call_id}")
    action, values = form_of(listed)
    priced = await browser.post(action, data=values)
    await world.feed.deliver((applications.ApplicationWithdrawn(**_REMOVED), min(pairs)))
    for page in (listed, priced):
        action, values = form_of(page)
        answer = await browser.post(action, data=values)
        assert answer.status_code == 409
        ((label, saw, now),) = both_versions(answer)
        assert (label, saw, "Withdrawn since" in now) == ("Match of the officer", "None", True)
        assert "This ring is no longer possible. 1 officer of the ring is no longer looking" in content(answer)
        assert "Propose ring" not in answer.text
    assert await proposed(world) == set()


async def test_a_ring_of_a_closed_call_names_no_changed_officer(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A ring whose officers and places are the same is refused without saying that one of them has changed."""
    await waiting(world, "MD", "GE", "UA")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    listed = await browser.get(f"/matching/rings?call={world.call_id}")
    action, values = form_of(listed)
    priced = await browser.post(action, data=values)
    await world.close()
    for page in (listed, priced):
        action, values = form_of(page)
        answer = await browser.post(action, data=values)
        reason = "This ring is no longer possible. This call is closed, so nothing more is matched in it."
        assert (answer.status_code, reason in content(answer)) == (409, True)
        assert "The change is in something that this page does not show." not in content(answer)


async def test_forged_words_of_a_page_are_cut_and_decide_nothing(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Forged words of a page are left out or shown escaped and cut, and the answer to the form stays the same."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people = await provisional(world)
    action, values = form_of(await browser.get(f"/matching/cohorts/{world.call_id}"))
    await rename(world, people[1])
    unreadable = ["[", "[" * 100_000, "1" * 6000, '{"x":1}', *(f'{{"{people[1]}":{each}}}' for each in _NO_FACTS)]
    for forged in unreadable:
        answer = await browser.post(action, data=values | {SEEN: forged})
        assert (answer.status_code, ("Application", "Empty", "XX-2026-9999") in both_versions(answer)) == (409, True)
    long = [[f"<b>{number}</b>", "<i>" + "y" * 6000] for number in range(300)]
    answer = await browser.post(action, data=values | {SEEN: json.dumps({str(people[1]): long})})
    assert "<i>y" not in answer.text
    assert "<b>0" not in answer.text
    assert len([label for label, _, _ in both_versions(answer) if label.startswith("<b>")]) == 200
    assert "y" * 5000 not in answer.text


async def test_a_place_by_hand_for_a_changed_officer_is_compared(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """An application that has changed since its price is put to the place once the reader has seen both, and prices."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    people = [*await provisional(world), await world.officer("AM")]
    ((seat,),) = await world.rows("SELECT id::text FROM seat")
    prices = {each: (await overrides.weighed(world.bus, "carla", each, UUID(seat))).price for each in people}
    chosen, loser = next((each, UUID(price.losers[0])) for each, price in prices.items() if price.losers)
    references = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM candidate")}
    address = f"/matching/applications/{chosen}/override"
    choice = {"seat": seat, "reason": "operational_duty", "text": "As the host asked."}
    token = re.findall(r'name="csrf_token" value="([^"]+)"', (await browser.get(address)).text)[0]
    priced = await browser.post(address, data=choice | {"csrf_token": token})
    await rename(world, chosen)
    gone = next(each for each in people if each not in {chosen, loser})
    await world.feed.deliver((applications.ApplicationWithdrawn(**_REMOVED), gone))
    action, values = form_of(priced)
    answer = await browser.post(action, data=values)
    (label, _, now), *costs = both_versions(answer)
    assert (answer.status_code, label, now) == (409, "Officer", "XX-2026-9999")
    assert ("Loses a place", references[loser], "nobody") in costs
    assert await proposed(world) == set()
    action, values = form_of(answer)
    assert (await browser.post(action, data=values)).status_code == 303
    assert await proposed(world) == {str(chosen)}


async def plan(world: World, browser: httpx2.AsyncClient) -> tuple[list[tuple[UUID, UUID]], httpx2.Response]:
    """Return two visits (application and match) whose weeks the host has closed, and the page that moves both."""
    await world.call()
    today = clock.today()
    period = {"start": str(today + timedelta(weeks=10)), "end": str(today + timedelta(weeks=30)), "places_per_week": 1}
    offer_id = await world.offer(periods=[period], places=4)
    visits = [await world.confirmed() for _ in range(2)]
    last = max(row.start for row in await world.rows("SELECT start FROM visit"))
    terms = (await world.rows("SELECT terms FROM seat WHERE id = :id", id=offer_id))[0].terms
    later = period | {"start": str(last + timedelta(weeks=2)), "end": str(last + timedelta(weeks=20))}
    revised = dict(offers.OfferRevised.example) | {"terms": terms | {"periods": [later]}}
    await world.feed.deliver((offers.OfferRevised.model_validate(revised), offer_id))
    made = await plans.plan_visits(world.bus, "carla", world.call_id, seconds=5)
    async with leases.hold(world.bus, planner.LEASE) as lease:
        assert await planner.improve(world.bus, lease, made.id)
    return visits, await browser.get(f"/matching/plans/{world.call_id}")


async def test_a_plan_with_a_changed_visit_is_compared_and_the_others_are_proposed(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A cancelled visit is shown in both versions and left out; the reader proposes the others or plans again."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    [(gone, gone_match), (_, other)], page = await plan(world, browser)
    action, values = form_of(page)
    assert sorted(values["visit"]) == sorted(map(str, (gone_match, other)))
    cancelled = participation.CancellationRequested(application_id=gone, **_REMOVED)
    await world.feed.deliver((cancelled, gone_match))

    async def moved() -> set[str]:
        return {str(row.match_id) for row in await world.rows("SELECT match_id FROM visit WHERE proposal IS NOT NULL")}

    first, again = [await browser.post(action, data=values) for _ in range(2)]
    assert (first.status_code, again.status_code, content(first)) == (409, 409, content(again))
    rows = {label: (saw, now) for label, saw, now in both_versions(first)}
    assert rows["State"] == ("Visit planned", "Cancelled")
    assert rows["New dates"][1] == "No longer possible"
    assert "Nothing was proposed" in content(first)
    assert "Plan the visits again" in first.text
    assert await moved() == set()
    action, values = form_of(first)
    assert values["visit"] == [str(other)]
    assert (await browser.post(action, data=values)).headers["location"] == f"/matching/plans/{world.call_id}?done=1"
    assert await moved() == {str(other)}
