"""Build the reporting service: outcomes, figures, feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from services.reporting.consumers import consumers
from services.reporting.decision_table import own_case_rule
from services.reporting.feeds.actions.files import open_to_all
from services.reporting.feeds.actions.publications import keep_older
from services.reporting.feeds.guards import CONSUMER
from services.reporting.feeds.signing import key_of, report_signer
from services.reporting.figures.actions.counting import count_continuously
from services.reporting.figures.actions.running_counts import RunningCounts
from services.reporting.groupings.actions.costs import CostsAtHand
from services.reporting.records import RECORDS
from services.reporting.routes import routers
from services.reporting.settings import Settings
from services.reporting.workers import look_after_answers
from shared.identity.own_cases import set_own_case_rule
from shared.runtime.service import create
from shared.web.openapi import ApiText

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger(__name__)

API = ApiText(
    summary="The reporting service: figures, their approval and files, and the answers that they are counted from.",
    tags={
        "figures": "Figures of a period, baselines and targets, approval, and published files.",
        "outcomes": "Evaluations, reports, follow-ups and cascade sessions, each opened by a ticket of the portal.",
        "tests": "Questions and tests before and after a visit.",
    },
    schemes={
        CONSUMER: {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that the programme coordinator issued to a consumer of the published files.",
        }
    },
)


def create_app(settings: Settings | None = None, *, background: bool = True) -> FastAPI:
    """Return the service as an app; settings come from the environment unless they are passed."""
    settings = settings or Settings()
    if background:
        key_of(settings)  # an unusable key fails at start, not with the first publication
        open_to_all(settings)  # and so does an unknown file
        if report_signer(settings) is None:
            log.warning("reports are published without a signature", setting="TANDEM_SIGNING_KEY")
    app = create(
        "reporting",
        settings,
        place="figures",
        templates=Path(__file__).parent,
        routers=routers(),
        consumers=consumers,
        workers=[count_continuously, look_after_answers, keep_older],
        background=background,
        api_text=API,
        records=RECORDS,
    )
    app.state.running_counts = RunningCounts()
    app.state.costs_at_hand = CostsAtHand()
    set_own_case_rule(app, own_case_rule)
    return app
