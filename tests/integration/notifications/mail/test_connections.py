"""A mail is handed over once, even when kept connections have gone silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from services.notifications.mail.sending.letter import Letter
from services.notifications.mail.sending.smtp import Post, Refused, ServerAway
from services.notifications.settings import Settings
from tests.integration.notifications.conftest import listening
from tests.integration.notifications.silent_server import Silent
from tests.support import settings_for
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LETTER = Letter("bounces@tandem.example", "somebody@police.example", b"Subject: Hello\r\n\r\nGood day.\r\n")


@pytest.fixture
async def server() -> AsyncIterator[Silent]:
    """A mail server on a free port."""
    made = Silent()
    async with listening(made):
        yield made


@pytest.fixture
async def mails(server: Silent) -> AsyncIterator[Post]:
    """The connections to that server, with a patience of a second."""
    values = settings_for("postgresql://x/y", smtp_host="127.0.0.1", smtp_port=server.port)
    made = Post(Settings(**values), seconds=1.0)
    yield made
    await made.close()


async def test_a_mail_goes_over_a_new_connection_when_all_that_were_kept_open_are_stale(
    server: Silent, mails: Post
) -> None:
    """The next mail is sent once over a fifth connection after four kept connections went silent."""
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(mails.send(_LETTER) for _ in range(4)))
        server.forget()
        assert len(server.forgotten) == 4
        await mails.send(_LETTER)
        await mails.send(_LETTER)
    assert len(server.raw) == 6
    assert len(server.connections) == 5


async def test_a_server_that_never_answers_is_away(server: Silent, mails: Post) -> None:
    """A silent server is away after three attempts, and gets the mail as soon as it answers."""
    server.to_next = 3
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ServerAway):
            await mails.send(_LETTER)
        assert len(server.connections) == 3
        await mails.send(_LETTER)
    assert len(server.raw) == 1


async def test_a_mail_whose_content_was_handed_over_is_not_handed_over_again_at_once(
    server: Silent, mails: Post
) -> None:
    """Without an answer after the content, the mail waits for a later attempt."""
    server.after_content = True
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ServerAway):
            await mails.send(_LETTER)
    assert server.handed_over == 1


@pytest.mark.parametrize("refused", ["address", "mail"])
async def test_after_a_refusal_the_same_connection_takes_the_next_mail(
    server: Silent, mails: Post, refused: str
) -> None:
    """After a 5xx the next mail uses the same connection."""
    setattr(server, f"to_{refused}", "550 No")
    with pytest.raises(Refused) as wrong:
        await mails.send(_LETTER)
    assert wrong.value.address == (refused == "address")
    server.to_address, server.to_mail = "250 OK", "250 Caught"
    await mails.send(_LETTER)
    assert len(server.raw) == len(server.connections) == 1


async def test_lines_that_begin_with_a_dot_arrive_as_they_were_written(server: Silent, mails: Post) -> None:
    """Leading dots and foreign line ends arrive unchanged."""
    lines = [".Subject: a dot", "", ".", "..", ".a", "b", ""]
    for end in ("\r\n", "\n", "\r"):
        await mails.send(replace(_LETTER, raw=end.join(lines).encode()))
    assert set(server.raw) == {"\r\n".join(lines).encode()}
    assert len(server.raw) == 3


async def test_an_address_with_a_line_break_is_never_said(server: Silent, mails: Post) -> None:
    """An address with a line break, which would be a command, is refused before anything is sent."""
    with pytest.raises(ValueError, match="control character"):
        await mails.send(replace(_LETTER, address="a@police.example>\r\nRCPT TO:<b@police.example"))
    assert server.raw == []
