"""The overview shows few charts, each with its numbers as a file, for one period, several, and none."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from tests.integration.reporting.needs.test_needs import fill
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    import httpx2

    from tests.integration.reporting.conftest import House


async def target(house: House, indicator: str, day: str, value: str) -> None:
    """Write a target as one person and approve it as another."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    about = {"indicator": indicator, "kind": "target", "day": day, "value": value, "source": "Logframe, page 3"}
    written = await author.post("/reporting/api/v1/targets", json=about)
    assert written.status_code == 200, written.text
    assert (await other.post(f"/reporting/targets/{written.json()['id']}/approve")).status_code == 303


async def rows(client: httpx2.AsyncClient, address: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_each_chart_has_its_numbers_as_a_file(house: House) -> None:
    """Each chart links to a file with the same numbers."""
    await fill(house)
    await target(house, "TOPCOP-OP-02", "2026-06-30", "50")
    await house.publish("2026-H1")
    donor = await house.grant(Role.DONOR)
    page = (await donor.get("/reporting/?period=2026-H1")).text
    for name, title in (
        ("targets", "Targets in numbers: no due target is reached"),
        ("path", "From application to use on the job"),
        ("unmet", "Most without a match: Online crime"),
        ("reciprocity", "Furthest from balance"),
    ):
        assert title in page
        assert f"/reporting/charts/{name}.csv?period=2026-H1" in page
        assert {row["chart"] for row in await rows(donor, f"/reporting/charts/{name}.csv?period=2026-H1")} == {name}
    balance = await rows(donor, "/reporting/charts/reciprocity.csv?period=2026-H1")
    found = {(row["item"], row["series"]): row["value"] for row in balance}
    assert (found["MD", "sent"], found["FR", "hosted"]) == ("50", "100")
    assert found["GE", "sent"] == "50"
    missing = await (await house.grant(Role.EVALUATOR)).get("/reporting/charts/answering.csv?period=2025")
    assert missing.status_code == 404
    assert "too few numbers" in missing.text


async def test_targets_are_followed_period_by_period(house: House) -> None:
    """The page of targets draws each beside the figures of its periods, years or halves."""
    await feed_events(house, world(12))
    donor, evaluator = await house.grant(Role.DONOR), await house.grant(Role.EVALUATOR)
    assert "period by period</h2>" not in (await donor.get("/reporting/targets")).text
    assert await rows(donor, "/reporting/targets.csv") == []
    await target(house, "TOPCOP-OP-02", "2026-06-30", "10")
    await target(house, "TOPCOP-OP-02", "2026-12-31", "40")
    page = (await evaluator.get("/reporting/targets?kind=half_year")).text
    assert "Exchange participations completed (person-visits), 2026-H2: 0, target 40" in page
    years = await rows(evaluator, "/reporting/targets.csv")
    assert [(row["period"], row["target"], row["actual"]) for row in years] == [("2026", "40", "12")]
    await house.publish("2026-H1")
    halves = await rows(donor, "/reporting/targets.csv?kind=half_year")
    assert [(row["period"], row["target"], row["actual"]) for row in halves] == [
        ("2026-H1", "10", "12"),
        ("2026-H2", "40", ""),
    ], "the second half is not published"


async def test_a_new_programme_has_no_chart_and_says_why(house: House) -> None:
    """Before the first event nothing is drawn."""
    donor = await house.grant(Role.EVALUATOR)
    assert "There are no charts for this period yet" in (await donor.get("/reporting/")).text
