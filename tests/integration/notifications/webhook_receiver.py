"""The shared parts of the tests of webhooks: a sender, and a receiver that verifies with the official library."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from standardwebhooks import Webhook

from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.worker import Courier, courier
from shared.bus.db.leases import hold
from shared.contracts import EVENTS
from shared.contracts.codes import WebhookReach
from shared.ids import new_id
from tests.serving import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from services.notifications.webhooks.transport.post import Poster
    from shared.contracts import Event

FIGURES = ("FigurePublished", "FigureRestated")


class Receiver:
    """An HTTP server; `answer` is its answer to the request of that number (from 1).

    A number is a pause of so many seconds before 204; an event is waited for, and then the answer is `late`.
    """

    def __init__(self) -> None:
        self.url = ""
        self.secrets: list[str] = []
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.hosts: list[str] = []
        self.cookies: list[str] = []
        self.answer: Callable[[int], Response | float | asyncio.Event] = lambda _: Response(status_code=204)
        self.late: Callable[[], Response] = lambda: Response(status_code=204)
        self.app = FastAPI()
        self.app.post("/hook")(self.take)
        self.app.post("/other")(self.take)

    async def take(self, request: Request) -> Response:
        """Verify the request with each secret, keep (webhook-id, content), and answer."""
        body = await request.body()
        read = [Webhook(secret).verify(body, dict(request.headers)) for secret in self.secrets]
        self.got.append((request.headers["webhook-id"], read[0] if read else {}))
        self.hosts.append(request.headers["host"])
        self.cookies += request.cookies
        says = self.answer(len(self.got))
        if isinstance(says, float):
            await asyncio.sleep(says)
            return Response(status_code=204)
        if isinstance(says, asyncio.Event):
            await says.wait()
            return self.late()
        return says

    @property
    def ids(self) -> list[str]:
        """The `webhook-id` of each request."""
        return [request for request, _ in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    made = Receiver()
    async with served(made.app) as origin:
        made.url = f"{origin}/hook"
        yield made


async def registered(
    app: FastAPI, url: str, events: tuple[str, ...] = FIGURES, reach: WebhookReach = WebhookReach.OUTSIDE
) -> tuple[UUID, str]:
    """Register an endpoint; return it and its secret."""
    service = app.state.service
    id_ = new_id()
    draft = endpoints.Draft(url, "Test receiver", events)
    secret = await endpoints.register(service.bus, service.settings, "somebody", id_, reach, draft)
    assert secret is not None
    return id_, secret


@asynccontextmanager
async def sender(app: FastAPI, poster: Poster | None = None) -> AsyncIterator[Courier]:
    """Yield the sender of the app's webhooks, under its lease."""
    service = app.state.service
    async with hold(service.bus, "webhooks") as lease:
        yield courier(service.bus, service.settings, lease, poster)


async def send(app: FastAPI) -> None:
    """Send what is due now, and what becomes due by it."""
    async with sender(app) as made:
        while await made.send_due():
            pass


def example(name: str) -> Event:
    """Return an event as its contract's example."""
    return EVENTS[name].model_validate(EVENTS[name].example)
