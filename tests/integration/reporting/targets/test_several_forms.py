"""The page of targets approves the values that the reader saw, and shows both versions of one that was replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shared.contracts.codes import Role
from shared.ids import new_id
from shared.web.several import SEEN
from tests.several_forms import Tabs, check_tabs, form_of

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


async def test_the_values_of_a_large_table_are_approved_together(house: House) -> None:
    """The form with the words of some thousand values is read, though one field of it is longer than 1 MB."""
    author, other = await house.grant(Role.EVALUATOR), await house.grant(Role.PROGRAMME_COORDINATOR)
    for day in _DAYS:
        body = {"indicator": "TOPCOP-OP-02", "kind": "target", "day": day, "value": "120", "source": "Annex 1"}
        assert (await author.post(API, json=body)).status_code == 200
    action, values = form_of(await other.get("/reporting/targets"))
    shown = json.loads(values[SEEN][0]) | {str(new_id()): [["Source", "Annex " * 100]] for _ in range(2000)}
    answer = await other.post(action, data=values | {SEEN: json.dumps(shown)})
    assert answer.status_code == 303, answer.text
    assert len((await author.get(API)).json()["items"]) == len(_DAYS)
