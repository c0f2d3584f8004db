"""Charts and paper: texts stay in place in a real browser with real letter widths, and what is read is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import Environment, FileSystemLoader

from shared.web import site
from shared.web.graphics.svg import wide
from tests.browser.conftest import DESK, PHONE, open_alone
from tests.hard_charts import all_charts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (site.STATIC / "vendor").is_dir(), reason="`make setup` copies the pages' assets first"),
]
HEAD = "".join(f'<link rel="stylesheet" href="/{name}">' for name in ("vendor/govuk-frontend.css", "tandem.css"))
SHELL = f'<!doctype html><html lang="en" class="govuk-template"><head><meta charset="utf-8">{HEAD}</head>'
MAIN = '<body class="govuk-template__body"><div class="govuk-width-container"><main class="govuk-main-wrapper">'

# What a picture shows: texts and fields with the boxes that the browser gives them, in pixels. A text's box is as high
# as its line, so what lies over its capitals (a quarter in Noto Sans) and under its tails is taken off.
BOXES = """picture => {
  const box = one => { const at = one.getBoundingClientRect(); return [at.left, at.top, at.right, at.bottom]; };
  const inked = text => {
    const [left, top, right, bottom] = box(text);
    return text.hasAttribute("transform")
      ? [left + 0.23 * (right - left), top, right - 0.07 * (right - left), bottom]
      : [left, top + 0.23 * (bottom - top), right, bottom - 0.07 * (bottom - top)];
  };
  const texts = [...picture.querySelectorAll("text")].map(text => ({
    said: text.textContent, size: +text.getAttribute("font-size"), bold: text.getAttribute("font-weight") === "700",
    long: text.getComputedTextLength(), box: inked(text)}));
  return {picture: box(picture), texts, fields: [...picture.querySelectorAll("rect")].map(box)};
}"""


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def chart_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page with all charts, as the macro draws them, with the style sheets and fonts of the pages."""
    viewport: ViewportSize = request.param
    templates = Environment(loader=FileSystemLoader(Path(site.__file__).parent / "templates"), autoescape=True)
    chart = templates.from_string(
        '{% from "macros/chart.html" import chart %}{% for c in charts %}{{ chart(c) }}{% endfor %}'
    )
    text = SHELL + MAIN + chart.render(charts=all_charts())

    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    open_alone(page, text)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('700 15px \"Noto Sans\"')")
    yield page
    context.close()


def _within(first: list[float], other: list[float], by: float = 0.5) -> bool:
    """Return whether a box lies within another one, or extends beyond it by at most so many pixels."""
    return all(first[n] >= other[n] - by and first[n + 2] <= other[n + 2] + by for n in (0, 1))


def _touch(first: list[float], other: list[float]) -> bool:
    """Return whether two boxes share more than half a pixel."""
    return all(min(first[n + 2], other[n + 2]) - max(first[n], other[n]) > 0.5 for n in (0, 1))


def test_texts_stay_where_they_belong(chart_page: Page) -> None:
    """No text leaves its picture or its field or covers another, and no text is longer than its estimate."""
    shown = [picture for picture in chart_page.locator(".tandem-chart svg").all() if picture.is_visible()]
    assert len(shown) == len(all_charts())
    wrong = []
    for picture in shown:
        title = picture.get_attribute("aria-label")
        boxes: dict[str, Any] = picture.evaluate(BOXES)
        texts = boxes["texts"]
        # The tail of a j reaches a pixel to the left of where it is written.
        wrong += [("leaves", title, text["said"]) for text in texts if not _within(text["box"], boxes["picture"], 1.5)]
        wrong += [
            ("is longer than it was held for", title, text["said"])
            for text in texts
            if text["long"] > wide(text["said"], text["size"], bold=text["bold"]) * 1.03
        ]
        wrong += [
            ("lie on each other", title, (text["said"], other["said"]))
            for n, text in enumerate(texts)
            for other in texts[:n]
            if _touch(text["box"], other["box"])
        ]
        for text in texts:
            middle = [(text["box"][n] + text["box"][n + 2]) / 2 for n in (0, 1)] * 2
            mine = [field for field in boxes["fields"] if _within(middle, field)]
            wrong += [("leaves its field", title, text["said"]) for field in mine if not _within(text["box"], field)]
    assert not wrong, "\n".join(map(str, wrong))


def test_tables_beside_charts_fit(chart_page: Page) -> None:
    """A table of many rows scrolls beside its picture, and no table scrolls sideways, on a phone neither."""
    pictures = chart_page.locator(".tandem-chart").all()
    assert any(picture.locator("thead th").count() > 5 for picture in pictures)
    long = 0
    for picture in pictures:
        title, rows = picture.locator("figcaption").inner_text(), picture.locator("tbody tr").count()
        numbers = picture.locator(".tandem-chart__numbers")
        room: list[int] = numbers.evaluate("each => [each.clientWidth, each.querySelector('table').scrollWidth]")
        assert room[1] <= room[0] + 1, f"the table of {title!r} is {room[1]} wide, its place {room[0]}"
        if rows > 30:
            long += 1
            tall: int = numbers.locator("[tabindex]").evaluate("each => each.clientHeight")
            assert tall < 500, f"the {rows} rows of {title!r} are {tall} high"
    assert long


def test_all_rows_are_printed(chart_page: Page) -> None:
    """A table that scrolls on the screen is printed to its last row."""
    long = "each => each.scrollHeight > each.clientHeight + 1"
    places = chart_page.locator(".tandem-chart__numbers [tabindex]").all()
    assert any(place.evaluate(long) for place in places)
    chart_page.emulate_media(media="print")
    assert not any(place.evaluate(long) for place in places)


def test_pictures_keep_their_paper_in_dark_high_contrast(chart_page: Page) -> None:
    """Dark colours of high contrast leave each picture its white ground, so that its dark texts can be read."""
    chart_page.emulate_media(forced_colors="active", color_scheme="dark")
    assert chart_page.evaluate("getComputedStyle(document.body).color") == "rgb(255, 255, 255)"
    grounds: list[str] = chart_page.locator(".tandem-chart svg").evaluate_all(
        "all => all.map(picture => getComputedStyle(picture).backgroundColor)"
    )
    assert set(grounds) == {"rgb(255, 255, 255)"}


def test_folded_parts_are_printed(browser: Browser) -> None:
    """Paper shows folded parts in full, but none that holds a form or the meaning of the states."""
    part = (
        "<details class='govuk-details'><summary class='govuk-details__summary'>{0}</summary>"
        "<div class='govuk-details__text'>{1}</div></details>"
    )
    parts = (("Answers", "English B2"), ("Revoke", "<form>Why?</form>"), ("States", "<dl class='tandem-legend'></dl>"))
    page = browser.new_page(viewport=DESK)
    open_alone(page, SHELL + MAIN + "".join(part.format(*each) for each in parts))
    assert not page.get_by_text("English B2").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text("English B2").is_visible()
    assert [page.get_by_text(head).is_visible() for head, _ in parts] == [True, False, False]
    page.close()
