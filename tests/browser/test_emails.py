"""Every email fits a phone and is readable in the dark, in every language, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest

from services.notifications.catalogues import MAILS, WRITTEN
from services.notifications.messages.model.examples import preview
from services.notifications.messages.model.table import BY_NAME, RULES
from services.notifications.messages.model.wording import subject_of
from services.notifications.messages.views.bodies import bodies_of
from shared.i18n import speaking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, ViewportSize

pytestmark = pytest.mark.browser
PHONE: ViewportSize = {"width": 360, "height": 740}
ORIGIN = "https://tandem.example"
CHOICE = f"{ORIGIN}/notifications/choices?key={'x' * 90}"
DIGEST, SINGLE, INVITATION = ("work_waiting",), ("application_endorsed",), ("visit_scheduled",)
COLLECTED = ("application_endorsed", "application_eligible", "match_offered")
# Text in an email as it is seen: its colour, and that of the nearest background behind it.
CONTRASTS = """() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[0-9.]+/g).slice(0, 3).map((part) => {
      const each = part / 255;
      return each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("p, h1, h2, a, td.foot")].map((node) => {
    const both = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05);
  });
}"""


def _html(code: str, names: Sequence[str]) -> str:
    """Return the HTML of an email with these messages in a language."""
    with speaking(code, MAILS):
        words = [preview(BY_NAME[name], ORIGIN) for name in names]
        return bodies_of(words, subject_of(words), "Ana Popescu", ORIGIN, CHOICE, mandatory=names != DIGEST)["html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_email_is_readable_by_day_and_by_night(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    """Each kind of email has a contrast of 4.5 to 1, and fits a wide and a narrow window."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for names in (SINGLE, COLLECTED, INVITATION, DIGEST):
        page.set_content(_html("en", names))
        assert min(page.evaluate(CONTRASTS)) >= 4.5, names
        for width in (360, 700, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, names
    context.close()


@pytest.mark.parametrize("code", ["en", *WRITTEN])
def test_every_email_fits_a_phone(browser: Browser, code: str) -> None:
    """No message of the table scrolls sideways at 360 px, with the longest words of the language."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    for start in range(0, len(RULES), 60):
        names = [rule.name for rule in RULES[start : start + 60]]
        page.set_content(_html(code, names))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], names
    context.close()


def test_an_email_is_tables_that_load_nothing() -> None:
    """The HTML is small, stands on tables, has a first line for lists, and neither pictures nor naked addresses."""
    for rule in RULES:
        for code in ("en", "ka"):
            html = _html(code, [rule.name])
            assert len(html.encode()) < 16_000, rule.name
            assert not re.search(r"<(img|script|link|video)|url\(|@import|@font-face", html), rule.name
            assert '<meta name="color-scheme" content="light dark">' in html
            assert not re.search(r"https?://", re.sub(r'href="[^"]*"', "", html)), rule.name
            assert re.search(r'<div style="display:none[^"]*">[^<&]', html), rule.name
            assert html.count("<table") >= 3
