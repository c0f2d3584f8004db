"""Test that an application is judged by the moment at which it arrived, and that pages say when the deadline is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from shared.time import clock, dates
from shared.web.middleware import ARRIVED
from tests.support import ReadFirst

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

pytestmark = pytest.mark.usefixtures("own_clock")
_GATEWAY, _NEIGHBOUR = 0, 40_123
"""The port of a sender as the server gives it: none through a gateway, a real one without."""


@pytest.fixture
async def draft(programme: Programme) -> dict[str, Any]:
    """Return Ani's complete draft, when the deadline was three seconds ago."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    made: dict[str, Any] = await programme.post("ani", "/applications", body, 201)
    clock.move(_deadline(programme) - clock.now() + timedelta(seconds=3))
    return made


def _deadline(programme: Programme) -> datetime:
    return datetime.fromisoformat(programme.call["terms"]["deadline"])


async def _submit(programme: Programme, draft: dict[str, Any], ago: timedelta, port: int) -> httpx2.Response:
    """Submit the draft by a request that says that it arrived so long ago."""
    known = programme.as_("ani")
    noted = str(int((datetime.now(UTC) - ago).timestamp() * 1000))
    async with httpx2.AsyncClient(
        transport=ReadFirst(programme.app, client=("203.0.113.9", port)),
        base_url=known.base_url,
        headers=dict(known.headers) | {ARRIVED: noted},
        cookies=known.cookies,
    ) as client:
        return await client.post(f"/applications/api/v1/applications/{draft['id']}/submit")


async def test_a_request_that_arrived_in_time_is_accepted_later(programme: Programme, draft: dict[str, Any]) -> None:
    """The gateway had it a minute before the deadline; it waited, and counts as submitted when it arrived."""
    answer = await _submit(programme, draft, timedelta(minutes=1), _GATEWAY)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "submitted"
    page = (await programme.as_("ani").get(f"/applications/mine/{draft['id']}")).text
    assert "you can no longer submit this draft" not in page


@pytest.mark.parametrize(
    ("ago", "port"),
    [
        pytest.param(timedelta(seconds=1), _GATEWAY, id="arrived after the deadline"),
        pytest.param(timedelta(minutes=1), _NEIGHBOUR, id="said by the sender"),
        pytest.param(timedelta(hours=1), _GATEWAY, id="longer ago than anything waits"),
        pytest.param(-timedelta(hours=1), _GATEWAY, id="a clock that is ahead"),
    ],
)
async def test_a_request_that_came_late_is_refused(
    programme: Programme, draft: dict[str, Any], ago: timedelta, port: int
) -> None:
    """Only the gateway's word counts, and only for as long as a request can wait; the answer names both moments."""
    answer = await _submit(programme, draft, ago, port)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "deadline-passed"
    assert dates.moment(_deadline(programme)) in problem["detail"]


async def test_pages_name_the_deadline_with_its_hour_and_zone(programme: Programme) -> None:
    """The calls and the draft say until when, also by the reader's own clock; a late draft says that it is over."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    draft = await programme.post("ani", "/applications", body, 201)
    ani, deadline = programme.as_("ani"), dates.moment(_deadline(programme))
    assert deadline in (await ani.get("/applications/calls")).text
    addresses = [f"/applications/mine/{draft['id']}", f"/applications/mine/{draft['id']}/check"]
    own = _deadline(programme).astimezone(ZoneInfo("Asia/Yerevan"))
    yerevan = f"{deadline} (your time: {own:%H:%M})"
    assert f"Send your application by {yerevan}." in (await ani.get(addresses[0])).text
    for address in ("/applications/calls", f"/applications/calls/{programme.call['id']}", "/applications/"):
        assert yerevan in (await ani.get(address)).text
    assert "your time" not in (await programme.as_("programme").get("/applications/calls")).text
    clock.move(_deadline(programme) - clock.now() + timedelta(seconds=1))
    for address in addresses:
        page = (await ani.get(address)).text
        assert f"The deadline of this call was {deadline}, so you can no longer submit this draft." in page
        assert "Send application" not in page
        assert "Check your answers and send" not in page
