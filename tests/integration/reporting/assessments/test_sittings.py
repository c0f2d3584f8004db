"""A test is taken once before and once after a visit, scored at once, and counted."""

from __future__ import annotations

import asyncio
import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from shared.contracts import _examples as ex
from shared.contracts.codes import Role
from shared.contracts.visits import VisitCancelled, VisitMoved
from shared.time import clock
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import TOPICS, World, WorldEvent, ident

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from tests.integration.reporting.conftest import House

VISIT = ident("visit", 0)
BEFORE, AFTER = f"/reporting/test-before/guest.{VISIT}", f"/reporting/test-after/guest.{VISIT}"
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"kind": "single", "text": "What is copied first?", "answers": ["Memory", "The disk"], "right": [0], "points": 2},
    {"kind": "multiple", "text": "What is written down?", "answers": ["Time", "Place", "Mood"], "right": [0, 1],
     "points": 2},
    {"kind": "true_false", "text": "A copy proves itself.", "right": [1], "points": 1},
)  # fmt: skip
RIGHT = {"q1": "0", "q2": ["0", "1"], "q3": "1"}


@pytest.fixture(autouse=True)
def clock_file(own_clock: None) -> None:
    """Give each test a clock of its own that can be moved."""


def visits(people: int = 1, *, topic: str = TOPICS[0]) -> tuple[list[WorldEvent], list[WorldEvent]]:
    """Return visits that begin in about ten weeks: their events until they are scheduled, and until they are over."""
    world = World(start=clock.today() + timedelta(days=70 - clock.today().weekday()))
    world.add("CallPublished", _call(), clock.now(), _call())
    planned = list(world.events)
    over: list[WorldEvent] = []
    for n in range(people):
        world.events = []
        world.add_application(n)
        for item in world.events:
            plan = getattr(item.event, "plan", None)
            if plan is not None:
                event = item.event.model_copy(update={"plan": plan.model_copy(update={"topic": topic})})
                item = WorldEvent(event, item.subject, item.at, item.story)  # noqa: PLW2901 - the same story on that topic
            (over if item.event.type in {"VisitStarted", "VisitEnded", "VisitCompleted"} else planned).append(item)
    return planned, over


def _call() -> UUID:
    return UUID(ex.CALL)


async def to_the_end(house: House, over: Sequence[WorldEvent]) -> None:
    """Let the visits take place and end."""
    last = max(item.at for item in over)
    clock.move(max(last - clock.now(), timedelta()) + timedelta(hours=1))
    await feed_events(house, over)


async def the_test(house: House, topic: str = TOPICS[0], **more: Any) -> str:
    """Write three questions, publish a test of them, and return its id."""
    evaluator = await house.grant(Role.EVALUATOR)
    ids = []
    for question in QUESTIONS:
        answer = await evaluator.post("/reporting/api/v1/questions", json={**question, "topic": topic})
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    begun = await evaluator.post("/reporting/api/v1/tests", json={"title": "Seizing devices", "topic": topic, **more})
    test = begun.json()["id"]
    chosen = await evaluator.put(f"/reporting/api/v1/tests/{test}/questions", json={"before": ids})
    assert chosen.status_code == 200, chosen.text
    published = await evaluator.post(f"/reporting/api/v1/tests/{test}/publish")
    assert published.json()["state"] == "published", published.text
    return str(test)


async def the_guest(house: House, address: str = BEFORE) -> tuple[httpx2.AsyncClient, httpx2.Response]:
    """Return the guest with the portal's ticket, and the page that it opens."""
    guest = await house.grant(Role.OFFICER)
    purpose = "test_before" if "before" in address else "test_after"
    return guest, await house.with_ticket(guest, address, purpose, "officer")


async def events(house: House) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the events that reporting recorded about the visits."""
    return [(row.type, json.loads(row.payload)) for row in await house.journal("exchange.outcomes")]


async def test_a_test_is_taken_scored_and_compared(house: House) -> None:
    """The first test follows the scheduling and the second the end, and right answers are shown after both."""
    await the_test(house)
    planned, over = visits()
    await feed_events(house, planned)
    (event,) = await events(house)
    assert (event[0], event[1]["phase"], event[1]["again"]) == ("TestAsked", "pre", False)
    assert datetime.fromisoformat(event[1]["due"]).date() < World().start + timedelta(days=1000)
    guest, page = await the_guest(house)
    assert page.status_code == 200, page.text
    assert "Test before your visit" in page.text
    assert "What is copied first?" in page.text
    empty = await guest.post(BEFORE, data={})
    assert (empty.status_code, "Answer at least one question" in empty.text) == (422, True)
    saved = await guest.post(BEFORE, data={"q2": ["0"], "later": "1"})
    assert saved.headers["location"] == f"{BEFORE}?done=saved"
    assert "Your answers are here when you come back" in (await guest.get(f"{BEFORE}?done=saved")).text
    draft = await guest.post(f"{BEFORE}/draft", data={"q1": "1", "q2": ["0", "2"]})
    assert "Saved" in draft.json()["said"]
    again = (await guest.get(BEFORE)).text
    assert again.count("checked") == 3
    assert len(await events(house)) == 1, "what is saved is told to nobody"
    assert (await guest.post(BEFORE, data={"q1": "1", "q2": ["0", "1"]})).status_code == 303
    assert (await guest.post(BEFORE, data={"q1": "1", "q2": ["0", "1"]})).status_code == 303, "a second click"
    other = await guest.post(BEFORE, data=RIGHT)
    assert (other.status_code, "submitted with other answers on" in other.text) == (409, True)
    shown = (await guest.get(BEFORE)).text
    assert "We received your test" in shown
    assert "Memory" not in shown
    assert "points" not in shown.replace("your points", "")
    scored = (await events(house))[-1]
    assert (scored[0], scored[1]["phase"], scored[1]["score"], scored[1]["maximum"]) == ("TestScored", "pre", 2, 5)

    await to_the_end(house, over)
    event = (await events(house))[-1]
    assert (event[0], event[1]["phase"]) == ("TestAsked", "post")
    guest, page = await the_guest(house, AFTER)
    assert "Test after your visit" in page.text
    both = await asyncio.gather(*(guest.post(AFTER, data=RIGHT) for _ in range(2)))
    assert [answer.status_code for answer in both] == [303, 303]
    outcomes = await events(house)
    assert [status for status, _ in outcomes] == ["TestAsked", "TestScored", "TestAsked", "TestScored"]
    assert (outcomes[-1][1]["phase"], outcomes[-1][1]["score"]) == ("post", 5)
    assert "Memory" not in json.dumps(outcomes)
    for address in (BEFORE, AFTER):
        guest, page = await the_guest(house, address)
        assert "You have 3 points more than before the visit." in page.text
        assert "Memory" in page.text
        assert "your answer, not right" in page.text


async def test_figures_follow_the_answers_of_guests(house: House) -> None:
    """Seven of ten guests improve: 70 %, from exactly their twenty tests."""
    await the_test(house)
    await the_test(house, TOPICS[1])
    planned, over = visits(10)
    await feed_events(house, planned)
    guest = await house.grant(Role.OFFICER)

    async def take(n: int, when: str, answers: dict[str, Any]) -> None:
        address = f"/reporting/test-{when}/guest.{ident('visit', n)}"
        assert (await house.with_ticket(guest, address, f"test_{when}", "officer")).status_code == 200
        assert (await guest.post(address, data=answers)).status_code == 303

    for n in range(10):
        await take(n, "before", {"q1": "0"})
    await to_the_end(house, over)
    for n in range(10):
        await take(n, "after", RIGHT if n < 7 else {"q1": "0"})
    await house.relay("exchange.outcomes")
    evaluator = await house.grant(Role.EVALUATOR)
    period = clock.today().year
    figures = (await evaluator.get(f"/reporting/api/v1/figures?period={period}")).json()["figures"]
    (learnt,) = [figure for figure in figures if figure["indicator"] == "TOPCOP-OC-02"]
    assert (float(learnt["value"]), int(learnt["numerator"]), int(learnt["denominator"])) == (70.0, 7, 10)
    taken = (await evaluator.get("/reporting/api/v1/tests")).json()["items"][-1]
    assert (taken["invited"], taken["handed_in"]) == (10, {"pre": 10, "post": 10})


async def test_a_topic_without_a_test_asks_nobody(house: House) -> None:
    """Without a published test for topic and call nobody gets a test, and there is no form."""
    await the_test(house, "firearms_explosives")
    evaluator = await house.grant(Role.EVALUATOR)
    await evaluator.post("/reporting/api/v1/tests", json={"title": "A draft", "topic": TOPICS[0]})
    planned, over = visits()
    await feed_events(house, planned)
    await to_the_end(house, over)
    assert await events(house) == []
    for address in (BEFORE, AFTER):
        guest, page = await the_guest(house, address)
        assert (page.status_code, "You have no test to take here" in page.text) == (404, True)
        assert (await guest.post(address, data=RIGHT)).status_code == 404


async def test_publishing_asks_guests_of_visits_to_come(house: House) -> None:
    """Guests of scheduled visits are asked once; those of ended or cancelled ones are not."""
    planned, over = visits(3)
    await feed_events(house, planned)
    await feed_events(house, [item for item in over if item.subject == ident("visit", 1)])
    plan = next(item.event.plan for item in planned if item.subject == ident("visit", 2))  # type: ignore[attr-defined]  # a visit's
    await house.feed.deliver((VisitCancelled(plan=plan, reason="other", by="programme"), ident("visit", 2)))
    await the_test(house)
    assert [(type_, said["visit_id"]) for type_, said in await events(house)] == [("TestAsked", str(VISIT))]
    await the_test(house)
    assert len(await events(house)) == 1, "who has a test keeps it, whatever is published later"


async def test_new_dates_give_the_test_another_day(house: House) -> None:
    """A moved visit gives the test a new day, until the test is submitted."""
    await the_test(house)
    planned, _ = visits()
    await feed_events(house, planned)
    plan = next(item.event.plan for item in planned if item.subject == VISIT)  # type: ignore[attr-defined]  # a visit's

    async def move(weeks: int) -> None:
        by = timedelta(weeks=weeks)
        days = tuple(day + by for day in plan.days)
        moved = plan.model_copy(update={"start": plan.start + by, "end": plan.end + by, "days": days})
        event = VisitMoved.model_validate({**VisitMoved.example, "plan": moved.model_dump(mode="json")})
        await house.feed.deliver((event, VISIT))

    await move(1)
    (_, first), (kind, second) = await events(house)
    assert (kind, second["again"]) == ("TestAsked", True)
    later = datetime.fromisoformat(second["due"]) - datetime.fromisoformat(first["due"])
    assert abs(later - timedelta(weeks=1)) <= timedelta(hours=1), "but for summer time"
    guest, _page = await the_guest(house)
    assert (await guest.post(BEFORE, data=RIGHT)).status_code == 303
    await move(2)
    assert [type_ for type_, _ in await events(house)] == ["TestAsked", "TestAsked", "TestScored"]


async def test_a_test_closes_when_its_time_is_over(house: House) -> None:
    """From the first day on the first test is closed and says so, and without it there is no second."""
    await the_test(house)
    planned, over = visits()
    await feed_events(house, planned)
    guest, _page = await the_guest(house)
    assert (await guest.post(BEFORE, data={"q1": "1", "later": "1"})).status_code == 303
    await to_the_end(house, over)
    guest, page = await the_guest(house)
    assert "The time for this test has ended" in page.text
    late = await guest.post(BEFORE, data=RIGHT)
    assert (late.status_code, "The time for this test has ended" in late.text) == (409, True)
    assert (await guest.post(f"{BEFORE}/draft", data=RIGHT)).status_code == 409
    assert [type_ for type_, _ in await events(house)] == ["TestAsked"]
    _, page = await the_guest(house, AFTER)
    assert page.status_code == 404


async def test_a_cancelled_visit_has_no_test(house: House) -> None:
    """The form says that the visit does not take place, and accepts nothing."""
    await the_test(house)
    planned, _ = visits()
    await feed_events(house, planned)
    plan = next(item.event.plan for item in planned if item.subject == VISIT)  # type: ignore[attr-defined]  # a visit's
    await house.feed.deliver((VisitCancelled(plan=plan, reason="other", by="programme"), VISIT))
    guest, page = await the_guest(house)
    assert "does not take place" in page.text
    assert (await guest.post(BEFORE, data=RIGHT)).status_code == 409


async def test_only_the_guest_opens_the_test(house: House) -> None:
    """Another guest's ticket, one for another form, the host's, or none does not open the test."""
    await the_test(house)
    planned, _ = visits(2)
    await feed_events(house, planned)
    guest, _page = await the_guest(house)
    other = f"/reporting/test-before/guest.{ident('visit', 1)}"
    assert (await guest.get(other)).status_code != 200
    assert (await guest.post(other, data=RIGHT)).status_code in {303, 403}
    assert (await guest.get(AFTER)).status_code != 200
    for named in ("host.", "national_coordinator.", ""):
        address = f"/reporting/test-before/{named}{VISIT}"
        assert (await house.with_ticket(guest, address, "test_before", "officer")).status_code == 404
    assert [type_ for type_, _ in await events(house) if type_ == "TestScored"] == []


async def test_the_api_shows_right_answers_only_after_both_tests(house: House) -> None:
    """A test is submitted once (201, then 200), unknown answers are refused, and right ones follow at the end."""
    await the_test(house)
    planned, over = visits()
    await feed_events(house, planned)
    guest = await house.grant(Role.OFFICER)
    before, after = (address.replace("/reporting/", "/reporting/api/v1/") for address in (BEFORE, AFTER))
    form = (await house.with_ticket(guest, before, "test_before", "officer")).json()
    assert [question["kind"] for question in form["questions"]] == ["single", "multiple", "true_false"]
    assert all(question["right"] is None for question in form["questions"])
    kept = await guest.put(before, json={"answers": {"2": [2, 0, 0]}})
    assert kept.json()["answers"] == {"2": [0, 2]}
    for wrong in ({"1": [7]}, {"1": [-1]}, {}):
        assert (await guest.post(before, json={"answers": wrong})).status_code == 422
    first = await guest.post(before, json={"answers": {"1": [0]}})
    assert (first.status_code, first.json()["results"]) == (201, None)
    second = await guest.post(before, json={"answers": {"1": [1]}})
    assert (second.status_code, "with other answers on" in second.json()["detail"]) == (409, True)
    assert (await guest.put(before, json={"answers": {"1": [1]}})).status_code == 409
    same = await guest.post(before, json={"answers": {"1": [0]}})
    assert (same.status_code, same.json()) == (200, first.json())
    await to_the_end(house, over)
    await house.with_ticket(guest, after, "test_after", "officer")
    done = (await guest.post(after, json={"answers": {"1": [0], "2": [0, 1], "3": [1]}})).json()
    assert done["results"] == {"pre": {"score": 2, "maximum": 5}, "post": {"score": 5, "maximum": 5}}
    assert [question["right"] for question in done["questions"]] == [[0], [0, 1], [1]]
    assert isinstance(date.fromisoformat(done["handed_in_at"][:10]), date)
