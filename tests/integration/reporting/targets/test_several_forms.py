"""The page of targets approves the values that the reader saw, and shows both versions of one that was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from tests.several_forms import Tabs, check_tabs

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

API = "/reporting/api/v1/targets"
SCENARIOS = {("/reporting/targets/approve", "")}
_DAYS = ("2026-12-31", "2027-12-31", "2028-12-31")


async def test_a_replaced_value_is_compared_and_chosen(house: House) -> None:
    """Two of three values are approved; the one that was replaced is shown beside the new one, approved when chosen."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)

    async def write(day: str, value: str) -> str:
        body = {"indicator": "TOPCOP-OP-02", "kind": "target", "day": day, "value": value, "source": "Annex 1"}
        answer = await author.post(API, json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    ids = [await write(day, "120") for day in _DAYS]

    async def change() -> None:
        assert (await author.post(f"/reporting/targets/{ids[1]}/drop")).status_code == 303
        await write(_DAYS[1], "135")

    async def decided() -> set[str]:
        return {each["day"] for each in (await author.get(API)).json()["items"]}

    page = await other.get("/reporting/targets")
    await check_tabs(Tabs(other, page, change, decided, "135"))
    approved = {each["day"]: str(each["value"]) for each in (await author.get(API)).json()["items"]}
    assert approved == {_DAYS[0]: "120", _DAYS[1]: "135", _DAYS[2]: "120"}
