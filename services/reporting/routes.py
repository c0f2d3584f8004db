"""Which pages does reporting have? One module a matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.answers.pages import forms as pages_forms
from services.reporting.answers.pages import outcomes, waves
from services.reporting.approval import pages as approval_pages
from services.reporting.assessments.pages import bank, sittings, tests
from services.reporting.cascades import pages as cascades_pages
from services.reporting.consumers import consumers
from services.reporting.facts.pages import journey, quality
from services.reporting.feeds.pages import files, overview, tokens
from services.reporting.free_texts import pages as free_texts_pages
from services.reporting.needs import pages as needs_pages
from services.reporting.overview.pages import comparison, figures, indicators, report
from services.reporting.targets.pages import import_file, targets
from shared.runtime.dead_letters import dead_letters_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """The pages' routers."""
    own = [
        figures.router,
        overview.router,
        tokens.router,
        files.router,
        comparison.router,
        needs_pages.router,
        targets.router,
        import_file.router,
        indicators.router,
        approval_pages.router,
        report.router,
        quality.router,
        journey.router,
        outcomes.router,
        waves.router,
        free_texts_pages.router,
        pages_forms.router,
        bank.router,
        tests.router,
        sittings.router,
        cascades_pages.router,
    ]
    return [*own, dead_letters_router("reporting", consumers)]
