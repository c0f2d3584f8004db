"""The page and the API of trends give published figures as they were released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House


async def test_trends_follow_published_periods(house: House) -> None:
    """Each reader sees the same released numbers, an open period is none of them, and reading decides nothing."""
    await feed_events(house, world(12))
    donor, steerer = await house.grant(Role.DONOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    empty = (await donor.get("/reporting/api/v1/trends")).json()
    assert (empty["kind"], empty["periods"]) == ("half_year", [])
    assert "No period of this length is published yet" in (await donor.get("/reporting/trends")).text
    await house.publish("2025-Q4", "2026-Q1")
    found = (await donor.get("/reporting/api/v1/trends")).json()
    assert (found["kind"], found["periods"]) == ("quarter", ["2025-Q4", "2026-Q1"])
    assert found == (await steerer.get("/reporting/api/v1/trends?kind=quarter")).json()
    for trend in found["indicators"]:
        for point in trend["points"]:
            shown = await donor.get(f"/reporting/api/v1/indicators/{trend['indicator']}?period={point['period']}")
            assert (point["value"], point["hidden"]) == (shown.json()["value"], shown.json()["hidden"])
            hidden = {
                cell["value_of"]
                for cell in shown.json()["breakdowns"].get("country-of-service", [])
                if cell["value"] is None
            }
            own = [each for each in trend["countries"] if each["country"] in hidden]
            assert all(
                each["value"] is None for of in own for each in of["points"] if each["period"] == point["period"]
            )
    page = (await donor.get("/reporting/trends")).text
    assert page.count("<svg") >= 6
    assert "In each period" in page
    assert "2026-Q2" not in page
    assert "/reporting/trends" in (await donor.get("/reporting/")).text
    async with house.app.state.service.bus.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM release")) == 2
    assert (await donor.get("/reporting/trends?kind=week")).status_code == 422
    assert (await house.stranger().get("/reporting/api/v1/trends")).status_code == 401
