"""Tests of cases, appeals and matches that are opened and decided beside their list."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from services.applications.overview.store import queue
from shared.contracts import matches
from shared.time import clock
from tests.integration.applications.desk.test_home import statements
from tests.integration.applications.review.test_queue import QUEUE, page, send
from tests.support import ticked_versions

if TYPE_CHECKING:
    from tests.integration.applications.abroad import Abroad
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
    assert (beside(after), "Application endorsed." in after) == ([], True), "no other case follows, so it stays open"


@pytest.mark.parametrize("kept", [True, False])
async def test_the_list_turns_its_page_with_the_next_case(
    many: Programme, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """After the last case of a page the first of the next is open, on the page on which it then is."""
    made = sorted([await many.submitted(who) for who in ("ani", "davit", "mariam")], key=lambda case: case["reference"])
    references = [case["reference"] for case in made]
    monkeypatch.setattr(queue, "PAGE", 2)
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


async def test_eligibility_is_confirmed_beside_the_endorsed_applications(many: Programme) -> None:
    """A row of the list opens its case with the same rows beside it, and each confirmation opens the next one."""
    made = [await many.submitted(who) for who in ("ani", "davit")]
    for each in made:
        await many.post("tigran", f"/applications/{each['id']}/endorse")
    listed = await page(many, "programme", "/applications/eligibility")
    hrefs = re.findall(rf'href="({QUEUE}/[^"]+\?beside=eligibility)"', listed)
    assert 'data-keys=".tandem-scroll"' in listed
    first, second = (next(each["reference"] for each in made if each["id"] in href) for href in hrefs)
    case = await page(many, "programme", hrefs[0])
    assert beside(case) == [(first, True), (second, False)]
    assert 'href="/applications/eligibility">All applications' in case
    form = hrefs[0].replace("?", "/eligibility?")
    assert f'href="{form}"' in case
    question = await page(many, "programme", form)
    assert "It is eligible, and joins the matching." in question
    assert beside(question) == beside(case)
    sent = await send(many, "programme", form, ticked_versions(question))
    after = await page(many, "programme", sent.headers["location"])
    assert f"The result of {first} is confirmed. The next application in the list is open." in after
    assert beside(after) == [(second, True)]
    form = hrefs[1].replace("?", "/eligibility?")
    sent = await send(many, "programme", form, ticked_versions(await page(many, "programme", form)))
    assert "Result confirmed." in await page(many, "programme", sent.headers["location"])
    await page(many, "tigran", form, 403)
    assert "It cannot be found eligible" in await page(many, "programme", form)


async def test_appeals_are_decided_beside_their_list(many: Programme) -> None:
    """A decided appeal opens the next one of the list that the reader decides, and the list keeps its filter."""
    made = [await many.submitted(who) for who in ("ani", "davit", "mariam")]
    for who, each in zip(("ani", "davit", "mariam"), made, strict=True):
        body = {"reason": "profile_mismatch"}
        await many.post("deputy" if who == "davit" else "tigran", f"/applications/{each['id']}/not-endorse", body)
        await many.post(who, f"/applications/{each['id']}/appeal", {"text": "Look again"})
    first, others, third = (each["reference"] for each in made)
    listed = await page(many, "deputy", "/applications/appeals?state=open")
    hrefs = dict(re.findall(r'href="([^"]+/appeal\?state=open&beside=1)">([^<]+)</a>', listed))
    [at] = [href for href, reference in hrefs.items() if reference == first]
    shown = await page(many, "deputy", at)
    assert {reference for reference, _ in beside(shown)} == {first, others, third}
    assert 'href="/applications/appeals?state=open">All appeals' in shown
    decision = {"outcome": "dismissed", "answer": "Seen"}
    sent = await send(many, "deputy", at, decision | ticked_versions(shown))
    after = await page(many, "deputy", sent.headers["location"])
    assert f"The appeal of {first} is decided. The next appeal in the list is open." in after
    assert (third, True) in beside(after), "the one between them is against the reader's own decision"
    [at] = [href for href, reference in hrefs.items() if reference == third]
    sent = await send(many, "deputy", at, decision | ticked_versions(await page(many, "deputy", at)))
    assert sent.headers["location"] == f"{at}&done=decided", "no other appeal is the reader's to decide"
    assert "Decided. The officer reads your reason." in await page(many, "deputy", sent.headers["location"])


async def test_matches_are_decided_beside_their_list(abroad: Abroad) -> None:
    """A cleared or refused match opens the next one that waits for the reader; an officer's answer stays there."""
    known: dict[str, Any] = {"service": "police", "rank_group": "supervisor", "years_in_field": 8}
    davit = abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", **known)
    await abroad.post("programme", "/people", {"people": [davit]}, 201)
    first_id = await abroad.placement_matched()
    offer_id = abroad.pairings[first_id]["offer_id"]
    second_id = await abroad.proposed(await abroad.eligible("davit"), offer_id=offer_id)
    listed = await page(abroad.of, "tigran", "/applications/matches?state=waits")
    assert 'data-keys=".tandem-scroll"' in listed
    hrefs = re.findall(r'href="(/applications/matches/[^"?]+\?state=waits&beside=1)"', listed)
    assert {href.split("/")[3].partition("?")[0] for href in hrefs} == {str(first_id), str(second_id)}
    shown = await page(abroad.of, "tigran", hrefs[0])
    (first, _), (second, _) = beside(shown)
    assert beside(shown) == [(first, True), (second, False)]
    clear = hrefs[0].replace("?", "/clear?")
    assert f'action="{clear}"' in shown
    sent = await send(abroad.of, "tigran", clear, {"side": "home"} | ticked_versions(shown))
    after = await page(abroad.of, "tigran", sent.headers["location"])
    assert f"Match {first} is cleared. The next match in the list is open." in after
    assert beside(after) == [(second, True)]
    refuse = hrefs[1].replace("?", "/refuse?")
    assert f'href="{refuse}"' in after
    question = await page(abroad.of, "tigran", refuse)
    assert beside(question) == [(second, True)]
    sent = await send(abroad.of, "tigran", refuse, {"reason": "health"} | ticked_versions(question))
    assert "Not cleared. The match is being cancelled." in await page(abroad.of, "tigran", sent.headers["location"])
    match_id = hrefs[0].split("/")[3].partition("?")[0]
    await abroad.post("luc", f"/matches/{match_id}/clear")
    await abroad.publish(matches.MatchCleared, UUID(match_id))
    due = (clock.now() + timedelta(days=14)).isoformat()
    await abroad.publish(matches.MatchOffered, UUID(match_id), due=due)
    who = "ani" if match_id == str(first_id) else "davit"
    at = f"/applications/matches/{match_id}?beside=1"
    assert f'href="{at}"' in await page(abroad.of, who, "/applications/matches")
    form = await page(abroad.of, who, at)
    assert f'action="{at.replace("?", "/answer?")}"' in form
    wrong = await send(abroad.of, who, at.replace("?", "/answer?"), {}, 422)
    assert beside(wrong.text) == [(first, True)]
    sent = await send(abroad.of, who, at.replace("?", "/answer?"), {"answer": "accept"} | ticked_versions(form))
    assert sent.headers["location"] == f"{at}&done=answered"
    assert "We have received your answer." in await page(abroad.of, who, sent.headers["location"])
    await page(abroad.of, who, f"{at}&state=nothing", 422)
