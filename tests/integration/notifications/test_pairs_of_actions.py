"""Each pair of actions on webhooks, messages, choices and dead letters of notifications, in both orders and at once.

A test finds the routes that write: each is in a scene, or left out for a reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi import Response

from services.notifications.app import create_app
from services.notifications.preferences.actions import choice_record
from services.notifications.preferences.model.choices import link
from services.notifications.settings import Settings
from shared.identity import service_headers
from shared.ids import new_id
from shared.time import clock
from tests.integration.notifications.conftest import post, recipient, rows, write
from tests.integration.notifications.messages.test_pages import ORIGIN, as_
from tests.integration.notifications.stories import APPLICATION, event
from tests.integration.notifications.webhook_receiver import Receiver, example, receiving, registered, send
from tests.integration.reporting.facts.test_rebuild import changed
from tests.pair_trial import Act, PairTrial, writing_routes
from tests.pairs import KeptDatabase
from tests.support import Feed, owner_of, settings_for, without_versions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Catcher, Contacts

Ids = dict[str, str]
_OF_ENDPOINT = "endpoint_id = '{endpoint_id}'"
PAUSED = "SELECT bool_and(state = 'paused') FROM webhook_endpoint WHERE id = '{endpoint_id}'"
NOT_PAUSED = "SELECT bool_and(state <> 'paused') FROM webhook_endpoint WHERE id = '{endpoint_id}'"
TESTED = f"SELECT count(*) > 0 FROM webhook_delivery WHERE test AND state = 'waiting' AND {_OF_ENDPOINT}"
ONE_QUEUED = "SELECT bool_and(state = 'waiting') FROM webhook_delivery WHERE id = '{delivery_id}'"
ALL_QUEUED = f"SELECT count(*) = 0 FROM webhook_delivery WHERE state = 'failed' AND {_OF_ENDPOINT}"
ON_ITS_WAY = "SELECT bool_and(state = 'waiting') FROM message WHERE id = '{message_id}'"
TRIED_AGAIN = "SELECT count(*) = 0 FROM notification WHERE recipient = '{recipient}' AND state = 'failed'"
NO_MAIL = "SELECT bool_and(choice = 'none') FROM mail_preference WHERE recipient = '{recipient}'"
HOOKS, API = "/notifications/webhooks", "/notifications/api/v1/webhooks"
LEFT_OUT = {
    "makes another one each time, unless it is repeated with its key": {("POST", f"{API}/{{endpoint_id}}/rotate")},
    "the person's own, by the portal, which nobody else changes": {
        ("POST", "/notifications/internal/feed"),
        ("POST", "/notifications/internal/feed/revoke"),
        ("POST", "/notifications/internal/inbox/read"),
    },
}


@dataclass
class People:
    """The app, with the browsers of a scene's people, which send nothing by themselves."""

    app: FastAPI
    feed: Feed
    catcher: Catcher
    receiver: Receiver
    clients: dict[str, httpx2.AsyncClient] = field(default_factory=dict)


Make = Callable[[People], Awaitable[Ids]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything."""
    async with receiving() as made:
        yield made


@pytest.fixture
async def app(migrated: str, catcher: Catcher, contacts: Contacts) -> AsyncIterator[FastAPI]:
    """The app, which may send mails and events to this machine, and tries an event once."""
    values: dict[str, Any] = {"portal_url": contacts.url, "smtp_host": "127.0.0.1", "smtp_port": catcher.port}
    values |= {"webhook_allowed_networks": "127.0.0.0/8", "webhook_schedule": "0"}
    made = create_app(Settings(**settings_for(migrated, **values)), background=False)
    yield made
    await made.state.service.bus.close()


async def whole(kept: KeptDatabase) -> list[str]:
    """Return where rows and events do not agree."""
    numbers = {
        "payload::jsonb ->> 'change' = 'rotated' AND aggregateid IN (SELECT id::text FROM webhook_endpoint)": (
            "SELECT count(*) - count(DISTINCT endpoint_id) FROM webhook_secret"
        ),
        "type = 'WebhookChanged' AND payload::jsonb ->> 'change' = 'registered'": (
            "SELECT count(*) + (SELECT count(*) FROM journal WHERE payload::jsonb ->> 'change' = 'removed')"
            " FROM webhook_endpoint"
        ),
        "type = 'NotificationSent'": "SELECT count(*) FROM notification WHERE sent_at IS NOT NULL",
    }
    found = []
    for event_, query in numbers.items():
        ((rows_,),) = await kept.run(query)
        ((published,),) = await kept.run(f"SELECT count(*) FROM journal WHERE {event_}")
        if rows_ != published:
            found.append(f"{published} events {event_}, {rows_} rows")
    return found


async def webhook(people: People) -> Ids:
    """A webhook."""
    id_, _ = await registered(people.app, people.receiver.url)
    return {"endpoint_id": str(id_), "url": people.receiver.url, "key": str(new_id()), "secret": str(new_id())}


async def paused(people: People) -> Ids:
    """A paused webhook with an event that waits for it."""
    ids = await webhook(people)
    await people.feed.deliver((example("FigurePublished"), "figure"))
    address, headers = f"{API}/{ids['endpoint_id']}", {}
    headers["If-Match"] = (await people.clients["programme"].get(address)).headers["etag"]
    assert (await people.clients["programme"].post(f"{address}/pause", headers=headers)).is_success
    return ids


def on_webhooks() -> list[Act]:
    """Return the acts on a webhook."""
    page, program = f"{HOOKS}/{{endpoint_id}}", f"{API}/{{endpoint_id}}"
    gone, made = "There is no such webhook", "This form was sent on|This secret was created on"

    def draft(description: str, *more: str) -> Callable[[Ids], dict[str, Any]]:
        def body(ids: Ids) -> dict[str, Any]:
            written = {"url": ids["url"], "description": description, "events": ["FigurePublished"]}
            return written | {name: ids["key"] for name in more if name != "reach"} | _reach(more)

        return body

    def rotation(ids: Ids) -> dict[str, str]:
        return {"hours": "24", "key": ids["secret"]}

    return [
        Act("programme", f"{HOOKS}/new", "register", draft("Another", "key"), query="?reach=outside", says=made),
        Act("programme", API, "register", draft("Another", "id", "reach"), says=made),
        Act("other", API, "register by another", draft("Another", "id", "reach"), says=made),
        Act("programme", f"{page}/change", "change", draft("An office"), says=gone),
        Act("programme", program, "change", draft("An office"), method="PUT"),
        Act("other", program, "change otherwise", draft("A desk"), method="PUT"),
        Act("programme", f"{page}/rotate", "rotate", rotation, says=made),
        Act("programme", f"{page}/pause", "pause", aim=PAUSED),
        Act("other", f"{program}/pause", "pause", aim=PAUSED),
        Act("programme", f"{page}/resume", "resume", aim=NOT_PAUSED),
        Act("other", f"{program}/resume", "resume", aim=NOT_PAUSED),
        Act("programme", f"{page}/test", "test", aim=TESTED),
        Act("other", f"{program}/test", "test", aim=TESTED),
        Act("programme", f"{page}/remove", "remove", says=gone),
        Act("other", program, "remove", method="DELETE", says=gone),
    ]


def _reach(more: tuple[str, ...]) -> dict[str, str]:
    return {"reach": "outside"} if "reach" in more else {}


async def failed(people: People) -> Ids:
    """A webhook that did not take an event."""
    people.receiver.answer = lambda _: Response(status_code=400)
    ids = await webhook(people)
    await people.feed.deliver((example("FigurePublished"), "figure"))
    await send(people.app)
    (row,) = await rows(people.app, "SELECT id FROM webhook_delivery WHERE state = 'failed'")
    return ids | {"delivery_id": str(row.id)}


def on_deliveries() -> list[Act]:
    """Return the acts on deliveries that failed."""
    day = clock.today() - timedelta(days=1)
    since = {"since-day": str(day.day), "since-month": str(day.month), "since-year": str(day.year)}
    redeliver = "/deliveries/{delivery_id}/redeliver"
    return [
        Act("programme", HOOKS + redeliver, "send again", aim=ONE_QUEUED),
        Act("other", API + redeliver, "send again", aim=ONE_QUEUED),
        Act("programme", f"{HOOKS}/{{endpoint_id}}/redeliver", "send all again", since, aim=ALL_QUEUED),
        Act(
            "other",
            f"{API}/{{endpoint_id}}/redeliver",
            "send all again",
            {"since": f"{day}T00:00:00Z"},
            aim=ALL_QUEUED,
        ),
    ]


async def unreachable(people: People) -> Ids:
    """A message that a mail server refused, and a person who cannot be reached since."""
    people.catcher.to_address = "550 No"
    await people.feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(people.app)
    people.catcher.to_address = "250 OK"
    (row,) = await rows(people.app, "SELECT id FROM message WHERE rule = 'application_submitted'")
    (entry,) = await rows(people.app, f"SELECT recipient FROM unreachable_recipient WHERE message_id = '{row.id}'")
    return {"message_id": str(row.id), "recipient": str(entry.recipient)}


async def unsure(people: People) -> Ids:
    """A message that may have been sent."""
    people.catcher.to_address = "450 Later"
    await people.feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    await post(people.app)
    people.catcher.to_address = "250 OK"
    await write(
        people.app, "UPDATE notification SET open_attempts = 2 WHERE recipient = :id", id=recipient("applicant")
    )
    await write(people.app, "UPDATE message SET next_at = now() - interval '1 second'")
    await post(people.app)
    (row,) = await rows(people.app, "SELECT id FROM message WHERE state = 'unsure'")
    return {"message_id": str(row.id)}


def on_messages() -> list[Act]:
    """Return the acts on a message."""
    page = "/notifications/messages/{message_id}"
    waiting, sent = "This message is waiting to be sent", "This message was sent on"
    none = "No part of this message failed"
    return [
        Act("programme", f"{page}/retry", "send again", says=waiting, but=none, aim=ON_ITS_WAY),
        Act("other", f"{page}/retry", "send again", says=waiting, but=none, aim=ON_ITS_WAY),
        Act("programme", f"{page}/count-as-sent", "count as sent", says=sent, but=none),
        Act("other", f"{page}/count-as-sent", "count as sent by another", says=sent, but=none),
        Act("programme", f"{page}/resend", "write anew", {"reason": "lost"}, says=waiting),
        Act("other", f"{page}/resend", "write anew otherwise", {"reason": "needed"}, says=waiting),
    ]


def on_unreachable() -> list[Act]:
    """Return the acts on a person who cannot be reached."""
    page, settled = "/notifications/unreachable/{recipient}", "This person was removed from the list on"
    return [
        Act("programme", f"{page}/retry", "send again", aim=TRIED_AGAIN),
        Act("other", f"{page}/retry", "send again", aim=TRIED_AGAIN),
        Act("programme", f"{page}/settle", "settle", says=settled),
        Act("other", f"{page}/settle", "settle by another", says=settled),
    ]


async def nothing_chosen(people: People) -> Ids:
    """Somebody who has chosen nothing."""
    address = link(people.app.state.service.settings.choice_seal, ORIGIN, recipient("applicant"))
    return {"token": address.rpartition("/")[2], "recipient": str(recipient("applicant"))}


def on_choices() -> list[Act]:
    """Return the acts on somebody's choice."""
    record = choice_record(recipient("applicant"))
    page = "/notifications/choice/{token}"

    def chosen(ids: Ids) -> dict[str, str]:
        return {"recipient": ids["recipient"], "choice": "none", "version": ""}

    return [
        Act("anybody", page, "digest", {"choice": "digest", "night": "country"}, record=record),
        Act("anybody", page, "each", {"choice": "each", "night": "none"}, record=record),
        Act("anybody", page, "one click", {"List-Unsubscribe": "One-Click"}, aim=NO_MAIL),
        Act("portal", "/notifications/internal/choice", "none", chosen, record=record, aim=NO_MAIL),
    ]


async def dead_letter(people: People) -> Ids:
    """An event that could not be applied."""
    record = people.feed.record(event("ApplicationSubmitted"), APPLICATION)
    await people.feed.apply([changed(record, value=b'{"profile": 1}')])
    (row,) = await rows(people.app, "SELECT id, topic, subject FROM dead_letter WHERE settled_at IS NULL")
    return {"id": str(row.id), "topic": row.topic, "subject": row.subject}


def on_dead_letters() -> list[Act]:
    """Return the acts on a dead letter."""

    def form(what: str) -> Callable[[Ids], dict[str, str]]:
        return lambda ids: {**ids, "what": what, "reason": "It is of no use"}

    again, skipped = "This event was tried again on", "This event was skipped on"
    return [
        Act("programme", "/notifications/dead-letters", "skip", form("skip"), says=skipped),
        Act("other", "/notifications/dead-letters", "skip by another", form("skip"), says=skipped),
        Act("other", "/notifications/dead-letters", "try again", form("redrive"), says=again, once=False),
    ]


SCENES: dict[str, tuple[Callable[[], list[Act]], Make]] = {
    "webhook": (on_webhooks, webhook),
    "paused webhook": (on_webhooks, paused),
    "failed delivery": (on_deliveries, failed),
    "failed message": (on_messages, unreachable),
    "message that may have been sent": (on_messages, unsure),
    "unreachable person": (on_unreachable, unreachable),
    "choice": (on_choices, nothing_chosen),
    "dead letter": (on_dead_letters, dead_letter),
}


def test_every_route_that_writes_is_tried(app: FastAPI) -> None:
    """Each writing route of the service is in a scene, or left out for a reason; no other is."""
    tried = {(act.method, act.route) for acts, _ in SCENES.values() for act in acts()}
    left = {route for routes in LEFT_OUT.values() for route in routes}
    assert tried | left == writing_routes(app)
    assert not tried & left


@pytest.mark.parametrize("scene", SCENES)
async def test_each_pair_of_actions(app: FastAPI, feed: Feed, catcher: Catcher, receiver: Receiver, scene: str) -> None:
    """A repeat is answered as the first time, anything else is done or refused; rows, events and sentence agree."""
    people = People(app, feed, catcher, receiver)
    acts, make = SCENES[scene]
    async with AsyncExitStack() as stack:
        for name, subject in (("programme", "programme"), ("other", "another")):
            people.clients[name] = without_versions(await stack.enter_async_context(as_(app, subject)), app)
        transport = httpx2.ASGITransport(app)
        headers = service_headers("applications", "service-token-of-the-tests")
        for name, more in (("anybody", {}), ("portal", headers)):
            client = httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=more)
            people.clients[name] = await stack.enter_async_context(client)
        ids = await make(people)
        async with owner_of(app.state.service.bus) as owner:
            trial = PairTrial(app, KeptDatabase(owner), people.clients, ids, whole)
            await trial.try_all(acts())
    assert not trial.wrong, f"{len(trial.wrong)} of {trial.pairs} pairs:\n" + "\n".join(dict.fromkeys(trial.wrong))
    assert trial.pairs
