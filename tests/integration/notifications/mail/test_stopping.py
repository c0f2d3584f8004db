"""Is what the mail server took written down, and not sent again, when the process that sends is told to stop?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.ids import new_id
from tests.integration.notifications.conftest import desk_of, listening, post, rows, told
from tests.integration.notifications.silent_server import Silent
from tests.integration.notifications.stories import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from tests.integration.notifications.conftest import Catcher
    from tests.support import Feed

APPLICATIONS = 12
MAILS = 3 * APPLICATIONS
_SENT = "SELECT id FROM notification WHERE state = 'sent'"


@pytest.fixture
async def catcher() -> AsyncIterator[Silent]:
    """A mail server that can fall silent, in the place of the one that always answers."""
    made = Silent()
    async with listening(made):
        yield made


async def _stopped_after(app: FastAPI, catcher: Catcher, mails: int, line_seconds: float | None = None) -> None:
    """Send what is due, and cancel it as a stop does while the server has that mail and has not yet answered."""
    left = [mails]
    async with desk_of(app) as desk:
        if line_seconds is not None:
            desk.line_seconds = line_seconds
        sending = asyncio.create_task(desk.send_due())

        def taken() -> None:
            left[0] -= 1
            if left[0] == 0:
                sending.cancel()

        catcher.taken = taken
        async with asyncio.timeout(30):
            await asyncio.wait([sending])
        assert sending.cancelled()
        catcher.taken = lambda: None


async def test_an_orderly_stop_writes_down_what_was_taken_and_nothing_is_sent_again(
    app: FastAPI, feed: Feed, catcher: Silent
) -> None:
    """Stopped twice in the middle: each mail taken is sent and told, most wait, and the next start sends only those."""
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))
    for after in (7, 12):
        before = len(catcher.raw)
        await _stopped_after(app, catcher, after)
        assert before + after <= len(catcher.raw) < before + after + 6, "a line went on after the mail it was at"
        assert len(await rows(app, _SENT)) == len(await told(app)) == len(catcher.raw)
    await post(app)
    await post(app)
    assert len(catcher.raw) == len({str(mail["message-id"]) for mail in catcher.mails}) == MAILS
    assert len(await told(app)) == MAILS


async def test_a_server_that_hangs_at_the_stop_costs_one_mail_a_line(app: FastAPI, feed: Feed, catcher: Silent) -> None:
    """Two lines wait for an answer that does not come: they are broken off, and what the third sent is written down."""
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(APPLICATIONS)))
    catcher.to_next = 2
    await _stopped_after(app, catcher, 6, line_seconds=2.0)
    assert 6 <= len(catcher.raw) < MAILS
    assert len(await rows(app, _SENT)) == len(await told(app)) == len(catcher.raw)
    await post(app)
    assert len(catcher.raw) == len({str(mail["message-id"]) for mail in catcher.mails}) == MAILS
