"""What can programs ask of reporting? JSON with bearer tokens; a respondent's program sends the ticket in X-Ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.answers import api as answers_api
from services.reporting.assessments.api import bank, sittings
from services.reporting.cascades import api as cascades_api
from services.reporting.feeds.api import files, tokens
from services.reporting.free_texts import api as free_texts_api
from services.reporting.overview import api as overview_api
from services.reporting.targets import api as targets_api

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The API's routers."""
    own = [targets_api.router, tokens.router, files.router, overview_api.router, answers_api.router]
    return [*own, bank.router, sittings.router, cascades_api.router, free_texts_api.router]
