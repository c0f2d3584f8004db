"""Periods are compared only if their definitions are the same, and only by released figures."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from services.reporting.disclosure.model import Hidden, Released, ReleasedCell
from services.reporting.indicators.model.catalogue import INDICATORS
from services.reporting.overview.pages.comparison import change, rows
from services.reporting.periods.model import periods
from shared.contracts.codes import Role
from tests.integration.reporting.overview.test_figures import feed_events
from tests.integration.reporting.world import world

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

VISITS = "TOPCOP-OP-02"
ASKED = "TOPCOP-IN-01"


def figure(value: str | None, *, version: int | None = None, hidden: Hidden | None = None) -> dict[str, Released]:
    """Return a column with one figure: visits completed."""
    defined = INDICATORS[VISITS]
    defined = replace(defined, version=version or defined.version)
    total = ReleasedCell(None if value is None else Decimal(value), hidden=hidden)
    return {VISITS: Released(defined, periods.parse("2026-Q1"), datetime(2026, 4, 1, tzinfo=UTC), total)}


def test_a_difference_needs_the_same_definition_and_two_numbers() -> None:
    """Another version, a hidden number or a missing figure gives no difference to the first period."""
    columns = [
        figure("12"),
        figure("9"),
        figure("12"),
        figure("40", version=9),
        figure(None, hidden=Hidden.PROTECTED),
        {},
    ]
    [(definition, sides)] = rows(columns)
    assert [side.difference for side in sides] == [None, Decimal(-3), Decimal(0), None, None, None]
    assert [side.other_version for side in sides] == [False, False, False, True, False, False]
    assert [change(side, definition) for side in sides] == ["", "-3", "unchanged", "", "", ""]


async def test_periods_are_side_by_side(house: House) -> None:
    """Page and file give the difference to the first period, and a wrong choice is named and kept."""
    await feed_events(house, world(12))
    await house.publish("2026-Q1", "2026-Q2", "2026-H1")
    donor = await house.grant(Role.DONOR)
    page = await donor.get("/reporting/compare?period=2026-Q1&period=2026-Q2&period=&period=")
    assert page.status_code == 200, page.text
    assert "Each difference is compared with 2026-Q1" in page.text
    assert "periods overlap" not in page.text
    assert "periods overlap" in (await donor.get("/reporting/compare?period=2026-Q1&period=2026-H1")).text
    file = (await donor.get("/reporting/compare.csv?period=2026-Q1&period=2026-H1")).text
    found = {(row["indicator"], row["period"]): row for row in csv.DictReader(io.StringIO(file))}
    first, whole = found[ASKED, "2026-Q1"], found[ASKED, "2026-H1"]
    assert int(whole["difference"]) == int(whole["value"]) - int(first["value"])
    assert (first["difference"], whole["comparable"]) == ("", "yes")

    twice = await donor.get("/reporting/compare?period=2026-Q1&period=2026-Q1")
    assert twice.status_code == 422
    assert "You chose a period twice" in twice.text
    assert '<option value="2026-Q1" selected>' in twice.text
    assert (await donor.get("/reporting/compare?period=2026-Q1")).status_code == 422
    assert (await donor.get("/reporting/compare?period=2026-Q1&period=nonsense")).status_code == 404
    assert (await donor.get("/reporting/compare?period=2026-Q1&period=2026-Q3")).status_code == 409, "not published"
    assert "Each difference is compared with 2026-Q2" in (await donor.get("/reporting/compare")).text
