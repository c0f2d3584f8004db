"""Build the reporting service: outcomes, figures, feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.reporting.consumers import consumers
from services.reporting.feeds.actions.files import open_to_all
from services.reporting.feeds.actions.publications import keep_older
from services.reporting.feeds.signing import key_of
from services.reporting.figures.actions.counting import count_continuously
from services.reporting.figures.actions.running_counts import RunningCounts
from services.reporting.routes import routers
from services.reporting.settings import Settings
from services.reporting.workers import look_after_answers
from shared.runtime.service import create

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Return the service as an app; settings come from the environment unless they are passed."""
    settings = settings or Settings()
    if background:
        key_of(settings)  # an unusable key fails at start, not with the first publication
        open_to_all(settings)  # and so does an unknown file
    app = create(
        "reporting",
        settings,
        place="figures",
        templates=Path(__file__).parent,
        routers=routers(),
        consumers=consumers,
        workers=[count_continuously, look_after_answers, keep_older],
        background=background,
    )
    app.state.running_counts = RunningCounts()
    return app
