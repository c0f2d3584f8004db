"""Groupings are chosen once, before figures are submitted; pages, files and events then have the groups alone."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import TYPE_CHECKING, Any

from lxml import etree
from pypdfium2 import PdfDocument

from services.reporting.consumers import PROJECTIONS
from services.reporting.figures.actions import counting, own_process
from services.reporting.groupings import store
from services.reporting.groupings.actions import costs
from shared.contracts.codes import GROUPINGS, Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import need, world
from tests.processes import instead_of_spawned

if TYPE_CHECKING:
    import httpx2
    import pytest

    from tests.integration.reporting.conftest import House

API = "/reporting/api/v1"
PAGE = "/reporting/groupings"
H1 = "2026-H1"
REGIONS = {"eu_east", "eu_west"}


async def choose(client: httpx2.AsyncClient, dimension: str, level: str) -> None:
    """Choose a level on the page."""
    answer = await client.post(f"{PAGE}/{dimension}", data={"level": level})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?done=chosen"), answer.text


async def hosts(client: httpx2.AsyncClient) -> set[str]:
    """Return the hosts by which a client reads completed visits."""
    figure = (await client.get(f"{API}/indicators/TOPCOP-OP-02?period={H1}")).json()
    return {part["value_of"] for part in figure["breakdowns"]["host-country"]}


async def test_all_that_is_read_has_the_chosen_groups(house: House) -> None:
    """The open page, the published figures, CSV, its description, JSON, IATI, needs and events name regions only."""
    await feed_events(house, [*world(40), need(1, quantity=30, topic_code="online_crime", country="GE")])
    coordinator, evaluator = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.EVALUATOR)
    donor = await house.grant(Role.DONOR)
    assert await hosts(evaluator) == {"FR", "RO"}
    await choose(coordinator, "host-country", "region")
    await choose(coordinator, "country-of-service", "side")
    await choose(coordinator, "priority-topic", "family")
    assert await hosts(evaluator) == REGIONS, "open figures too, as they will be submitted"
    await house.publish(H1)
    assert await hosts(donor) == REGIONS
    at = f"/reporting/feeds/{H1}/1"
    rows = list(csv.DictReader(io.StringIO((await donor.get(f"{at}/figures.csv")).text)))
    shown = {(row["dimension"], row["dimension_value"]) for row in rows if row["value"] and row["dimension"]}
    assert {value for dimension, value in shown if dimension == "host-country"} == REGIONS
    values = {each for _, value in shown for each in value.split("|")}
    assert not values & {"FR", "RO", "AM", "GE", "MD", "UA", "online_crime", "criminal_networks"}
    assert "eastern_partnership" in values
    described = json.loads((await donor.get(f"{at}/figures.csv-metadata.json")).text)
    (column,) = [each for each in described["tableSchema"]["columns"] if each["name"] == "dimension_value"]
    assert "host-country eu_east: BG, CZ, HU, PL, RO, SK" in column["dc:description"]
    root: Any = etree.fromstring((await donor.get(f"{at}/iati-activities.xml")).content)
    assert set(root.xpath("//dimension[@name='host-country']/@value")) == REGIONS
    assert root.xpath("//recipient-country") == [], "no country has parts of its own"
    assert "host-country eu_west: AT, BE" in str(root.xpath("//indicator/description/narrative/text()"))
    page = (await donor.get(f"/reporting/{H1}/1/indicators/TOPCOP-OP-02")).text
    assert "EU east" in page
    needs = (await donor.get(f"{API}/needs?period={H1}")).json()["rows"]
    needed = {(row["topic"], row["country"]) for row in needs if row["measure"] == "needed"}
    assert needed == {("online_and_financial_crime", "eastern_partnership")}
    events = [json.loads(row.payload)["figure"] for row in await house.journal("exchange.figures")]
    named = {(part["name"], part["value"]) for event in events for part in event["dimensions"]}
    assert {value for name, value in named if name == "host-country"} == REGIONS
    report = PdfDocument((await donor.get(f"{at}/report.pdf")).content)
    text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in report)
    assert "“EU east” includes: Bulgaria, Czechia" in text
    for address in ("/reporting/trends?kind=half_year", f"/reporting/needs?period={H1}", f"/reporting/?period={H1}"):
        assert (await donor.get(address)).status_code == 200


async def test_groupings_stay_once_figures_are_submitted(house: House) -> None:
    """A choice is refused while figures are submitted and for ever once they are published, by page and by program."""
    await feed_events(house, world(40))
    coordinator, evaluator = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.EVALUATOR)
    await choose(coordinator, "host-country", "side")
    periods = "/reporting/periods/2026-H1"
    assert (await evaluator.post(f"{periods}/submit")).status_code == 303
    refused = await coordinator.post(f"{PAGE}/host-country", data={"level": "region"})
    assert refused.status_code == 409
    assert "while the figures of 2026-H1 are submitted" in refused.text
    assert (await coordinator.post(f"{periods}/return", data={"reason": "other"})).status_code == 303
    await choose(coordinator, "host-country", "region")
    await house.publish(H1)
    for refused in (
        await coordinator.post(f"{PAGE}/host-country", data={"level": "values"}),
        await coordinator.put(f"{API}/groupings/host-country", json={"level": "values"}),
    ):
        assert refused.status_code == 409
        assert "can no longer be changed, because the figures of 2026-H1 are published" in refused.text
    again = await coordinator.put(f"{API}/groupings/host-country", json={"level": "region"})
    assert (again.status_code, again.json()["changeable"]) == (200, False)
    page = (await coordinator.get(PAGE)).text
    assert "can no longer be changed" in page
    assert "Choose “" not in page
    chosen = [json.loads(row.payload) for row in await house.journal("exchange.periods") if row.type.startswith("Gr")]
    assert [each["levels"] for each in chosen] == [
        [{"dimension": "host-country", "level": level}] for level in ("side", "region")
    ]
    assert "grouping" not in PROJECTIONS, "a rebuild leaves the choice as it is"


async def test_only_a_programme_coordinator_chooses(house: House) -> None:
    """A programme coordinator chooses, an evaluator reads, nobody else does; a wrong name or level is refused."""
    coordinator, evaluator = await house.grant(Role.PROGRAMME_COORDINATOR), await house.grant(Role.EVALUATOR)
    donor = await house.grant(Role.DONOR)
    assert (await donor.get(PAGE)).status_code == 403
    assert (await evaluator.get(PAGE)).status_code == 200
    assert "Choose “" not in (await evaluator.get(PAGE)).text
    assert (await evaluator.post(f"{PAGE}/host-country", data={"level": "region"})).status_code == 403
    assert (await coordinator.post(f"{PAGE}/sex", data={"level": "region"})).status_code == 404
    assert (await coordinator.get(f"{API}/groupings/sex")).status_code == 404
    wrong = await coordinator.put(f"{API}/groupings/host-country", json={"level": "family"})
    assert wrong.status_code == 422
    assert "Choose one of the groupings of the list" in wrong.text
    listed = (await evaluator.get(f"{API}/groupings")).json()["items"]
    assert [each["dimension"] for each in listed] == list(GROUPINGS)
    assert {each["level"] for each in listed} == {"values"}


async def test_the_page_measures_and_recommends_levels(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 16 visits the page recommends what shows more than countries do; without visits it says so."""
    monkeypatch.setattr(costs, "PATIENCE", 60.0)
    evaluator = await house.grant(Role.EVALUATOR)
    assert "No visit is completed in" in (await evaluator.get(PAGE)).text
    await feed_events(house, world(16, running=0))
    page = (await evaluator.get(f"{PAGE}?period=2026-H1")).text
    assert "16 visits were completed in 2026-H1" in page
    assert "Choose “Regions”, because a donor then reads" in page
    assert "<strong>EU north</strong>: Denmark, Estonia" in page


async def test_a_large_programmes_costs_are_worked_out_by_a_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many facts a process of its own gives the same result, also where a level is chosen."""
    monkeypatch.setattr(costs, "PATIENCE", 60.0)
    monkeypatch.setattr(
        own_process, "multiprocessing", instead_of_spawned("services.reporting.groupings.actions.costs")
    )
    await feed_events(house, world(16, running=0))
    coordinator = await house.grant(Role.PROGRAMME_COORDINATOR)
    assert (await coordinator.post(f"{PAGE}/host-country", data={"level": "region"})).status_code == 303
    async with house.app.state.service.bus.read() as session:
        levels = await store.levels(session)
    here = await costs.measure_here(house.app.state.service.bus, "2026-H1", levels, 60.0)
    measured: list[str] = []
    monkeypatch.setattr(costs, "measure_here", lambda *_: measured.append("here"))
    monkeypatch.setattr(counting, "AT_ONCE", 0)
    assert await costs.CostsAtHand().of(house.app.state.service.bus, "2026-H1", 60.0) == here
    assert measured == []
    assert here.visits == 16
    assert here.recommended("country-of-service") == "region"


async def test_a_cost_that_takes_long_is_worked_out_behind_the_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page does not wait for it, begins it once, and shows it when it is there."""
    monkeypatch.setattr(costs, "PATIENCE", 0.0)
    began, go_on = [], asyncio.Event()
    measured = costs.measure_here

    async def slow(*about: Any) -> Any:
        began.append(about)
        await go_on.wait()
        return await measured(*about)

    monkeypatch.setattr(costs, "measure_here", slow)
    await feed_events(house, world(16, running=0))
    evaluator = await house.grant(Role.EVALUATOR)
    for _ in range(2):
        assert "Check progress" in (await evaluator.get(f"{PAGE}?period=2026-H1")).text
    go_on.set()
    monkeypatch.setattr(costs, "PATIENCE", 60.0)
    assert "16 visits were completed" in (await evaluator.get(f"{PAGE}?period=2026-H1")).text
    assert len(began) == 1
