"""Test that the journey begins only when everybody it needs may act."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from deploy.cli.client import People
from deploy.cli.journey.cast import CAST, MENTEE, OFFICER
from deploy.cli.journey.register import complete
from deploy.cli.journey.steps import PROGRAMME, Journey
from deploy.cli.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGETS = "/reporting/api/v1/targets"


class Empty(BaseHTTPRequestHandler):
    """An installation that knows nobody yet, and whose reporting hears of a grant at the third look only."""

    requests: list[str]
    entered: list[dict[str, Any]]

    def do_GET(self) -> None:
        """Nobody is there; targets are refused twice."""
        path = self.path.partition("?")[0]
        self.requests.append(path)
        if path == TARGETS:
            late = self.requests.count(TARGETS) < 3
            self._answer(403 if late else 200, {"title": "This page is for: Donor."} if late else {"items": []})
        else:
            self._answer(200, {"items": [], "next": None})

    def do_POST(self) -> None:
        """Accept any entry."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append(self.path)
        (entries,) = body.values()
        self.entered += entries
        self._answer(200, {"ids": [f"01977a1e-0000-7000-8000-{place:012}" for place in range(len(entries))]})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """The address of that installation, and everybody's token."""
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(dict.fromkeys((PROGRAMME, *(member.subject for member in CAST)), "token")))
    Empty.requests, Empty.entered = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        yield System({"TANDEM_ORIGIN": origin, "TANDEM_TOKENS_FILE": str(tokens)})
        server.shutdown()


async def test_a_register_that_was_empty_is_complete_once_the_donor_may_read(system: System) -> None:
    """People are entered in the portal; reporting, which hears of it later, is asked until it lets the donor in."""
    async with People(system) as people:
        await complete(Journey(people, movable=False), "2026-11-27")
    assert Empty.requests.count("/applications/api/v1/people") == 2  # looked up, and entered
    assert Empty.requests.count(TARGETS) == 3


async def test_an_officer_of_its_own_takes_part(system: System) -> None:
    """A member who acts under another sign-in subject is entered under it, with an email address of its own."""
    async with People(system) as people:
        people.subjects[OFFICER] = "journey-officer-2"
        await complete(Journey(people, movable=False), "2026-11-27")
    entered = {entry["subject"]: entry.get("email") for entry in Empty.entered if "subject" in entry}
    assert OFFICER not in entered
    assert entered["journey-officer-2"] == "journey-officer-2@tandem.example"
    assert MENTEE in entered
