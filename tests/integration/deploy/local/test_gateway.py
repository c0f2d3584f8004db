"""Test that the gateway puts four services on one origin and keeps internal routes inside."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from deploy.local.folder import ROOT, RunFolder
from deploy.local.gateway import gateway, pace_of_checks
from deploy.local.ports import free_port
from deploy.local.settings import SERVICES, RunSettings
from deploy.local.supervisor import answers
from shared.errors import ProblemCode
from shared.web.headers import security_headers
from shared.web.middleware import ARRIVED
from shared.web.problem_types import PROBLEM_TYPES
from tests.processes import forked
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from starlette.requests import Request


async def _stream(_: Request) -> StreamingResponse:
    async def ticks() -> AsyncIterator[str]:
        for number in range(3):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.3)

    return StreamingResponse(ticks(), media_type="text/event-stream")


async def _page(request: Request) -> HTMLResponse:
    await request.body()
    return HTMLResponse(f"{request.app.state.name} {request.url.path} " + "." * 2000)


async def _form(request: Request) -> HTMLResponse:
    """Ask for a text, and answer with the text that was sent."""
    if request.method == "GET":
        return HTMLResponse('<form method="post"><input name="text" aria-label="Text"><button>Save</button></form>')
    async with request.form() as sent:
        return HTMLResponse(f"{request.app.state.name} has: {sent['text']}")


async def _address(request: Request) -> HTMLResponse:
    assert request.client is not None
    return HTMLResponse(request.client.host)


async def _arrival(request: Request) -> HTMLResponse:
    return HTMLResponse(",".join(request.headers.getlist(ARRIVED)))


def _free_ports(*more: str) -> dict[str, int]:
    """Return free ports for a gateway and all that it knows."""
    ports: dict[str, int] = {}
    for name in ("gateway", "identity", "mail", "inside", *SERVICES, *more):
        ports[name] = free_port(set(ports.values()))
    return ports


def service(name: str, port: int) -> uvicorn.Server:
    """Return a small service at a port, which is not started yet."""
    app = Starlette(
        routes=[
            Route("/matching/live", _stream),
            Route("/address", _address),
            Route("/arrival", _arrival),
            Route("/form", _form, methods=["GET", "POST"]),
            Route("/{path:path}", _page, methods=["GET", "POST"]),
        ]
    )
    app.state.name = name
    return uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))


DOT_FILES = (".env", ".git/config", "vendor/.npmrc")


def _with_dot_files(root: Path) -> Path:
    """Return an installation whose folder of static files holds dot files too, and a file beside it."""
    static = root / "shared" / "web" / "static"
    shutil.copytree(ROOT / "shared" / "web" / "static", static)
    for name in DOT_FILES:
        (static / name).parent.mkdir(exist_ok=True)
        (static / name).write_text("planted")
    (static.parent / "beside.txt").write_text("planted")
    (root / "deploy").mkdir()
    (root / "deploy" / "gateway").symlink_to(ROOT / "deploy" / "gateway")
    return root


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of a gateway before three services; the fourth, reporting, is down."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    ports = _free_ports()
    up = [service(name, ports[name]) for name in SERVICES if name != "reporting"]
    threads = [threading.Thread(target=server.run) for server in up]
    for thread in threads:
        thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deploy.local.gateway.ROOT", _with_dot_files(tmp_path_factory.mktemp("installation")))
        child = gateway(RunSettings(ports, {}), RunFolder(folder))
    child.start()
    origin = f"http://localhost:{ports['gateway']}"
    try:
        child.wait_ready(answers(f"{origin}/"), 20)
        with httpx2.Client(base_url=origin) as client:
            yield client
    finally:
        child.stop(5)
        for server, thread in zip(up, threads, strict=True):
            server.should_exit = True
            thread.join(5)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "applications"),
        ("/sign-in/callback", "applications"),
        ("/applications/inbox", "applications"),
        ("/matching", "matching"),
        ("/matching/board", "matching"),
        ("/matchings", "applications"),
        ("/notifications/", "notifications"),
    ],
)
def test_each_path_has_one_service(front: httpx2.Client, path: str, service: str) -> None:
    """The prefix says which; the path arrives unchanged; what nobody has is the portal's."""
    assert front.get(path).text.startswith(f"{service} {path} ")


def test_the_gateway_notes_when_a_request_arrived(front: httpx2.Client) -> None:
    """It gives the services its own clock's milliseconds, and nothing that a sender says about it."""
    before = time.time()
    noted = front.get("/arrival", headers={ARRIVED: "1"}).text
    assert before - 1 <= int(noted) / 1000 <= time.time() + 1


@pytest.mark.parametrize(
    "path",
    [
        "/applications/internal/contacts",
        "/applications//internal/contacts",
        "/applications/Internal/contacts",
        "/applications/%69nternal/contacts",
        "/matching/metrics",
    ],
)
def test_internal_routes_are_not_reachable_from_outside(front: httpx2.Client, path: str) -> None:
    """An address leads to the gateway in whatever form it is written."""
    answer = front.get(path)
    assert answer.status_code == 404
    assert "This page cannot be shown" in answer.text


def test_events_are_passed_on_at_once(front: httpx2.Client) -> None:
    """Server-sent events are neither packed nor held back."""
    came: list[float] = []
    with front.stream("GET", "/matching/live", headers={"Accept-Encoding": "gzip"}) as answer:
        assert "content-encoding" not in answer.headers
        came += [time.monotonic() for line in answer.iter_lines() if line.startswith("data:")]
    assert came[1] - came[0] > 0.2
    assert came[2] - came[1] > 0.2


def test_pages_are_packed(front: httpx2.Client) -> None:
    """Text takes less room on the way."""
    assert front.get("/", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_packages_files_are_sent_as_set_up_compressed_them(front: httpx2.Client) -> None:
    """A browser that reads Brotli gets each style sheet and script of the packages in fewer bytes than by gzip."""
    files = sorted((ROOT / "shared" / "web" / "static" / "vendor").glob("*.br"))
    assert len(files) == 3
    for file in files:
        sizes = {}
        for encoding in ("br", "gzip"):
            with front.stream("GET", f"/static/vendor/{file.stem}", headers={"Accept-Encoding": encoding}) as answer:
                sizes[encoding] = len(b"".join(answer.iter_raw()))
            assert answer.headers["content-encoding"] == encoding
            assert "Accept-Encoding" in answer.headers["vary"]
        assert file.stat().st_size == sizes["br"] < sizes["gzip"]


def test_a_service_that_is_down_has_a_helpful_error(front: httpx2.Client) -> None:
    """People get a page that says what to do, programs a problem in JSON, both the status and when to try again."""
    page = front.get("/reporting/")
    assert (page.status_code, page.headers["retry-after"]) == (503, "3")
    assert "This part does not answer" in page.text
    for path, accept in (("/reporting/api/v1/figures", "*/*"), ("/reporting/", "application/json")):
        problem = front.get(path, headers={"Accept": accept})
        assert (problem.status_code, problem.headers["retry-after"]) == (503, "3")
        assert_problem(problem, ProblemCode.UNAVAILABLE)


def test_refusals_of_the_gateway_are_problem_documents(front: httpx2.Client) -> None:
    """An internal route and too large a body are answered below `/api/` as the services answer errors."""
    assert_problem(front.get("/matching/metrics", headers={"Accept": "application/json"}), ProblemCode.NOT_FOUND)
    large = front.post("/matching/api/v1/anything", content=b"x" * 10_000_001)
    assert large.status_code == 413
    assert_problem(large, ProblemCode.TOO_LARGE)


def test_a_form_with_too_large_a_file_says_so(front: httpx2.Client) -> None:
    """Its sender reads that nothing was saved, and how large a file may be."""
    answer = front.post("/applications/anything", files={"file": ("photo.png", b"x" * 10_000_001)})
    assert answer.status_code == 413
    assert "Your file is too large" in answer.text
    assert "Nothing was saved" in answer.text


def assert_problem(answer: httpx2.Response, code: ProblemCode) -> None:
    """Check a problem document of the gateway against the table of kinds."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, answer.status_code)
    assert problem["type"].endswith(f"//{answer.url.netloc.decode()}/problems/{code}")
    assert problem["title"] == PROBLEM_TYPES[code].title
    assert problem["detail"]


def test_every_answer_of_the_gateway_has_the_security_headers(front: httpx2.Client) -> None:
    """Pages, files, refusals, redirects and problems have what the services' answers have, besides their own policy."""
    expected = {name: value for name, value in security_headers().items() if name != "content-security-policy"}
    elsewhere = str(front.base_url).replace("localhost", "127.0.0.1").rstrip("/")
    refused = [
        front.get("/static/tandem.js"),
        front.get("/static/none.js"),
        front.get("/matching/metrics"),
        front.get("/matching/metrics", headers={"Accept": "application/json"}),
        front.get("/reporting/"),
        front.get("/reporting/api/v1/figures"),
        front.post("/matching/api/v1/anything", content=b"x" * 10_000_001),
        httpx2.get(f"{elsewhere}/matching/"),
        front.get("/matching/"),
    ]
    assert [answer.status_code for answer in refused] == [200, 404, 404, 404, 503, 503, 413, 307, 200]
    for answer in refused:
        where = (str(answer.url), answer.status_code)
        assert {name: answer.headers.get(name) for name in expected} == expected, where
        assert answer.headers["referrer-policy"] == "same-origin", where
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers, "there is no TLS at this origin"
        assert "server" not in answer.headers


def test_the_gateway_allows_the_style_of_its_pages_and_no_other() -> None:
    """The policy names the digest of the style in each page of the gateway."""
    caddyfile = (ROOT / "deploy" / "gateway" / "Caddyfile").read_text("utf-8")
    pages = list((ROOT / "deploy" / "gateway" / "pages").glob("*.html"))
    assert pages
    for page in pages:
        (style,) = re.findall(r"<style>(.*?)</style>", page.read_text("utf-8"), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in caddyfile, page.name


def test_static_files_are_kept_by_version(front: httpx2.Client) -> None:
    """An address with a version is kept for a year, one without is asked about each time."""
    assert "immutable" in front.get("/static/tandem.js?v=1").headers["cache-control"]
    assert front.get("/static/tandem.js").headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert "build-system" not in front.get("/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fpyproject.toml").text
    assert front.get("/static/none.js").status_code == 404


@pytest.mark.parametrize("path", [*DOT_FILES, "%2egit/config", "../beside.txt", "%2e%2e/beside.txt", "..%2fbeside.txt"])
def test_dot_files_and_what_is_beside_the_folder_are_not_found(front: httpx2.Client, path: str) -> None:
    """A dot file in the folder of static files, however it is written, and a file outside of it are not served."""
    answer = front.get(f"/static/{path}", follow_redirects=True)
    assert answer.status_code in {400, 404} or "beside" in path  # which the client may resolve: a page of the portal
    assert "planted" not in answer.text


def test_folders_are_not_listed_and_trace_is_refused(front: httpx2.Client) -> None:
    """A folder of static files is not found, and TRACE gives nothing back, at the gateway and at a service."""
    for folder in ("/static/", "/static/vendor/", "/static/vendor"):
        assert front.get(folder, follow_redirects=True).status_code == 404, folder
    for path in ("/static/tandem.js", "/matching/"):
        answer = front.request("TRACE", path, headers={"X-Planted": "planted"})
        assert answer.status_code in {404, 405}, path
        assert "planted" not in answer.text


def test_another_name_leads_to_the_own_one(front: httpx2.Client) -> None:
    """Under 127.0.0.1 the cookies of localhost do not fit, so the browser is sent on."""
    address = str(front.base_url).replace("localhost", "127.0.0.1")
    answer = httpx2.get(f"{address.rstrip('/')}/matching/?a=b")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{str(front.base_url).rstrip('/')}/matching/?a=b"


def test_every_answer_under_tls_has_strict_transport_security(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an origin that has TLS, the gateway's own answers have Strict-Transport-Security."""
    monkeypatch.setattr(RunSettings, "origin", property(lambda _: "https://tandem.example"))
    ports = _free_ports()
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path))
    child.start()
    address = f"http://localhost:{ports['gateway']}"
    try:
        child.wait_ready(answers(f"{address}/static/tandem.js"), 20)
        expected = security_headers("https://tandem.example")["strict-transport-security"]
        for path in ("/static/tandem.js", "/static/none.js", "/matching/", "/matching/metrics"):
            assert httpx2.get(address + path).headers["strict-transport-security"] == expected, path
    finally:
        child.stop(5)


def test_people_are_served_by_new_tls_with_strong_ciphers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway speaks TLS 1.2 and 1.3 with forward secrecy; older versions and plain HTTP get no page."""
    ports = _free_ports()
    port = ports["gateway"]
    monkeypatch.setattr(RunSettings, "origin", property(lambda _: f"https://localhost:{port}"))
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path), f"https://localhost:{port}")
    child.start()
    try:
        child.wait_ready(lambda: _tls(port, ssl.TLSVersion.TLSv1_3) is not None, 20)
        assert _tls(port, ssl.TLSVersion.TLSv1_3) in {
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        }
        old = _tls(port, ssl.TLSVersion.TLSv1_2)
        assert old is not None
        assert old.startswith("ECDHE-")
        assert "GCM" in old or "CHACHA20" in old
        assert _tls(port, ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES256-SHA:DES-CBC3-SHA") is None
        assert _tls(port, ssl.TLSVersion.TLSv1_1) is None
        assert httpx2.get(f"http://localhost:{port}/").status_code == 400
    finally:
        child.stop(5)


def _tls(port: int, version: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> str | None:
    """Return the cipher that the gateway agrees to, or None if it refuses the version or the ciphers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are what is tried
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    try:
        with (
            socket.create_connection(("localhost", port), 5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as encrypted,
        ):
            agreed = encrypted.cipher()
            return agreed[0] if agreed else None
    except (ssl.SSLError, OSError):
        return None


def test_no_address_is_logged_when_an_answer_breaks_off(tmp_path: Path) -> None:
    """The gateway's line about a broken answer has neither address nor headers, which may hold keys and tokens."""
    ports = _free_ports()
    place = RunFolder(tmp_path)
    child = gateway(RunSettings(ports, {}), place)
    child.start()
    address = f"http://localhost:{ports['gateway']}"
    sent = {"X-Ticket": "planted", "Referer": "http://localhost/planted", "Authorization": "Bearer planted"}
    with socket.create_server(("127.0.0.1", ports["matching"])) as listening:
        breaking = threading.Thread(target=_break_off, args=(listening,))
        breaking.start()
        try:
            child.wait_ready(answers(f"{address}/static/tandem.js"), 20)
            with pytest.raises(httpx2.RemoteProtocolError):
                httpx2.get(f"{address}/matching/planted?ticket=planted", headers=sent)
        finally:
            child.stop(5)
            breaking.join(5)
    logged = place.log("gateway").read_text("utf-8")
    assert "aborting with incomplete response" in logged
    assert "planted" not in logged


def test_a_form_without_an_answer_may_be_saved(tmp_path: Path) -> None:
    """A process that ends while it works on a form gives no answer: the page says that nobody knows what was saved."""
    ports = _free_ports()
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path))
    child.start()
    address = f"http://localhost:{ports['gateway']}"
    with socket.create_server(("127.0.0.1", ports["matching"])) as listening:
        ending = threading.Thread(target=_break_off, args=(listening, b""))
        ending.start()
        try:
            child.wait_ready(answers(f"{address}/static/tandem.js"), 20)
            page = httpx2.post(f"{address}/matching/planted", data={"text": "kept"})
        finally:
            child.stop(5)
            ending.join(5)
    assert (page.status_code, page.headers["retry-after"]) == (502, "3")
    assert "We do not know if it was saved" in page.text


async def _nothing(request: Request) -> HTMLResponse:
    """Answer the gateway's own questions, and nothing else in time."""
    if not request.url.path.endswith("/livez"):
        await asyncio.sleep(5)
    return HTMLResponse("late")


def test_a_request_that_a_service_stalls_on_may_be_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer in time a form gets a page, and a program a problem, that say it may have been saved: 504."""
    monkeypatch.setenv("TANDEM_ANSWER_WITHIN", "500ms")
    ports = _free_ports()
    app = Starlette(routes=[Route("/{path:path}", _nothing, methods=["GET", "POST"])])
    stalling = uvicorn.Server(uvicorn.Config(app, port=ports["matching"], log_config=None, ws="none"))
    thread = threading.Thread(target=stalling.run)
    thread.start()
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path))
    child.start()
    address = f"http://localhost:{ports['gateway']}"
    try:
        child.wait_ready(answers(f"{address}/static/tandem.js"), 20)
        page = httpx2.post(f"{address}/matching/planted", data={"text": "kept"}, timeout=20)
        problem = httpx2.post(f"{address}/matching/api/v1/planted", json={"text": "kept"}, timeout=20)
    finally:
        child.stop(5)
        stalling.should_exit = stalling.force_exit = True
        thread.join(10)
    assert (page.status_code, page.headers["retry-after"], page.headers["cache-control"]) == (504, "3", "no-store")
    assert "We do not know if it was saved" in page.text
    assert "Do not close this page" in page.text
    assert (problem.status_code, problem.headers["retry-after"]) == (504, "3")
    assert_problem(problem, ProblemCode.UNAVAILABLE)
    assert "We do not know if it took effect" in problem.json()["detail"]
    assert "Idempotency-Key" in problem.json()["detail"]


def _break_off(
    listening: socket.socket,
    start: bytes = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=planted\r\nContent-Length: 1000\r\n\r\nplanted",
) -> None:
    """Answer the gateway's own questions, then one request with less than was announced, or with nothing."""
    listening.settimeout(30)
    request = b"/livez"
    while b"/livez" in request:
        connection, _ = listening.accept()
        with connection:
            request = connection.recv(65_536)
            if b"/livez" in request:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                connection.sendall(start)


def test_a_checkout_may_lie_in_a_folder_with_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's "My projects" is a folder like others: the gateway starts and serves the files below it."""
    checkout = tmp_path / "My projects"
    checkout.symlink_to(ROOT)
    monkeypatch.setattr("deploy.local.gateway.ROOT", checkout)
    ports = _free_ports()
    child = gateway(RunSettings(ports, {}), RunFolder(tmp_path / "data"))
    child.start()
    try:
        child.wait_ready(answers(f"http://localhost:{ports['gateway']}/static/tandem.js"), 20)
        answer = httpx2.get(f"http://localhost:{ports['gateway']}/matching/")
        assert (answer.status_code, "starting again" in answer.text) == (503, True)
    finally:
        child.stop(5)


def test_nobody_chooses_the_address_by_which_they_are_counted(front: httpx2.Client) -> None:
    """The gateway names the address from which a request came, whatever the request itself says of it."""
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        answer = front.get("/address", headers={name: "203.0.113.9", "X-Forwarded-Proto": "https"})
        assert answer.text in {"127.0.0.1", "::1"}


@contextmanager
def _two_portals(folder: Path) -> Iterator[tuple[str, str, dict[str, BaseProcess]]]:
    """Start a gateway before two portals, each a process; give its address, that inside, and the processes by name."""
    ports = _free_ports("applications-2")
    portals: dict[str, BaseProcess] = {
        name: forked(__name__).Process(target=_serve, args=(name, ports[name]), daemon=True)
        for name in ("applications", "applications-2")
    }
    for portal in portals.values():
        portal.start()
    child = gateway(RunSettings(ports, {}, {"applications": 2}), RunFolder(folder))
    child.start()
    origin = f"http://localhost:{ports['gateway']}"
    try:
        child.wait_ready(answers(f"{origin}/static/tandem.js"), 20)
        child.wait_ready(lambda: _answering(origin, 20) == set(portals), 20)
        yield origin, f"http://127.0.0.1:{ports['inside']}", portals
    finally:
        child.stop(5)
        for portal in portals.values():
            portal.kill()
            portal.join()


def _serve(name: str, port: int) -> None:
    service(name, port).run()


def _answering(origin: str, count: int) -> set[str]:
    """Return which portals answer so many requests; none may fail."""
    answers = [httpx2.get(f"{origin}/page") for _ in range(count)]
    assert {answer.status_code for answer in answers} <= {200, 502, 503}
    return {answer.text.split()[0] for answer in answers if answer.status_code == 200}


def test_single_processes_are_asked_less_often() -> None:
    """With one process a service there is no other to turn to; with several one that stalls is noticed at once."""
    assert pace_of_checks(RunSettings({}, {})) == {"TANDEM_ASK_EVERY": "1s"}
    assert pace_of_checks(RunSettings({}, {}, {"matching": 2})) == {}


def test_two_processes_share_the_requests_and_a_dead_one_is_left_aside(tmp_path: Path) -> None:
    """Both answer; once one is killed every request is answered by the other, forms and inner requests too."""
    with _two_portals(tmp_path) as (origin, inside, portals):
        assert _answering(inside, 20) == set(portals)
        assert int(httpx2.get(f"{inside}/arrival", headers={ARRIVED: "1"}).text) > 1, "nobody inside says it either"
        portals["applications"].kill()
        portals["applications"].join()
        for _ in range(10):
            for answer in (
                httpx2.get(f"{origin}/page"),
                httpx2.post(f"{origin}/page", data={"text": "kept"}),
                httpx2.get(f"{inside}/applications/internal/contacts"),
            ):
                assert (answer.status_code, answer.text.split()[0]) == (200, "applications-2")


def test_a_process_that_stalls_is_left_aside_and_comes_back(tmp_path: Path) -> None:
    """Once one stands still, and still takes connections, all requests go to the other, until it goes on."""
    with _two_portals(tmp_path) as (origin, inside, portals):
        stalled = portals["applications"].pid
        assert stalled is not None
        os.kill(stalled, signal.SIGSTOP)
        try:
            _until_answers_in_a_row(origin, 20)
            for _ in range(20):
                for answer in (
                    httpx2.get(f"{origin}/page"),
                    httpx2.post(f"{origin}/page", data={"text": "kept"}),
                    httpx2.get(f"{inside}/applications/internal/contacts"),
                ):
                    assert (answer.status_code, answer.text.split()[0]) == (200, "applications-2")
        finally:
            os.kill(stalled, signal.SIGCONT)
        end = time.monotonic() + PATIENCE
        while _answering(origin, 20) != set(portals):
            assert time.monotonic() < end, "the process that goes on gets no requests"


def test_a_form_waits_for_a_process_while_all_stall(tmp_path: Path) -> None:
    """A form that no process has taken waits longer than a page, and is then taken whole by the first that goes on."""
    with _two_portals(tmp_path) as (origin, _, portals), ThreadPoolExecutor(1) as pool:
        pids = [portal.pid for portal in portals.values() if portal.pid is not None]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            _until_refused(f"{origin}/form")
            waiting = pool.submit(httpx2.post, f"{origin}/form", data={"text": "All that I wrote"}, timeout=30)
            assert httpx2.get(f"{origin}/form", timeout=10).status_code == 503
            assert not waiting.done()
            os.kill(pids[0], signal.SIGCONT)
            answer = waiting.result(PATIENCE)
            assert (answer.status_code, answer.text) == (200, "applications has: All that I wrote")
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


def _until_refused(address: str) -> None:
    """Return once the gateway knows that nobody answers."""
    end = time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < end, "the gateway still waits for processes that stand still"
        try:
            if httpx2.get(address, timeout=5).status_code == 503:
                return
        except httpx2.ReadTimeout:
            pass


def _until_answers_in_a_row(origin: str, count: int) -> None:
    """Return as soon as so many requests were answered one after the other; one that hangs is given up."""
    end, answered = time.monotonic() + PATIENCE, 0
    while answered < count:
        assert time.monotonic() < end, "requests still go to a process that does not answer"
        try:
            page = httpx2.get(f"{origin}/page", timeout=3)
            form = httpx2.post(f"{origin}/page", data={"text": "kept"}, timeout=3)
            answered = answered + 1 if (page.status_code, form.status_code) == (200, 200) else 0
        except httpx2.ReadTimeout:
            answered = 0
