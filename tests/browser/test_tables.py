"""Tables fit the width of a phone in a real browser, whatever their cells contain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader

from deploy.local.folder import ROOT
from services.reporting.disclosure import views as disclosure_views
from services.reporting.disclosure.model import Hidden, ReleasedCell
from services.reporting.indicators.model.catalogue import INDICATORS
from shared.web import site
from shared.web.api_docs import Operation, answers_of
from shared.web.stale_forms import ComparedFact, ComparedRecord
from tests.browser.conftest import PHONE, open_alone

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
TABLE = """{% from "disclosure/parts.html" import number %}<!doctype html><html lang="en" class="govuk-template"><head>
<meta charset="utf-8"><link rel="stylesheet" href="/vendor/govuk-frontend.css">
<link rel="stylesheet" href="/tandem.css">
</head><body class="govuk-template__body"><main class="tandem-width"><div class="tandem-scroll">
<table class="govuk-table tandem-table"><tbody class="govuk-table__body"><tr class="govuk-table__row">
<th scope="row" class="govuk-table__header">A figure</th>{% for shown in cells %}
<td class="govuk-table__cell govuk-table__cell--numeric" data-label="2026">
<div>{{ number(show, shown, definition) }}</div></td>{% endfor %}</tr></tbody></table></div></main></body></html>"""

PAGE = """<!doctype html><html lang="en" class="govuk-template"><head>
<meta charset="utf-8"><link rel="stylesheet" href="/vendor/govuk-frontend.css">
<link rel="stylesheet" href="/tandem.css">
</head><body class="govuk-template__body">
<main class="tandem-width tandem-wide">{% block content %}{% endblock %}</main></body></html>"""


def _widths(browser: Browser, text: str, width: int) -> list[int]:
    """Return the width available to the table, and its actual width."""
    context = browser.new_context(viewport={**PHONE, "width": width})
    page = context.new_page()
    open_alone(page, text)
    room: list[int] = page.locator(".tandem-scroll").evaluate("each => [each.clientWidth, each.scrollWidth]")
    context.close()
    return room


@pytest.mark.parametrize("width", [PHONE["width"], 1200])
def test_the_api_table_does_not_scroll_sideways(browser: Browser, width: int) -> None:
    """Long addresses and many fields fit beside the access, the body of a request and its answers."""
    described = json.loads((ROOT / "docs/contracts/openapi-applications.json").read_text("utf-8"))
    operations = [
        Operation(
            method.upper(),
            path,
            "",
            operation.get("description", ""),
            "National coordinator",
            ("[application_ids]",),
            tuple(answers_of(operation, described["components"]["schemas"])),
            ("401", "403", "404", "409", "422", "429", "503"),
        )
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    templates = FileSystemLoader(ROOT / "shared/web/templates")
    environment = site.environment(None).overlay(loader=ChoiceLoader([DictLoader({"shell.html": PAGE}), templates]))
    text = environment.get_template("api.html").render(service="applications", operations=operations, problems={})
    room = _widths(browser, text, width)
    assert len(operations) > 100
    assert room[0] == room[1]


def test_the_reason_for_a_hidden_number_does_not_scroll_sideways(browser: Browser) -> None:
    """Numbers stand in pairs on a phone, and the reason for a hidden number wraps onto further lines."""
    loader = site.environment(ROOT / "services" / "reporting").loader
    page = Environment(loader=loader, autoescape=True).from_string(TABLE)
    cells = [ReleasedCell(None, hidden=reason) for reason in Hidden]
    text = page.render(show=disclosure_views, definition=INDICATORS["TOPCOP-OP-01"], cells=cells)
    room = _widths(browser, text, 320)
    assert room[0] == room[1]


def test_both_versions_of_a_changed_record_fit_a_phone(browser: Browser) -> None:
    """A long name and its value then and now are one below the other, and all of them can be read."""
    facts = [
        ComparedFact("Domains of its email addresses", "police.example, " * 3, "customs-and-revenue.example, " * 3)
    ]
    page = site.environment(None).from_string(
        '{% from "macros/forms.html" import compared_records with context %}{{ compared_records(records) }}'
    )
    text = PAGE.replace(
        "{% block content %}{% endblock %}", page.render(records=[ComparedRecord("Organisation", facts, known=True)])
    )
    room = _widths(browser, text, PHONE["width"])
    assert room[0] == room[1]
    assert 'data-label="When you opened the page"' in text


def test_a_wide_table_fits_on_paper_and_its_links_print_no_address(browser: Browser) -> None:
    """Names of rows wrap in print, and a link within the site prints its text alone."""
    link = '<a class="govuk-link" href="/reporting/2026-H1/1/">Median calendar days from submission to decision</a>'
    cells = "".join(f'<td class="govuk-table__cell"><div>{"Of those visits. " * 4}</div></td>' for _ in range(4))
    row = f'<tr class="govuk-table__row"><th scope="row" class="govuk-table__header">{link}</th>{cells}</tr>'
    table = f'<div class="tandem-scroll"><table class="govuk-table tandem-table"><tbody>{row}</tbody></table></div>'
    context = browser.new_context(viewport={"width": 718, "height": 1000})
    page = context.new_page()
    open_alone(page, PAGE.replace("{% block content %}{% endblock %}", table))
    page.emulate_media(media="print")
    name = page.locator("a")
    assert name.evaluate("each => getComputedStyle(each, '::after').content") == "none"
    assert name.evaluate("each => each.getClientRects().length") > 1, "it wraps"
    context.close()
