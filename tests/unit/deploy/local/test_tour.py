"""The first start is ready only when the pages of the tour answer those who read them."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from deploy.local.tour import Tour

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = {"marta": ("/applications/", "/matching/"), "henrik": ("/reporting/?period=programme",)}


class Gateway(BaseHTTPRequestHandler):
    """An installation with sign-ins, in which reporting does not know Henrik yet until `knows`."""

    knows = False
    sign_ins: list[str]

    def do_GET(self) -> None:
        """Sign in with a cookie, and show pages to their readers."""
        parts = urlsplit(self.path)
        if parts.path == "/sign-in":
            query = parse_qs(parts.query)
            self.sign_ins.append(query["as"][0])
            self._answer(303, {"Location": query["next"][0], "Set-Cookie": f"session={query['as'][0]}; Path=/"})
        elif "session=" not in self.headers.get("Cookie", ""):
            self._answer(303, {"Location": "/"})
        elif parts.path == "/garbage":
            self.wfile.write(b"this is no answer\r\n\r\n")
        else:
            self._answer(403 if parts.path == "/reporting/" and not self.knows else 200, {})

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


def _look_nowhere() -> None:
    """Look at no process."""


@pytest.fixture
def origin() -> Iterator[str]:
    """The address of the installation."""
    Gateway.knows, Gateway.sign_ins = False, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_page_that_refuses_its_reader_is_asked_again(origin: str) -> None:
    """As long as one page answers 403 the run is not ready; those that have answered are not asked again."""
    tour = Tour(origin, PAGES)
    assert not tour.answers(_look_nowhere)
    assert tour.left == [("henrik", "/reporting/?period=programme")]
    Gateway.knows = True
    assert tour.answers(_look_nowhere)
    assert Gateway.sign_ins.count("marta") == 1, "one session a person"


def test_nothing_answers_while_nobody_listens() -> None:
    """A gateway that is away makes no page answer, and raises nothing."""
    assert not Tour("http://127.0.0.1:9", PAGES).answers(_look_nowhere)


def test_the_run_is_watched_between_pages_and_a_broken_page_ends_nothing(origin: str) -> None:
    """A page whose answer cannot be read is asked for again, and the processes are looked at before each page."""
    looks: list[None] = []
    tour = Tour(origin, {"marta": ("/garbage", "/matching/")})
    assert not tour.answers(lambda: looks.append(None))
    assert tour.left == [("marta", "/garbage")]
    assert len(looks) == 2
