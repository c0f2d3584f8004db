"""Each mail is sent at least once under one Message-ID, even when the sender is killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from shared.ids import new_id
from tests.integration.notifications import test_stalled
from tests.integration.notifications.conftest import Catcher, Contacts, post, published_events, rows, text_of
from tests.integration.notifications.mail.test_one_email import numbered, submit
from tests.integration.notifications.send_until_killed import send_all
from tests.integration.notifications.stories import event
from tests.processes import forked
from tests.stalls import stalled
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from fastapi import FastAPI

    from tests.support import Feed

APPLICATIONS = 12
"""So many are new in each life: one that is killed late may leave nothing to the next."""
# After so many mails of its life the sender is killed, so many seconds after the server has the mail: before its 250,
# between the 250 and the commit, and while a set is being committed.
KILLS = ((1, 0.0), (3, 0.002), (7, 0.035), (2, 0.05), (5, 0.01))


async def test_killed_again_and_again_no_mail_is_lost_and_none_has_two_ids(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, migrated: str
) -> None:
    """After kills at five moments around the 250 every mail arrives, and repeats keep their Message-ID."""
    values = settings_for(
        migrated, portal_url=contacts.url, smtp_host="127.0.0.1", smtp_port=catcher.port, mail_connections=3
    )
    environment = {f"TANDEM_{name.upper()}": str(value) for name, value in values.items()}
    contacts.apart = True
    for count, after in KILLS:
        await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))
        await _one_life(catcher, environment, count, after)
    last = await _sender(environment)
    async with asyncio.timeout(PATIENCE):
        while await rows(app, "SELECT 1 FROM message WHERE state = 'waiting'"):  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.05)
    last.kill()
    await asyncio.to_thread(last.join)
    mails = [str(mail["message-id"]) for mail in catcher.mails]
    whom = set(zip(mails, catcher.recipients, strict=True))
    wanted = len(KILLS) * APPLICATIONS * 3
    unsure = len(await rows(app, "SELECT 1 FROM notification WHERE state = 'unsure'"))
    assert len(set(mails)) == len(whom), "one went out under two Message-IDs"
    assert wanted - unsure <= len(whom) <= wanted, "a mail got lost"
    assert len(mails) > len(whom), "no kill fell between a 250 and its commit"
    assert max(Counter(mails).values()) == 2
    sent = Counter(type_ for type_, _, _ in await published_events(app))
    assert sent == {"NotificationSent": wanted - unsure}


async def test_kills_at_the_same_set_make_no_third_copy(
    app: FastAPI, feed: Feed, catcher: Catcher, contacts: Contacts, migrated: str
) -> None:
    """Killed at mails that the server takes, until none waits, the sender sends none a third time, and says of which.

    What was recorded as sent has left; of all else one or two attempts were never closed, and a person decides.
    """
    values = settings_for(
        migrated, portal_url=contacts.url, smtp_host="127.0.0.1", smtp_port=catcher.port, mail_connections=3
    )
    environment = {f"TANDEM_{name.upper()}": str(value) for name, value in values.items()}
    contacts.apart = True
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))

    async def over() -> bool:
        return not await rows(app, "SELECT 1 FROM message WHERE state = 'waiting'")

    def kill_at(life: BaseProcess, *, any_mail: bool) -> None:
        """Kill a life at the first mail that it sends, or at the first that one before it had sent."""

        def on_taken() -> None:
            if any_mail or str(catcher.mails[-1]["message-id"]) in before:
                life.kill()

        before = {str(mail["message-id"]) for mail in catcher.mails}
        catcher.on_taken = on_taken

    kills = 0
    for number in range(30):
        if await over():
            break
        kills += 1
        life = await _sender(environment)
        kill_at(life, any_mail=number % 2 == 0)
        while life.is_alive() and not await over():  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.05)
        life.kill()
        await asyncio.to_thread(life.join)
    catcher.on_taken = lambda: None
    assert kills >= 4, "each set ends after two attempts"
    await post(app)
    copies = Counter(str(mail["message-id"]).partition("@")[0].strip("<") for mail in catcher.mails)
    assert max(copies.values()) == 2, "no kill fell between a 250 and its commit"
    found = await rows(app, "SELECT id, message_id, state FROM notification")
    assert {row.state for row in found} <= {"sent", "unsure"}
    assert len(found) == APPLICATIONS * 3
    assert {str(row.id) for row in found if row.state == "sent"} <= copies.keys()
    unsure = {str(row.message_id) for row in found if row.state == "unsure"}
    assert {row.subject for row in await rows(app, "SELECT subject FROM set_aside")} == unsure
    assert {str(row.id) for row in await rows(app, "SELECT id FROM message WHERE state = 'unsure'")} == unsure


@pytest.mark.parametrize(
    ("at", "copies", "unsure"),
    [
        ("delivery_log:store.claim", {1}, False),
        ("smtp:Post._hand_over", {0, 1}, True),
        ("delivery_log:sent", {2}, True),
    ],
)
async def test_an_email_of_several_messages_survives_two_kills_at_each_step(
    app: FastAPI,
    feed: Feed,
    catcher: Catcher,
    contacts: Contacts,
    migrated: str,
    at: str,
    copies: set[int],
    unsure: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Killed twice before the claim, the handing over or the record, no email has three copies, and none is forgotten.

    All messages of an email have one end: they are sent, or a person decides about them.
    """
    await submit(feed, 4)
    values = {
        "database": migrated,
        "portal_url": contacts.url,
        "smtp_host": "127.0.0.1",
        "smtp_port": catcher.port,
        "mail_connections": 1,
    }
    where = f"services.notifications.mail.sending.{at}"
    for _ in range(2):
        async with stalled(test_stalled.__name__, test_stalled.mail_all, values, at=where):
            pass  # the kill comes here
    await post(app)
    found = await rows(app, "SELECT id, message_id, mail_id, state FROM notification")
    assert len(found) == 4 * 3
    ends: dict[str, set[str]] = {}
    for row in found:
        ends.setdefault(str(row.mail_id), set()).add(row.state)
    assert sorted(map(len, ends.values())) == [1, 1, 1]
    left = {mail_id for mail_id, states in ends.items() if states == {"unsure"}}
    assert {mail_id for mail_id, states in ends.items() if states == {"sent"}} == ends.keys() - left
    assert len(left) == (1 if unsure else 0)
    taken = Counter(str(mail["message-id"]).strip("<>").partition("@")[0] for mail in catcher.mails)
    assert {taken[mail_id] for mail_id in ends} == copies
    assert taken.keys() <= ends.keys()
    for mail in catcher.mails:
        words = text_of(mail)
        assert [words.count(f"* [{numbered(number)}]") for number in range(1, 5)] == [1] * 4
    named = {str(row.message_id) for row in found if row.state == "unsure"}
    assert {row.subject for row in await rows(app, "SELECT subject FROM set_aside")} == named


async def _sender(environment: dict[str, str]) -> BaseProcess:
    """Start a process that sends."""
    process = forked("tests.integration.notifications.send_until_killed").Process(
        target=send_all, args=(environment,), daemon=True
    )
    await asyncio.to_thread(process.start)
    return process


async def _one_life(catcher: Catcher, environment: dict[str, str], count: int, after: float) -> None:
    """Start the sender, and kill it `after` seconds past its `count`-th mail."""
    loop, killed, left = asyncio.get_running_loop(), asyncio.Event(), [count]
    lives: list[BaseProcess] = []

    def kill() -> None:
        lives[0].kill()
        killed.set()

    def on_taken() -> None:
        left[0] -= 1
        if left[0] == 0:
            loop.call_later(after, kill) if after else kill()

    catcher.on_taken = on_taken
    lives.append(await _sender(environment))
    async with asyncio.timeout(PATIENCE):
        await killed.wait()
        await asyncio.to_thread(lives[0].join)
    catcher.on_taken = lambda: None
