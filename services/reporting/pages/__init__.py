"""Which pages does reporting have? One module a matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.consumers import consumers
from services.reporting.pages import (
    bank,
    cascades,
    compare,
    feeds,
    figures,
    files,
    forms,
    indicators,
    journey,
    needs,
    outcomes,
    quality,
    report,
    restatements,
    sittings,
    targets,
    targets_table,
    tests,
    tokens,
    waves,
    words,
)
from shared.web.parked import parked_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The pages' routers."""
    own = [
        figures.router,
        feeds.router,
        tokens.router,
        files.router,
        compare.router,
        needs.router,
        targets.router,
        targets_table.router,
        indicators.router,
        restatements.router,
        report.router,
        quality.router,
        journey.router,
        outcomes.router,
        waves.router,
        words.router,
        forms.router,
        bank.router,
        tests.router,
        sittings.router,
        cascades.router,
    ]
    return [*own, parked_router("reporting", consumers)]
