"""A summary of facts says of each fact that it is missing where it is."""

from typing import Any

import lxml.html

from deploy.local.folder import ROOT
from shared.web import site


def test_a_missing_value_is_a_dash() -> None:
    """An empty text and no value are a dash that a screen reader hears as "none"; zero stays zero."""
    template = site.environment(ROOT / "services" / "applications").from_string(
        '{% from "macros/lists.html" import summary %}{{ summary(rows) }}'
    )
    rows = [{"key": "A fact", "value": value} for value in ("", None, 0, "Armenia")]
    values: Any = lxml.html.fromstring(template.render(rows=rows)).xpath("//dd")
    assert [value.text_content() for value in values] == ["–none", "–none", "0", "Armenia"]  # noqa: RUF001 - the sign of the page
