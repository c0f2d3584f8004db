"""A receiver that is down gets one event at a time until it takes one, then what has waited, each event once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.responses import Response

from deploy.local.ports import free_port
from services.notifications.app import create_app
from services.notifications.records import RECORDS
from services.notifications.settings import Settings
from services.notifications.webhooks import views
from services.notifications.webhooks.actions import endpoints
from services.notifications.webhooks.model import webhook
from services.notifications.webhooks.model.webhook import OPENS_AFTER, WebhookState
from services.notifications.webhooks.worker import send_webhooks
from shared.bus.db.records import named, version_of
from shared.time import clock
from tests.integration.notifications.conftest import published_events, rows
from tests.integration.notifications.webhook_receiver import Receiver, example, receiving, registered, send, sender
from tests.serving import served
from tests.support import Feed, settings_for
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from fastapi import FastAPI


@pytest.fixture
async def app(migrated: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """The app with long pauses between attempts and short ones between probes; it may send to this machine."""
    monkeypatch.setattr(webhook, "FIRST_PROBE", 0.05)
    monkeypatch.setattr(webhook, "LONGEST_PROBE", 0.2)
    values: dict[str, Any] = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "3600,3600,3600"}
    made = create_app(Settings(**settings_for(migrated, **values)), background=False)
    yield made
    await made.state.service.bus.close()


async def state(app: FastAPI) -> str:
    """Return the state of the only endpoint."""
    ((found,),) = await rows(app, "SELECT state FROM webhook_endpoint")
    return str(found)


async def shown_webhook(app: FastAPI, endpoint: UUID) -> views.Webhook:
    """Return an endpoint as pages and API show it."""
    async with app.state.service.bus.read() as session:
        return await views.webhook(session, endpoint)


async def figures(feed: Feed, number: int) -> None:
    """Deliver so many events that the endpoint wants."""
    await feed.deliver(*((example("FigurePublished"), f"figure-{each}") for each in range(number)))


async def test_a_receiver_that_was_killed_gets_one_probe_at_a_time_then_the_queue(app: FastAPI, feed: Feed) -> None:
    """Nothing is given up or sent twice, and a delivery's own attempts are not spent on probes."""
    port, receiver = free_port(), Receiver()
    id_, _ = await registered(app, f"http://127.0.0.1:{port}/hook")
    await figures(feed, 30)
    most = 0

    async def probes() -> bool:
        nonlocal most
        (found,) = await rows(app, "SELECT count(*) AS number FROM webhook_attempt")
        most = max(most, found.number)
        return bool(most >= 2 * OPENS_AFTER + 3)

    async with sender(app) as courier:
        running = asyncio.create_task(courier.run())
        await until(lambda: _is(app, "failing"), unless=running)
        await until(probes, unless=running)
        assert await rows(app, "SELECT DISTINCT state FROM webhook_delivery") == [("waiting",)]
        ((tried,),) = await rows(app, "SELECT max(tried) FROM webhook_delivery")
        assert tried <= 1
        ((begun,),) = await rows(app, "SELECT count(*) FROM webhook_delivery WHERE tried > 0")
        assert begun < 30, "the queue waits while probes fail"
        assert len(courier.under_way) <= 1
        first_answer = asyncio.Event()
        receiver.answer = lambda number: first_answer if number == 1 else Response(status_code=204)
        async with served(receiver.app, port):
            await until(lambda: receiver.got, unless=running)
            assert len(receiver.got) == 1, "one event tries it, the others wait for its answer"
            first_answer.set()
            await until(lambda: _is(app, "active"), unless=running)
            await until(lambda: len(receiver.got) == 30, unless=running)
        running.cancel()
        await asyncio.wait([running])
    assert len(set(receiver.ids)) == 30
    assert await rows(app, "SELECT DISTINCT state FROM webhook_delivery") == [("delivered",)]
    shown = await shown_webhook(app, id_)
    assert (shown.state, shown.waiting, shown.taken, shown.tried) == (WebhookState.ACTIVE, 0, 30, 30)
    assert (shown.failing_since, shown.probe_at) == (None, None)


async def _is(app: FastAPI, wanted: str) -> bool:
    return await state(app) == wanted


async def test_one_event_that_is_refused_holds_back_no_other(app: FastAPI, feed: Feed) -> None:
    """A receiver that refuses one event and takes all others stays active."""
    async with receiving() as receiver:
        receiver.answer = lambda number: Response(status_code=400 if number == 1 else 204)
        id_, _ = await registered(app, receiver.url)
        await figures(feed, 20)
        await send(app)
        shown = await shown_webhook(app, id_)
    assert (shown.state, shown.waiting, shown.share) == (WebhookState.ACTIVE, 1, "19 of the last 20")


async def test_ten_refusals_at_once_are_one_notice(app: FastAPI, feed: Feed) -> None:
    """A receiver that is gone pauses once, with one notice, however many posts are on their way."""
    async with receiving() as receiver:
        gone = asyncio.Event()
        receiver.answer, receiver.late = (lambda _: gone), (lambda: Response(status_code=410))
        await registered(app, receiver.url)
        await figures(feed, 10)
        async with sender(app) as courier:
            sending = asyncio.create_task(courier.send_due())
            await until(lambda: len(receiver.got) == 10, unless=sending)
            gone.set()
            await sending
    assert await state(app) == "paused"
    changes = [payload["change"] for _, _, payload in await published_events(app)]
    assert changes == ["registered", "paused"]
    assert len(await rows(app, "SELECT id FROM message WHERE rule = 'webhook_paused'")) == 1


async def test_sending_does_not_outdate_the_form_of_a_webhook(app: FastAPI, feed: Feed) -> None:
    """The version of the record is the same while it is active, fails and recovers; a pause changes it."""
    port, receiver = free_port(), Receiver()
    id_, _ = await registered(app, f"http://127.0.0.1:{port}/hook")
    before = await version(app, id_)
    await figures(feed, OPENS_AFTER)
    async with sender(app) as courier:
        await courier.send_due()
        assert await state(app) == "failing"
        assert await version(app, id_) == before
        async with served(receiver.app, port):
            await until(courier.send_due)
        assert await state(app) == "recovering"
        assert await version(app, id_) == before
    await endpoints.pause(app.state.service.bus, "somebody", id_)
    assert await version(app, id_) != before


async def version(app: FastAPI, endpoint: UUID) -> str:
    """Return the version of an endpoint, which forms and `If-Match` name."""
    async with app.state.service.bus.read() as session:
        return await version_of(session, named(RECORDS.by_parameter["endpoint_id"], "endpoint", endpoint))


async def test_two_senders_at_once_send_each_event_once(app: FastAPI, migrated: str, feed: Feed) -> None:
    """Two processes run the loop; the lease lets one send, also while the receiver fails and recovers."""
    values: dict[str, Any] = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "3600,3600,3600"}
    other = create_app(Settings(**settings_for(migrated, **values)), background=False)
    other.state.service.bus.holder += " on another machine"
    port, receiver = free_port(), Receiver()
    await registered(app, f"http://127.0.0.1:{port}/hook")
    await figures(feed, 25)
    loops = [asyncio.create_task(send_webhooks(each.state.service)) for each in (app, other)]
    await until(lambda: _is(app, "failing"))
    async with served(receiver.app, port):
        await until(lambda: _is(app, "active"))
    for loop in loops:
        loop.cancel()
    await asyncio.wait(loops)
    await other.state.service.bus.close()
    assert len(receiver.ids) == len(set(receiver.ids)) == 25


async def test_after_the_probe_the_queue_goes_out_in_order(app: FastAPI, feed: Feed) -> None:
    """One event tries a receiver that is back; then all that waited follows in the order in which it happened."""
    service = app.state.service
    service.settings = service.settings.model_copy(update={"webhook_connections": 1})
    port, receiver = free_port(), Receiver()
    _, secret = await registered(app, f"http://127.0.0.1:{port}/hook")
    receiver.secrets = [secret]
    await figures(feed, 30)
    async with sender(app) as courier:
        while await state(app) != "failing":
            await courier.send_due()
        await until(courier.send_due)
        async with served(receiver.app, port):
            await until(courier.send_due)
            assert len(receiver.got) == 1
            while await courier.send_due():
                pass
    probe, *rest = [read["data"]["subject"] for _, read in receiver.got]
    order = [f"figure-{number}" for number in range(30)]
    order.remove(probe)
    assert rest == order


@pytest.mark.usefixtures("own_clock")
async def test_a_pause_is_announced_once_well_before_it(app: FastAPI, feed: Feed) -> None:
    """A receiver that takes nothing is announced after a day and paused after five; so again after a recovery."""
    async with receiving() as receiver:
        id_, _ = await registered(app, receiver.url)
        for _ in range(2):
            receiver.answer = lambda _: Response(status_code=500)
            await fail_until_paused(app, feed, id_)
            receiver.answer = lambda _: Response(status_code=204)
            await endpoints.resume(app.state.service.bus, "somebody", id_)
            await send(app)
            assert await state(app) == "active"
    rules = [message.rule for message in await announced(app)]
    assert rules == ["webhook_failing", "webhook_paused"] * 2
    changes = [payload["change"] for _, _, payload in await published_events(app)]
    assert changes == ["registered", *["failing", "paused", "resumed"] * 2]


async def fail_until_paused(app: FastAPI, feed: Feed, endpoint: UUID) -> None:
    """Let an endpoint fail for five days, with a probe at the turns of its time."""
    await figures(feed, OPENS_AFTER)
    before, begun = len(await announced(app)), clock.now()
    async with sender(app) as courier:
        await courier.send_due()
        assert len(await announced(app)) == before
        clock.move(timedelta(days=1, minutes=1))
        for _ in range(3):
            await until(courier.send_due)
        (warning,) = (await announced(app))[before:]
        shown = await shown_webhook(app, endpoint)
        assert shown.failing_since is not None
        assert begun <= shown.failing_since < begun + timedelta(minutes=1)
        assert shown.pauses_at == shown.failing_since + timedelta(days=5)
        said = {name: datetime.fromisoformat(warning.facts[name]) for name in ("failing_since", "pauses_at")}
        assert said == {"failing_since": shown.failing_since, "pauses_at": shown.pauses_at}
        clock.move(timedelta(days=3, hours=23))
        await until(courier.send_due)
        assert await state(app) == "failing"
        clock.move(timedelta(hours=1))
        await until(courier.send_due)
        assert await state(app) == "paused"
        assert await courier.send_due() == 0


async def announced(app: FastAPI) -> Sequence[Any]:
    """Return the messages to the coordinators, the oldest first."""
    return await rows(app, "SELECT rule, facts FROM message ORDER BY at, id")


@pytest.mark.usefixtures("own_clock")
@pytest.mark.parametrize("answer", ["a success", "a new address"])
async def test_the_end_of_a_failure_ends_its_announcement(app: FastAPI, feed: Feed, answer: str) -> None:
    """After a success or a new address a webhook is paused neither on the announced day nor without a new warning."""
    async with receiving() as receiver:
        receiver.answer = lambda _: Response(status_code=500)
        id_, _ = await registered(app, receiver.url)
        await figures(feed, OPENS_AFTER)
        await send(app)
        clock.move(timedelta(days=2))
        async with sender(app) as courier:
            await until(courier.send_due)
            assert (await shown_webhook(app, id_)).pauses_at is not None
            if answer == "a success":
                receiver.answer = lambda number: Response(status_code=204 if number == OPENS_AFTER + 2 else 500)
                await until(courier.send_due)
            else:
                draft = endpoints.Draft(receiver.url.replace("/hook", "/other"), "Test receiver", ("FigurePublished",))
                await endpoints.change(app.state.service.bus, app.state.service.settings, "somebody", id_, draft)
            assert (await shown_webhook(app, id_)).pauses_at is None
            clock.move(timedelta(days=4))
            await until(courier.send_due)
            assert await state(app) != "paused"


@pytest.mark.usefixtures("own_clock")
async def test_nothing_is_paused_without_a_warning(app: FastAPI, feed: Feed) -> None:
    """After a long silence a webhook is paused days after its warning, not with the first failure."""
    id_, _ = await registered(app, f"http://127.0.0.1:{free_port()}/hook")
    await figures(feed, OPENS_AFTER)
    async with sender(app) as courier:
        await courier.send_due()
        clock.move(timedelta(days=30))
        await until(courier.send_due)
        assert [message.rule for message in await announced(app)] == ["webhook_failing"]
        shown = await shown_webhook(app, id_)
        assert shown.pauses_at is not None
        assert shown.pauses_at - clock.now() > timedelta(days=2)
        clock.move(timedelta(days=3))
        await until(courier.send_due)
        assert await state(app) == "paused"


@pytest.mark.usefixtures("own_clock")
async def test_all_times_are_by_the_programmes_clock(app: FastAPI, feed: Feed) -> None:
    """Times of sending and of events are those of one clock, also after the clock of a local run was moved."""
    clock.move(timedelta(days=40))
    port, receiver = free_port(), Receiver()
    id_, _ = await registered(app, f"http://127.0.0.1:{port}/hook")
    await figures(feed, OPENS_AFTER + 1)
    async with served(receiver.app, port):
        receiver.answer = lambda number: Response(status_code=204 if number == 1 else 500)
        await send(app)
    shown, begun = await shown_webhook(app, id_), clock.now()
    assert shown.probe_at is not None
    assert abs(shown.probe_at - begun) < timedelta(minutes=1)
    clock.move(timedelta(days=7))
    shown, now = await shown_webhook(app, id_), clock.now()
    assert shown.probe_at is not None
    assert abs(shown.probe_at - now) < timedelta(minutes=1), "what lies ahead moves with the clock"
    async with app.state.service.bus.read() as session:
        page = await views.webhook_page(session, id_, None, 1)
        attempts = [(await views.delivery(session, each.id))[0].attempts for each in page.deliveries]
    past = [shown.registered_at, shown.taken_at, shown.failing_since, *(each.at for each in page.deliveries)]
    past += [attempt.at for of_one in attempts for attempt in of_one]
    for moment in past:
        assert moment is not None
        assert timedelta() <= begun - moment < timedelta(minutes=1), "what happened keeps its time"
