"""Conflicting actions met from outside: a running portal over HTTP, two tabs and a program of the same people.

A tab sends what the form of its page holds, and nothing else; a program sends the ETag that it read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx2
import lxml.html
import pytest
import sqlalchemy as sa

from tests.integration.applications.conftest import ORIGIN
from tests.integration.applications.pairs import words_of
from tests.serving import served
from tests.support import older

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.applications.abroad import Abroad
    from tests.integration.applications.conftest import Programme

API = "/applications/api/v1"


class Outside:
    """The clients of a portal that runs at an address."""

    def __init__(self, programme: Programme, address: str) -> None:
        """Take the programme whose people sign in."""
        self.programme, self.address = programme, address
        self.clients: dict[str, httpx2.AsyncClient] = {}

    def of(self, subject: str) -> httpx2.AsyncClient:
        """Return the client of a person."""
        if subject not in self.clients:
            known = self.programme.as_(subject)
            cookie = "; ".join(f"{each.name}={each.value}" for each in known.cookies.jar)
            headers = {**known.headers, "Cookie": cookie, "Origin": ORIGIN}
            self.clients[subject] = httpx2.AsyncClient(base_url=self.address, headers=headers, timeout=60)
        return self.clients[subject]

    async def tab(self, subject: str, page: str, to: str = "") -> Tab:
        """Open a page with a form to `to`, by default to the page itself."""
        return await Tab.open(self.of(subject), page, to or page)

    async def etag(self, subject: str, path: str) -> str:
        """Return the version that a program reads."""
        answer = await self.of(subject).get(f"{API}{path}")
        assert answer.status_code == 200, answer.text
        return str(answer.headers["etag"])

    async def send(self, subject: str, path: str, body: Any, etag: str, method: str = "POST") -> httpx2.Response:
        """Send an action of a program."""
        return await self.of(subject).request(method, f"{API}{path}", json=body, headers={"If-Match": etag})

    async def stored(self, query: str) -> list[Any]:
        """Return the first column of a query to the portal's database."""
        async with self.programme.app.state.service.bus.read() as session:
            return list((await session.execute(sa.text(query))).scalars())


class Tab:
    """A page that somebody opened, with the values of one of its forms."""

    def __init__(self, client: httpx2.AsyncClient, to: str, values: dict[str, list[str]]) -> None:
        """Take what the form would send."""
        self.client, self.to, self.values = client, to, values

    @classmethod
    async def open(cls, client: httpx2.AsyncClient, page: str, to: str) -> Tab:
        """Open a page."""
        answer = await client.get(page)
        assert answer.status_code == 200, answer.text
        opened: Any = lxml.html.document_fromstring(answer.text)
        for form in opened.iter("form"):
            if urlsplit(urljoin(page, form.get("action") or "")).path == to:
                values: dict[str, list[str]] = {}
                for name, value in form.form_values():
                    values.setdefault(name, []).append(value)
                return cls(client, to, values)
        raise AssertionError(f"{page} has no form to {to}")

    async def send(self, **typed: str) -> httpx2.Response:
        """Send the form with what is typed."""
        return await self.client.post(self.to, data=self.values | {name: [text] for name, text in typed.items()})


@pytest.fixture
async def outside(programme: Programme) -> AsyncIterator[Outside]:
    """Run the portal at an address."""
    async with served(programme.app) as address:
        found = Outside(programme, address)
        yield found
        for client in found.clients.values():
            await client.aclose()


async def test_cleared_and_refused_from_another_tab(abroad: Abroad, outside: Outside) -> None:
    """The second tab reads that it was cleared, and that is what is stored; a program reads the same."""
    match_id = await abroad.placement_matched()
    page = f"/applications/matches/{match_id}"
    clearing = await outside.tab("tigran", page, f"{page}/clear")
    refusing = await outside.tab("tigran", f"{page}/refuse")
    read = await outside.etag("tigran", f"/matches/{match_id}")
    assert (await clearing.send()).status_code == 303
    answers = [
        await refusing.send(reason="clearance"),
        await outside.send("tigran", f"/matches/{match_id}/refuse", {"reason": "clearance"}, read),
    ]
    now = await outside.etag("tigran", f"/matches/{match_id}")
    answers.append(await outside.send("tigran", f"/matches/{match_id}/refuse", {"reason": "clearance"}, now))
    assert [answer.status_code for answer in answers] == [412, 412, 409], [words_of(answer) for answer in answers]
    for answer in answers:
        assert "The home country cleared this match on " in words_of(answer)
        assert "Not cleared" not in words_of(answer)
    assert await outside.stored("SELECT granted FROM clearance") == [True]


async def test_accepted_and_then_declined(abroad: Abroad, outside: Outside) -> None:
    """Neither a tab nor a program drops the later "no": both are refused, and read that it was accepted."""
    match_id = await abroad.placement_matched()
    await abroad.offered(match_id, "tigran", "luc")
    page = f"/applications/matches/{match_id}"
    declining = await outside.tab("ani", page, f"{page}/answer")
    read = await outside.etag("ani", f"/matches/{match_id}")
    accepted = await outside.send("ani", f"/matches/{match_id}/answer", {"answer": "accept"}, read)
    assert accepted.status_code == 202, accepted.text
    decline = {"answer": "decline", "reason": "operational_duty"}
    answers = [
        await declining.send(**decline),
        await outside.send("ani", f"/matches/{match_id}/answer", decline, read),
        await outside.send(
            "ani", f"/matches/{match_id}/answer", decline, await outside.etag("ani", f"/matches/{match_id}")
        ),
    ]
    for answer in answers:
        assert answer.status_code in {409, 412}, answer.text
        assert "accepted" in words_of(answer)
    assert await outside.stored("SELECT answer FROM answer") == ["accept"]


async def test_endorsed_after_the_officer_changed_it(programme: Programme, outside: Outside) -> None:
    """Nobody endorses what was changed after the page was opened: neither in a tab nor by a program."""
    made = await programme.submitted("ani")
    case = f"/applications/cases/{made['id']}"
    endorsing = await outside.tab("tigran", f"{case}/endorse")
    read = await outside.etag("tigran", f"/applications/{made['id']}")
    change = {"answers": {"years_in_field": 9}, "reason": "other"}
    await programme.post("ani", f"/applications/{made['id']}/change", change)
    answers = [await endorsing.send(), await outside.send("tigran", f"/applications/{made['id']}/endorse", {}, read)]
    changed = ("What has changed: Last step, Service and rank: Years in the field.", "It is now “Submitted”.")
    for answer, what in zip(answers, changed, strict=True):
        assert answer.status_code == 412, answer.text
        assert f"has changed since you read it. {what}" in words_of(answer)
    assert await outside.stored("SELECT state FROM application") == ["submitted"]
    again = await outside.tab("tigran", f"{case}/endorse")
    assert (await again.send()).status_code == 303


async def test_two_tabs_on_a_draft(programme: Programme, outside: Outside) -> None:
    """The later tab reads its own words beside those that were saved, and nothing is lost; a program gets 412."""
    body = {"call_id": programme.call["id"], "kind": "study_visit", "answers": programme.answers(), "privacy": True}
    made = await programme.post("ani", "/applications", body, 201)
    page = f"/applications/mine/{made['id']}/objectives"
    first, second = [await outside.tab("ani", page) for _ in range(2)]
    read = await outside.etag("ani", f"/applications/{made['id']}")
    assert (await first.send(cascade_plan="Three training days.")).status_code == 303
    late = await second.send(cascade_plan="A lecture.")
    assert late.status_code == 412
    for text in ("Your version", "A lecture.", "Saved version", "Three training days."):
        assert text in words_of(late)
    body = {"cascade_plan": "A paper."}
    answer = await outside.send("ani", f"/applications/{made['id']}/answers", body, read, "PUT")
    assert answer.status_code == 412
    stored = await programme.get("ani", f"/applications/{made['id']}")
    assert stored["answers"]["cascade_plan"] == "Three training days."


@pytest.mark.parametrize("header", ["nonsense", "*", '"', "", "1, 2", '"a" "b"', "W/1"])
async def test_a_version_that_is_none(programme: Programme, outside: Outside, header: str) -> None:
    """A header without an entity tag is refused as such, and nothing is done."""
    made = await programme.submitted("ani")
    answer = await outside.send("tigran", f"/applications/{made['id']}/endorse", {}, header)
    assert answer.status_code == 400, answer.text
    assert "ETag" in words_of(answer)
    assert await outside.stored("SELECT state FROM application") == ["submitted"]


async def test_a_version_that_never_was(programme: Programme, outside: Outside) -> None:
    """An entity tag that is none of the record's is refused as an older one is."""
    made = await programme.submitted("ani")
    read = await outside.etag("tigran", f"/applications/{made['id']}")
    for tag in ('"nonsense"', f'"{older(read.strip(chr(34)))}"', f"W/{read}"):
        answer = await outside.send("tigran", f"/applications/{made['id']}/endorse", {}, tag)
        assert answer.status_code in {412, 428}, (tag, answer.text)
    assert await outside.stored("SELECT state FROM application") == ["submitted"]


async def test_a_group_whose_leader_withdraws(abroad: Abroad, outside: Outside) -> None:
    """A member reads in the page and by API that there is no group any more, and never that it is complete."""
    known = {"service": "police", "rank_group": "operational", "years_in_field": 5}
    davit = abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", **known)
    await abroad.post("programme", "/people", {"people": [davit]}, 201)
    leader, member = [await abroad.of.submitted(who) for who in ("ani", "davit")]
    named = {"mode": "group", "written": "davit@police.example"}
    made = await abroad.post("ani", f"/applications/{leader['id']}/companions", named, 201)
    await abroad.post("davit", f"/companions/{made['id']}/answer", {"yes": True})
    page = f"/applications/mine/{member['id']}/company"
    before = await outside.of("davit").get(page)
    assert "The group is complete." in words_of(before)
    withdrawing = await outside.tab("ani", f"/applications/mine/{leader['id']}/withdraw")
    assert (await withdrawing.send(reason="operational_duty")).status_code == 303
    after = await outside.of("davit").get(page)
    assert "complete" not in words_of(after)
    answer = await outside.of("davit").get(f"{API}/applications/{member['id']}/company")
    assert answer.status_code == 200, answer.text
    assert not answer.json()["complete"]
    assert await outside.stored("SELECT DISTINCT state FROM application ORDER BY state") == ["submitted", "withdrawn"]
