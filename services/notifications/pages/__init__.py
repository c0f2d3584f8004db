"""Which pages do notifications have? What was sent, what falls due, and the table of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notifications.pages import due, log, table

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The pages' routers."""
    return [log.router, due.router, table.router]
