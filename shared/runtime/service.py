"""Build a service: settings, store, bus, health, telemetry and an orderly end.

A service's `app.py` calls `create` with its own parts; `__main__.py` calls `serve`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotations of the routes below

from shared import identity
from shared.bus import Bus
from shared.bus.db.processes import tune_memory
from shared.bus.db.transient_errors import DATABASE_ERRORS
from shared.bus.inbox.reader import Reader
from shared.bus.log.watch import LogWatch
from shared.bus.metrics import DEAD_LETTERS_OPEN, PENDING, WAITING_OLDEST
from shared.bus.outbox.anchors import anchor_daily
from shared.bus.outbox.relay import Relay
from shared.bus.supervision import supervise
from shared.identity import internal
from shared.identity.state import identity_of
from shared.identity.versions import NO_RECORDS, Records
from shared.runtime import telemetry
from shared.web import setup, site
from shared.web.api_docs import api_page
from shared.web.live import Live
from shared.web.middleware import LivenessMiddleware
from shared.web.openapi import ApiText, document

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from shared.bus import Consumers
    from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

Work = "Callable[[Service], Awaitable[None]]"
STOP_SECONDS = 15
_COUNT_SECONDS = 10.0


@dataclass(slots=True)
class Service:
    """A running service; pages find it as `request.app.state.service`."""

    name: str
    settings: ServiceSettings
    bus: Bus
    live: Live
    consumers: Consumers
    reader: Reader
    log_watch: LogWatch
    workers: tuple[Callable[[Service], Awaitable[None]], ...] = ()


def loops_of(service: Service) -> list[Callable[[], Awaitable[None]]]:
    """Return what a process of the service does beside answering: each runs until cancelled, under `supervise`."""
    bus = service.bus
    loops = [
        Relay(bus).run,
        service.reader.run,
        service.log_watch.run,
        lambda: _count(bus),
        *(_bound(each, service) for each in service.workers),
    ]
    if (folder := service.settings.anchors) is not None:
        loops.append(lambda: anchor_daily(bus, folder))
    return loops


def service_of(request: Request) -> Service:
    """Return the service that answers."""
    service: Service = request.app.state.service
    return service


async def bus_of(request: Request) -> Bus:
    """Return the service's bus (FastAPI dependency; FastAPI runs one that is not async in a thread)."""
    return service_of(request).bus


def create(
    name: str,
    settings: ServiceSettings,
    *,
    place: str,
    templates: Path,
    routers: Sequence[APIRouter],
    consumers: Consumers,
    workers: Sequence[Callable[[Service], Awaitable[None]]] = (),
    background: bool = True,
    api_text: ApiText | None = None,
    records: Records = NO_RECORDS,
    crowd: Sequence[str] = (),
) -> FastAPI:
    """Return the application of the service `name`.

    `place` is its place in the page shell; `workers` are loops that run until cancelled and are started again when
    they fail. Without `background` neither relay nor reader nor workers run: for tests of pages, and for documents.
    `api_text` says what the service's API is for, `records` what its addresses name that people change;
    `crowd` how the paths begin that many people ask for at the same time.
    """
    bus = Bus(name, settings)
    service = Service(
        name,
        settings,
        bus,
        Live(settings.direct_url),
        consumers,
        Reader(bus, consumers),
        LogWatch(settings),
        tuple(workers),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        provider = telemetry.configure(name, settings) if background else None
        tasks: list[asyncio.Task[None]] = []
        if background:
            tune_memory()
            await service.live.start()
            tasks = [asyncio.create_task(supervise(loop)) for loop in loops_of(service)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=STOP_SECONDS)
            if background:
                await service.live.stop()
            await identity_of(app).close()
            await bus.close()
            if provider is not None:
                provider.shutdown()

    app = FastAPI(
        title=f"Tandem {name} API",
        version=site.version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # `RequestSpans` makes the spans: the framework's own hold the whole address, keys and all.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.service = service
    app.state.api_text = api_text or ApiText()
    app.state.records = records
    setup.install(
        app,
        place=place,
        templates=templates,
        local=settings.local,
        origin=settings.origin,
        issuer=settings.oidc_issuer,
        connections=settings.database_pool,
        crowd=crowd,
    )
    app.add_middleware(telemetry.RequestSpans)
    app.add_middleware(LivenessMiddleware, path=f"/{name}/livez")
    for router in (_health(name), api_page(name), *routers):
        # Not `include_router`: it would build each route again at the first request, and search for each one twice.
        app.router.routes.extend(router.routes)
    return app


def serve(app: FastAPI) -> None:
    """Answer requests until SIGTERM or SIGINT; then let the answers under way end, and stop."""
    uvicorn.run(app, **server_options(app.state.service.settings))


def server_options(settings: ServiceSettings) -> dict[str, Any]:
    """Return how a service's server runs; it believes `X-Forwarded-For` of the gateways only."""
    return {
        "host": settings.host,
        "port": settings.port,
        "access_log": False,
        "log_config": None,
        "timeout_graceful_shutdown": 5,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.gateways,
        "server_header": False,
    }


def _bound(work: Callable[[Service], Awaitable[None]], service: Service) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await work(service)

    run.__qualname__ = getattr(work, "__name__", "worker")
    return run


async def _count(bus: Bus) -> None:
    """Measure the outbox, dead letters and deferred reactions every few seconds."""
    while True:
        async with bus.read() as session:
            pending, dead_letters, oldest = (await session.execute(_WAITS)).one()
        PENDING.labels(bus.service).set(pending)
        DEAD_LETTERS_OPEN.labels(bus.service).set(dead_letters)
        WAITING_OLDEST.labels(bus.service).set(float(oldest))
        await asyncio.sleep(_COUNT_SECONDS)


_WAITS = text(
    "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL),"
    " (SELECT coalesce(extract(epoch FROM now() - min(since)), 0) FROM deferred_reaction)"
)


def _health(name: str) -> APIRouter:
    """Return `readyz` (the process can do its work), `metrics`, and the API's description."""
    router = APIRouter(prefix=f"/{name}", include_in_schema=False)

    @router.get("/readyz", dependencies=[Depends(identity.public())])
    async def readyz(request: Request) -> JSONResponse:
        """Answer 200 while database and Kafka answer, else 503, with the state of reader and relay.

        `to_set` names settings that are needed for people, though the service works without them.
        """
        service = service_of(request)
        try:
            async with asyncio.timeout(3), service.bus.read() as session:
                pending, dead_letters, oldest = (await session.execute(_WAITS)).one()
        except DATABASE_ERRORS:
            return JSONResponse({"ready": False, "store": "does not answer"}, 503)
        answers = service.log_watch.answers()
        reader = "reads" if answers and service.reader.reads() else "waits"
        return JSONResponse(
            {
                "ready": answers,
                "log": "answers" if answers else "does not answer",
                "relay": "sends" if answers and service.bus.relays else "waits",
                "reader": "paused" if service.reader.paused else reader,
                "pending": pending,
                "dead_letters": dead_letters,
                "waiting_oldest_seconds": round(float(oldest), 1),
                "missing": service.reader.missing(),
                "unknown": service.reader.unknown(),
                "to_set": service.settings.to_set(),
            },
            200 if answers else 503,
        )

    @router.get("/metrics", dependencies=[Depends(internal())])
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/api/openapi.json", dependencies=[Depends(identity.public())])
    async def openapi(request: Request) -> JSONResponse:
        # The first time it takes seconds, in which others are to be answered.
        return JSONResponse(await asyncio.to_thread(document, request.app))

    return router
