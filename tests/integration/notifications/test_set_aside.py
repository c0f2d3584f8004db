"""A subject that a sender fails at is set aside and named; everybody else is served, and it comes back by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import aiosmtplib
import pytest

from services.notifications.app import create_app
from services.notifications.consumers import consumers
from services.notifications.mail.bounces import reports
from services.notifications.reminders.actions import deadlines, digests
from services.notifications.settings import Settings
from shared.bus import set_aside
from shared.bus.db.leases import hold
from shared.identity.sealing import Seal, keys_from
from shared.time import clock
from shared.time.workdays import is_working_day
from tests.impossible import impossible, set_aside_by
from tests.integration.notifications.conftest import Catcher, Contacts, post, published_events, rows, write
from tests.integration.notifications.mail.test_bounces import mail_server
from tests.integration.notifications.messages.test_pages import page
from tests.integration.notifications.reports import report
from tests.integration.notifications.stories import APPLICATION, event, in_days
from tests.integration.notifications.webhook_receiver import example, receiving, registered, sender
from tests.support import Feed, settings_for

if TYPE_CHECKING:
    from fastapi import FastAPI


OTHER = UUID("01900000-0000-7000-8000-00000000ab01")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once what was set aside."""
    monkeypatch.setattr(set_aside, "AGAIN_AFTER", 0.0)


async def named(app: FastAPI) -> list[str]:
    """Return the subjects that are set aside."""
    return [row.subject for row in await rows(app, "SELECT subject FROM set_aside ORDER BY subject")]


async def problems(app: FastAPI) -> str:
    """Return the page of problems, as the programme coordinator reads it."""
    return await page(app, "programme", "/notifications/dead-letters")


@pytest.mark.parametrize(
    "impossible",
    ["rule = 'no_such_rule'", 'audience = \'{"kind": "nobody"}\'', "facts = '[]'"],
)
async def test_an_impossible_message_holds_up_no_other(
    app: FastAPI, feed: Feed, catcher: Catcher, impossible: str
) -> None:
    """The others are sent, the page names it, and it is sent once its facts are right."""
    await feed.deliver(
        (event("ApplicationSubmitted", due=in_days(10)), APPLICATION),
        (event("ApplicationSubmitted", due=in_days(10)), OTHER),
    )
    (bad,) = await rows(app, f"SELECT * FROM message WHERE application_id = '{APPLICATION}' ORDER BY at, id LIMIT 1")
    sent = {row.id for row in await rows(app, "SELECT id FROM message")} - {bad.id}
    await write(app, f"UPDATE message SET {impossible} WHERE id = :id", id=bad.id)
    await post(app)
    done = {row.id for row in await rows(app, "SELECT id FROM message WHERE state = 'done'")}
    assert done == sent
    assert catcher.mails
    assert await named(app) == [str(bad.id)]
    assert str(bad.id) in await problems(app)
    whole = {name: json.dumps(getattr(bad, name)) for name in ("audience", "facts")}
    right = "UPDATE message SET rule = :rule, audience = CAST(:audience AS jsonb), facts = CAST(:facts AS jsonb),"
    await write(app, f"{right} next_at = now() WHERE id = :id", id=bad.id, rule=bad.rule, **whole)
    await post(app)
    assert (await rows(app, f"SELECT state FROM message WHERE id = '{bad.id}'"))[0].state == "done"
    assert await named(app) == []


async def test_an_impossible_deadline_holds_up_no_other(app: FastAPI, feed: Feed) -> None:
    """Of two deadlines that have passed one has no kind: the other is announced, and the first is named."""
    await feed.deliver(
        (event("ApplicationSubmitted", due=in_days(10)), APPLICATION),
        (event("ApplicationSubmitted", due=in_days(10)), OTHER),
    )
    (bad,) = await rows(app, f"SELECT id, kind FROM deadline WHERE case_id = '{APPLICATION}' AND open LIMIT 1")
    await write(app, "UPDATE deadline SET kind = 'no_such_kind' WHERE id = :id", id=bad.id)
    clock.move(timedelta(days=12))
    before = len(await published_events(app))
    aside = set_aside.SetAside[UUID](app.state.service.bus, deadlines.WORK)
    async with hold(app.state.service.bus, "deadlines") as lease:
        await deadlines.sweep(app.state.service.bus, lease, clock.now(), aside)
        new = (await published_events(app))[before:]
        assert {payload["subject_id"] for _, _, payload in new} == {str(OTHER)}
        assert str(bad.id) in await named(app)
        assert str(bad.id) in await problems(app)
        await write(app, "UPDATE deadline SET kind = :kind WHERE id = :id", id=bad.id, kind=bad.kind)
        await deadlines.sweep(app.state.service.bus, lease, clock.now(), aside)
    new = (await published_events(app))[before:]
    assert {payload["subject_id"] for _, _, payload in new} == {str(OTHER), str(APPLICATION)}
    assert await named(app) == []


async def test_an_impossible_place_holds_up_no_digest(
    app: FastAPI, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that is none gets no digest, and is named; the days of the others are kept."""
    await feed.deliver(
        (event("ApplicationSubmitted", due=in_days(10)), APPLICATION),
        (event("ApplicationSubmitted", due=in_days(10)), OTHER),
    )
    await write(app, "UPDATE deadline SET kind = 'no_such_kind' WHERE id = (SELECT max(id::text)::uuid FROM deadline)")
    await write(app, "UPDATE deadline SET holder_key = 'home_coordinator:nowhere at all' WHERE case_id = :id", id=OTHER)
    await write(app, "INSERT INTO digest (place, day, at) VALUES ('nowhere at all', '2020-01-01', now())")
    while not is_working_day(clock.today(), "MD"):
        clock.move(timedelta(days=1))
    async with hold(app.state.service.bus, "digests") as lease:
        await digests.write_due(app.state.service.bus, lease, 0)
    assert "MD" in {row.place for row in await rows(app, "SELECT place FROM digest")}
    assert await named(app) == ["nowhere at all"]
    assert "nowhere at all" in await problems(app)


@pytest.mark.parametrize("impossible", ["a secret that is no base64", "an attempt that cannot be counted"])
async def test_an_impossible_webhook_holds_up_no_other(migrated: str, impossible: str) -> None:
    """One webhook cannot be signed or recorded: the other is sent, the page names the first, and it comes back."""
    values = settings_for(migrated, webhook_allowed_networks="127.0.0.0/8")
    app = create_app(Settings(**values), background=False)
    seal = Seal(keys_from(app.state.service.settings.session_key.get_secret_value()), "webhook")
    async with receiving() as receiver, receiving() as other:
        bad, secret = await registered(app, receiver.url)
        await registered(app, other.url)
        await Feed(app.state.service.bus, consumers).deliver((example("FigurePublished"), "TOPCOP-OP-02:2026-H1"))
        wrong = secret if "counted" in impossible else "whsec_a"
        attempts = 2**31 - 1 if "counted" in impossible else 0
        await _set(app, bad, seal.close({"secret": wrong}), attempts)
        async with sender(app) as made:
            await made.send_due()
        assert len(other.got) == 1
        assert await named(app) == [str(bad)]
        assert str(bad) in await problems(app)
        receiver.secrets, receiver.got = [secret], []
        await _set(app, bad, seal.close({"secret": secret}), 0)
        async with sender(app) as made:
            await made.send_due()
        assert len(receiver.got) == len(other.got) == 1
        assert await named(app) == []
    await app.state.service.bus.close()


async def _set(app: FastAPI, endpoint: UUID, sealed: str, attempts: int) -> None:
    await write(app, "UPDATE webhook_secret SET sealed = :sealed WHERE endpoint_id = :id", sealed=sealed, id=endpoint)
    await write(
        app, "UPDATE webhook_delivery SET attempts = :number WHERE endpoint_id = :id", number=attempts, id=endpoint
    )


async def test_an_impossible_report_holds_up_no_other(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts
) -> None:
    """Of two reports about mails one cannot be applied: the other is, and the first is asked for again and named."""
    bus, contacts.apart = app.state.service.bus, True
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION), (event("ApplicationSubmitted"), OTHER))
    await post(app)
    senders = {
        str(mail["message-id"])[1:].partition("@")[0]: sender
        for mail, sender in zip(catcher.mails, catcher.senders, strict=True)
    }
    (bad, to_bad), (good, to_good) = list(senders.items())[:2]
    async with mail_server(app) as server:
        async with impossible(bus, "notification", f"OLD.id = '{bad}'"):
            with pytest.raises(aiosmtplib.SMTPDataError) as raised:
                await server.sendmail("", [to_bad], report(bad))
            assert raised.value.code == 451
            await server.sendmail("", [to_good], report(good))
            assert await set_aside_by(bus) == {(reports.WORK, bad)}
            assert len(await rows(app, "SELECT * FROM bounce")) == 1
        await server.sendmail("", [to_bad], report(bad))
    assert len(await rows(app, "SELECT * FROM bounce")) == 2
    assert await set_aside_by(bus) == set()
