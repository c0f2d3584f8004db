"""The pages of the board: what each coordinator may see, and committing a cohort by hand."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook

from services.matching.board.views import country_results
from shared.contracts import receipts
from shared.contracts.applications import ApplicationVoided
from shared.contracts.codes import HardRule, Role
from shared.identity import every_route, issue_ticket
from shared.identity.scope import Reach
from shared.ids import new_id
from tests.support import ticket_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2
    import pytest
    from fastapi import FastAPI

    from tests.integration.matching.conftest import World

    SignIn = Callable[..., Awaitable[None]]


async def _filled(world: World) -> tuple[Any, Any, Any]:
    """Return one Moldovan and one Georgian with a provisional match, one Ukrainian whom no host understands."""
    await world.call()
    await world.offer(places=4, group_size=5)
    first, second = await world.officer("MD"), await world.officer("GE")
    third = await world.officer("UA", languages=[{"language": "uk", "level": "NS"}])
    await world.match_calls()
    return first, second, third


async def test_every_page_of_the_board_answers(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Every page opens for the programme coordinator, before and after a cohort."""
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    empty = await browser.get("/matching/")
    assert empty.status_code == 200
    first, _, third = await _filled(world)
    await world.mentor()
    await world.confirmed(kind="mentee")
    await world.match_calls()
    pages = ["/matching/", "/matching/?call=all", "/matching/applications", "/matching/events", "/matching/runs"]
    pages += ["/matching/visits", "/matching/mentorships", f"/matching/cohorts/{world.call_id}"]
    pages += [f"/matching/applications/{officer}" for officer in (first, third)]
    pages += [f"/matching/runs/{(await world.rows('SELECT id FROM run'))[0].id}"]
    pages += ["/matching/applications?stage=application:waitlisted&sort=-since"]
    pages += [f"/matching/visits?done={'9' * 5000}"]
    for page in pages:
        answer = await browser.get(page, follow_redirects=True)
        assert answer.status_code == 200, (page, answer.text[-2000:])
    for page, name in (
        ("/matching/applications?page=x", "Page"),
        (f"/matching/visits?page={'9' * 5000}", "Page"),
        ("/matching/applications?call=y", "Call"),
        ("/matching/applications?stage=nowhere", "Stage"),
        ("/matching/visits?state=lost", "State"),
        ("/matching/calendar?from=9999-12-31", "From"),
        ("/matching/events?topic=gossip", "Topic"),
    ):
        answer = await browser.get(page)
        assert (answer.status_code, name in answer.text) == (422, True), page


async def test_counts_lead_to_exactly_the_rows_they_count(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """Each count on the board links to as many rows."""
    await _filled(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    text = (await browser.get("/matching/")).text
    links = re.findall(r'<a href="(/matching/applications\?[^"]+)"><span class="tandem-counts__number">(\d+)', text)
    assert links
    for href, count in links:
        rows = (await browser.get(href.replace("&amp;", "&"))).text.count('<th scope="row"')
        assert rows == int(count), href


async def test_a_national_coordinator_sees_the_own_country_only(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """A national coordinator sees no case of another country: on the board, in lists, in the API, by address."""
    first, second, _ = await _filled(world)
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    for page in ("/matching/", "/matching/applications", "/matching/events"):
        text = (await browser.get(page)).text
        assert "MD-2026" in text, page
        assert "GE-2026" not in text, page
        assert "UA-2026" not in text, page
    assert (await browser.get(f"/matching/applications/{first}")).status_code == 200
    assert (await browser.get(f"/matching/applications/{second}")).status_code == 404
    found = (await browser.get("/matching/api/v1/applications")).json()
    assert [row["country"] for row in found["items"]] == ["MD"]
    assert (await browser.get(f"/matching/api/v1/receipts/{second}")).status_code == 404
    assert (await browser.get(f"/matching/cohorts/{world.call_id}")).status_code == 403


def _rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a workbook's first sheet, by heading."""
    heading, *rows = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    return [{str(name): str(cell or "") for name, cell in zip(heading, row, strict=True)} for row in rows]


async def test_a_country_downloads_the_results_of_its_own_applicants(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook has place and sentence, or the smallest change; a host country reads nothing of its guests there."""
    await _filled(world)
    late = "No cohort has included this application yet."
    await sign_in("mihai", Role.NATIONAL_COORDINATOR, country="MD")
    before = _rows((await browser.get("/matching/applications/results.xlsx")).content)
    assert [row["What you can tell the officer"] for row in before] == [late]
    await world.commit()
    listed = await browser.get("/matching/applications")
    (address,) = re.findall(r'href="(/matching/applications/results.xlsx[^"]*)"', listed.text)
    answer = await browser.get(html.unescape(address))
    assert answer.headers["cache-control"] == "no-store"
    (row,) = _rows(answer.content)
    assert (row["Country"], row["Host country"], row["Status"]) == ("Moldova", "France", "Proposed")
    assert row["What you can tell the officer"] == "You have the place that you want most of those that fit you."
    assert row["Smallest changes that would have led to a match"] == ""
    await sign_in("oksana", Role.NATIONAL_COORDINATOR, country="UA")
    (row,) = _rows((await browser.get("/matching/applications/results.xlsx")).content)
    assert row["Place"] == ""
    assert row["What you can tell the officer"].startswith("There is no place for you yet. No place fits you.")
    assert "at level B1, which is not stated yet" in row["Smallest changes that would have led to a match"]
    await sign_in("fleur", Role.NATIONAL_COORDINATOR, country="FR")
    with monkeypatch.context() as few:
        few.setattr(country_results, "MOST", 0)  # guests do not count either
        for query in ("", "?country=MD"):
            assert _rows((await browser.get(f"/matching/applications/results.xlsx{query}")).content) == []
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    for query, countries in (("", ["Georgia", "Moldova", "Ukraine"]), ("?country=UA", ["Ukraine"])):
        rows = _rows((await browser.get(f"/matching/applications/results.xlsx{query}")).content)
        assert sorted(row["Country"] for row in rows) == countries
    monkeypatch.setattr(country_results, "MOST", 2)
    assert (await browser.get("/matching/applications/results.xlsx")).status_code == 422


async def test_an_agency_downloads_no_results_of_another_agency(world: World) -> None:
    """All EU agencies have one country, so the agency says whose applicants they are."""
    own, other = str(new_id()), str(new_id())
    await world.call()
    for agency in (own, other):
        await world.officer("EU", organisation_id=agency)
    within = Reach(everything=False, countries=frozenset({"EU"}), organisations=frozenset({own}), subject="eva")
    rows = _rows(await country_results.country_results(world.bus, within, None, None))
    assert [row["Application"] for row in rows] == ["EU-2026-0001"]


async def test_a_host_country_sees_who_might_come(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """The host's national coordinator sees the cases that lead to the host country."""
    await _filled(world)
    await sign_in("fleur", Role.NATIONAL_COORDINATOR, country="FR")
    found = (await browser.get("/matching/api/v1/applications")).json()
    assert sorted(row["country"] for row in found["items"]) == ["GE", "MD"]


async def test_a_host_country_is_led_to_no_case_that_is_closed_to_it(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The host's coordinator opens a case while its match stands.

    Once it has ended, no list and no event links to it.
    """
    await world.call()
    await world.offer("FR")
    application, _ = await world.confirmed()
    case = f"/matching/applications/{application}"
    await sign_in("luc", Role.NATIONAL_COORDINATOR, country="FR")
    events = re.findall(r'href="(/matching/events/[0-9a-f-]{36})"', (await browser.get("/matching/events")).text)
    pages = ["/matching/visits?call=all", events[0]]
    assert (await browser.get(case)).status_code == 200
    assert [case in (await browser.get(page)).text for page in pages] == [True, True]

    await world.feed.deliver((ApplicationVoided.model_validate({"reason": "test"}), application))
    assert (await browser.get(case)).status_code == 404
    texts = [(await browser.get(page)).text for page in pages]
    assert ["MD-2026" in text for text in texts] == [True, True]
    assert [case in text for text in texts] == [False, False]


async def test_a_cohort_is_committed_by_hand(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Chosen matches are committed, others stay provisional, and applications without a place get the reason."""
    first, second, third = await _filled(world)
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    page = (await browser.get(f"/matching/cohorts/{world.call_id}")).text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    pairs = re.findall(r'name="pair" value="([^"]+)"', page)
    assert csrf is not None
    assert len(pairs) == 2
    chosen = next(pair for pair in pairs if pair.startswith(str(first)))
    form = {"csrf_token": csrf[1], "pair": chosen}
    named = await browser.post(f"/matching/cohorts/{world.call_id}", data=form)
    assert "MD-2026-0002" in named.text
    assert "GE-2026" not in named.text
    assert await world.facts("MatchProposed") == []
    done = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=form)
    assert done.status_code == 303
    assert (await browser.get(done.headers["location"])).status_code == 200
    assert [event.pairing.application_id for _, event in await world.facts("MatchProposed")] == [first]
    assert [subject for subject, _ in await world.facts("NoMatchExplained")] == [str(third)]
    await world.match_calls()
    rows = await world.rows("SELECT application_id FROM standing WHERE seat_id IS NOT NULL")
    assert [row.application_id for row in rows] == [second]
    again = await browser.post(f"/matching/cohorts/{world.call_id}/commit", data=form)
    assert (again.status_code, again.headers["location"]) == (303, done.headers["location"])
    assert len(await world.facts("MatchProposed")) == 1


async def test_the_receipt_opens_with_a_ticket_and_shows_the_own_part(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The officer sees points gained and no preference of the host; without the ticket the page is refused."""
    first, _, third = await _filled(world)
    await world.commit()
    await sign_in("olga", Role.OFFICER)
    assert (await browser.get(f"/matching/receipts/{first}")).status_code == 403
    for application, expected in ((first, "What the officer gains"), (third, "Smallest change for a match")):
        page = await _opened_receipt(browser, application)
        assert expected in page.text or "No place meets all rules" in page.text
        assert "What the host prefers" not in page.text
        assert ("There is no place for you yet." in page.text) == (application == third)
        assert "The numbers" in page.text


async def test_before_its_first_cohort_the_receipt_says_that_there_is_no_result_yet(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """The portal links to the receipt of every eligible application; before a cohort a page says what comes."""
    first, *_ = await _filled(world)
    await sign_in("olga", Role.OFFICER)
    page = await _opened_receipt(browser, first)
    assert "No result yet" in page.text
    assert "You receive an email when it is done" in page.text


async def _opened_receipt(browser: httpx2.AsyncClient, application: object) -> httpx2.Response:
    """Open an application's receipt with a ticket, as the portal's link does."""
    private, _ = ticket_keys()
    opened = issue_ticket("receipt", str(application), person="olga", private_key=private)
    sent_on = await browser.get(f"/matching/receipts/{application}?ticket={opened}")
    assert sent_on.status_code in {302, 303, 307}
    for name, value in (part.split(";")[0].split("=", 1) for part in sent_on.headers.get_list("set-cookie")):
        browser.cookies.set(name, value, domain="localhost.local")
    page = await browser.get(sent_on.headers["location"])
    assert page.status_code == 200
    return page


async def test_a_confidential_exclusion_shows_as_not_available(
    world: World, browser: httpx2.AsyncClient, sign_in: SignIn
) -> None:
    """No page and no published receipt reveals that the programme keeps two countries apart."""
    await world.call()
    await world.offer("FR")
    await world.exclude("MD", "FR", confidential=True)
    application = await world.officer("MD")
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    assert "No place meets the rule: Available" in (await browser.get("/matching/")).text
    await world.commit()
    ((_, event),) = await world.facts("NoMatchExplained")
    assert isinstance(event, receipts.NoMatchExplained)
    left = {step.rule: step.remaining for step in event.funnel}
    assert left[HardRule.EXCLUDED_PAIR] == 1
    assert left[HardRule.NOT_AVAILABLE] == 0
    assert (await browser.get(f"/matching/applications/{application}")).status_code == 200


async def test_restricted_expertise_is_not_named(world: World, browser: httpx2.AsyncClient, sign_in: SignIn) -> None:
    """Board pages show `restricted` in place of undercover work and witness protection."""
    await world.call()
    application = await world.officer(expertise=[{"area": "witness_protection", "level": 2, "years": 3}])
    await world.match_calls()
    await sign_in("carla", Role.PROGRAMME_COORDINATOR)
    text = (await browser.get(f"/matching/applications/{application}")).text
    assert "restricted" in text
    assert "Witness" not in text


async def test_every_route_has_one_guard(app: FastAPI) -> None:
    """Every route of the service has an access rule."""
    assert len(every_route(app)) > 20
