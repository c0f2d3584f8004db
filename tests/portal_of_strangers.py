"""Answer, as the portal does, that a case concerns nobody who decides on it: for tests of one other service."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer the one route that other services ask before a decision, with their token only."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.path == "/applications/internal/own-cases" and self.headers["X-Service-Token"] == SERVICE_TOKEN
        body = json.dumps({"concerned": False}).encode() if known else b"{}"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Write nothing."""


@contextmanager
def strangers_portal() -> Iterator[str]:
    """Serve it on a free port; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
