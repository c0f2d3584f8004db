"""Send a form about several records of which one is changed in another tab meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import lxml.html

from shared.web.several import CHOICE, DECIDE, SEEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx2

Fields = dict[str, list[str]]
SAVE_NOTHING = 303


@dataclass
class Tabs:
    """Two tabs: the page opened in the first, the change made in the second.

    `decided` returns the names of the records that are decided on, of which there are `count`. A form that is `whole`
    decides on all of its records or on none. `now` are words that the change has put into the changed record.
    """

    client: httpx2.AsyncClient
    opened: httpx2.Response
    change: Callable[[], Awaitable[object]]
    decided: Callable[[], Awaitable[set[str]]]
    now: str
    fields: Mapping[str, str] = field(default_factory=dict)
    count: int = 3
    whole: bool = False
    chosen: bool = True

    async def send(self, page: httpx2.Response, **fields: Any) -> httpx2.Response:
        """Send the form of a page, with these fields."""
        action, values = form_of(page)
        return await self.client.post(action, data=values | dict(fields))


def form_of(page: httpx2.Response) -> tuple[str, Fields]:
    """Return the address of the form about several records, and what it sends as it was opened."""
    document: Any = lxml.html.document_fromstring(page.text)
    (form,) = [form for form in document.iter("form") if form.xpath(f".//input[@name='{SEEN}']")]
    values: Fields = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    return urljoin(str(page.url), form.get("action") or ""), values


def both_versions(page: httpx2.Response) -> list[tuple[Any, ...]]:
    """Return the rows of the comparisons: the field, what the reader saw, and what is true now."""
    document: Any = lxml.html.document_fromstring(page.text)
    rows = document.xpath("//section//tbody/tr")
    return [tuple(cell.text_content().strip() for cell in row) for row in rows]


def content(page: httpx2.Response) -> str:
    """Return what a page says, without the tokens of its forms."""
    document: Any = lxml.html.document_fromstring(page.text)
    (main,) = document.xpath("//main")
    return re.sub(r"\s+", " ", main.text_content())


async def check_tabs(tabs: Tabs) -> httpx2.Response:
    """Check the answers to the form of the first tab, step by step; return the answer to the choice."""
    await tabs.change()
    assert await tabs.decided() == set()
    first = await tabs.send(tabs.opened, **tabs.fields)
    assert first.status_code == 409, first.text
    others = 0 if tabs.whole else tabs.count - 1
    done = await tabs.decided()
    assert len(done) == others, "only the unchanged records are decided on"
    assert "1 " in first.text
    rows = both_versions(first)
    assert all(saw != now for _, saw, now in rows), "only the fields that differ"
    assert any(tabs.now in now and tabs.now not in saw for _, saw, now in rows), rows

    again = await tabs.send(tabs.opened, **tabs.fields)
    assert (again.status_code, content(again)) == (409, content(first)), "a second click is answered as the first"
    assert await tabs.decided() == done

    action, values = form_of(first)
    choices = {name: DECIDE for name in values if name.startswith(CHOICE)}
    assert len(choices) == int(tabs.chosen)
    if choices:
        silent = {name: value for name, value in values.items() if name not in choices}
        shown = await tabs.client.post(action, data=silent)
        assert (shown.status_code, both_versions(shown)) == (409, rows), "without a choice it is shown again"
        assert await tabs.decided() == done, "without a choice it is left as it is"
    if choices and not tabs.whole:
        left = await tabs.send(first)
        assert left.status_code == SAVE_NOTHING, left.text
        assert await tabs.decided() == done, "what the reader leaves stays as it is"
    second = await tabs.send(first, **choices)
    assert second.status_code == 303, second.text
    assert len(await tabs.decided()) == tabs.count
    repeated = await tabs.send(first, **choices)
    assert (repeated.status_code, repeated.headers["location"]) == (303, second.headers["location"])
    assert len(await tabs.decided()) == tabs.count
    return second
