"""What can programs ask of reporting? JSON with bearer tokens; a respondent's program sends the ticket in X-Ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.api import bank, cascades, feeds, figures, outcomes, sittings, targets, tokens, words

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The API's routers."""
    own = [targets.router, tokens.router, feeds.router, figures.router, outcomes.router]
    return [*own, bank.router, sittings.router, cascades.router, words.router]
