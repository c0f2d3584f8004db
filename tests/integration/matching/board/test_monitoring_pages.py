"""The monitoring pages of the board: overdue cases, events and causes, supply and demand, the calendar."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.matching.board.pages.supply import chart
from services.matching.board.views import overdue
from services.matching.cohorts.actions import commit
from services.matching.engine.problem.weeks import monday
from shared.contracts import applications, participation
from shared.contracts.codes import Party, Role, Side
from shared.identity.scope import Reach
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import httpx2
    import pytest

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]

EVERYTHING = Reach(everything=True, countries=frozenset(), organisations=frozenset(), subject="")


async def _confirmed(world: World) -> tuple[UUID, UUID]:
    await world.call()
    await world.offer(places=2)
    return await world.confirmed()


async def test_overdue_cases_name_the_person_who_must_act(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, moving_clock: None
) -> None:
    """Overdue are an application not found eligible in time, and a match that a country has not cleared."""
    await world.call()
    await world.offer()
    await world.officer("GE", eligible=False)
    await world.officer("MD")
    await world.commit()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert (await browser.get("/matching/api/v1/stuck")).json() == {"items": [], "next": None}
    assert "Nothing is overdue" in (await browser.get("/matching/")).text
    clock.move(timedelta(days=30))
    found = (await browser.get("/matching/api/v1/stuck")).json()["items"]
    assert {(case["reference"][:2], case["stage"], case["holder"]) for case in found} == {
        ("GE", "application:endorsed", "Programme coordinator"),
        ("MD", "match:proposed", "National coordinator of Moldova"),
    }
    for page in ("/matching/", f"/matching/stuck?call={world.call_id}"):
        assert "National coordinator of Moldova" in (await browser.get(page)).text
    board = (await browser.get("/matching/")).text
    assert board.index("Overdue cases, most overdue first") < board.index("Applications by status")
    flow = re.search(r'<ol class="tandem-flow">.*?</ol>', board, re.DOTALL)
    assert flow
    steps = re.findall(r'tandem-flow__name">(\w+) <span class="tandem-flow__reached">(\d+)', flow[0])
    assert steps == [
        ("Submitted", "2"),
        ("Endorsed", "2"),
        ("Eligible", "1"),
        ("Matched", "1"),
        ("Confirmed", "0"),
        ("Completed", "0"),
    ]
    assert "Events to send" not in board
    system = await browser.get("/matching/system")
    assert (system.status_code, "Events to send" in system.text) == (200, True)
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    assert "GE-2026" not in (await browser.get("/matching/stuck?call=all")).text
    assert (await browser.get("/matching/system")).status_code == 403


async def test_every_case_is_judged_before_the_list_is_cut(
    world: World, moving_clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are overdue longest are listed, out of any number that could be overdue."""
    monkeypatch.setattr(overdue, "BATCH", 1)
    await world.call()
    await world.offer()
    await world.officer("GE", eligible=False)
    await world.officer("MD")
    await world.commit()
    clock.move(timedelta(days=30))
    async with world.bus.read() as session:
        found = (await overdue.overdue_cases(session, EVERYTHING, None)).items
        assert len(found) == 2
        monkeypatch.setattr(overdue, "MOST", 1)
        assert (await overdue.overdue_cases(session, EVERYTHING, None)).items == found[:1]


async def test_a_visit_that_nobody_prepares_is_overdue_before_its_agenda(world: World, moving_clock: None) -> None:
    """A scheduled visit is listed from the day by which it is to be prepared, three weeks before it begins."""
    application_id, _ = await _confirmed(world)
    ((start,),) = await world.rows("SELECT start FROM visit")

    async def listed(before: int) -> list[UUID]:
        at = datetime.combine(start - timedelta(days=before), datetime.min.time(), UTC) + timedelta(hours=12)
        clock.move(at - clock.now())
        async with world.bus.read() as session:
            return [case.application_id for case in (await overdue.overdue_cases(session, EVERYTHING, None)).items]

    assert await listed(before=23) == []
    assert await listed(before=18) == [application_id]


async def test_a_reserve_that_no_country_clears_in_time_is_late(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, moving_clock: None
) -> None:
    """A reserve is listed with the country whose clearance is overdue, until it is given."""
    await world.call(share_of_offer=100)
    await world.offer(places=1)
    await world.officer("MD")
    await world.officer("GE")
    await commit.commit_cohort(world.bus, "carla", world.call_id, effort=0, reserves=True)
    ((reserve, of, country),) = await world.rows("SELECT id, application_id, country FROM match WHERE reserve")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert (await browser.get("/matching/api/v1/stuck")).json() == {"items": [], "next": None}
    clock.move(timedelta(days=30))

    async def late() -> dict[str, str]:
        stuck = (await browser.get("/matching/api/v1/stuck")).json()["items"]
        return {case["stage"]: case["holder"] for case in stuck if case["application_id"] == str(of)}

    home = {"MD": "Moldova", "GE": "Georgia"}
    assert await late() == {"match:reserve_proposed": f"National coordinator of {home[country]}"}
    page = (await browser.get("/matching/stuck?call=all")).text
    assert "Reserve, to be cleared" in page
    given = {"application_id": of, "side": Side.HOME, "country": country, "host_due": clock.now() - timedelta(days=1)}
    await world.feed.deliver((participation.ClearanceGiven.model_validate(given), reserve))
    assert await late() == {"match:reserve_proposed": "National coordinator of France"}
    await sign_in("nino", Role.NATIONAL_COORDINATOR, country="AM")
    assert await late() == {}
    await world.feed.deliver((participation.ClearanceGiven(application_id=of, side=Side.HOST, country="FR"), reserve))
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert await late() == {}


async def test_each_event_leads_to_what_caused_it_and_what_it_caused(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """An answer links to the confirmation and the visit, and the visit links back to the answer."""
    await _confirmed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (visit,) = await world.rows("SELECT id, cause_id FROM activity WHERE type = 'VisitScheduled'")
    event_page = (await browser.get(f"/matching/api/v1/events/{visit.id}")).json()
    assert [event["type"] for event in event_page["causes"]] == ["AnswerGiven"]
    answer = (await browser.get(f"/matching/api/v1/events/{visit.cause_id}")).json()
    assert {event["type"] for event in answer["effects"]} == {"MatchConfirmed", "VisitScheduled"}
    assert "actor" not in answer["event"]
    page = (await browser.get(f"/matching/events/{visit.id}")).text
    assert f"/matching/events/{visit.cause_id}" in page
    assert "Answer given" in page
    assert "Match confirmed" in page
    assert (await browser.get(f"/matching/events/{new_id()}")).status_code == 404
    await sign_in("tea", Role.NATIONAL_COORDINATOR, country="GE")
    assert (await browser.get(f"/matching/events/{visit.id}")).status_code == 404


async def test_the_stream_is_narrowed_by_call_topic_type_and_case(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Each filter leaves the named events only; a topic that does not exist is refused."""
    application_id, _ = await _confirmed(world)
    await world.officer("GE")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (row,) = await world.rows("SELECT reference FROM candidate WHERE id = :id", id=application_id)

    async def types(query: str) -> set[str]:
        return {event["type"] for event in (await browser.get(f"/matching/api/v1/events?{query}")).json()["items"]}

    assert await types("type=VisitScheduled") == {"VisitScheduled"}
    assert await types("topic=exchange.visits") == {"VisitScheduled"}
    unknown = await browser.get("/matching/api/v1/events?topic=nothing")
    assert (unknown.status_code, unknown.json()["errors"][0]["parameter"]) == (422, "topic")
    assert await types(f"call_id={new_id()}") == set()
    case = (await browser.get(f"/matching/api/v1/events?case={row.reference.lower()}")).json()["items"]
    assert {item["reference"] for item in case} == {row.reference}
    page = (await browser.get(f"/matching/events?call=all&case={row.reference}&type=MatchOffered")).text
    assert "Match offered" in page
    assert "GE-2026" not in page


async def test_supply_and_demand_count_what_is_wanted_and_free(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A taken place is not free, an officer with a place wants no more, and a weak language does not count."""
    await world.call()
    english = [{"language": "en", "level": "B1"}]
    await world.offer(places=3, topics=["online_crime"], languages=english, group_size=1)
    spoken = [{"language": "en", "level": "B2"}, {"language": "fr", "level": "A2"}]
    await world.officer("MD", topics=["online_crime"], languages=spoken)
    await world.commit()
    await world.officer("GE", topics=["online_crime", "drug_trafficking"], languages=spoken)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    fields = (await browser.get(f"/matching/api/v1/supply?call_id={world.call_id}")).json()["items"]
    assert fields == [
        {"topic": "drug_trafficking", "language": "en", "wanted": 1, "free": 0},
        {"topic": "online_crime", "language": "en", "wanted": 1, "free": 2},
    ]
    page = (await browser.get(f"/matching/supply?call={world.call_id}")).text
    assert "Largest gap: Drug trafficking in English (1 wanted, 0 free)" in page
    assert "1 / 2" in page
    mentors = (await browser.get(f"/matching/api/v1/supply?call_id={world.call_id}&kind=mentee")).json()
    assert mentors == {"items": [], "next": None}
    assert (await browser.get("/matching/api/v1/supply?kind=none")).status_code == 422


def test_the_map_says_so_where_there_is_enough() -> None:
    """Without a gap the title names none."""
    field = ("online_crime", "en")
    enough = chart(Counter({field: 1}), Counter({field: 4}), "empact-2026")
    assert enough.title == "There are enough places in every topic and language"
    assert enough.rows == [("Online crime", "1 / 4")]


async def test_the_calendar_shows_a_visit_in_its_week(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A visit is in the column of its week and the row of its placement, and links to the page that moves it."""
    _, match_id = await _confirmed(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (visit,) = (await browser.get("/matching/api/v1/calendar")).json()["items"]
    week = monday(date.fromisoformat(visit["start"]))
    page = (await browser.get(f"/matching/calendar?call={world.call_id}")).text
    field = page.partition(f'data-drop="{week.isoformat()}"')[2].partition("</td>")[0]
    assert visit["reference"] in field
    assert "1 of 2" in field
    assert f'data-drag-to="/matching/visits/{match_id}/move"' in field
    chosen = (await browser.get(f"/matching/visits/{match_id}/move?week={week + timedelta(weeks=2)}")).text
    assert re.search(rf'value="{week + timedelta(weeks=2)}" checked', chosen)
    past = (await browser.get(f"/matching/visits/{match_id}/move?week=2020-01-06")).text
    assert "cannot be in the week of 6 January 2020" in past
    later = (week + timedelta(weeks=30)).isoformat()
    assert "No visit begins in these weeks" in (await browser.get(f"/matching/calendar?call=all&from={later}")).text
    assert (await browser.get("/matching/calendar?from=9999-99-99")).status_code == 422
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    own = (await browser.get("/matching/calendar?call=all")).text
    assert visit["reference"] in own
    assert "data-drag-to" not in own
    await sign_in("tea", Role.NATIONAL_COORDINATOR, country="GE")
    assert visit["reference"] not in (await browser.get("/matching/calendar?call=all")).text


async def test_offers_about_to_expire_name_those_who_have_not_answered(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """For an open offer the list says who has not answered yet and how many wait for the place."""
    await world.call()
    await world.offer(places=1)
    application_id = await world.officer("MD")
    await world.officer("MD", first_time=False)
    match_id = (await world.commit()).matches[application_id]
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (due,) = (await browser.get("/matching/api/v1/due")).json()["items"]
    assert (due["state"], due["next_in_line"]) == ("proposed", 1)
    for side, country in ((Side.HOME, "MD"), (Side.HOST, "FR")):
        given = participation.ClearanceGiven(application_id=application_id, side=side, country=country)
        await world.feed.deliver((given, match_id))
    assert "Officer and host" in (await browser.get("/matching/")).text
    await world.answer(match_id, application_id, Party.HOST)
    assert "Officer and host" not in (await browser.get("/matching/")).text


async def test_the_runs_draw_which_choices_were_obtained(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A run's page and the list of cohorts show the ranks obtained, with the number without a place."""
    await world.call()
    await world.offer(places=1)
    await world.officer("MD")
    await world.officer("GE")
    await world.commit()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (run,) = await world.rows("SELECT id FROM run")
    for page in (f"/matching/runs/{run.id}", "/matching/runs"):
        text = (await browser.get(page)).text
        assert "1 of 2 got their first choice" in text
        assert "No match" in text


async def test_a_cohort_counts_the_choices_of_those_it_proposes(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A match that was not selected counts once, as no match, and not also by its choice."""
    await world.call()
    place = await world.offer(places=2)
    chosen = await world.officer("MD")
    await world.officer("GE")
    await world.commit({chosen: place})
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    (run,) = await world.rows("SELECT id FROM run")
    text = (await browser.get(f"/matching/runs/{run.id}")).text
    assert "1 of 2 got their first choice" in text


async def test_a_committed_cohort_stands_in_the_stream(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Its event says how many were matched and links to the run; the coordinator's sign-in is not shown."""
    await world.call()
    await world.offer()
    await world.officer("MD")
    await world.commit()
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    (answer,) = (await browser.get("/matching/api/v1/events?topic=exchange.runs")).json()["items"]
    assert (answer["type"], answer["about"]["matched"]) == ("RunFinished", 1)
    page = (await browser.get(f"/matching/events/{answer['id']}")).text
    assert "cohort 1, Study visit, 1 match, 0 without a place" in page
    assert f"/matching/runs/{answer['subject']}" in page
    assert "carla" not in page


async def test_progress_of_matching_and_readers(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The number of unmatched changes is shown, and a reader that does not run has an unknown backlog."""
    await world.call()
    await world.officer("MD")
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    answer = (await browser.get(f"/matching/api/v1/progress?call_id={world.call_id}")).json()
    assert answer["to_match"] > 0
    assert answer["to_read"] is None
    await world.match_calls()
    answer = (await browser.get(f"/matching/api/v1/progress?call_id={world.call_id}")).json()
    assert answer["to_match"] == 0
    await world.feed.deliver((applications.ApplicationWithdrawn(reason="other"), (await world.officer("GE"))))
    assert (await browser.get("/matching/api/v1/progress")).json()["to_match"] > 0


async def test_queries_of_the_board_use_indexes(world: World) -> None:
    """Effects of an event, and open what-ifs and those of a call, are found by index."""
    nobody = "'00000000-0000-0000-0000-000000000000'"
    queries = {
        "activity_cause": "SELECT * FROM activity WHERE cause_id = :id ORDER BY at, id LIMIT 100",
        "activity_pkey": "SELECT * FROM activity WHERE id = :id",
        "what_if_call": "SELECT * FROM what_if WHERE call_id = :id ORDER BY id DESC LIMIT 100",
        "what_if_open": "SELECT id FROM what_if WHERE state IN ('waiting', 'running') ORDER BY id LIMIT 20",
        "candidate_pool": "SELECT * FROM candidate WHERE call_id = :id AND state = 'eligible'",
        "match_held_once": "SELECT 1 FROM match WHERE application_id = :id"
        " AND state IN ('proposed', 'cleared', 'offered', 'confirmed') AND NOT reserve",
        "match_reserve_once": "SELECT id FROM match WHERE application_id = :id"
        " AND state IN ('proposed', 'cleared') AND reserve",
        "replacement_pkey": "SELECT * FROM replacement WHERE visit_id = :id",
        "replacement_match": "SELECT * FROM replacement WHERE match_id = :id",
        "seat_call": "SELECT * FROM seat WHERE call_id = :id AND state = 'published'",
        "visit_weeks": "SELECT * FROM visit WHERE call_id = :id AND state IN ('scheduled', 'under_way')"
        " AND start >= '2027-01-01'",
    }
    for index, query in queries.items():
        async with world.bus.read() as session:
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            explain = sa.text(f"EXPLAIN {query.replace(':id', nobody)}")
            plan = "\n".join(row[0] for row in (await session.execute(explain)).all())
        assert index in plan, plan
