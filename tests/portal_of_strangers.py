"""Answer other services as the portal does, for their tests: own cases of nobody, and reasons that are stored once."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from tests.support import SERVICE_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator


REASONS: dict[str, dict[str, str]] = {}
"""The reasons for overrides that were stored, by match."""
AWAY: set[str] = set()
"""The routes that do not answer now."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer the routes that other services ask for a decision, with their token only."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found: dict[str, bool] | None = None
        if self.headers["X-Service-Token"] == SERVICE_TOKEN and self.path not in AWAY:
            if self.path == "/applications/internal/own-cases":
                found = {"concerned": False}
            elif self.path == "/applications/internal/override-reasons":
                reason = json.loads(sent)
                found = {"stored": REASONS.setdefault(reason["match_id"], reason) == reason}
        body = json.dumps(found or {}).encode()
        self.send_response(404 if found is None else 200)
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
