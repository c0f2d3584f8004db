"""The calendar shows a host the visits and free places of each week, and no name before its release."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.calendar import model as calendar_model
from services.applications.calendar.model import Span
from services.applications.placements.model.placement import PlacementEntry
from shared.contracts import visits
from shared.time import clock
from shared.time.workdays import public_holidays
from tests.integration.applications.test_abroad_pages import read

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad


async def test_month_week_and_list_show_visits_and_free_places(abroad: Abroad) -> None:
    """Month, week and list show the visit with its state and places; filters narrow, and empty lists say why."""
    offer = await abroad.offer(places=3)
    match_id = await abroad.proposed(await abroad.eligible(), offer_id=offer["id"])
    visit_id = await abroad.scheduled(match_id)
    start = date.fromisoformat((await abroad.get("claire", f"/visits/{visit_id}"))["start"])
    at = f"/applications/calendar?day={start}"
    for view in Span:
        page = await read(abroad, "claire", f"{at}&view={view}")
        assert f"/applications/visits/{visit_id}" in page
        assert "Ani Petrosyan" in page
        assert "Visit planned" in page
    month = await read(abroad, "claire", at)
    assert "1 of 1 taken" in month
    assert "1 free" in month
    assert "expected" in await read(abroad, "claire", f"{at}&view=week")
    for narrowed in ("state=no_show", f"offer={match_id}", "country=GE"):
        page = await read(abroad, "claire", f"{at}&{narrowed}")
        assert f"/applications/visits/{visit_id}" not in page
        assert "No visit in this period matches these filters" in page
    for forged in ("view=year", "day=31-12-2026", "offer=x"):
        answer = await abroad.of.as_("claire").get(f"/applications/calendar?{forged}")
        assert answer.status_code == 422
        assert forged.partition("=")[0].title() in answer.text
    found = await abroad.get("claire", f"/calendar?day={start}&weeks=1")
    (week,) = found["weeks"]
    assert [(visit["id"], visit["guest"]["name"]) for visit in week["visits"]] == [(str(visit_id), "Ani Petrosyan")]
    assert week["places"] == [
        {"offer_id": offer["id"], "reference": offer["reference"], "places": 1, "taken": 1, "free": 0}
    ]
    await abroad.publish_visit_event(visits.VisitCancelled, visit_id, match_id, by="guest", reason="operational_duty")
    (week,) = (await abroad.get("claire", f"/calendar?day={start}&weeks=1"))["weeks"]
    assert (week["visits"][0]["state"], week["places"][0]["taken"]) == ("cancelled", 0)


async def test_the_calendar_is_limited_to_the_hosts_of_the_reader(abroad: Abroad) -> None:
    """Only the host and its country's coordinator see the visit; officers have no calendar."""
    offer = await abroad.offer()
    visit_id = await abroad.scheduled(await abroad.proposed(await abroad.eligible(), offer_id=offer["id"]))
    start = (await abroad.get("claire", f"/visits/{visit_id}"))["start"]
    at = f"/applications/calendar?day={start}"
    for somebody in ("paul", "rasa", "tigran"):
        page = await read(abroad, somebody, at)
        assert str(visit_id) not in page
        assert offer["reference"] not in page
        assert "No visits in this period" in page
    assert str(visit_id) in await read(abroad, "luc", at)
    programme = await read(abroad, "programme", at)
    assert str(visit_id) in programme
    assert "Ani Petrosyan" not in programme
    await read(abroad, "ani", at, 403)
    await read(abroad, "jonas", at, 403)


async def test_the_guest_of_a_pairs_visit_is_who_travels(abroad: Abroad) -> None:
    """If the mentor travels, the mentee's country reads in the API only what it may know of the mentor."""
    match_id = await abroad.mentor_matched()
    await abroad.offered(match_id, "giorgi", "rasa")
    visit_id = await abroad.pair_visit(match_id, await abroad.begun(match_id), "mentor")
    start = (await abroad.get("nino", f"/visits/{visit_id}"))["start"]
    (week,) = (await abroad.get("giorgi", f"/calendar?day={start}&weeks=1"))["weeks"]
    ((shown, guest),) = [(visit["id"], visit["guest"]) for visit in week["visits"]]
    assert (shown, guest) == (str(visit_id), {"name": None, "rank_group": "supervisor", "service": "police"})
    assert "Nino Beridze" not in await read(abroad, "giorgi", f"/applications/calendar?day={start}")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_that_no_calendar_reaches(abroad: Abroad, day: str) -> None:
    """API and page refuse a day without weeks around it."""
    assert "day" in str(await abroad.get("claire", f"/calendar?day={day}", 422))
    for view in Span:
        answer = await abroad.of.as_("claire").get(f"/applications/calendar?day={day}&view={view}")
        assert answer.status_code == 422


@pytest.fixture
def march(clock_file: None) -> None:
    """It is the first of March: ten weeks later Whit Monday is to come, whatever the year."""
    today = clock.today()
    clock.move(date(today.year + (today > date(today.year, 3, 1)), 3, 1) - today)


async def test_holidays_of_the_host_country(march: None, abroad: Abroad) -> None:
    """A French host reads the public holiday of a week in which guests may come."""
    await abroad.offer()
    days = [clock.today() + timedelta(days=count) for count in range(70, 130)]
    day = next(date_ for date_ in days if date_.weekday() < 5 and date_ in public_holidays("FR", date_.year))
    (week,) = (await abroad.get("claire", f"/calendar?day={day}&weeks=1"))["weeks"]
    assert (str(day), "FR") in [(holiday["day"], holiday["country"]) for holiday in week["holidays"]]
    assert "Public holidays" in await read(abroad, "claire", f"/applications/calendar?view=week&day={day}")


@given(st.dates(date(2025, 1, 1), date(2030, 12, 31)))
def test_a_month_is_shown_in_whole_weeks(day: date) -> None:
    """Each day of a month is in a week that is shown, between the adjacent months and weeks."""
    shown = calendar_model.mondays_of(Span.MONTH, day)
    covered = {monday + timedelta(days=count) for monday in shown for count in range(7)}
    before, after = calendar_model.neighbours(Span.MONTH, day)
    month = [day.replace(day=1) + timedelta(days=count) for count in range(31)]
    assert {date_ for date_ in month if date_.month == day.month} <= covered
    assert all(date_.weekday() == 0 for date_ in shown)
    assert (before.month % 12 + 1, day.month % 12 + 1) == (day.month, after.month)
    assert len(shown) <= 6
    assert calendar_model.neighbours(Span.WEEK, day)[1] == calendar_model.mondays_of(Span.WEEK, day)[0] + timedelta(
        weeks=1
    )


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 9), st.integers(-2, 9), st.booleans())
def test_free_places_never_exceed_the_remaining_places(
    places: int,
    weekly: int,
    visits_: int,
    left: int,
    open_: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Free and taken places fit into the week, and a closed or full placement has none."""
    monday = date(2026, 3, 2)
    period = {"start": str(monday), "end": str(monday + timedelta(days=11)), "places_per_week": weekly}
    entry = PlacementEntry.model_validate({"places": places, "periods": [period]})
    found = calendar_model.places_in(entry, monday, visits_, left, open_=open_)
    assert found is not None
    assert found.taken == visits_
    assert 0 <= found.free <= max(0, left)
    assert found.free + found.taken <= found.places
    assert open_ or not found.free
    assert calendar_model.places_in(entry, monday + timedelta(weeks=3), 0, left, open_=open_) is None
