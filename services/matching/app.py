"""Matching: what is it made of? `create_app` puts its parts into the harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.matching import routes
from services.matching.board.api import cases, monitoring
from services.matching.cohorts import api as cohorts_api
from services.matching.consumers import consumers
from services.matching.interventions import api as interventions_api
from services.matching.settings import Settings
from services.matching.workers import workers
from shared.runtime.dead_letters import dead_letters_router
from shared.runtime.service import create

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """The service as an app; settings come from the environment unless they are given."""
    return create(
        "matching",
        settings or Settings(),
        place="board",
        templates=Path(__file__).parent,
        routers=[
            *routes.routers,
            cases.router,
            cohorts_api.router,
            interventions_api.router,
            monitoring.router,
            dead_letters_router("matching", consumers),
        ],
        consumers=consumers,
        workers=workers,
        background=background,
    )
