"""Mails that the server took are recorded and not sent again when the sender is stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.ids import new_id
from tests.integration.notifications.conftest import Contacts, desk_of, listening, post, published_events, rows
from tests.integration.notifications.silent_server import Silent
from tests.integration.notifications.stories import event
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Catcher, Contacts
    from tests.support import Feed

APPLICATIONS = 12
MAILS = 3 * APPLICATIONS
_SENT = "SELECT id FROM notification WHERE state = 'sent'"


@pytest.fixture
async def catcher() -> AsyncIterator[Silent]:
    """A mail server that can fall silent, in place of the usual one."""
    made = Silent()
    async with listening(made):
        yield made


async def _stopped_after(app: FastAPI, catcher: Catcher, mails: int, line_seconds: float | None = None) -> None:
    """Send what is due, and cancel it while the server has that mail and has not yet answered."""
    left = [mails]
    async with desk_of(app) as desk:
        if line_seconds is not None:
            desk.line_seconds = line_seconds
        sending = asyncio.create_task(desk.send_due())

        def on_taken() -> None:
            left[0] -= 1
            if left[0] == 0:
                sending.cancel()

        catcher.on_taken = on_taken
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([sending])
        assert sending.cancelled()
        catcher.on_taken = lambda: None


async def test_an_orderly_stop_writes_down_what_was_taken_and_nothing_is_sent_again(
    app: FastAPI, feed: Feed, catcher: Silent, contacts: Contacts
) -> None:
    """After two stops each mail that was taken is recorded, and the next start sends the others."""
    contacts.apart = True
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))
    for after in (7, 12):
        before = len(catcher.raw)
        await _stopped_after(app, catcher, after)
        assert before + after <= len(catcher.raw) < before + after + 6, "a line went on after the mail it was at"
        assert len(await rows(app, _SENT)) == len(await published_events(app)) == len(catcher.raw)
    await post(app)
    await post(app)
    assert len(catcher.raw) == len({str(mail["message-id"]) for mail in catcher.mails}) == MAILS
    assert len(await published_events(app)) == MAILS


async def test_a_server_that_hangs_at_the_stop_costs_one_mail_a_line(
    app: FastAPI, feed: Feed, catcher: Silent, contacts: Contacts
) -> None:
    """Hanging connections are cut off, and the mails of the others are recorded."""
    contacts.apart = True
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))
    catcher.to_next = 2
    await _stopped_after(app, catcher, 6, line_seconds=2.0)
    assert 6 <= len(catcher.raw) < MAILS
    assert len(await rows(app, _SENT)) == len(await published_events(app)) == len(catcher.raw)
    await post(app)
    assert len(catcher.raw) == len({str(mail["message-id"]) for mail in catcher.mails}) == MAILS
