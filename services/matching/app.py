"""Matching: what is it made of? `create_app` puts its parts into the harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.matching import api, cohort_api, pages, watch_api, what_if_api
from services.matching.consumers import consumers
from services.matching.settings import Settings
from services.matching.workers import workers
from shared.service import create
from shared.web.parked import parked_router

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """The service as an app; settings come from the environment unless they are given."""
    return create(
        "matching",
        settings or Settings(),
        place="board",
        templates=Path(__file__).parent / "templates",
        routers=[
            *pages.routers,
            api.router,
            cohort_api.router,
            what_if_api.router,
            watch_api.router,
            parked_router("matching", consumers),
        ],
        consumers=consumers,
        workers=workers,
        background=background,
    )
