"""List the routers of all pages and of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.answers import api as answers_api
from services.reporting.answers.pages import forms, outcomes, waves
from services.reporting.approval import api as approval_api
from services.reporting.approval import pages as approval_pages
from services.reporting.assessments.api import bank as bank_api
from services.reporting.assessments.api import sittings as sittings_api
from services.reporting.assessments.pages import bank, sittings, tests
from services.reporting.cascades import api as cascades_api
from services.reporting.cascades import pages as cascades_pages
from services.reporting.consumers import consumers
from services.reporting.facts import api as facts_api
from services.reporting.facts.pages import journey, quality
from services.reporting.feeds.api import files as files_api
from services.reporting.feeds.api import tokens as tokens_api
from services.reporting.feeds.pages import files, overview, tokens
from services.reporting.free_texts import api as free_texts_api
from services.reporting.free_texts import pages as free_texts_pages
from services.reporting.groupings import api as groupings_api
from services.reporting.groupings import pages as groupings_pages
from services.reporting.needs import api as needs_api
from services.reporting.needs import pages as needs_pages
from services.reporting.overview import api as overview_api
from services.reporting.overview.pages import comparison, figures, indicators, report, trends
from services.reporting.statements import pages as statement_pages
from services.reporting.targets import api as targets_api
from services.reporting.targets.pages import import_file, targets
from shared.runtime.dead_letters import dead_letters_router
from shared.runtime.journal import journal_router

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the routers in the order in which an address is looked up: a fixed address before one with a parameter."""
    pages = [
        figures,
        overview,
        tokens,
        files,
        comparison,
        trends,
        needs_pages,
        targets,
        import_file,
        groupings_pages,
        indicators,
        approval_pages,
        report,
        statement_pages,
        quality,
        journey,
        outcomes,
        waves,
        free_texts_pages,
        forms,
        bank,
        tests,
        sittings,
        cascades_pages,
    ]
    apis = [
        targets_api,
        groupings_api,
        tokens_api,
        files_api,
        overview_api,
        needs_api,
        approval_api,
        facts_api,
        answers_api,
        bank_api,
        sittings_api,
        cascades_api,
        free_texts_api,
    ]
    return [
        *(page.router for page in pages),
        dead_letters_router("reporting", consumers),
        journal_router("reporting"),
        *(api.router for api in apis),
    ]
