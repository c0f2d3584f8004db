"""Test that a crowd is let in as fast as it can be served, and that nobody who is sent back loses words or time."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi import FastAPI, Request

from shared.errors import ProblemCode
from shared.identity.sealing import Seal
from shared.time import clock
from shared.time.arrival import arrived
from shared.web import admission, setup
from shared.web.admission import STAMP, STAMP_HEADER, Lane, NotLetIn
from shared.web.middleware import ARRIVED
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.usefixtures("own_clock")
ORIGIN = "http://tandem.example"
PLACES = 2
_SLOWLY = 60.0
"""Seconds that a request has taken lately: no place becomes free in time."""


class Portal:
    """A service whose crowd's requests take as long as the test wants, and a client of it."""

    def __init__(self) -> None:
        """Make it; at first nothing holds a request up."""
        self.go_on = asyncio.Event()
        self.inside = 0
        self.app = FastAPI()
        self.app.state.identity = SimpleNamespace(csrf=Seal((b"k" * 32,), "forms"))
        setup.install(
            self.app,
            place="portal",
            templates=Path(__file__).parent,
            local=True,
            origin=ORIGIN,
            connections=2 * PLACES,
            crowd=("/crowd/",),
        )
        self.app.post("/crowd/{name}")(self._answer)
        self.app.get("/crowd/{name}")(self._answer)
        self.app.post("/crowd/api/{name}")(self._answer)
        self.app.get("/others")(self._other)
        transport = httpx2.ASGITransport(self.app)
        self.client = httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept": "text/html"})

    async def _answer(self, request: Request) -> dict[str, str]:
        self.inside += 1
        try:
            await self.go_on.wait()
        finally:
            self.inside -= 1
        return {"arrived": arrived().isoformat(), "body": (await request.body()).decode()}

    async def _other(self) -> str:
        return "quick"

    @asynccontextmanager
    async def crowded(self) -> AsyncIterator[None]:
        """Let the crowd hold all its places during the block."""
        self.go_on.clear()
        crowd = [asyncio.create_task(self.client.get("/crowd/page")) for _ in range(PLACES)]
        try:
            await until(lambda: self.inside == PLACES)
            yield
        finally:
            self.go_on.set()
            await asyncio.gather(*crowd)


@pytest.fixture
async def portal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Portal]:
    """A portal that lets nobody wait."""
    monkeypatch.setattr(admission, "PATIENCE", 0.0)
    made = Portal()
    async with made.client:
        yield made


def sent_again(page: str) -> dict[str, str]:
    """Return what the form of a page sends."""
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {unescape(name): unescape(value) for name, value in fields}


async def test_other_peoples_pages_do_not_wait_for_the_crowd(portal: Portal) -> None:
    """While the crowd holds all its places others are answered, and one more of the crowd is asked to come again."""
    async with portal.crowded():
        assert (await portal.client.get("/others")).status_code == 200
        page = await portal.client.get("/crowd/page")
        assert page.status_code == 503
        assert 2 <= int(page.headers["retry-after"]) <= 30
        assert "Very many people are here right now" in page.text
    assert (await portal.client.get("/crowd/page")).status_code == 200


async def test_a_form_comes_back_with_what_was_written_and_counts_as_arrived_then(portal: Portal) -> None:
    """The page holds every field, and sending it again is judged by the moment at which it came first."""
    written = {"text": 'Two lines,\r\nand <b>"quotes"</b>', "csrf_token": "1.x", "record_version": "draft.1"}
    before = clock.now()
    async with portal.crowded():
        page = await portal.client.post("/crowd/form", data=written)
    after = clock.now()
    assert page.status_code == 503
    fields = sent_again(page.text)
    assert {name: value for name, value in fields.items() if name != STAMP} == written
    assert 'action="/crowd/form"' in page.text
    clock.move(timedelta(hours=1))  # a deadline passes; both moments move with the clock
    answer = await portal.client.post("/crowd/form", data=fields)
    first = datetime.fromisoformat(answer.json()["arrived"]) - timedelta(hours=1)
    assert before - timedelta(milliseconds=1) <= first <= after


@pytest.mark.parametrize("change", ["content", "address", "query", "version", "stamp", "age"])
async def test_a_stamp_counts_for_what_was_sent_then_and_there(
    portal: Portal, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other words, address, version of the record or moment, or a stamp of long ago, give nobody an earlier arrival."""
    async with portal.crowded():
        page = await portal.client.post("/crowd/form", data={"text": "Mine"})
    fields, address, headers = sent_again(page.text), "/crowd/form", dict[str, str]()
    match change:
        case "content":
            fields["text"] = "Better"
        case "address":
            address = "/crowd/other"
        case "query":
            address = "/crowd/form?other=1"
        case "version":
            headers = {"If-Match": '"draft.2"'}
        case "stamp":
            moment, _, digest = fields[STAMP].partition(".")
            fields[STAMP] = f"{int(moment) - 1000}.{digest}"
        case _:
            monkeypatch.setattr(admission, "GOOD_FOR", timedelta())
    sent = clock.now()
    answer = await portal.client.post(address, data=fields, headers=headers)
    assert datetime.fromisoformat(answer.json()["arrived"]) >= sent


async def test_a_body_that_comes_slowly_counts_as_arrived_at_its_end(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody begins a request before a deadline and goes on writing after it."""
    monkeypatch.setattr(admission, "SLOW", 0.0)
    sent = clock.now()
    portal.go_on.set()
    noted = str(int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1000))
    transport = httpx2.ASGITransport(portal.app, client=("203.0.113.9", 0))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={ARRIVED: noted}) as client:
        slow = await client.post("/crowd/form", data={"text": "Mine"})
        monkeypatch.setattr(admission, "SLOW", 30.0)
        quick = await client.post("/crowd/form", data={"text": "Mine"})
    assert datetime.fromisoformat(slow.json()["arrived"]) >= sent
    assert datetime.fromisoformat(quick.json()["arrived"]) < sent


async def test_slow_readers_hold_no_place() -> None:
    """A place is free again when the answer begins, however long its reader takes; it is given back once."""
    lane = Lane(1)
    async with lane.place() as leave:
        leave()
        async with lane.place():
            pass
    async with lane.place():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), lane.place():
                pytest.fail("there was one place only")


async def test_a_program_gets_a_stamp_in_a_header(portal: Portal) -> None:
    """The problem document says when to come again; the same request with the stamp counts as arrived first."""
    body = b'{"text": "Mine"}'
    async with portal.crowded():
        refused = await portal.client.post(
            "/crowd/api/form", content=body, headers={"Content-Type": "application/json"}
        )
    after = clock.now()
    assert refused.status_code == 503
    assert refused.json()["code"] == ProblemCode.BUSY
    headers = {"Content-Type": "application/json", STAMP_HEADER: refused.headers[STAMP_HEADER]}
    answer = await portal.client.post("/crowd/api/form", content=body, headers=headers)
    assert datetime.fromisoformat(answer.json()["arrived"]) <= after
    other = await portal.client.post("/crowd/api/form", content=b'{"text": "Other"}', headers=headers)
    assert datetime.fromisoformat(other.json()["arrived"]) > after


async def test_a_file_is_to_be_chosen_again(portal: Portal) -> None:
    """A page cannot keep a file: it says what to do, and that nothing was saved."""
    async with portal.crowded():
        page = await portal.client.post("/crowd/form", files={"file": ("plan.pdf", b"%PDF")}, data={"text": "Mine"})
    assert page.status_code == 503
    assert "Nothing was saved. Go back, choose the file again" in page.text
    assert STAMP not in page.text


@pytest.mark.parametrize("body", [b"no form at all", b"--x\r\nbroken", f"--x\r\n{STAMP}".encode()])
async def test_a_broken_form_is_no_error_of_ours(portal: Portal, body: bytes) -> None:
    """A body that cannot be read is answered as busy while it is so, and by its route afterwards."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with portal.crowded():
        assert (await portal.client.post("/crowd/form", content=body, headers=headers)).status_code == 503
    assert (await portal.client.post("/crowd/form", content=body, headers=headers)).status_code == 200


async def test_a_request_that_cannot_be_served_in_time_is_refused_at_once() -> None:
    """None waits in vain while requests take long."""
    lane = Lane(1, takes=_SLOWLY)
    async with lane.place():
        begun = monotonic()
        with pytest.raises(NotLetIn) as refused:
            async with lane.place():
                pytest.fail("there was no place")
        assert monotonic() - begun < admission.PATIENCE
        assert refused.value.seconds > admission.PATIENCE


async def test_a_waiting_request_is_served_when_a_place_becomes_free() -> None:
    """Requests that can be served in time are, in the order in which they came."""
    lane, entered = Lane(1), list[int]()

    async def enter(number: int) -> None:
        async with lane.place():
            entered.append(number)

    async with lane.place():
        waiting = [asyncio.create_task(enter(number)) for number in range(3)]
        await asyncio.sleep(0)
        assert entered == []
    await asyncio.gather(*waiting)
    assert entered == [0, 1, 2]


async def test_a_request_that_waits_too_long_is_refused_and_leaves_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that took a place in line gives it up in the end; the place that it wanted stays whole."""
    monkeypatch.setattr(admission, "PATIENCE", 0.02)
    lane = Lane(1)
    async with lane.place():
        with pytest.raises(NotLetIn):
            async with lane.place():
                pytest.fail("there was no place")
    async with lane.place():
        pass
