"""Emails that the server does not answer hold up no others."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from services.notifications.mail.sending import dispatch
from shared.ids import new_id
from tests.integration.notifications.conftest import Catcher, Contacts, desk_of, listening, post, rows
from tests.integration.notifications.mail.test_one_email import MINE
from tests.integration.notifications.stories import APPLICATION, VISIT, event
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiosmtpd.smtp import SMTP, Session
    from aiosmtpd.smtp import Envelope as SmtpEnvelope
    from fastapi import FastAPI

    from tests.support import Feed

APPLICATIONS = 12


class Slow(Catcher):
    """A mail server that takes the content of the first emails to officers, and answers once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = 1
        self.hung: list[str] = []
        self.answers = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer to one mail."""
        if self.hangs and envelope.rcpt_tos[0].startswith("applicant."):
            self.hangs -= 1
            self.hung += envelope.rcpt_tos
            await self.answers.wait()
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
async def catcher() -> AsyncIterator[Slow]:
    """A mail server that is slow to answer, in place of the usual one."""
    made = Slow()
    async with listening(made):
        yield made


async def apply(feed: Feed, count: int) -> None:
    """Have so many officers apply, each with coordinators of their own."""
    await feed.deliver(*((event("ApplicationSubmitted"), new_id()) for _ in range(count)))


async def waiting(app: FastAPI) -> int:
    """Return how many notifications wait."""
    return len(await rows(app, "SELECT 1 FROM notification WHERE state = 'waiting'"))


async def test_one_email_without_an_answer_holds_up_no_other_and_goes_once(
    app: FastAPI, feed: Feed, catcher: Slow, contacts: Contacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other emails, of later batches and later events too, are sent and recorded while one is not answered."""
    monkeypatch.setattr(dispatch, "BATCH", 5)
    contacts.apart = True
    await apply(feed, APPLICATIONS)
    async with desk_of(app) as desk, asyncio.timeout(PATIENCE):
        desk.slow_seconds = 0.1
        assert await desk.send_due() == 2 * APPLICATIONS
        assert len(catcher.raw) == 3 * APPLICATIONS - 1
        assert await waiting(app) == 1
        await apply(feed, 1)
        assert await desk.send_due() == 2
        assert await waiting(app) == 1
        assert await desk.send_due() == 0
        catcher.answers.set()
        while await waiting(app):  # noqa: ASYNC110 - the sender sets it
            await asyncio.sleep(0.02)
        await desk.send_due()
        assert desk.slow == []
    assert set(Counter(catcher.recipients).values()) == {1}
    assert len(catcher.raw) == 3 * (APPLICATIONS + 1)
    assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"done"}


async def test_connections_that_answer_again_serve_the_next_round(
    app: FastAPI, feed: Feed, catcher: Slow, contacts: Contacts
) -> None:
    """Emails that find no free connection go as soon as one answers."""
    contacts.apart = True
    catcher.hangs = 2
    await apply(feed, 2)
    async with desk_of(app) as desk, asyncio.timeout(PATIENCE):
        desk.slow_seconds = 0.1
        assert await desk.send_due() == 4
        assert len(catcher.raw) == 4
        catcher.hangs = 1
        await apply(feed, 1)
        sending = asyncio.create_task(desk.send_due())
        while len(catcher.hung) < 3:  # noqa: ASYNC110 - the server sets it
            await asyncio.sleep(0.02)
        assert not (await asyncio.wait([sending], timeout=0.3))[0]
        catcher.answers.set()
        assert await sending == 2
    assert len(catcher.raw) == 9
    assert set(Counter(catcher.recipients).values()) == {1}
    assert {row.state for row in await rows(app, "SELECT state FROM message")} == {"done"}


async def test_a_stop_cuts_off_what_is_not_answered_and_it_goes_once_more_as_it_was(
    app: FastAPI, feed: Feed, catcher: Slow, contacts: Contacts
) -> None:
    """An email without an answer at the stop may have been sent, and the next start sends it under the same id."""
    contacts.apart = True
    await apply(feed, 1)
    async with desk_of(app) as desk, asyncio.timeout(PATIENCE):
        desk.slow_seconds = desk.line_seconds = 0.1
        await desk.send_due()
    assert await waiting(app) == 1
    (doubtful,) = await rows(app, "SELECT id, state FROM notification WHERE open_attempts = 1")
    assert doubtful.state == "waiting"
    await post(app)
    (mail,) = catcher.to(catcher.hung[0])
    assert str(mail["message-id"]).strip("<>").partition("@")[0] == str(doubtful.id)
    assert {row.state for row in await rows(app, "SELECT state FROM notification")} == {"sent"}


async def test_emails_to_one_reader_keep_their_order(
    app: FastAPI, feed: Feed, catcher: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an email to a reader is not answered, later ones to the same reader wait, in the round and after it."""
    monkeypatch.setattr(dispatch, "BATCH", 1)
    await feed.deliver((event("ApplicationSubmitted"), APPLICATION))
    async with desk_of(app) as desk, asyncio.timeout(PATIENCE):
        desk.slow_seconds = 0.1
        await desk.send_due()
        before = len(catcher.raw)
        await feed.deliver((event("VisitScheduled"), VISIT), (event("VisitCancelled"), VISIT))
        await desk.send_due()
        assert catcher.hung == [MINE]
        assert catcher.to(MINE) == []
        assert len(catcher.raw) > before
        catcher.answers.set()
        while desk.slow:
            await desk.send_due()
            await asyncio.sleep(0.02)
        while await desk.send_due():
            pass
    subjects = [str(mail["subject"]).partition("] ")[2] for mail in catcher.to(MINE)]
    assert subjects[0] == "We have your application"
    assert subjects[-1] == "Your visit is cancelled"
