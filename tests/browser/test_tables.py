"""Do tables keep to a phone's width in a real browser, whatever stands in their cells?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, FileSystemLoader

from services.reporting.model.disclosure import Hidden, Shown
from services.reporting.model.indicators import INDICATORS
from services.reporting.pages import show
from shared.web import site
from tests.browser.conftest import PHONE, open_alone

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
TABLE = """{% from "parts.html" import number %}<!doctype html><html lang="en" class="govuk-template"><head>
<meta charset="utf-8"><link rel="stylesheet" href="/vendor/govuk-frontend.css">
<link rel="stylesheet" href="/tandem.css">
</head><body class="govuk-template__body"><main class="tandem-width"><div class="tandem-scroll">
<table class="govuk-table tandem-table"><tbody class="govuk-table__body"><tr class="govuk-table__row">
<th scope="row" class="govuk-table__header">A figure</th>{% for shown in cells %}
<td class="govuk-table__cell govuk-table__cell--numeric" data-label="2026">
<div>{{ number(show, shown, definition) }}</div></td>{% endfor %}</tr></tbody></table></div></main></body></html>"""


def test_why_a_number_is_hidden_is_read_without_scrolling_aside(browser: Browser) -> None:
    """Numbers stand in pairs on a phone; the sentence that stands instead of one goes on further lines."""
    root = Path(site.__file__).parents[2]
    folders = [root / "services/reporting/templates", root / "shared/web/templates"]
    page = Environment(loader=FileSystemLoader(folders), autoescape=True).from_string(TABLE)
    cells = [Shown(None, hidden=one) for one in Hidden]
    text = page.render(show=show, definition=INDICATORS["TOPCOP-OP-01"], cells=cells)

    context = browser.new_context(viewport={**PHONE, "width": 320})
    phone = context.new_page()
    open_alone(phone, text)
    room: list[int] = phone.locator(".tandem-scroll").evaluate("each => [each.clientWidth, each.scrollWidth]")
    context.close()
    assert room[0] == room[1]
