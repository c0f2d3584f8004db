"""Tests of a case that is opened and decided beside its list."""

from __future__ import annotations

import html
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from services.applications.overview.store import queue
from services.applications.tables import one_page
from tests.integration.applications.desk.test_home import statements
from tests.integration.applications.review.test_queue import QUEUE, page, send
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


def beside(text: str) -> list[tuple[str, bool]]:
    """Return the references of the list beside a case, each with whether it is the open one."""
    nav = text.partition('<nav class="tandem-alongside"')[2].partition("</nav>")[0]
    found = re.findall(r'<a href="[^"]+"( aria-current="page")?>.*?>([A-Z]{2}-\d{4}-\d{4})<', nav)
    return [(reference, bool(current)) for current, reference in found]


async def test_a_case_is_opened_and_decided_beside_the_list(many: Programme) -> None:
    """A row opens its case with the same rows beside it, and after each decision the next case of the list is open."""
    made = {who: await many.submitted(who) for who in ("ani", "davit", "mariam")}
    listed = await page(many, "tigran", f"{QUEUE}?state=submitted&sort=reference")
    first, second, third = sorted(entry["reference"] for entry in made.values())
    ids = {entry["reference"]: entry["id"] for entry in made.values()}
    [href] = re.findall(rf'href="([^"]+)">{first}</a>', listed)
    assert href == f"{QUEUE}/{ids[first]}?state=submitted&sort=reference&beside=1"
    case = await page(many, "tigran", href)
    assert beside(case) == [(first, True), (second, False), (third, False)]
    assert case.count('<span lang="hy">Անի Պետրոսյան</span>') == 2, (
        "below the name in Latin letters, and in the answers"
    )
    assert f'href="{QUEUE}?state=submitted&sort=reference">All applications' in case
    form = href.replace("?", "/endorse?")
    assert f'href="{form}"' in case
    question = await page(many, "tigran", form)
    assert beside(question) == beside(case)
    assert f'href="{href}"' in question, "the way back keeps the list"
    wrong = await send(many, "tigran", href.replace("?", "/not-endorse?"), {}, 422)
    assert beside(wrong.text) == beside(case)
    assert "<title>Error: Do not endorse this application?" in wrong.text
    assert 'aria-invalid="true"' in wrong.text
    sent = await send(many, "tigran", form, ticked_versions(question))
    after = html.unescape((await many.as_("tigran").get(sent.headers["location"])).text)
    assert f"Application {first} is endorsed. The next application in the list is open." in after
    assert beside(after) == [(second, True), (third, False)]
    assert f">{second} · " in after
    returned = sent.headers["location"].partition("&done=")[0].replace("?", "/return?")
    form_sent = {"periods": "When?"} | ticked_versions(await page(many, "tigran", returned))
    sent = await send(many, "tigran", returned, form_sent)
    after = await page(many, "tigran", sent.headers["location"])
    assert f"We sent your question about {second} to the officer." in after
    last = f"{QUEUE}/{ids[third]}/endorse?state=submitted&sort=reference&beside=1"
    sent = await send(many, "tigran", last, ticked_versions(await page(many, "tigran", last)))
    after = await page(many, "tigran", sent.headers["location"])
    assert (beside(after), "Endorsed." in after) == ([], True), "no other case follows, so it stays open"


@pytest.mark.parametrize("kept", [True, False])
async def test_the_list_turns_its_page_with_the_next_case(
    many: Programme, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """After the last case of a page the first of the next is open, on the page on which it then is."""
    made = sorted([await many.submitted(who) for who in ("ani", "davit", "mariam")], key=lambda case: case["reference"])
    references = [case["reference"] for case in made]
    monkeypatch.setattr(queue, "one_page", partial(one_page, size=2))
    shown = "sort=reference&beside=1" if kept else "state=submitted&sort=reference&beside=1"
    form = f"{QUEUE}/{made[1]['id']}/endorse?{shown}"
    sent = await send(many, "tigran", form, ticked_versions(await page(many, "tigran", form)))
    assert ("&page=2&" in sent.headers["location"]) is kept
    after = await page(many, "tigran", sent.headers["location"])
    assert f"Application {references[1]} is endorsed." in after
    assert beside(after) == [*([] if kept else [(references[0], False)]), (references[2], True)]


async def test_a_case_beside_the_list_needs_few_statements(many: Programme) -> None:
    """The list beside a case costs six statements, however many rows it has."""
    made = [await many.submitted(who) for who in ("ani", "davit", "mariam")]
    client, at = many.as_("tigran"), f"{QUEUE}/{made[0]['id']}"
    counted = []
    for address in (at, at, f"{at}?beside=1"):
        with statements() as found:
            assert (await client.get(address)).status_code == 200
        counted.append(len(found))
    assert counted[2] - counted[1] <= 6


async def test_a_case_alone_has_no_list(many: Programme) -> None:
    """Without the list in its address a case stands alone, and so do its decision and the page after it."""
    made = await many.submitted()
    at = f"{QUEUE}/{made['id']}"
    for address in (at, f"{at}/endorse", f"{at}?state=submitted"):
        assert "tandem-alongside" not in await page(many, "tigran", address)
    sent = await send(many, "tigran", f"{at}/endorse", ticked_versions(await page(many, "tigran", f"{at}/endorse")))
    assert sent.headers["location"] == f"{at}?done=endorsed"


async def test_the_list_beside_a_case_shows_the_reader_s_own_rows_only(many: Programme) -> None:
    """The list beside a case has the rows of the reader's queue, and a case of another country stays unknown."""
    ours = await many.submitted()
    theirs = await many.submitted("elsa")
    await page(many, "tigran", f"{QUEUE}/{theirs['id']}?beside=1", 404)
    await page(many, "ani", f"{QUEUE}/{ours['id']}?beside=1", 403)
    assert beside(await page(many, "eva", f"{QUEUE}/{theirs['id']}?beside=1")) == [(theirs["reference"], True)]
    both = await page(many, "programme", f"{QUEUE}/{ours['id']}?beside=1")
    assert {reference for reference, _ in beside(both)} == {ours["reference"], theirs["reference"]}
    assert beside(await page(many, "programme", f"{QUEUE}/{ours['id']}?beside=1&country=EU")) == [
        (theirs["reference"], False)
    ]
    await page(many, "tigran", f"{QUEUE}/{ours['id']}?beside=1&page=0", 422)
