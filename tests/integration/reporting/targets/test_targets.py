"""Baselines and targets are written by one person and approved by another, by page and API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shared.contracts.codes import Role

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

FORM = {
    "indicator": "TOPCOP-OP-02",
    "kind": "target",
    "day-day": "31",
    "day-month": "12",
    "day-year": "2026",
    "value": "120",
    "source": "Grant agreement, annex 1",
    "comment": "",
}


async def test_a_target_holds_after_a_second_person_approves_it(house: House) -> None:
    """A value is written and approved once, errors are at their fields, and donors read approved values."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    donor = await house.grant(Role.DONOR)
    assert "No baseline and no target" in (await donor.get("/reporting/targets")).text
    assert (await donor.post("/reporting/targets", data=FORM)).status_code == 403
    wrong = await author.post("/reporting/targets", data={**FORM, "value": "many", "source": ""})
    assert wrong.status_code == 422
    assert 'href="#value"' in wrong.text
    assert "Enter where the value is written down" in wrong.text
    assert 'value="many"' in wrong.text, "what was written stays"
    assert (await author.post("/reporting/targets", data=FORM)).status_code == 303
    assert (await author.post("/reporting/targets", data=FORM)).status_code == 303, "a second click"
    for who, data in ((other, FORM), (author, {**FORM, "value": "7"})):
        refused = await who.post("/reporting/targets", data=data)
        assert (refused.status_code, "the value 120 of" in refused.text) == (409, True)
    (waiting,) = (await author.get("/reporting/api/v1/targets/waiting")).json()["items"]
    assert (await donor.get("/reporting/api/v1/targets")).json() == {"items": [], "next": None}
    assert (await donor.get("/reporting/api/v1/targets/waiting")).status_code == 403
    assert "somebody else must approve it" in (await author.get("/reporting/targets")).text
    address = f"/reporting/targets/{waiting['id']}"
    assert (await author.post(f"{address}/approve")).status_code == 409
    assert re.search(rf'action="{address}/approve"', (await other.get("/reporting/targets")).text)
    assert (await other.post(f"{address}/approve")).status_code == 303
    assert (await other.post(f"{address}/approve")).status_code == 303, "a second click"
    for refused in (await author.post(f"{address}/approve"), await other.post(f"{address}/drop")):
        assert (refused.status_code, "This value was approved on" in refused.text) == (409, True)
    (stands,) = (await donor.get("/reporting/api/v1/targets")).json()["items"]
    assert (stands["indicator"], stands["day"], stands["value"]) == ("TOPCOP-OP-02", "2026-12-31", "120")
    assert "Grant agreement, annex 1" in (await donor.get("/reporting/targets")).text


async def test_programs_write_and_withdraw_a_value(house: House) -> None:
    """By the API the same rules hold, and a waiting value can be withdrawn once."""
    author = await house.grant(Role.EVALUATOR)
    draft = {"indicator": "TOPCOP-OP-01", "kind": "baseline", "day": "2024-12-31", "value": "0", "source": "Inception"}
    refused = await author.post(
        "/reporting/api/v1/targets", json={**draft, "indicator": "TOPCOP-XX-01", "value": "NaN"}
    )
    assert (refused.status_code, "indicator" in refused.text, "value" in refused.text) == (422, True, True)
    made = (await author.post("/reporting/api/v1/targets", json=draft)).json()
    assert made["approved_at"] is None
    assert (await author.post(f"/reporting/api/v1/targets/{made['id']}/drop")).status_code == 200
    assert (await author.post(f"/reporting/api/v1/targets/{made['id']}/drop")).status_code == 404
    assert (await author.post("/reporting/api/v1/targets/not-an-id/approve")).status_code == 404
