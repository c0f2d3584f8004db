"""The page of a cohort says why each match is; a coordinator holds back, pins and moves, and sees the price first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.matching.cohorts import model
from services.matching.cohorts.actions import choices, commit
from services.matching.cohorts.model import Choice, ChoiceKind, reproduce
from services.matching.cohorts.store import runs
from services.matching.cohorts.views import decision
from services.matching.engine.problem import document
from services.matching.engine.problem.problem import Problem
from services.matching.receipts.views.explanation import receipt_page
from shared.contracts import applications
from shared.contracts.codes import Answer, Party, Reason, Role
from shared.errors import Refused
from shared.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


async def _world(world: World) -> tuple[list[UUID], list[UUID]]:
    """Publish two places, of which one suits the first officer best, and three officers; return people and places."""
    await world.call(share_of_offer=100, quotas=[{"country": country, "ceiling": 1} for country in ("AM", "GE", "MD")])
    wanted = await world.offer("FR", places=1, group_size=1, title="A week in Lyon")
    other = await world.offer("PL", places=1, group_size=1, title="A week in Warsaw")
    people = [await world.officer("MD"), await world.officer("GE"), await world.officer("AM", preferred_countries=[])]
    await world.match_calls()
    return people, [wanted, other]


async def _place_of(world: World) -> dict[UUID, UUID]:
    """Return the place of each application by the matching now."""
    rows = await world.rows("SELECT application_id, seat_id FROM standing WHERE seat_id IS NOT NULL")
    return {row.application_id: row.seat_id for row in rows}


async def _page(world: World, browser: httpx2.AsyncClient) -> str:
    answer = await browser.get(f"/matching/cohorts/{world.call_id}")
    assert answer.status_code == 200, answer.text
    return answer.text


def _hidden(html: str, address: str) -> dict[str, Any]:
    """Return the hidden fields of the form to an address."""
    form = re.search(rf'<form[^>]*method="post" action="{re.escape(address)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert form is not None, html
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]):
        fields.setdefault(name, []).append(value)
    return fields


def _pairs(html: str) -> list[str]:
    return re.findall(r'name="pair" value="([^"]+)"', html)


async def _choose(world: World, browser: httpx2.AsyncClient, person: UUID, **query: Any) -> tuple[str, dict[str, Any]]:
    """Return the page that shows the price of a choice, and what its form sends with a reason."""
    address = f"/matching/cohorts/{world.call_id}/choices/{person}"
    page = await browser.get(address, params=query)
    assert page.status_code == 200, page.text
    form = _hidden(page.text, f"/matching/cohorts/drafts/{world.call_id}")
    return page.text, form | {"reason": ["timetable_conflict"]}


async def test_the_reason_of_a_choice_stands_in_no_address(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The reason is again beside the price and posted; without one nothing is noted and the page asks again."""
    await _world(world)
    person = min(await _place_of(world))
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    question = (await browser.get(f"/matching/cohorts/{world.call_id}/choices/{person}")).text
    assert re.findall(r'<(?:select|input)[^>]* name="(\w+)"', question.split('method="get"')[1])[-1] != "reason"
    assert 'name="reason"' not in question
    nothing = await browser.get(f"/matching/cohorts/{world.call_id}/choices/{person}", params={"seat": ""})
    assert (nothing.status_code, "Select what you want to do" in nothing.text) == (422, True)
    priced, form = await _choose(world, browser, person, choice="hold_back")
    assert '<select class="govuk-select" id="reason" name="reason"' in priced
    draft = f"/matching/cohorts/drafts/{world.call_id}"
    for missing in ([], [""], ["nonsense"]):
        again = await browser.post(draft, data=form | {"reason": missing})
        assert (again.status_code, "What it costs" in again.text) == (422, True)
        assert "govuk-error-summary" in again.text
        assert ("Select a reason" in again.text) == (missing != ["nonsense"])
        assert _hidden(again.text, draft).keys() == form.keys() - {"reason"}
    assert await choices.choices_of(world.bus, world.call_id) == {}
    saved = await browser.post(draft, data=_hidden(again.text, draft) | {"reason": ["health"]})
    assert (saved.status_code, saved.headers["location"]) == (303, f"/matching/cohorts/{world.call_id}")
    (choice,) = (await choices.choices_of(world.bus, world.call_id)).values()
    assert choice == Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.PERSONAL)


async def test_each_match_says_who_where_why_and_what_to_look_at(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A row names country, place, reason, points of how many and warnings; countries stand beside; no name is there."""
    people, _ = await _world(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = await _page(world, browser)
    matched = await _place_of(world)
    assert len(matched) == 2
    assert len(_pairs(page)) == 2
    for words in ("A week in Lyon", "A week in Warsaw", "France", "Poland", "suitable places.", "possible weeks, from"):
        assert words in page, words
    assert re.search(r"\d+ of [\d,]+</td>", page)
    assert "Only match for" in page
    balance = page.split("Country balance")[1]
    for country in ("Armenia", "Georgia", "Moldova"):
        assert country in balance
    assert "100\u00a0%" in balance
    assert "full" in balance
    receipt = await browser.get(f"/matching/cohorts/{world.call_id}/receipts/{next(iter(matched))}")
    assert 'class="tandem-receipt"' in receipt.text
    assert "What the officer gains" in receipt.text
    unknown = await browser.get(f"/matching/cohorts/{world.call_id}/receipts/{world.call_id}")
    assert unknown.status_code == 404
    await sign_in("nina", Role.NATIONAL_COORDINATOR, country="MD")
    for address in (f"receipts/{people[0]}", f"choices/{people[0]}"):
        assert (await browser.get(f"/matching/cohorts/{world.call_id}/{address}")).status_code == 403


async def test_holding_back_makes_room_and_leads_to_the_next_cohort(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The price names who gains; the cohort gives the place away, the receipt says why, and the next run has both."""
    await _world(world)
    matched = await _place_of(world)
    [waiting] = {row.id for row in await world.rows("SELECT id FROM candidate")} - matched.keys()
    person = min(matched)
    names = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM candidate")}
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    priced, form = await _choose(world, browser, person, choice="hold_back")
    for words in (f"Hold back {names[person]}?", names[waiting], "Sum of points", "Timetable conflict"):
        assert words in priced, words
    draft = f"/matching/cohorts/drafts/{world.call_id}"
    kept = await browser.post(draft, data=form)
    assert (kept.status_code, kept.headers["location"]) == (303, f"/matching/cohorts/{world.call_id}")
    assert await world.facts("MatchProposed", "NoMatchExplained") == []
    page = await _page(world, browser)
    assert "1 choice changes this cohort." in page
    assert sorted(pair[:36] for pair in _pairs(page)) == sorted(str(id_) for id_ in {*matched, waiting} - {person})
    sent = _hidden(page, f"/matching/cohorts/{world.call_id}") | {"pair": _pairs(page)}
    review = await browser.post(f"/matching/cohorts/{world.call_id}", data=sent)
    assert "You hold back 1 application." in review.text
    final = _hidden(review.text, f"/matching/cohorts/{world.call_id}/commit")
    done = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=final)
    assert done.status_code == 303, done.text
    again = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=final)
    assert again.headers["location"] == done.headers["location"]
    proposed = {event.pairing.application_id for _, event in await world.facts("MatchProposed")}
    assert proposed == {*matched, waiting} - {person}
    [(subject, explained)] = await world.facts("NoMatchExplained")
    assert (subject, explained.held_back, explained.waiting_place) == (str(person), Reason.TIMETABLE_CONFLICT, None)
    assert [row.actor for row in await world.rows("SELECT actor FROM journal WHERE type = 'NoMatchExplained'")] == [
        "carla"
    ]
    gained = dict(await world.facts("MatchExplained"))[str(waiting)]
    assert gained.changed_by_hand
    published = await receipt_page(world.bus, person, side="applicant")
    assert published is not None
    assert published.receipt.notes == [
        "A programme coordinator held this application back from the cohort. Reason: Timetable conflict.",
        "The application stays in the matching for the next cohort.",
    ]
    other = await receipt_page(world.bus, waiting, side="applicant")
    assert other is not None
    assert "decided some matches of this cohort" in " ".join(other.receipt.notes)
    assert (await browser.get(f"/matching/api/v1/receipts/{person}")).json()["published"]["held_back"] == (
        "timetable_conflict"
    )
    assert "changes this cohort" not in await _page(world, browser)
    await world.offer("FR", places=1, group_size=1)
    await world.match_calls()
    assert (await _place_of(world)).keys() == {person}, "held back once, matched the next time"


async def test_a_free_place_skips_an_application_left_out_of_the_cohort(world: World) -> None:
    """A place of the cohort that falls free does not go to an application that the coordinator left out of it."""
    await _world(world)
    matched = await _place_of(world)
    person, left = min(matched), Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.OTHER)
    done = await commit.commit_cohort(world.bus, "carla", world.call_id, choices={person: left}, effort=0)
    assert person not in done.matches
    for officer, match_id in done.matches.items():
        await world.clear(match_id, officer)
        await world.answer(match_id, officer, Party.GUEST, Answer.DECLINE)
    await world.match_calls()
    assert len(await world.facts("MatchDeclined")) == 2
    assert {event.pairing.application_id for _, event in await world.facts("MatchProposed")} == done.matches.keys()
    # With one of three gone there is a place for each, whoever has the better draw.
    await world.feed.deliver((applications.ApplicationWithdrawn(reason=Reason.OTHER), min(done.matches)))
    await world.match_calls()
    assert person in await _place_of(world), "it is matched for the next cohort"


async def test_a_moved_match_takes_the_place_and_says_who_loses_it(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A move at another's expense names the loser; the cohort proposes it with the reason and can be repeated."""
    await _world(world)
    matched = await _place_of(world)
    [waiting] = {row.id for row in await world.rows("SELECT id FROM candidate")} - matched.keys()
    names = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM candidate")}
    seats = {row.id: row.reference for row in await world.rows("SELECT id, reference FROM seat")}
    holder, other = sorted(matched)
    place = matched[holder]
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    address = f"/matching/cohorts/{world.call_id}/choices/{other}"
    offered = (await browser.get(address)).text
    assert seats[place] in offered
    missing = await browser.get(address, params={"choice": "move"})
    assert (missing.status_code, "Select a place" in missing.text) == (422, True)
    priced, form = await _choose(world, browser, other, choice="move", seat=str(place))
    assert f"Move {names[other]} to {seats[place]}?" in priced
    await browser.post(f"/matching/cohorts/drafts/{world.call_id}", data=form)
    _, pin = await _choose(world, browser, other, choice="pin")
    assert pin["seat"] == [str(matched[other])], "beside no other choice its own place is the one before"
    page = await _page(world, browser)
    assert "Moved by a coordinator." in page
    taken = {pair[:36]: pair[37:73] for pair in _pairs(page)}
    assert taken[str(other)] == str(place)
    sent = _hidden(page, f"/matching/cohorts/{world.call_id}") | {"pair": _pairs(page)}
    review = await browser.post(f"/matching/cohorts/{world.call_id}", data=sent)
    final = _hidden(review.text, f"/matching/cohorts/{world.call_id}/commit")
    done = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=final)
    assert done.status_code == 303, done.text
    proposed = {event.pairing.application_id: event for _, event in await world.facts("MatchProposed")}
    assert proposed[other].override is Reason.TIMETABLE_CONFLICT
    assert {event.override for id_, event in proposed.items() if id_ != other} == {None}
    explained = dict(await world.facts("MatchExplained", "NoMatchExplained"))
    assert explained[str(other)].override is Reason.TIMETABLE_CONFLICT
    now = {id_: explained[str(id_)] for id_ in (*matched, waiting) if id_ != other}
    for id_, receipt in now.items():
        seat = getattr(receipt, "offer_id", None)
        assert receipt.changed_by_hand == (seat != matched.get(id_)), names[id_]
        assert getattr(receipt, "counterfactuals", ()) == (), "no run proves a change beside a place given by hand"
    async with world.bus.read() as session:
        [run] = await runs.runs(session, world.call_id)
        inputs = await runs.inputs(session, run.id)
    assert inputs is not None
    stored = inputs.opened()
    assert stored["overrides"] == {str(other): str(place)}
    repeated = reproduce(
        stored["engine"],
        stored["digest"],
        document.read(Problem, stored["problem"]),
        dict(stored["pairs"]),
        stored["overrides"],
    )
    assert repeated.same


async def test_a_group_is_moved_and_pinned_as_a_whole(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """One choice puts all members to a place that takes them together; another member's choice replaces it."""
    await world.call(share_of_offer=100)
    wide = [period | {"places_per_week": 2} for period in world.period()]
    first, second = [await world.offer(country, places=2, group_size=2, periods=wide) for country in ("FR", "PL")]
    narrow = await world.offer("LT", places=2, group_size=1)
    group = str(new_id())
    pair = [await world.officer("MD", group_id=group, mode="group") for _ in range(2)]
    await world.match_calls()
    matched = await _place_of(world)
    now = matched[pair[0]]
    assert matched == dict.fromkeys(pair, now)
    other = second if now == first else first
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    possible = await choices.possible(world.bus, world.call_id, pair[1])
    assert (possible.seat_id, possible.seats, possible.group) == (now, [other], 2)
    address = f"/matching/cohorts/{world.call_id}/choices/{pair[0]}"
    question = (await browser.get(address)).text
    assert "Your choice applies to the whole group." in question
    assert str(narrow) not in question
    refused = await browser.get(address, params={"choice": "move", "seat": str(narrow)})
    assert refused.status_code == 422
    draft = f"/matching/cohorts/drafts/{world.call_id}"
    for person, choice in ((pair[0], {"choice": "pin"}), (pair[1], {"choice": "move", "seat": str(other)})):
        _, form = await _choose(world, browser, person, **choice)
        assert (await browser.post(draft, data=form)).status_code == 303
    assert (await choices.choices_of(world.bus, world.call_id)).keys() == {pair[1]}
    page = await _page(world, browser)
    assert page.count("Moved by a coordinator.") == 2
    assert {ticked[37:73] for ticked in _pairs(page)} == {str(other)}
    sent = _hidden(page, f"/matching/cohorts/{world.call_id}") | {"pair": _pairs(page)}
    review = await browser.post(f"/matching/cohorts/{world.call_id}", data=sent)
    final = _hidden(review.text, f"/matching/cohorts/{world.call_id}/commit")
    done = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=final)
    assert done.status_code == 303, done.text
    proposed = {event.pairing.application_id: event for _, event in await world.facts("MatchProposed")}
    assert {id_: (event.pairing.offer_id, event.override) for id_, event in proposed.items()} == dict.fromkeys(
        pair, (other, Reason.TIMETABLE_CONFLICT)
    )
    assert len({event.weeks for event in proposed.values()}) == 1
    explained = dict(await world.facts("MatchExplained"))
    assert {explained[str(id_)].group_size for id_ in pair} == {2}
    assert await choices.choices_of(world.bus, world.call_id) == {}


async def test_a_filter_lists_some_matches_and_only_those_are_committed(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """By country, service, place or warning; a group stays whole, an empty list says so, and the way back keeps it."""
    await world.call(share_of_offer=100, reserves=1)
    wide = [period | {"places_per_week": 4} for period in world.period()]
    offer = await world.offer("FR", places=4, group_size=2, periods=wide)
    alone, other = await world.officer("MD"), await world.officer("UA", service="customs")
    group = str(new_id())
    pair = [await world.officer(country, group_id=group, mode="group") for country in ("MD", "GE")]
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    cohort = f"/matching/cohorts/{world.call_id}"
    for query, listed in (
        ("country=UA", {other}),
        ("country=GE", set(pair)),
        ("service=customs&country=", {other}),
        (f"place={offer}", {alone, other, *pair}),
        ("warnings=1", {alone, other, *pair}),
        ("country=AM", set()),
    ):
        page = await browser.get(f"{cohort}?{query}")
        assert page.status_code == 200, query
        assert {UUID(value[:36]) for value in _pairs(page.text)} == listed, query
    assert "No matches have these filters." in page.text
    assert (await browser.get(f"{cohort}?service=nobody")).status_code == 422
    page = await browser.get(f"{cohort}?country=UA")
    assert "The list has 1 of 4 matches. You commit only those listed." in page.text
    review = await browser.post(cohort, data=_hidden(page.text, cohort) | {"pair": _pairs(page.text)})
    assert f'href="{cohort}?country=UA"' in review.text
    done = await browser.post(f"{cohort}/commit", data=_hidden(review.text, f"{cohort}/commit"))
    assert done.status_code == 303, done.text
    assert [event.pairing.application_id for _, event in await world.facts("MatchProposed")] == [other]
    broken = await browser.post(cohort, data=_hidden(page.text, cohort) | {"country": "nowhere", "place": "x"})
    assert (broken.status_code, "Select at least one match" in broken.text) == (422, True)


async def test_a_form_with_too_many_fields_says_what_to_do(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A form of more than 2,500 fields, which no page has, is refused with a sentence and changes nothing."""
    await _world(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    cohort = f"/matching/cohorts/{world.call_id}"
    page = (await browser.get(cohort)).text
    refused = await browser.post(cohort, data=_hidden(page, cohort) | {"pair": [f"x{n}" for n in range(2600)]})
    assert refused.status_code == 422
    assert "This form has more than 2,500 fields, so nothing was saved." in refused.text


@pytest.mark.parametrize("large", [True, False])
async def test_every_match_of_a_long_list_stands_on_one_of_its_pages(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, *, large: bool
) -> None:
    """Each match is on one page, groups whole; any page is committed first, and the counts are those of all pages."""
    monkeypatch.setattr(decision, "MOST", 3)
    monkeypatch.setattr(model, "LARGE", 0 if large else 20_000)
    await world.call(share_of_offer=100)
    wide = [period | {"places_per_week": 4} for period in world.period()]
    await world.offer("FR", places=4, group_size=2, periods=wide)
    alone = [await world.officer("MD") for _ in range(2)]
    group = str(new_id())
    pair = [await world.officer("MD", group_id=group, mode="group") for _ in range(2)]
    await world.match_calls()
    assert (await _place_of(world)).keys() == {*alone, *pair}
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    cohort = f"/matching/cohorts/{world.call_id}"
    first, second, behind = [(await browser.get(f"{cohort}?page={number}")).text for number in (1, 2, 3)]
    found = [{UUID(pair[:36]) for pair in _pairs(page)} for page in (first, second)]
    assert found == [set(alone), set(pair)]
    assert _pairs(behind) == _pairs(second)
    assert all("This page lists 2 of 4 matches." in page for page in (first, second))
    assert (f'href="{cohort}?page=2"' in first, f'href="{cohort}"' in second) == (True, True)
    assert ("This call is too large to show reasons" in first) is large
    nothing = await browser.post(cohort, data=_hidden(second, cohort))
    assert (nothing.status_code, _pairs(nothing.text)) == (422, _pairs(second))
    for page, left in ((second, True), (first, False)):
        review = await browser.post(cohort, data=_hidden(page, cohort) | {"pair": _pairs(page)})
        assert (f'href="{cohort}?page=2"' in review.text) == left
        done = await browser.post(f"{cohort}/commit", data=_hidden(review.text, f"{cohort}/commit"))
        assert done.status_code == 303, done.text
        await world.match_calls()
        assert "This page lists" not in await _page(world, browser)
    assert len(await world.facts("MatchProposed")) == 4


async def test_choices_survive_reload_and_two_tabs(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """A tab with older choices changes and commits nothing; the same choice again is answered as the first time."""
    await _world(world)
    matched = await _place_of(world)
    first, second = sorted(matched)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    draft, cohort = f"/matching/cohorts/drafts/{world.call_id}", f"/matching/cohorts/{world.call_id}"
    early = await _page(world, browser)
    _, in_one = await _choose(world, browser, first, choice="pin")
    _, in_other = await _choose(world, browser, second, choice="hold_back")
    assert (await browser.post(draft, data=in_one)).status_code == 303
    assert (await browser.post(draft, data=in_one)).status_code == 303
    stale = await browser.post(draft, data=in_other)
    assert stale.status_code in {409, 412}, stale.text
    stale = await browser.post(cohort, data=_hidden(early, cohort) | {"pair": _pairs(early)})
    assert (stale.status_code, "have changed since you opened the page" in stale.text) == (409, True)
    page = await _page(world, browser)
    reviewed = await browser.post(cohort, data=_hidden(page, cohort) | {"pair": _pairs(page)})
    assert reviewed.status_code == 200
    undo = _hidden(page, draft)
    assert undo["undo"] == [str(first)]
    assert (await browser.post(draft, data=undo)).status_code == 303
    refused = await browser.post(f"{cohort}/commit", data=_hidden(reviewed.text, f"{cohort}/commit"))
    assert refused.status_code in {409, 412}, refused.text
    assert await world.facts("MatchProposed") == []
    assert "changes this cohort" not in await _page(world, browser)


async def test_a_choice_that_is_no_longer_possible_is_named(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A pinned match whose place is gone stops the cohort until the coordinator removes the choice."""
    _, places = await _world(world)
    matched = await _place_of(world)
    person = next(id_ for id_, seat in matched.items() if seat == places[0])
    pinned = Choice(kind=ChoiceKind.PIN, reason=Reason.OTHER, seat_id=places[0])
    await choices.choose(world.bus, "carla", world.call_id, person, pinned)
    with pytest.raises(Refused, match="cannot have this place"):
        await choices.choose(world.bus, "carla", world.call_id, next(id_ for id_ in matched if id_ != person), pinned)
    async with world.bus.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE seat SET state = 'paused' WHERE id = :id"), {"id": places[0]})
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = await _page(world, browser)
    assert "This is no longer possible. Remove this choice." in page
    cohort = f"/matching/cohorts/{world.call_id}"
    refused = await browser.post(cohort, data=_hidden(page, cohort) | {"pair": _pairs(page)})
    assert (refused.status_code, "no longer possible" in refused.text) == (409, True)
    with pytest.raises(Refused, match="no longer possible"):
        await commit.commit_cohort(world.bus, "carla", world.call_id, choices={person: pinned}, effort=0)


async def test_a_commit_that_breaks_a_choice_is_refused(world: World) -> None:
    """Without the choices nobody who is held back is proposed; a choice of who was proposed ends with that."""
    await _world(world)
    matched = await _place_of(world)
    person, other = sorted(matched)
    holding = Choice(kind=ChoiceKind.HOLD_BACK, reason=Reason.OTHER)
    await choices.choose(world.bus, "carla", world.call_id, person, holding)
    with pytest.raises(Refused, match=r"hold people back or give them other places \(1\)"):
        await commit.commit_cohort(world.bus, "bruno", world.call_id, effort=0)
    assert await world.rows("SELECT id FROM match") == []
    after = await choices.possible(world.bus, world.call_id, other)
    pinned = Choice(kind=ChoiceKind.PIN, reason=Reason.OTHER, seat_id=after.seat_id)
    await choices.choose(world.bus, "carla", world.call_id, other, pinned)
    if after.seat_id == matched[other]:
        await commit.commit_cohort(world.bus, "bruno", world.call_id, {other: matched[other]}, effort=0)
        assert await choices.choices_of(world.bus, world.call_id) == {person: holding}
