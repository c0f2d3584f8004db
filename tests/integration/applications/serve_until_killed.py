"""Serve the portal with uvicorn until this process is killed.

With `hold` it sends no answer of a writing request: each stays between the last thing that the portal does for it and
the first byte that the sender gets.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import uvicorn

from services.applications.app import create_app
from services.applications.settings import Settings
from shared.identity.refusals import SAFE_METHODS
from tests.support import settings_for

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def holding(app: ASGIApp) -> ASGIApp:
    """Return an app that never sends what another one answers to writing requests."""

    async def without_answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.Event().wait()
            await send(message)

        writes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        await app(scope, receive, hold if writes else send)

    return without_answer


def serve(store: str, port: Connection, hold: bool) -> None:  # noqa: FBT001 - the arguments of a process
    """Serve the portal at a free port, which is sent."""
    app = create_app(Settings(**settings_for(store)), background=False)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()  # before the port is sent: a request may come at once
        port.send(place.getsockname()[1])
        config = uvicorn.Config(holding(app) if hold else app, log_config=None, lifespan="off", access_log=False)
        uvicorn.Server(config).run(sockets=[place])
