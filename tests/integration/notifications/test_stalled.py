"""A process that stands still for longer than its lease repeats no more than what was on its way when it stopped."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from services.notifications.app import create_app
from services.notifications.mail.sending.worker import dispatcher
from services.notifications.reminders.actions import deadlines, digests
from services.notifications.settings import Settings
from services.notifications.webhooks.worker import courier
from shared.bus import Bus
from shared.bus.db import leases
from shared.ids import new_id
from shared.time import clock
from shared.time.workdays import is_working_day
from shared.time.zones import zone_of
from tests.integration.notifications.conftest import post, published_events, rows, write
from tests.integration.notifications.stories import APPLICATION, event, in_days
from tests.integration.notifications.webhook_receiver import example, receiving, registered, send
from tests.stalls import ENDED, stalled
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Catcher, Contacts
    from tests.support import Feed

CONNECTIONS = 3


_WEBHOOKS = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_connections": CONNECTIONS}


@pytest.fixture
async def app(migrated: str, catcher: Catcher, contacts: Contacts) -> AsyncIterator[FastAPI]:
    """The app without background loops, which may post to this machine."""
    server = {"smtp_host": "127.0.0.1", "smtp_port": catcher.port, "mail_connections": CONNECTIONS}
    values = settings_for(migrated, portal_url=contacts.url, **server, **_WEBHOOKS)
    made = create_app(Settings(**values), background=False)
    yield made
    await made.state.service.bus.close()


async def mail_all(values: dict[str, Any]) -> None:
    """Send mails until nothing is due."""
    service = create_app(Settings(**settings_for(**values)), background=False).state.service
    assert isinstance(service.settings, Settings)
    async with (
        leases.hold(service.bus, "mail") as lease,
        dispatcher(service.bus, service.settings, lease) as desk,
    ):
        while await desk.send_due():
            pass


async def post_all(address: str) -> None:
    """Post to webhooks until nothing is due."""
    settings = Settings(**settings_for(address, **_WEBHOOKS))
    bus = Bus("notifications", settings)
    async with leases.hold(bus, "webhooks") as lease:
        sending = courier(bus, settings, lease)
        while await sending.send_due():
            pass


async def sweep_all(address: str, until: datetime) -> None:
    """Announce deadlines."""
    bus = Bus("notifications", Settings(**settings_for(address)))
    async with leases.hold(bus, "deadlines") as lease:
        await deadlines.sweep(bus, lease, until)


async def write_digests(address: str) -> None:
    """Write the digests of the morning."""
    bus = Bus("notifications", Settings(**settings_for(address)))
    async with leases.hold(bus, "digests") as lease:
        await digests.write_due(bus, lease, 0)


@pytest.mark.parametrize(
    ("at", "call", "again"),
    [
        ("services.notifications.mail.sending.dispatch:letter", 2, CONNECTIONS - 1),
        ("services.notifications.mail.sending.smtp:Post._hand_over", 4, CONNECTIONS),
        ("services.notifications.mail.sending.delivery_log:DeliveryLog.record", 2, CONNECTIONS),
    ],
)
async def test_a_mail_sender_that_slept_sends_nothing_more(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, migrated: str, at: str, call: int, again: int
) -> None:
    """Once it goes on, only mails whose content was about to leave still leave; no mail goes out a third time."""
    contacts.apart = True
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(12)))
    values = {
        "database": migrated,
        "portal_url": contacts.url,
        "smtp_host": "127.0.0.1",
        "smtp_port": catcher.port,
        "mail_connections": CONNECTIONS,
    }
    async with stalled(__name__, mail_all, values, at=at, call=call) as process:
        await post(app)
        assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"done"}
        before = len(catcher.raw)
        assert await process.go_on() in ENDED
        assert len(catcher.raw) - before <= again
    copies = Counter(zip((str(mail["message-id"]) for mail in catcher.mails), catcher.recipients, strict=True))
    assert len(copies) == 36
    assert max(copies.values()) <= 2
    sent = Counter(type_ for type_, _, _ in await published_events(app))
    assert sent == {"NotificationSent": 36}


@pytest.mark.parametrize("at", ["headers", "Poster.post", "Courier.note"])
async def test_a_webhook_sender_that_slept_repeats_one_delivery_a_slot(
    app: FastAPI, feed: Feed, migrated: str, at: str
) -> None:
    """Once it goes on it posts at most what each slot had in hand, and records nothing."""
    async with receiving() as receiver:
        await registered(app, receiver.url)
        await feed.deliver(*((example("FigurePublished"), f"figure-{number}") for number in range(20)))
        module = "transport.post" if at == "Poster.post" else "worker"
        where = f"services.notifications.webhooks.{module}:{at}"
        async with stalled(__name__, post_all, migrated, at=where, call=2) as process:
            await send(app)
            assert len(set(receiver.ids)) == 20
            before = len(receiver.ids)
            assert await process.go_on() in ENDED
            assert len(receiver.ids) - before <= (CONNECTIONS - 1 if at == "headers" else CONNECTIONS)
        assert max(Counter(receiver.ids).values()) <= 2
        assert len(receiver.ids) <= 20 + CONNECTIONS
        assert await rows(app, "SELECT attempts FROM webhook_delivery WHERE attempts > 1") == []


@pytest.mark.parametrize("at", ["_announce_chunk", "_announce"])
async def test_a_sweep_of_deadlines_that_slept_announces_nothing_twice(
    app: FastAPI, feed: Feed, migrated: str, at: str
) -> None:
    """It stops before or in its transaction; another sweep announces each deadline once, and the first none."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    until = clock.now() + timedelta(days=30)
    where = f"services.notifications.reminders.actions.deadlines:{at}"
    async with stalled(__name__, sweep_all, migrated, until, at=where) as process:
        async with leases.hold(app.state.service.bus, "deadlines") as lease:
            await deadlines.sweep(app.state.service.bus, lease, until)
        announced = await published_events(app)
        assert announced
        assert await process.go_on() != "done"
    assert await published_events(app) == announced


@pytest.mark.parametrize("at", ["_write", "_digest"])
async def test_a_writer_of_digests_that_slept_writes_none_twice(
    app: FastAPI, feed: Feed, migrated: str, at: str
) -> None:
    """It stops before or in its transaction; another writes the digest of the day, and the first none."""
    await feed.deliver((event("ApplicationSubmitted", due=in_days(10)), APPLICATION))
    await write(app, "INSERT INTO digest (place, day, at) VALUES ('MD', '2020-01-01', now())")
    while not is_working_day((clock.now() + timedelta(minutes=10)).astimezone(zone_of("MD")).date(), "MD"):
        clock.move(timedelta(days=1))
    before = len(await published_events(app))
    where = f"services.notifications.reminders.actions.digests:{at}"
    async with stalled(__name__, write_digests, migrated, at=where) as process:
        async with leases.hold(app.state.service.bus, "digests") as lease:
            assert await digests.write_due(app.state.service.bus, lease, 0) > 0
        published, messages = await published_events(app), await rows(app, "SELECT * FROM message ORDER BY id")
        assert [type_ for type_, _, _ in published[before:]] == ["WorkWaiting"]
        assert await process.go_on() != "done"
    assert await published_events(app) == published
    assert await rows(app, "SELECT * FROM message ORDER BY id") == messages
