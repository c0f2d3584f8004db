"""Create the app of the notifications service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.notifications import routes
from services.notifications.check import check_mails
from services.notifications.consumers import consumers
from services.notifications.deadlines.model.rules import set_reminders
from services.notifications.mail.sending.signature import Signer
from services.notifications.records import RECORDS
from services.notifications.settings import Settings
from services.notifications.workers import workers
from shared.runtime.service import create
from shared.web.openapi import ApiText

if TYPE_CHECKING:
    from fastapi import FastAPI

API = ApiText(
    summary="The notifications service: messages, deadlines and webhooks.",
    tags={
        "notifications": "Messages that were sent, the rules that send them, and deadlines.",
        "webhooks": "Addresses of other systems that receive events, and each delivery to them.",
    },
)


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Return the app; settings come from the environment unless they are given.

    Raises ValueError where a mail cannot be written in one of its languages, or where the DKIM key cannot be read.
    """
    check_mails()
    settings = settings or Settings()
    Signer.of(settings)
    set_reminders(settings.reminders)
    return create(
        "notifications",
        settings,
        place="messages",
        templates=Path(__file__).parent,
        routers=[*routes.page_routers(), *routes.api_routers()],
        consumers=consumers,
        workers=workers(settings),
        background=background,
        api_text=API,
        records=RECORDS,
    )
