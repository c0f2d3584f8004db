"""Notifications: what are they made of? `create_app` puts their parts into the harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.notifications import api, catalogues, pages
from services.notifications.consumers import consumers
from services.notifications.model.preview import check_table
from services.notifications.settings import Settings
from services.notifications.workers import workers
from shared.service import create

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Notifications as an app; settings come from the environment unless they are given.

    Raises ValueError where a message of the table asks for a word that its event does not have, in any language.
    """
    check_table()
    catalogues.check()
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
