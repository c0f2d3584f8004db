"""Notifications: what are they made of? `create_app` puts their parts into the harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.notifications import api, pages
from services.notifications.check import check_mails
from services.notifications.consumers import consumers
from services.notifications.settings import Settings
from services.notifications.workers import workers
from shared.service import create

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Notifications as an app; settings come from the environment unless they are given.

    Raises ValueError where a mail cannot be written, in any language.
    """
    check_mails()
    return create(
        "notifications",
        settings or Settings(),
        place="messages",
        templates=Path(__file__).parent / "templates",
        routers=[*pages.routers(), *api.routers()],
        consumers=consumers,
        workers=workers,
        background=background,
    )
