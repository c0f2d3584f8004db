"""Coordinators manage webhooks by page and by API; errors are named, and secrets are shown once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.settings import Settings
from services.notifications.webhooks.store import endpoints
from shared.ids import new_id
from shared.time import clock
from shared.time.dates import moment
from tests.integration.notifications.conftest import published_events, rows
from tests.integration.notifications.messages.test_pages import as_, page
from tests.integration.notifications.webhook_receiver import Receiver, example, receiving, registered, send
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

HOME = "/notifications/webhooks"
API = "/notifications/api/v1/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
async def app(migrated: str) -> AsyncIterator[FastAPI]:
    """The app, which may send to this machine and retries once."""
    values = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "0"}
    made = create_app(Settings(**settings_for(migrated, **values)), background=False)
    yield made
    await made.state.service.bus.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything."""
    async with receiving() as made:
        yield made


async def test_a_webhook_from_its_registration_to_its_end(app: FastAPI, receiver: Receiver) -> None:
    """A webhook is registered, tested, changed, paused, resumed and removed on pages with confirmations."""
    assert "There are no webhooks yet" in await page(app, "programme", HOME)
    async with as_(app, "programme") as client:
        form = (await client.get(f"{HOME}/new?reach=outside")).text
        assert "FigurePublished" in form
        assert "ApplicationSubmitted" not in form
        key = re.search(r'name="key" value="([0-9a-f-]+)"', form)
        assert key is not None
        written = {"url": receiver.url, "description": "Donor's <data> office", "events": ["FigurePublished"]}
        made = await client.post(f"{HOME}/new?reach=outside", data={**written, "key": key[1]})
        secret = SECRET.search(made.text)
        assert secret is not None
        assert made.headers["cache-control"] == "no-store"
        receiver.secrets = [secret[0]]
        of = f"{HOME}/{key[1]}"
        twice = await client.post(f"{HOME}/new?reach=outside", data={**written, "key": key[1]})
        assert secret[0] in twice.text, "a browser shows the answer to the second click only"
        other = await client.post(f"{HOME}/new?reach=outside", data={**written, "description": "x", "key": key[1]})
        assert (other.status_code, "This form was sent on" in other.text, secret[0] in other.text) == (409, True, False)
        assert len(await rows(app, "SELECT 1 FROM webhook_endpoint")) == 1

        tested = await client.post(f"{of}/test")
        assert (await client.post(f"{of}/test")).headers["location"] == tested.headers["location"]
        assert "It has not been sent yet" in (await client.get(tested.headers["location"])).text
        await send(app)
        assert "Delivered" in (await client.get(tested.headers["location"])).text
        await Feed(app.state.service.bus, consumers).deliver((example("FigurePublished"), "figure"))
        await send(app)
        assert [read["type"] for _, read in receiver.got] == ["WebhookTest", "FigurePublished"]
        shown = (await client.get(of)).text
        assert "Donor&#39;s &lt;data&gt; office" in shown
        assert not SECRET.search(shown)
        assert "There is no such delivery" in (await client.get(f"{of}?state=failed")).text
        (delivery,) = await rows(app, "SELECT id FROM webhook_delivery WHERE NOT test")
        again = await client.post(f"{HOME}/deliveries/{delivery.id}/redeliver")
        assert "sent again within a few seconds" in (await client.get(again.headers["location"])).text

        changed = {**written, "description": "Another office", "events": ["FigurePublished", "PeriodPublished"]}
        assert "checked" in (await client.get(f"{of}/change")).text
        for _ in range(2):
            assert (await client.post(f"{of}/change", data=changed)).headers["location"] == f"{of}?done=changed"
        for step, words in (
            ("pause", "Nothing is sent to this webhook"),
            ("pause", "Paused"),
            ("resume", "Recovering"),
        ):
            done = await client.post(f"{of}/{step}")
            assert words in (await client.get(done.headers["location"])).text
        assert "Remove the webhook?" in (await client.get(f"{of}/remove")).text
        gone = await client.post(f"{of}/remove")
        assert "The webhook is removed." in (await client.get(gone.headers["location"])).text
        assert (await client.get(of)).status_code == 404
        assert (await client.post(f"{of}/remove")).status_code == 404
    changes = [payload["change"] for type_, _, payload in await published_events(app) if type_ == "WebhookChanged"]
    assert changes == ["registered", "changed", "paused", "resumed", "removed"]
    assert "127.0.0.1" not in str(await published_events(app))
    assert await rows(app, "SELECT 1 FROM webhook_delivery") == []


async def test_the_way_back_does_not_repeat_what_was_done(app: FastAPI, receiver: Receiver) -> None:
    """A delivery leads back to the deliveries as they were filtered, not to the address that confirms an action."""
    async with as_(app, "programme") as client:
        form = (await client.get(f"{HOME}/new?reach=outside")).text
        key = re.search(r'name="key" value="([0-9a-f-]+)"', form)
        assert key is not None
        written = {"url": receiver.url, "description": "Donor's office", "events": ["FigurePublished"]}
        await client.post(f"{HOME}/new?reach=outside", data={**written, "key": key[1]})
        of = f"{HOME}/{key[1]}"
        delivery = (await client.post(f"{of}/test")).headers["location"]
        await client.get(f"{of}?state=waiting")
        paused = await client.post(f"{of}/pause")
        assert "The webhook is paused." in (await client.get(paused.headers["location"])).text
        assert f'href="{of}?state=waiting"' in (await client.get(delivery)).text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": ""}, "Enter the web address of the receiver"),
        ({"url": "http://192.168.1.1/"}, "This leads to a private network"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "This leads to a private network"),
        ({"url": "https://user:word@127.0.0.1/"}, "Remove the user name and password"),
        ({"url": "https://127.0.0.1/#part"}, "Remove the part after #"),
        ({"url": "https://no-such-name.invalid/"}, "DNS does not know this name"),
        ({"description": " "}, "Enter who receives it, and what for"),
        ({"description": "x" * 201}, "must be 200 characters or fewer"),
        ({"events": []}, "Select at least one event"),
        ({"events": ["ApplicationSubmitted"]}, "Not a valid choice"),
    ],
)
async def test_a_mistake_is_named_at_its_field_and_what_was_written_is_kept(
    app: FastAPI, changes: dict[str, Any], sentence: str
) -> None:
    """An error is in the summary and at its field; the other answers stay and nothing is saved."""
    written = {"url": "http://127.0.0.1:9/", "description": "Somebody", "events": ["FigurePublished"], **changes}
    async with as_(app, "programme") as client:
        answer = await client.post(f"{HOME}/new?reach=outside", data={**written, "key": str(new_id())})
    assert answer.status_code == 422
    if sentence != "Not a valid choice":
        assert answer.text.count(sentence) == 2
    if written["description"] == "Somebody":
        assert 'value="Somebody"' in answer.text
    assert not SECRET.search(answer.text)
    assert await rows(app, "SELECT 1 FROM webhook_endpoint") == []


async def test_all_mistakes_are_named_at_once(app: FastAPI) -> None:
    """An error of the address is shown together with missing fields."""
    async with as_(app, "programme") as client:
        answer = await client.post(f"{HOME}/new?reach=outside", data={"url": "https://10.0.0.1/"})
    assert answer.status_code == 422
    for sentence in ("leads to a private network", "Enter who receives it", "Select at least one event"):
        assert answer.text.count(sentence) == 2


async def test_a_new_secret_is_shown_once(app: FastAPI, receiver: Receiver) -> None:
    """A new secret is shown once; a form that is sent twice makes one."""
    key = str(new_id())
    written = {"url": receiver.url, "description": "Somebody", "events": ["FigurePublished"], "key": key}
    async with as_(app, "programme") as client:
        await client.post(f"{HOME}/new?reach=outside", data=written)
        of = f"{HOME}/{key}/rotate"
        assert "How long does the old secret stay valid?" in (await client.get(of)).text
        assert "Select how long the old secret" in (await client.post(of, data={})).text
        first = await client.post(of, data={"hours": "24", "key": "0190a000-0000-7000-8000-000000000001"})
        second = await client.post(of, data={"hours": "24", "key": "0190a000-0000-7000-8000-000000000001"})
        secret = SECRET.search(first.text)
        assert secret is not None
        assert secret[0] in second.text
        assert "Old secret valid until" in (await client.get(f"{HOME}/{key}")).text
    assert await rows(app, "SELECT count(*), count(until) FROM webhook_secret") == [(2, 1)]


async def test_failed_deliveries_since_a_day_are_sent_again(app: FastAPI, receiver: Receiver) -> None:
    """Failed deliveries since a day are sent again, and the page shows how many."""
    key = str(new_id())
    written = {"url": receiver.url, "description": "Somebody", "events": ["FigurePublished"], "key": key}
    async with as_(app, "programme") as client:
        await client.post(f"{HOME}/new?reach=outside", data=written)
        async with app.state.service.bus.transaction("system:test") as tx:
            await endpoints.change(tx.session, UUID(key), url="http://127.0.0.1:9/")
        await Feed(app.state.service.bus, consumers).deliver((example("FigurePublished"), "figure"))
        await send(app)
        assert "Not delivered" in (await client.get(f"{HOME}/{key}?state=failed")).text
        of = f"{HOME}/{key}/redeliver"
        assert "From which day?" in (await client.get(of)).text
        assert (await client.post(of, data={"since-day": "40"})).status_code == 422
        day = {"since-day": "1", "since-month": "1", "since-year": "2000"}
        done = await client.post(of, data=day)
        assert "1 delivery is sent again." in (await client.get(done.headers["location"])).text


async def test_an_auditor_looks_and_does_not_change(app: FastAPI, receiver: Receiver) -> None:
    """An auditor sees no buttons; a national coordinator has neither page nor link."""
    async with as_(app, "programme") as client:
        written = {"url": receiver.url, "description": "Somebody", "events": ["FigurePublished"], "key": str(new_id())}
        await client.post(f"{HOME}/new?reach=outside", data=written)
    looked = await page(app, "auditor", HOME)
    assert "Somebody" in looked
    assert "Register a receiver" not in looked
    assert "Send a test" not in await page(app, "auditor", f"{HOME}/{written['key']}")
    await page(app, "auditor", f"{HOME}/new", 403)
    await page(app, "moldova", HOME, 403)
    assert HOME not in await page(app, "moldova", "/notifications/")
    assert HOME in await page(app, "programme", "/notifications/")


async def test_programs_do_the_same_by_the_api(app: FastAPI, receiver: Receiver) -> None:
    """The API does what the pages do, with errors by field as problem+json, repeatable by an own id."""
    async with as_(app, "programme") as client:
        client.headers["Accept"] = "application/json"
        body = {"url": "https://10.0.0.1/", "description": "", "events": [], "reach": "outside", "id": str(new_id())}
        refused = await client.post(API, json=body)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/url", "/description", "/events"]
        body |= {"url": receiver.url, "description": "A program", "events": ["PeriodPublished", "FigurePublished"]}
        made = await client.post(API, json=body)
        assert made.status_code == 201, made.text
        assert (await client.post(API, json=body)).json() == made.json(), "shortly after"
        assert (await client.post(API, json={**body, "description": "x"})).status_code == 409
        receiver.secrets = [made.json()["secret"]]
        of = f"{API}/{body['id']}"
        (listed,) = (await client.get(API)).json()["items"]
        assert listed == (await client.get(of)).json()
        assert listed["events"] == ["FigurePublished", "PeriodPublished"]
        assert "secret" not in str(listed)
        rotated = (await client.post(f"{of}/rotate", json={"hours": 72})).json()["secret"]
        receiver.secrets.append(rotated)
        assert (await client.post(f"{of}/rotate", json={"hours": 5})).json()["errors"][0]["pointer"] == "/hours"
        tested = (await client.post(f"{of}/test")).json()["delivery_id"]
        await Feed(app.state.service.bus, consumers).deliver((example("FigurePublished"), "figure"))
        await send(app)
        assert {read["type"] for _, read in receiver.got} == {"WebhookTest", "FigurePublished"}
        whole = (await client.get(f"{API}/deliveries/{tested}")).json()
        assert whole["delivery"]["webhook_id"] in receiver.ids
        assert [attempt["status"] for attempt in whole["attempts"]] == [204]
        assert '"type":"WebhookTest"' in whole["body"]
        sent = (await client.get(f"{of}/deliveries?state=delivered")).json()
        assert [each["state"] for each in sent["items"]] == ["delivered", "delivered"]
        first = (await client.get(f"{of}/deliveries?limit=1")).json()
        rest = (await client.get(f"{of}/deliveries?limit=1&cursor={first['next']}")).json()
        assert [*first["items"], *rest["items"]] == sent["items"]
        assert (rest["next"], (await client.get(f"{of}/deliveries?cursor=x")).status_code) == (None, 422)
        assert (await client.post(f"{API}/deliveries/{sent['items'][0]['id']}/redeliver")).status_code == 202
        for since in ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
            assert (await client.post(f"{of}/redeliver", json={"since": since})).json() == {"queued": 0}
        assert (await client.post(f"{of}/pause")).json()["cause"] == "by_hand"
        assert (await client.post(f"{of}/resume")).json()["state"] == "recovering"
        change = {"url": receiver.url, "description": "Other words", "events": ["FigureRestated"]}
        assert (await client.put(of, json=change)).json()["description"] == "Other words"
        assert (await client.delete(of)).status_code == 204
        for missing in (of, f"{of}/deliveries", f"{API}/deliveries/{tested}"):
            assert (await client.get(missing)).status_code == 404
        assert (await client.put(of, json=change)).status_code == 404


async def test_a_failing_webhook_says_when_it_is_paused(app: FastAPI, receiver: Receiver) -> None:
    """The page of a webhook whose pause is announced says since when it fails and when it is paused."""
    id_, _ = await registered(app, receiver.url)
    since, pause = clock.now() - timedelta(days=2), clock.now() + timedelta(days=3)
    assert "delivers no event before" not in await page(app, "programme", f"{HOME}/{id_}")
    async with app.state.service.bus.transaction("system:test") as tx:
        await endpoints.change(tx.session, id_, state="failing", failing_since=since, pauses_at=pause)
    shown = await page(app, "programme", f"{HOME}/{id_}")
    warning = (
        f"This webhook has delivered nothing since {moment(since)}. "
        f"If it delivers no event before {moment(pause)}, it is paused."
    )
    assert warning in shown
    async with as_(app, "programme") as client:
        found = (await client.get(f"{API}/{id_}")).json()
    assert datetime.fromisoformat(found["pauses_at"]) == pause
