"""Tests of deciding appeals: by another coordinator, by page and by API, with what follows."""

from __future__ import annotations

import asyncio
import html
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.applications.conftest import call_terms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.applications.conftest import Programme

WHY = "The unit has asked for this course twice"
ANSWER = "The unit's plan was not seen"


async def page(programme: Programme, subject: str, path: str, status: int = 200) -> str:
    """Return a page as somebody sees it."""
    answer = await programme.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


@pytest.fixture
async def more(programme: Programme) -> Programme:
    """A deputy of Armenia's coordinator, and a second programme coordinator."""
    deputy = programme.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    second = programme.person("second", "Anna Kovacs", "AM", "programme_coordinator")
    second["country"], second["organisation_id"] = None, None
    second["grants"][0] = {"role": "programme_coordinator", "since": "2025-01-01"}
    await programme.post("programme", "/people", {"people": [deputy, second]}, 201)
    return programme


async def turned_down(programme: Programme, by: str = "tigran") -> dict[str, Any]:
    """An application that the country does not endorse, and the officer's appeal."""
    made = await programme.submitted()
    await programme.post(by, f"/applications/{made['id']}/not-endorse", {"reason": "profile_mismatch"})
    await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    return made


async def ineligible(programme: Programme) -> dict[str, Any]:
    """An application that the programme finds not eligible, and the officer's appeal."""
    made = await programme.submitted(languages=[{"language": "en", "level": "A2"}])
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    await programme.post("programme", "/eligibility/confirm", {"application_ids": [made["id"]]})
    await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    return made


async def last(programme: Programme) -> tuple[str, dict[str, Any]]:
    """The newest event about applications."""
    kind, _, payload = (await programme.journal("exchange.applications"))[-1]
    return kind, payload


async def test_upheld_by_page(more: Programme) -> None:
    """The deputy upholds it: back to the coordinators with a new deadline; the officer reads why; no event says it."""
    made = await turned_down(more)
    at = f"/applications/cases/{made['id']}/appeal"
    assert made["reference"] in await page(more, "deputy", "/applications/appeals?state=waits")
    assert "appeal waits for you" in await page(more, "deputy", "/applications/")
    assert made["reference"] in await page(more, "deputy", "/applications/cases?needs=me")
    shown = await page(more, "deputy", at)
    assert WHY in shown
    assert "The profile does not fit the call" in shown
    client = more.as_("deputy")
    assert (await client.post(at, data={"outcome": "upheld", "answer": " "})).status_code == 422
    assert (await client.post(at, data={"answer": ANSWER})).status_code == 422
    sent = await client.post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert sent.headers["location"] == f"{at}?done=decided"
    again = await client.post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert again.status_code == 303
    kind, told = await last(more)
    assert (kind, told["outcome"], told["state"]) == ("AppealDecided", "upheld", "submitted")
    assert told["due"] is not None
    assert ANSWER not in str(await more.journal("exchange.applications"))
    assert ANSWER in await page(more, "ani", f"/applications/mine/{made['id']}")
    assert ANSWER in await page(more, "tigran", at)
    assert "This cannot be undone" in await page(more, "tigran", at)
    late = await more.as_("programme").post(at, data={"outcome": "dismissed", "answer": "No"})
    assert late.status_code == 409
    assert "decided already" in late.text
    assert (await more.get("ani", f"/applications/{made['id']}"))["state"] == "submitted"
    await more.post("tigran", f"/applications/{made['id']}/endorse")


async def test_dismissed_by_api(more: Programme) -> None:
    """The programme coordinator dismisses it: back where it was, nobody is asked, and no second appeal."""
    made = await turned_down(more)
    assert (await more.get("programme", "/appeals?state=waits"))["total"] == 1
    path = f"/applications/{made['id']}/appeal/decide"
    await more.post("programme", path, {"outcome": "dismissed"}, 422)
    answer = await more.post("programme", path, {"outcome": "dismissed", "answer": ANSWER})
    assert (answer["state"], answer["due"]) == ("not_endorsed", None)
    assert await more.post("programme", path, {"outcome": "dismissed", "answer": ANSWER}) == answer
    await more.post("deputy", path, {"outcome": "upheld", "answer": ANSWER}, 409)
    told = [kind for kind, _, _ in await more.journal("exchange.applications")]
    assert told.count("AppealDecided") == 1
    assert told.count("ApplicationDecided") == 1
    await more.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY}, 409)
    assert (await more.get("deputy", "/appeals?state=waits"))["total"] == 0
    assert (await more.get("deputy", "/appeals?state=dismissed"))["appeals"][0]["answer"] == ANSWER


async def test_never_the_one_who_decided(more: Programme) -> None:
    """The coordinator who made the decision reads who can decide; the API says 409; only others are asked."""
    made = await turned_down(more)
    at, path = f"/applications/cases/{made['id']}/appeal", f"/applications/{made['id']}/appeal/decide"
    shown = await page(more, "tigran", at)
    assert "You made the decision that is appealed against" in shown
    assert "Lilit Grigoryan" in shown
    assert "Anna Kovacs" in shown
    body = {"outcome": "dismissed", "answer": ANSWER}
    problem = await more.post("tigran", path, body, 409)
    assert "another coordinator" in problem["detail"]
    assert (await more.as_("tigran").post(at, data=body)).status_code == 409
    assert (await more.get("tigran", "/appeals?state=waits"))["total"] == 0
    assert (await more.get("tigran", "/appeals?state=open"))["appeals"][0]["you_decide"] is False


async def test_another_programme_coordinator_for_what_the_programme_decided(more: Programme) -> None:
    """Not eligible: not the country's and not the same person's to decide; another programme coordinator upholds it."""
    made = await ineligible(more)
    path = f"/applications/{made['id']}/appeal/decide"
    body = {"outcome": "upheld", "answer": ANSWER}
    for who in ("tigran", "programme"):
        await more.post(who, path, body, 409)
    assert "Anna Kovacs" in await page(more, "programme", f"/applications/cases/{made['id']}/appeal")
    assert "a programme coordinator decides" in await page(more, "tigran", f"/applications/cases/{made['id']}/appeal")
    answer = await more.post("second", path, body)
    assert answer["state"] == "endorsed"
    assert answer["due"] is not None
    assert (await last(more))[1]["state"] == "endorsed"


async def test_who_is_alone_is_told_what_to_do(programme: Programme) -> None:
    """A sole programme coordinator cannot decide on an own decision, and reads that another one must be entered."""
    made = await ineligible(programme)
    shown = await page(programme, "programme", f"/applications/cases/{made['id']}/appeal")
    assert "Enter another programme coordinator in the register" in shown


async def test_two_decide_on_an_appeal_at_once(more: Programme) -> None:
    """The second of two simultaneous decisions is refused; one decision is recorded."""
    made = await turned_down(more)
    path = f"/applications/api/applications/{made['id']}/appeal/decide"
    sent = [
        ("deputy", {"outcome": "upheld", "answer": ANSWER}),
        ("programme", {"outcome": "dismissed", "answer": ANSWER}),
    ]
    answers = await asyncio.gather(*(more.as_(who).post(path, json=body) for who, body in sent))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    told = [kind for kind, _, _ in await more.journal("exchange.applications")]
    assert told.count("AppealDecided") == 1


async def test_nobody_elses_appeal_is_there(more: Programme) -> None:
    """Another country's coordinator finds no appeal, in no list; an application without one leads to its case."""
    made = await turned_down(more)
    at, path = f"/applications/cases/{made['id']}/appeal", f"/applications/{made['id']}/appeal/decide"
    body = {"outcome": "upheld", "answer": ANSWER}
    await page(more, "giorgi", at, 404)
    assert (await more.as_("giorgi").post(at, data=body)).status_code == 404
    await more.post("giorgi", path, body, 404)
    assert (await more.get("giorgi", "/appeals"))["total"] == 0
    assert made["reference"] not in await page(more, "giorgi", "/applications/appeals")
    await more.post("ani", path, body, 403)
    other = await more.submitted("nino", rank_group="operational", years_in_field=5)
    await page(more, "giorgi", f"/applications/cases/{other['id']}/appeal", 303)
    await more.post("giorgi", f"/applications/{other['id']}/appeal/decide", body, 404)


async def test_a_close_ends_what_an_appeal_opened_again(more: Programme) -> None:
    """Upheld, it is open again; when the call closes it has no place, and its outcome stays the one told first."""
    made = await turned_down(more)
    await more.post("deputy", f"/applications/{made['id']}/appeal/decide", {"outcome": "upheld", "answer": ANSWER})
    await more.post("programme", f"/calls/{more.call['id']}/close")
    assert (await more.get("ani", f"/applications/{made['id']}"))["state"] == "unplaced"
    told = [payload["outcome"] for kind, _, payload in await more.journal("exchange.applications")
            if kind == "ApplicationDecided"]  # fmt: skip
    assert told == ["not_endorsed"]


@pytest.mark.parametrize("made_by", [turned_down, ineligible])
async def test_upheld_after_the_close_nothing_comes_back_to_life(
    more: Programme, made_by: Callable[[Programme], Awaitable[dict[str, Any]]]
) -> None:
    """It is unplaced, page and event say why, the outcome told first stays, and the answers go into the next call."""
    made = await made_by(more)
    at = f"/applications/cases/{made['id']}/appeal"
    await more.post("programme", f"/calls/{more.call['id']}/close")
    assert (await more.get("ani", f"/applications/{made['id']}"))["state"] == "appealed"
    assert "The call has closed meanwhile" in await page(more, "second", at)
    answer = await more.as_("second").post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert answer.status_code == 303
    kind, told = await last(more)
    assert (kind, told["outcome"], told["state"], told["due"], told["call_closed"]) == (
        "AppealDecided", "upheld", "unplaced", None, True,
    )  # fmt: skip
    first = [data["outcome"] for name, _, data in await more.journal("exchange.applications")
             if name == "ApplicationDecided"]  # fmt: skip
    assert len(first) == 1
    mine = f"/applications/mine/{made['id']}"
    shown = await page(more, "ani", mine)
    assert "Your appeal was upheld" in shown
    assert ANSWER in shown
    assert "Apply again with these answers" not in shown
    fund = {"name": "TOPCOP III", "payer": "European Commission", "since": "2025-01-01"}
    funds = await more.post("programme", "/funds", {"funds": [fund]}, 201)
    next_call = await more.post("programme", "/calls", call_terms(funds["ids"][0]), 201)
    assert f"Apply to {next_call['reference']}" in await page(more, "ani", mine)
    begun = await more.as_("ani").post(f"/applications/calls/{next_call['id']}/apply", data={"kind": "study_visit"})
    assert made["reference"] in await page(more, "ani", begun.headers["location"])
    assert "Apply again with these answers" not in await page(more, "ani", mine)


async def test_dismissed_after_the_close_it_is_back_where_it_was(more: Programme) -> None:
    """The close changes nothing for a decision that stands."""
    made = await turned_down(more)
    await more.post("programme", f"/calls/{more.call['id']}/close")
    await more.post("second", f"/applications/{made['id']}/appeal/decide", {"outcome": "dismissed", "answer": ANSWER})
    assert (await last(more))[1]["state"] == "not_endorsed"


async def test_a_close_and_a_decided_appeal_cross(more: Programme) -> None:
    """Sent at the same moment, one is first: either way nothing is live in the closed call afterwards."""
    made = await turned_down(more)
    await asyncio.gather(
        more.post("programme", f"/calls/{more.call['id']}/close"),
        more.post("second", f"/applications/{made['id']}/appeal/decide", {"outcome": "upheld", "answer": ANSWER}),
    )
    assert (await more.get("ani", f"/applications/{made['id']}"))["state"] == "unplaced"
