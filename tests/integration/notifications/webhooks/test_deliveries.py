"""Each event reaches each receiver that wants it, verified by another implementation, whatever goes wrong."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from fastapi.responses import RedirectResponse, Response
from prometheus_client import REGISTRY
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.settings import Settings
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model.target import target
from services.notifications.webhooks.model.webhook import AttemptResult
from services.notifications.webhooks.store import endpoints as endpoints_store
from services.notifications.webhooks.transport.post import Poster
from shared.bus import LeaseLost
from shared.bus.db import leases
from shared.contracts.codes import WebhookReach
from shared.errors import Refused
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.certificates import self_signed
from tests.integration.notifications.conftest import published_events, rows
from tests.integration.notifications.send_until_killed import post_all
from tests.integration.notifications.webhook_receiver import Receiver, example, receiving, registered, send, sender
from tests.processes import forked
from tests.rebuilding import empty_projections
from tests.support import Feed, settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from multiprocessing.process import BaseProcess
    from pathlib import Path
    from uuid import UUID

    from fastapi import FastAPI

FIGURE = "TOPCOP-OP-02:2026-H1"


@pytest.fixture
async def app(migrated: str) -> AsyncIterator[FastAPI]:
    """The app with two quick retries, which may send to this machine."""
    values: dict[str, Any] = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "0,0"}
    values |= {"webhook_seconds": 30, "webhook_connections": 4}
    made = create_app(Settings(**settings_for(migrated, **values)), background=False)
    yield made
    await made.state.service.bus.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything."""
    async with receiving() as made:
        yield made


async def test_an_event_reaches_its_receivers_once(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """An event, redelivered or replayed, is one delivery to each endpoint that chose it."""
    _, secret = await registered(app, receiver.url)
    await registered(app, receiver.url, ("PeriodPublished",))
    record = feed.record(example("FigurePublished"), FIGURE)
    await feed.apply([record, feed.record(example("ApplicationSubmitted"), new_id())])
    await feed.apply([record])
    await send(app)
    await empty_projections(app.state.service.bus, consumers, "system:test")
    await feed.apply([record])
    await send(app)
    ((id_, _),) = receiver.got
    receiver.secrets = [secret]
    await feed.deliver((example("FigureRestated"), FIGURE))
    await send(app)
    _, (again, read) = receiver.got
    assert again != id_
    assert read["type"] == "FigureRestated"
    assert read["data"]["subject"] == FIGURE
    assert read["data"]["data"] == example("FigureRestated").model_dump(mode="json")
    assert {row.state for row in await rows(app, "SELECT state FROM webhook_delivery")} == {"delivered"}


async def test_nothing_about_a_case_can_be_chosen_outside(app: FastAPI, receiver: Receiver) -> None:
    """An outside endpoint cannot choose events about cases, nor gets any by a changed row."""
    with pytest.raises(Refused) as raised:
        await registered(app, receiver.url, ("FigurePublished", "ApplicationSubmitted"))
    assert raised.value.fields == {"events": "ApplicationSubmitted cannot be sent to this webhook"}
    id_, _ = await registered(app, receiver.url, ("ApplicationSubmitted",), WebhookReach.INSIDE)
    feed = Feed(app.state.service.bus, consumers)
    await feed.deliver((example("ApplicationSubmitted"), new_id()))
    async with app.state.service.bus.transaction("system:test") as tx:
        await endpoints_store.change(tx.session, id_, reach="outside")
    await feed.deliver((example("ApplicationSubmitted"), new_id()))
    await send(app)
    assert len(receiver.got) == 1


async def test_failed_attempts_are_repeated_under_the_same_id(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """Failed attempts are repeated under one id, each with status, time and answer."""
    answers = [Response("down\x00 for <b>repair</b>", 500), RedirectResponse("/other", 307), Response(status_code=204)]
    answers[0].set_cookie("name", "value")
    receiver.answer = lambda number: answers[number - 1]
    await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1
    log = await rows(app, "SELECT number, result, status, answer, milliseconds FROM webhook_attempt ORDER BY number")
    assert [tuple(row)[:4] for row in log] == [
        (1, "refused", 500, "down for <b>repair</b>"),
        (2, "redirected", 307, ""),
        (3, "delivered", 204, ""),
    ]
    assert all(row.milliseconds >= 0 for row in log)
    assert (await rows(app, "SELECT failing_since FROM webhook_endpoint")) == [(None,)]
    assert receiver.cookies == []


async def test_failed_deliveries_can_be_sent_again_by_hand(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """A failed delivery, or all since a day, can be sent again under their ids."""
    receiver.answer = lambda _: Response(status_code=400)
    id_, _ = await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE), (example("FigureRestated"), FIGURE))
    await send(app)
    assert len(receiver.got) == 6
    failed = await rows(app, "SELECT id, state FROM webhook_delivery ORDER BY position")
    assert [row.state for row in failed] == ["failed", "failed"]
    receiver.answer = lambda _: Response(status_code=200)
    bus = app.state.service.bus
    await endpoints.send_again(bus, "somebody", failed[0].id)
    await endpoints.send_again(bus, "somebody", failed[0].id)
    await send(app)
    assert await endpoints.send_failed_again(bus, "somebody", id_, clock.now() + timedelta(days=1)) == 0
    assert await endpoints.send_failed_again(bus, "somebody", id_, clock.now() - timedelta(days=1)) == 1
    await send(app)
    assert len(receiver.ids) == 8
    assert len(set(receiver.ids)) == 2


async def test_a_receiver_that_asks_to_wait_is_left_alone(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """Before the end of a Retry-After only tests are sent."""
    receiver.answer = lambda _: Response(status_code=503, headers={"Retry-After": "60"})
    id_, _ = await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    await feed.deliver((example("FigureRestated"), FIGURE))
    await send(app)
    assert len(receiver.got) == 1
    ((until,),) = await rows(app, "SELECT not_before FROM webhook_endpoint")
    assert timedelta(seconds=50) < until - datetime.now(UTC) < timedelta(seconds=61)
    receiver.answer = lambda _: Response(status_code=204)
    await endpoints.test(app.state.service.bus, "somebody", id_)
    await send(app)
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 3


async def test_410_pauses_and_what_came_meanwhile_is_kept(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """A 410 pauses the endpoint and informs the coordinators once; a resumption sends all that was kept."""
    receiver.answer = lambda _: Response(status_code=410)
    id_, secret = await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    await feed.deliver((example("FigureRestated"), FIGURE))
    await send(app)
    assert len(receiver.got) == 1
    assert await rows(app, "SELECT state, cause FROM webhook_endpoint") == [("paused", "gone")]
    assert [(type_, payload["change"], payload["cause"]) for type_, _, payload in await published_events(app)] == [
        ("WebhookChanged", "registered", None),
        ("WebhookChanged", "paused", "gone"),
    ]
    ((rule, audience),) = await rows(app, "SELECT rule, audience->>'kind' FROM message")
    assert (rule, audience) == ("webhook_paused", "programme_coordinator")
    receiver.answer, receiver.secrets = (lambda _: Response(status_code=200)), [secret]
    for _ in range(2):
        await endpoints.resume(app.state.service.bus, "somebody", id_)
    await send(app)
    assert sorted(read["type"] for _, read in receiver.got[1:]) == ["FigurePublished", "FigureRestated"]


async def test_an_endpoint_that_is_dead_for_days_pauses(app: FastAPI, feed: Feed) -> None:
    """An endpoint pauses after five days without a success, and one success resets the count."""
    async with receiving() as away:
        id_, _ = await registered(app, away.url)
    bus = app.state.service.bus
    for days, state in ((0.5, "active"), (6, "paused")):
        since = clock.now() - timedelta(days=days)
        async with bus.transaction("system:test") as tx:
            await endpoints_store.change(tx.session, id_, failing_since=since, pauses_at=since + timedelta(days=5))
        await feed.deliver((example("FigurePublished"), FIGURE))
        await send(app)
        assert (await rows(app, "SELECT state FROM webhook_endpoint")) == [(state,)]
    assert {row.result for row in await rows(app, "SELECT result FROM webhook_attempt")} == {"unreachable"}
    assert await rows(app, "SELECT cause FROM webhook_endpoint") == [("dead",)]


async def test_a_dead_endpoint_delays_no_other(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """One silent receiver delays no delivery to another."""
    async with receiving() as dead:
        dead.answer = lambda _: 60.0
        await registered(app, dead.url)
        await registered(app, receiver.url)
        await feed.deliver(*((example("FigurePublished"), f"figure-{number}") for number in range(20)))
        async with sender(app) as courier:
            running = asyncio.create_task(courier.run())
            try:
                async with asyncio.timeout(50):
                    while len(receiver.got) < 20:  # noqa: ASYNC110 - the receiver has no event for it
                        await asyncio.sleep(0.02)
            finally:
                running.cancel()
                await asyncio.wait([running])
        assert len(dead.got) == 4
    assert len(set(receiver.ids)) == 20
    assert {row.result for row in await rows(app, "SELECT result FROM webhook_attempt")} == {"delivered"}


async def test_one_place_keeps_the_order_and_a_failure_lets_go_of_what_was_picked(
    app: FastAPI, feed: Feed, receiver: Receiver
) -> None:
    """With one connection events keep their order; after a 410 nothing that was picked is sent."""
    service = app.state.service
    service.settings = service.settings.model_copy(update={"webhook_connections": 1})
    id_, secret = await registered(app, receiver.url)
    receiver.secrets = [secret]
    receiver.answer = lambda number: Response(status_code=410 if number == 3 else 204)
    await feed.deliver(*((example("FigurePublished"), f"figure-{number}") for number in range(9)))
    await send(app)
    assert [read["data"]["subject"] for _, read in receiver.got] == ["figure-0", "figure-1", "figure-2"]
    await endpoints.resume(service.bus, "somebody", id_)
    await send(app)
    order = [read["data"]["subject"] for _, read in receiver.got[3:]]
    assert order == [f"figure-{number}" for number in range(2, 9)]


async def test_picked_deliveries_stop_when_their_endpoint_is_paused_or_moved(
    app: FastAPI, feed: Feed, receiver: Receiver
) -> None:
    """After a pause nothing that was picked follows; after a move the rest goes to the new address."""
    bus, settings = app.state.service.bus, app.state.service.settings
    id_, _ = await registered(app, receiver.url)
    await feed.deliver(*((example("FigurePublished"), f"figure-{number}") for number in range(12)))

    async def meanwhile(action: Awaitable[None], after: int) -> None:
        """Send what is due, and do something while the posts up to that number wait for their answer."""
        answered = asyncio.Event()
        receiver.answer = lambda _: answered
        async with sender(app) as courier:
            sending = asyncio.create_task(courier.send_due())
            while len(receiver.got) < after:  # noqa: ASYNC110 - the receiver has no event for it
                await asyncio.sleep(0.01)
            await action
            answered.set()
            await sending

    async with asyncio.timeout(PATIENCE):
        await meanwhile(endpoints.pause(bus, "somebody", id_), 4)
        await send(app)
        assert len(receiver.got) == 4
        await endpoints.resume(bus, "somebody", id_)
        async with receiving() as other:
            moved = endpoints.Draft(other.url, "Test receiver", ("FigurePublished",))
            await meanwhile(endpoints.change(bus, settings, "somebody", id_, moved), 8)
            await send(app)
            assert (len(receiver.got), len(other.got)) == (8, 4)
    assert len({*receiver.ids, *other.ids}) == 12


async def test_deliveries_are_counted_for_prometheus(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """Attempts, failures, waiting deliveries and paused endpoints are counted."""

    def read(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"tandem_webhook_{name}", labels) or 0.0

    taken, refused = read("attempts_total", result="delivered"), read("attempts_total", result="refused")
    lost = read("given_up_total")
    receiver.answer = lambda number: Response(status_code=204 if number == 1 else 400)
    id_, _ = await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    await feed.deliver((example("FigureRestated"), FIGURE))
    await send(app)
    assert read("attempts_total", result="delivered") - taken == 1
    assert read("attempts_total", result="refused") - refused == 3
    assert read("given_up_total") - lost == 1
    await feed.deliver((example("FigurePublished"), "another"), (example("FigurePublished"), "a third"))
    async with app.state.service.bus.transaction("system:test") as tx:
        await tx.session.execute(sa.text("UPDATE webhook_delivery SET next_at = now() - interval '90 s'"))
    async with sender(app) as courier:
        await courier.count()
        assert (read("waiting"), read("paused")) == (2, 0)
        assert 89 < read("late_seconds") < 600
        await endpoints.pause(app.state.service.bus, "somebody", id_)
        await courier.count()
    assert (read("waiting"), read("paused"), read("late_seconds")) == (2, 1, 0)


async def test_both_secrets_sign_while_they_overlap(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """Either secret verifies during an overlap; without one only the newest does."""
    id_, first = await registered(app, receiver.url)
    service = app.state.service
    key = new_id()
    second = await endpoints.rotate(service.bus, service.settings, "somebody", id_, key, 24)
    assert second is not None
    assert await endpoints.rotate(service.bus, service.settings, "somebody", id_, key, 24) == second, "a second click"
    with pytest.raises(Refused, match="This secret was created on"):
        await endpoints.rotate(service.bus, service.settings, "another", id_, key, 24)
    receiver.secrets = [first, second]
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    third = await endpoints.rotate(service.bus, service.settings, "somebody", id_, new_id(), 0)
    assert third is not None
    receiver.secrets = [third]
    await feed.deliver((example("FigureRestated"), FIGURE))
    await send(app)
    assert len(receiver.got) == 2
    stored = await rows(app, "SELECT sealed FROM webhook_secret")
    assert not [1 for row in stored for secret in (first, second, third) if secret in row.sealed]
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(b"{}", {})


async def test_secrets_outlive_a_new_session_key(app: FastAPI, migrated: str, feed: Feed, receiver: Receiver) -> None:
    """Under a new session key beside the old one, secrets are sealed anew."""
    _, receiver_secret = await registered(app, receiver.url)
    receiver.secrets = [receiver_secret]
    await feed.deliver((example("FigurePublished"), FIGURE))
    old = app.state.service.settings.session_key.get_secret_value()
    new = "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4="
    for keys in (f"{new},{old}", new):
        values = {"webhook_allowed_networks": "127.0.0.0/8", "session_key": keys}
        other = create_app(Settings(**settings_for(migrated, **values)), background=False)
        async with sender(other) as courier:
            if keys != new:
                running = asyncio.create_task(courier.run())
                while not receiver.got:  # noqa: ASYNC110 - the receiver has no event for it
                    await asyncio.sleep(0.02)
                running.cancel()
                await asyncio.wait([running])
            else:
                await feed.deliver((example("FigureRestated"), FIGURE))
                await courier.send_due()
        await other.state.service.bus.close()
    assert len(set(receiver.ids)) == 2  # the first may come twice: its sender was stopped before it noted the answer
    await feed.deliver((example("FigurePublished"), "another"))
    await send(app)  # it knows only the old key, which opens nothing any more
    assert await rows(app, "SELECT state, cause FROM webhook_endpoint") == [("paused", "no_secret")]


async def test_a_sender_without_its_lease_records_nothing(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """A sender that knows that it lost its lease sends nothing; one that learns it afterwards records nothing."""
    await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    async with sender(app) as courier:
        await leases.release(app.state.service.bus, courier.lease)
        with pytest.raises(ExceptionGroup) as raised:
            await courier.send_due()
    assert raised.group_contains(LeaseLost)
    assert not receiver.ids
    async with sender(app) as courier:
        async with app.state.service.bus.transaction("another") as tx:
            await tx.session.execute(text("UPDATE lease SET epoch = epoch + 1, until = clock_timestamp()"))
        with pytest.raises(ExceptionGroup) as raised:
            await courier.send_due()
    assert raised.group_contains(LeaseLost)
    await send(app)
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


async def test_killed_again_and_again_it_loses_nothing(
    app: FastAPI, migrated: str, feed: Feed, receiver: Receiver
) -> None:
    """After kill -9 during deliveries each event arrives, repeated under its own id."""
    await registered(app, receiver.url)
    await feed.deliver(*((example("FigurePublished"), f"figure-{number}") for number in range(60)))
    children: list[BaseProcess] = []

    def answer(number: int) -> Response:
        if number in {3, 35}:
            children[-1].kill()
        return Response(status_code=204)

    receiver.answer = answer
    async with asyncio.timeout(PATIENCE):
        for _ in range(3):
            context = forked("tests.integration.notifications.send_until_killed")
            children.append(context.Process(target=post_all, args=(migrated,), daemon=True))
            await asyncio.to_thread(children[-1].start)
            while children[-1].is_alive():
                await asyncio.sleep(0.05)
                open_ = await rows(app, "SELECT 1 FROM webhook_delivery WHERE state = 'waiting'")
                if not open_:
                    children[-1].kill()
                    await asyncio.to_thread(children[-1].join)
    assert len(set(receiver.ids)) == 60
    assert 60 < len(receiver.ids) <= 60 + 2 * 4
    assert await rows(app, "SELECT count(*) FROM webhook_delivery WHERE state = 'delivered'") == [(60,)]


async def test_a_name_that_changes_its_mind_reaches_nothing(migrated: str, receiver: Receiver) -> None:
    """A name that resolves to our own machine at sending is refused."""
    answers = [["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14", "127.0.0.1"]]

    async def lookup(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    settings = Settings(**settings_for(migrated))
    app = create_app(settings, background=False)
    port = receiver.url.split(":")[2].split("/")[0]
    draft = endpoints.Draft("https://rebind.example/hook", "Rebinding", ["FigurePublished"])
    id_: UUID = new_id()
    await endpoints.register(
        app.state.service.bus, settings, "somebody", id_, WebhookReach.OUTSIDE, draft, lookup=lookup
    )
    poster = Poster(settings, lookup)
    for url in (f"http://rebind.example:{port}/hook", "https://rebind.example/hook"):
        answer = await poster.post(target(url), {}, b"{}")
        assert answer.result is AttemptResult.FORBIDDEN
    await app.state.service.bus.close()
    assert receiver.got == []


async def test_the_connection_goes_to_the_judged_address_in_the_name_of_the_host(
    migrated: str, receiver: Receiver, tmp_path: Path
) -> None:
    """The connection uses the checked address, with the name in `Host` and TLS."""
    requests: list[str] = []
    shaken: list[str | None] = []

    async def lookup(host: str, _port: int) -> list[str]:
        requests.append(host)
        return ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first

    poster = Poster(Settings(**settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")), lookup)
    port = receiver.url.split(":")[2].split("/")[0]
    answer = await poster.post(target(f"http://hooks.example:{port}/hook"), {"webhook-id": "msg_1"}, b"{}")
    assert (answer.result, requests) == (AttemptResult.DELIVERED, ["hooks.example"])
    assert receiver.hosts == [f"hooks.example:{port}"]

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    context.sni_callback = lambda _socket, name, _context: shaken.append(name)
    server = await asyncio.start_server(lambda _r, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    secure = server.sockets[0].getsockname()[1]
    refused = await poster.post(target(f"https://hooks.example:{secure}/hook"), {}, b"{}")
    assert refused.result is AttemptResult.UNREACHABLE
    assert shaken == ["hooks.example"]
    server.close()
    await server.wait_closed()


async def test_an_answer_without_end_is_cut_off(migrated: str) -> None:
    """An endless answer with 200 counts as delivered, with its first 500 characters."""

    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 10_000)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(talks, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    poster = Poster(Settings(**settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")))
    answer = await poster.post(target(f"http://127.0.0.1:{port}/"), {}, b"{}")
    assert (answer.result, answer.said) == (AttemptResult.DELIVERED, "x" * 500)
    server.close()
    await server.wait_closed()


async def test_old_deliveries_are_deleted_and_counted(app: FastAPI, feed: Feed, receiver: Receiver) -> None:
    """After thirty days deliveries are deleted, and undelivered ones are counted."""
    id_, _ = await registered(app, receiver.url)
    await feed.deliver((example("FigurePublished"), FIGURE))
    await send(app)
    await endpoints.pause(app.state.service.bus, "somebody", id_)
    await feed.deliver((example("FigureRestated"), FIGURE))
    async with sender(app) as courier:
        await courier.tidy()
        assert len(await rows(app, "SELECT 1 FROM webhook_delivery")) == 2
        courier.settings = courier.settings.model_copy(update={"webhook_kept_days": 0})
        await courier.tidy()
    for table in ("webhook_delivery", "webhook_attempt", "webhook_content"):
        assert await rows(app, f"SELECT 1 FROM {table}") == []
    assert await rows(app, "SELECT expired FROM webhook_endpoint") == [(1,)]
