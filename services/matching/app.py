"""The matching service as an app: `create_app` passes its parts to the shared harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.matching import routes
from services.matching.board.api import cases, monitoring
from services.matching.cohorts import api as cohorts_api
from services.matching.consumers import consumers
from services.matching.decision_table import own_case_rule
from services.matching.interventions.api import what_ifs
from services.matching.options import api as options_api
from services.matching.records import RECORDS
from services.matching.settings import Settings
from services.matching.workers import workers
from shared.identity.own_cases import set_own_case_rule
from shared.runtime.dead_letters import dead_letters_router
from shared.runtime.journal import journal_router
from shared.runtime.service import create
from shared.web.openapi import ApiText

if TYPE_CHECKING:
    from fastapi import FastAPI

API = ApiText(
    summary="The matching service: the board, cohorts, overrides, dates and the outcome of each match.",
    tags={
        "board": "What coordinators see of matches, visits and deadlines.",
        "cohorts": "Commit provisional matches as a cohort, and follow the job that does it.",
        "matching": "Receipts, dates, overrides, exchange rings and reciprocity.",
        "what-ifs": "Match again under other terms, without changing anything.",
    },
)


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Return the service as an app; without `settings` they are read from the environment."""
    app = create(
        "matching",
        settings or Settings(),
        place="board",
        templates=Path(__file__).parent,
        routers=[
            *routes.routers,
            cases.router,
            cohorts_api.router,
            options_api.router,
            what_ifs.router,
            monitoring.router,
            dead_letters_router("matching", consumers),
            journal_router("matching"),
        ],
        consumers=consumers,
        workers=workers,
        background=background,
        api_text=API,
        records=RECORDS,
    )
    set_own_case_rule(app, own_case_rule)
    return app
