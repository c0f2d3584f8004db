"""Of two people who change the same thing at the same moment, one is first and the other is refused.

Each pair of actions is sent at once, or each in its turn while both wait for the same row. Nobody gets a server error,
and the table of transitions permits the recorded events, one by one. The requests name no versions, which would refuse
the second one before the rules are applied that are tested here.
"""

from __future__ import annotations

import asyncio
from itertools import combinations_with_replacement, permutations
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from shared.contracts.lifecycle import TRANSITIONS, allowed
from shared.identity.versions import NO_RECORDS
from tests.integration.applications.abroad import Abroad
from tests.waiting import until

if TYPE_CHECKING:
    from uuid import UUID

    from shared.bus import Bus
    from tests.integration.applications.conftest import Programme
    from tests.support import Feed

Action = tuple[str, str, Any]
"""An action: person, address below /applications/api, and body."""

OF_A_SUBMITTED_APPLICATION: dict[str, Action] = {
    "endorse": ("tigran", "/applications/{}/endorse", {"note": ""}),
    "endorse as deputy": ("deputy", "/applications/{}/endorse", {"note": ""}),
    "not endorse": ("tigran", "/applications/{}/not-endorse", {"reason": "operational_duty"}),
    "ask": ("deputy", "/applications/{}/return", {"remarks": {"languages": "Which test?"}}),
    "withdraw": ("ani", "/applications/{}/withdraw", {"reason": "operational_duty"}),
    "change": (
        "ani",
        "/applications/{}/change",
        {"answers": {"expertise": [{"area": "forensics", "level": 1, "years": 1}]}, "reason": "other"},
    ),
    "void": ("programme", "/applications/{}/void", {"reason": "test"}),
}
OF_A_SUBMITTED_OFFER: dict[str, Action] = {
    "endorse": ("luc", "/offers/{}/endorse", None),
    "ask": ("luc", "/offers/{}/return", {"remarks": {"places": "How many?"}}),
    "withdraw": ("claire", "/offers/{}/withdraw", {"reason": "operational_duty"}),
}
OF_A_PUBLISHED_OFFER: dict[str, Action] = {
    "revise": ("claire", "/offers/{}", {"entry": {"places": 3}}),
    "pause": ("claire", "/offers/{}/pause", None),
    "close": ("claire", "/offers/{}/close", {}),
    "withdraw": ("claire", "/offers/{}/withdraw", {"reason": "funding"}),
}
OF_A_PROPOSED_MATCH: dict[str, Action] = {
    "clear": ("tigran", "/matches/{}/clear", {"side": "home"}),
    "clear as deputy": ("deputy", "/matches/{}/clear", {"side": "home"}),
    "refuse": ("tigran", "/matches/{}/refuse", {"reason": "clearance"}),
}
OF_AN_OFFERED_MATCH: dict[str, Action] = {
    "accept": ("ani", "/matches/{}/answer", {"answer": "accept"}),
    "decline": ("ani", "/matches/{}/answer", {"answer": "decline", "reason": "operational_duty"}),
    "host accepts": ("claire", "/matches/{}/answer", {"answer": "accept"}),
}


def pairs(actions: dict[str, Action]) -> list[Any]:
    """Return each pair of the actions, an action with itself too."""
    return [
        pytest.param(actions[entry], actions[other], id=f"{entry} and {other}")
        for entry, other in combinations_with_replacement(actions, 2)
    ]


@pytest.fixture
async def abroad(programme: Programme, feed: Feed) -> Abroad:
    """Return the programme with a host country, and a deputy of Armenia's coordinator."""
    made = Abroad(programme, feed)
    await made.fill()
    deputy = programme.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    await programme.post("programme", "/people", {"people": [deputy]}, 201)
    programme.app.state.records = NO_RECORDS
    return made


async def _send(abroad: Abroad, subject: UUID | str, who: str, path: str, body: Any) -> int:
    method = "PUT" if path.count("/") == 2 else "POST"
    client = abroad.of.as_(who)
    return (await client.request(method, f"/applications/api/v1{path.format(subject)}", json=body)).status_code


async def at_once(abroad: Abroad, subject: UUID | str, *actions: Action) -> list[int]:
    """Send all requests at the same moment; return the statuses of the answers."""
    return await asyncio.gather(*(_send(abroad, subject, *action) for action in actions))


async def in_turn(abroad: Abroad, table: str, subject: UUID | str, *actions: Action) -> list[int]:
    """Send requests for a locked row one after the other, each once the last one waits; return the statuses.

    PostgreSQL gives the row to the transaction that has waited longest.
    """
    bus = abroad.of.app.state.service.bus
    sent: list[asyncio.Task[int]] = []
    async with bus.transaction("system:tests") as tx:
        await tx.session.execute(sa.text(f"SELECT 1 FROM {table} WHERE id = :id FOR UPDATE"), {"id": subject})
        for action in actions:
            sent.append(asyncio.create_task(_send(abroad, subject, *action)))
            await until(lambda: _all_wait(bus, len(sent)), "all wait for the row", unless=sent[-1])
    return await asyncio.gather(*sent)


async def _all_wait(bus: Bus, count: int) -> bool:
    """Return whether so many connections to the portal's database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with bus.glance() as session:
        return int((await session.execute(sa.text(query))).scalar_one()) == count


def ordered_pairs(actions: dict[str, Action]) -> list[Any]:
    """Return each ordered pair of different actions."""
    return [
        pytest.param(actions[permutation], actions[other], id=f"{permutation} before {other}")
        for permutation, other in permutations(actions, 2)
    ]


async def lawful(abroad: Abroad, topic: str, subject: UUID | str, state: str | None = None) -> list[str]:
    """Return the events about a subject, each checked against the state after the earlier ones."""
    targets = {(row.event, source): row.target for row in TRANSITIONS for source in row.sources or (None,)}
    story = [type_ for type_, about, _ in await abroad.of.journal(topic) if about == str(subject)]
    for event in story:
        assert allowed(event, state), f"{event} came in {state}: {story}"
        state = targets.get((event, state)) or state
    return story


def is_consistent(statuses: list[int]) -> bool:
    """Return whether every request was answered, and at least one succeeded."""
    return set(statuses) <= {200, 201, 202, 204, 409} and any(status < 300 for status in statuses)


@pytest.mark.parametrize(("first", "second"), pairs(OF_A_SUBMITTED_APPLICATION))
async def test_simultaneous_decisions_on_an_application(abroad: Abroad, first: Action, second: Action) -> None:
    """Two simultaneous decisions on an application leave lawful events with one outcome."""
    application = (await abroad.of.submitted())["id"]
    assert is_consistent(await at_once(abroad, application, first, second))
    story = await lawful(abroad, "exchange.applications", application)
    assert story.count("ApplicationDecided") <= 1


@pytest.mark.parametrize(("first", "second"), pairs(OF_A_SUBMITTED_OFFER))
async def test_simultaneous_decisions_on_a_placement(abroad: Abroad, first: Action, second: Action) -> None:
    """Two simultaneous decisions on a placement leave lawful events with one outcome."""
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": True}
    offer = (await abroad.post("claire", "/offers", body, 201))["id"]
    assert is_consistent(await at_once(abroad, offer, first, second))
    await lawful(abroad, "exchange.offers", offer)


@pytest.mark.parametrize(("first", "second"), pairs(OF_A_PUBLISHED_OFFER))
async def test_simultaneous_changes_of_a_placement(abroad: Abroad, first: Action, second: Action) -> None:
    """Two simultaneous changes of a published placement leave lawful events."""
    offer = (await abroad.offer())["id"]
    assert is_consistent(await at_once(abroad, offer, first, second))
    await lawful(abroad, "exchange.offers", offer)


@pytest.mark.parametrize(("first", "second"), ordered_pairs(OF_A_PUBLISHED_OFFER))
async def test_the_second_decision_on_a_placement_sees_the_first(abroad: Abroad, first: Action, second: Action) -> None:
    """A decision is taken on the placement as it is under its lock."""
    offer = (await abroad.offer())["id"]
    statuses = await in_turn(abroad, "offer", offer, first, second)
    assert statuses[0] == 200
    assert is_consistent(statuses)
    await lawful(abroad, "exchange.offers", offer)


@pytest.mark.parametrize(("first", "second"), ordered_pairs(OF_A_SUBMITTED_APPLICATION))
async def test_the_second_decision_on_an_application_sees_the_first(
    abroad: Abroad, first: Action, second: Action
) -> None:
    """A decision is taken on the application as it is under its lock."""
    application = (await abroad.of.submitted())["id"]
    statuses = await in_turn(abroad, "application", application, first, second)
    assert statuses[0] == 200
    assert is_consistent(statuses)
    await lawful(abroad, "exchange.applications", application)


@pytest.mark.parametrize(("first", "second"), pairs(OF_A_PROPOSED_MATCH))
async def test_simultaneous_clearances_of_a_match(abroad: Abroad, first: Action, second: Action) -> None:
    """Each side of a match is decided once, and names are released once."""
    match_id = await abroad.placement_matched()
    assert is_consistent(await at_once(abroad, match_id, first, second))
    story = await lawful(abroad, "exchange.participation", match_id)
    assert story.count("ClearanceGiven") + story.count("ClearanceRefused") == 1
    assert len([event for event in story if event == "IdentityReleased"]) <= 1


@pytest.mark.parametrize(("first", "second"), pairs(OF_AN_OFFERED_MATCH))
async def test_simultaneous_answers_to_an_offer(abroad: Abroad, first: Action, second: Action) -> None:
    """Each side answers once, in however many windows."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    assert is_consistent(await at_once(abroad, match_id, first, second))
    parties = [payload["by"] for type_, about, payload in await abroad.of.journal("exchange.participation")
            if type_ == "AnswerGiven" and about == str(match_id)]  # fmt: skip
    assert sorted(set(parties)) == sorted(parties)


async def test_an_application_is_submitted_once(abroad: Abroad) -> None:
    """Ten clicks on submit make one submission with one reference."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit", "answers": abroad.of.answers(), "privacy": True}
    draft = (await abroad.post("ani", "/applications", body, 201))["id"]
    clicks: list[Action] = [("ani", "/applications/{}/submit", None)] * 10
    assert is_consistent(await at_once(abroad, draft, *clicks))
    assert await lawful(abroad, "exchange.applications", draft) == ["ApplicationSubmitted", "LineManagerNamed"]


async def test_a_draft_is_begun_once(abroad: Abroad) -> None:
    """Ten clicks on apply begin one draft."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit"}
    made = await asyncio.gather(*(abroad.post("ani", "/applications", body, 201) for _ in range(10)))
    assert len({entry["id"] for entry in made}) == 1


async def test_a_mentors_profile_is_begun_once(abroad: Abroad) -> None:
    """Ten clicks are one profile."""
    body = {"call_id": abroad.of.call["id"]}
    made = await asyncio.gather(*(abroad.post("jonas", "/mentors", body, 201) for _ in range(10)))
    assert len({entry["id"] for entry in made}) == 1


async def test_a_travel_rule_is_made_once_and_removed_once(abroad: Abroad) -> None:
    """Ten who decide the same leave one decision, and of ten who take it back nine hear that it is gone."""
    at, body = "/asked-before-travel", {"item": "insurance", "required": True, "country": "AM"}
    made = await asyncio.gather(*(abroad.post("programme", at, body, 201) for _ in range(10)))
    (rule,) = {entry["id"] for entry in made}
    client = abroad.of.as_("programme")
    gone = await asyncio.gather(*(client.delete(f"/applications/api/v1{at}/{rule}") for _ in range(10)))
    assert sorted(entry.status_code for entry in gone) == [204, *[404] * 9]


async def test_two_officers_get_two_references(abroad: Abroad) -> None:
    """No reference is given twice, also at the same moment."""
    lilit = abroad.of.person("lilit", "Lilit Sargsyan", "AM", "officer", service="police", rank_group="operational",
                             years_in_field=5)  # fmt: skip
    await abroad.post("programme", "/people", {"people": [lilit]}, 201)
    made = await asyncio.gather(abroad.of.submitted("ani"), abroad.of.submitted("lilit"))
    assert len({entry["reference"] for entry in made}) == 2


@pytest.mark.parametrize("returned", [False, True], ids=["first", "again"])
async def test_a_call_closes_while_somebody_submits(abroad: Abroad, *, returned: bool) -> None:
    """An application that is submitted during the close has an outcome."""
    body = {"call_id": abroad.of.call["id"], "kind": "study_visit", "answers": abroad.of.answers(), "privacy": True}
    draft = (await abroad.post("ani", "/applications", body, 201))["id"]
    if returned:
        await abroad.post("ani", f"/applications/{draft}/submit")
        await abroad.post("tigran", f"/applications/{draft}/return", {"remarks": {"languages": "Which test?"}})
    close: Action = ("programme", "/calls/{}/close", None)
    statuses = await asyncio.gather(
        at_once(abroad, draft, ("ani", "/applications/{}/submit", None)),
        at_once(abroad, abroad.of.call["id"], close),
    )
    assert is_consistent([status for entry in statuses for status in entry])
    story = await lawful(abroad, "exchange.applications", draft)
    assert story == [] or story[-1] == "ApplicationDecided"
