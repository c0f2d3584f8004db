"""The catcher's process: SMTP on one port, pages on another, one SQLite file; all named by the environment."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
import uvloop
from aiosmtpd.smtp import SMTP

from deploy.local.mail.pages import application
from deploy.local.mail.store import Store
from deploy.local.ports import HOST

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

_LARGEST = 25 * 1024 * 1024


class _Catcher:
    """Takes whatever mail comes and puts it into the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self._store.add(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        return "250 Caught"


async def main() -> None:
    """Run until SIGTERM."""
    env = os.environ
    store = Store(Path(env["TANDEM_MAIL_FILE"]))
    loop = asyncio.get_running_loop()
    handler = _Catcher(store)
    smtp = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=_LARGEST, enable_SMTPUTF8=True, hostname="localhost", loop=loop),
        HOST,
        int(env["TANDEM_SMTP_PORT"]),
    )
    pages = application(store, env["TANDEM_ORIGIN"])
    port = int(env["TANDEM_MAIL_PORT"])
    async with smtp:
        await uvicorn.Server(
            uvicorn.Config(
                pages, host=HOST, port=port, access_log=False, log_level="warning", timeout_graceful_shutdown=2
            )
        ).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
