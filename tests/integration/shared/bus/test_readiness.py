"""Test that a service says that it is not ready while Apache Kafka is away."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import httpx2

from deploy.kafka import topics
from shared.bus.log import watch
from shared.runtime import service, telemetry
from tests.integration.shared.bus.test_delivery import Handlers
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest

    from deploy.local.kafka import Broker
    from shared.bus import Bus

    NewBus = Callable[..., Awaitable[Bus]]


async def test_readiness_follows_kafka(
    new_bus: NewBus, new_broker: Callable[[], Broker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Kafka a service is ready; it is not while Kafka was killed or stands still, and is ready when it is back."""
    monkeypatch.setattr(telemetry, "configure", lambda *_: None)  # later tests in this process log elsewhere
    monkeypatch.setattr(watch, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(watch, "EVERY_SECONDS", 1.0)
    broker = new_broker()
    await topics.apply(broker.bootstrap)
    bus = await new_bus("matching", kafka=broker.bootstrap)
    app = service.create(
        "matching", bus.settings, place="matching", templates=tmp_path, routers=(), consumers=Handlers().consumers
    )

    async def answer() -> tuple[int, dict[str, Any]]:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000") as client:
            found = await client.get("/matching/readyz")
            return found.status_code, found.json()

    async def answers_with(status: int, **expected: Any) -> bool:
        code, found = await answer()
        assert (code == 200) == found["ready"]
        return code == status and expected.items() <= found.items()

    async with app.router.lifespan_context(app):
        await until(lambda: answers_with(200, log="answers", relay="sends", reader="reads"), "it is ready")
        broker.child.kill()
        await until(
            lambda: answers_with(503, log="does not answer", relay="waits", reader="waits"),
            "it says that Kafka is away",
        )
        broker.start()
        await until(lambda: answers_with(200, log="answers", relay="sends", reader="reads"), "it is ready again")
        pid = broker.child.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            await until(lambda: answers_with(503, log="does not answer"), "it notices a broker that stands still")
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: answers_with(200, log="answers", relay="sends", reader="reads"), "it is ready once more")
