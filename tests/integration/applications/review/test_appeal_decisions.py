"""Tests of deciding appeals: by another coordinator, by page and by API, with the consequences."""

from __future__ import annotations

import asyncio
import html
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.applications.conftest import call_terms
from tests.support import items

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.applications.conftest import Programme

WHY = "The unit has asked for this course twice"
ANSWER = "The unit's plan was not seen"


async def page(programme: Programme, subject: str, path: str, status: int = 200) -> str:
    """Return a page as a person sees it."""
    answer = await programme.as_(subject).get(path)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


@pytest.fixture
async def more_coordinators(programme: Programme) -> Programme:
    """Enter a deputy of Armenia's coordinator, and a second programme coordinator."""
    deputy = programme.person("deputy", "Lilit Grigoryan", "AM", "national_coordinator")
    deputy["grants"][0]["deputy_for"] = "tigran"
    second = programme.person("second", "Anna Kovacs", "AM", "programme_coordinator")
    second["country"], second["organisation_id"] = None, None
    second["grants"][0] = {"role": "programme_coordinator", "since": "2025-01-01"}
    await programme.post("programme", "/people", {"people": [deputy, second]}, 201)
    return programme


async def not_endorsed(programme: Programme, by: str = "tigran") -> dict[str, Any]:
    """Return an application that the country does not endorse, with the officer's appeal."""
    made = await programme.submitted()
    await programme.post(by, f"/applications/{made['id']}/not-endorse", {"reason": "profile_mismatch"})
    await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    return made


async def ineligible(programme: Programme) -> dict[str, Any]:
    """Return an application that the programme finds not eligible, with the officer's appeal."""
    made = await programme.submitted(languages=[{"language": "en", "level": "A2"}])
    await programme.post("tigran", f"/applications/{made['id']}/endorse")
    await programme.post("programme", "/eligibility/confirm", {"applications": items(made["id"])})
    await programme.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY})
    return made


async def last_event(programme: Programme) -> tuple[str, dict[str, Any]]:
    """Return the newest event about applications."""
    kind, _, payload = (await programme.journal("exchange.applications"))[-1]
    return kind, payload


async def test_upheld_by_page(more_coordinators: Programme) -> None:
    """The upheld case returns to the coordinators with a new deadline; the officer reads why, and no event has it."""
    made = await not_endorsed(more_coordinators)
    at = f"/applications/cases/{made['id']}/appeal"
    assert made["reference"] in await page(more_coordinators, "deputy", "/applications/appeals?state=waits")
    assert "Decide appeal" in await page(more_coordinators, "deputy", "/applications/")
    assert made["reference"] in await page(more_coordinators, "deputy", "/applications/cases?needs=me")
    shown = await page(more_coordinators, "deputy", at)
    assert WHY in shown
    assert "The profile does not fit the call" in shown
    client = more_coordinators.as_("deputy")
    assert (await client.post(at, data={"outcome": "upheld", "answer": " "})).status_code == 422
    assert (await client.post(at, data={"answer": ANSWER})).status_code == 422
    sent = await client.post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert sent.headers["location"] == f"{at}?done=decided"
    again = await client.post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert again.status_code == 303
    kind, event = await last_event(more_coordinators)
    assert (kind, event["outcome"], event["state"]) == ("AppealDecided", "upheld", "submitted")
    assert event["due"] is not None
    assert ANSWER not in str(await more_coordinators.journal("exchange.applications"))
    assert ANSWER in await page(more_coordinators, "ani", f"/applications/mine/{made['id']}")
    assert ANSWER in await page(more_coordinators, "tigran", at)
    assert "This cannot be undone" in await page(more_coordinators, "tigran", at)
    late = await more_coordinators.as_("programme").post(at, data={"outcome": "dismissed", "answer": "No"})
    assert late.status_code == 409
    assert "This appeal has already been decided" in late.text
    assert (await more_coordinators.get("ani", f"/applications/{made['id']}"))["state"] == "submitted"
    await more_coordinators.post("tigran", f"/applications/{made['id']}/endorse")


async def test_dismissed_by_api(more_coordinators: Programme) -> None:
    """The dismissed application is back in its state, with no open task and no second appeal."""
    made = await not_endorsed(more_coordinators)
    assert len((await more_coordinators.get("programme", "/appeals?state=waits"))["items"]) == 1
    listed = await more_coordinators.get("programme", "/appeals?limit=1")
    assert ([item["you_decide"] for item in listed["items"]], listed["next"]) == ([True], None)
    await more_coordinators.get("programme", "/appeals?cursor=nonsense", 422)
    path = f"/applications/{made['id']}/appeal/decide"
    await more_coordinators.post("programme", path, {"outcome": "dismissed"}, 422)
    answer = await more_coordinators.post("programme", path, {"outcome": "dismissed", "answer": ANSWER})
    assert (answer["state"], answer["due"]) == ("not_endorsed", None)
    assert await more_coordinators.post("programme", path, {"outcome": "dismissed", "answer": ANSWER}) == answer
    await more_coordinators.post("deputy", path, {"outcome": "upheld", "answer": ANSWER}, 409)
    types = [kind for kind, _, _ in await more_coordinators.journal("exchange.applications")]
    assert types.count("AppealDecided") == 1
    assert types.count("ApplicationDecided") == 1
    await more_coordinators.post("ani", f"/applications/{made['id']}/appeal", {"text": WHY}, 409)
    assert (await more_coordinators.get("deputy", "/appeals?state=waits"))["items"] == []
    assert (await more_coordinators.get("deputy", "/appeals?state=dismissed"))["items"][0]["answer"] == ANSWER


async def test_the_author_of_a_decision_cannot_decide_its_appeal(more_coordinators: Programme) -> None:
    """The author reads who can decide, the API answers 409, and only others are asked."""
    made = await not_endorsed(more_coordinators)
    at, path = f"/applications/cases/{made['id']}/appeal", f"/applications/{made['id']}/appeal/decide"
    shown = await page(more_coordinators, "tigran", at)
    assert "You made the decision under appeal" in shown
    assert "Lilit Grigoryan" in shown
    assert "Anna Kovacs" in shown
    body = {"outcome": "dismissed", "answer": ANSWER}
    problem = await more_coordinators.post("tigran", path, body, 409)
    assert "another coordinator" in problem["detail"]
    assert (await more_coordinators.as_("tigran").post(at, data=body)).status_code == 409
    assert (await more_coordinators.get("tigran", "/appeals?state=waits"))["items"] == []
    assert (await more_coordinators.get("tigran", "/appeals?state=open"))["items"][0]["you_decide"] is False


async def test_another_programme_coordinator_decides_on_eligibility(more_coordinators: Programme) -> None:
    """A finding of not eligible is upheld or dismissed by another programme coordinator only."""
    made = await ineligible(more_coordinators)
    path = f"/applications/{made['id']}/appeal/decide"
    body = {"outcome": "upheld", "answer": ANSWER}
    for who in ("tigran", "programme"):
        await more_coordinators.post(who, path, body, 409)
    assert "Anna Kovacs" in await page(more_coordinators, "programme", f"/applications/cases/{made['id']}/appeal")
    assert "a programme coordinator decides" in await page(
        more_coordinators, "tigran", f"/applications/cases/{made['id']}/appeal"
    )
    answer = await more_coordinators.post("second", path, body)
    assert answer["state"] == "endorsed"
    assert answer["due"] is not None
    assert (await last_event(more_coordinators))[1]["state"] == "endorsed"


async def test_a_sole_programme_coordinator_reads_the_remedy(programme: Programme) -> None:
    """A sole programme coordinator cannot decide, and reads that another one must be entered."""
    made = await ineligible(programme)
    shown = await page(programme, "programme", f"/applications/cases/{made['id']}/appeal")
    assert "Add another programme coordinator to the register" in shown


async def test_an_appeal_leads_back_to_the_filtered_list(more_coordinators: Programme) -> None:
    """A decision without its outcome shows what was written, and the way back leads to the list with its filter."""
    made = await not_endorsed(more_coordinators)
    at = f"/applications/cases/{made['id']}/appeal"
    await page(more_coordinators, "deputy", "/applications/appeals?state=waits")
    answer = await more_coordinators.as_("deputy").post(at, data={"answer": ANSWER})
    assert answer.status_code == 422
    assert "Choose your decision on the appeal" in answer.text
    assert ANSWER in html.unescape(answer.text)
    assert 'href="/applications/appeals?state=waits"' in html.unescape(answer.text)
    assert "No appeals match this filter." in await page(
        more_coordinators, "deputy", "/applications/appeals?state=upheld"
    )


async def test_simultaneous_decisions_on_an_appeal_count_once(more_coordinators: Programme) -> None:
    """The second of two simultaneous decisions is refused, and one decision is recorded."""
    made = await not_endorsed(more_coordinators)
    path = f"/applications/api/v1/applications/{made['id']}/appeal/decide"
    sent = [
        ("deputy", {"outcome": "upheld", "answer": ANSWER}),
        ("programme", {"outcome": "dismissed", "answer": ANSWER}),
    ]
    answers = await asyncio.gather(*(more_coordinators.as_(who).post(path, json=body) for who, body in sent))
    first, second = sorted(answer.status_code for answer in answers)
    # By its state or by its version, as the second one finds it decided or changed.
    assert first == 200
    assert second in {409, 412}
    types = [kind for kind, _, _ in await more_coordinators.journal("exchange.applications")]
    assert types.count("AppealDecided") == 1


async def test_appeals_of_another_country_are_not_found(more_coordinators: Programme) -> None:
    """Another country's coordinator finds no appeal, and an application without one leads to its case."""
    made = await not_endorsed(more_coordinators)
    at, path = f"/applications/cases/{made['id']}/appeal", f"/applications/{made['id']}/appeal/decide"
    body = {"outcome": "upheld", "answer": ANSWER}
    await page(more_coordinators, "giorgi", at, 404)
    assert (await more_coordinators.as_("giorgi").post(at, data=body)).status_code == 404
    await more_coordinators.post("giorgi", path, body, 404)
    assert (await more_coordinators.get("giorgi", "/appeals"))["items"] == []
    assert made["reference"] not in await page(more_coordinators, "giorgi", "/applications/appeals")
    await more_coordinators.post("ani", path, body, 403)
    other = await more_coordinators.submitted("nino", rank_group="operational", years_in_field=5)
    await page(more_coordinators, "giorgi", f"/applications/cases/{other['id']}/appeal", 303)
    await more_coordinators.post("giorgi", f"/applications/{other['id']}/appeal/decide", body, 404)


async def test_closing_a_call_ends_a_reopened_application(more_coordinators: Programme) -> None:
    """An upheld application gets no place when the call closes, and its first outcome stays."""
    made = await not_endorsed(more_coordinators)
    await more_coordinators.post(
        "deputy", f"/applications/{made['id']}/appeal/decide", {"outcome": "upheld", "answer": ANSWER}
    )
    await more_coordinators.post("programme", f"/calls/{more_coordinators.call['id']}/close")
    assert (await more_coordinators.get("ani", f"/applications/{made['id']}"))["state"] == "unplaced"
    outcomes = [payload["outcome"] for kind, _, payload in await more_coordinators.journal("exchange.applications")
            if kind == "ApplicationDecided"]  # fmt: skip
    assert outcomes == ["not_endorsed"]


@pytest.mark.parametrize("made_by", [not_endorsed, ineligible])
async def test_an_appeal_upheld_after_the_close_reopens_nothing(
    more_coordinators: Programme, made_by: Callable[[Programme], Awaitable[dict[str, Any]]]
) -> None:
    """Page and event say why it is unplaced, the first outcome stays, and the answers can be reused."""
    made = await made_by(more_coordinators)
    at = f"/applications/cases/{made['id']}/appeal"
    await more_coordinators.post("programme", f"/calls/{more_coordinators.call['id']}/close")
    assert (await more_coordinators.get("ani", f"/applications/{made['id']}"))["state"] == "appealed"
    assert "The call has closed meanwhile" in await page(more_coordinators, "second", at)
    answer = await more_coordinators.as_("second").post(at, data={"outcome": "upheld", "answer": ANSWER})
    assert answer.status_code == 303
    kind, event = await last_event(more_coordinators)
    assert (kind, event["outcome"], event["state"], event["due"], event["call_closed"]) == (
        "AppealDecided", "upheld", "unplaced", None, True,
    )  # fmt: skip
    first = [data["outcome"] for name, _, data in await more_coordinators.journal("exchange.applications")
             if name == "ApplicationDecided"]  # fmt: skip
    assert len(first) == 1
    mine = f"/applications/mine/{made['id']}"
    shown = await page(more_coordinators, "ani", mine)
    assert "Your appeal was upheld" in shown
    assert ANSWER in shown
    assert "Apply again with these answers" not in shown
    fund = {"name": "TOPCOP III", "payer": "European Commission", "since": "2025-01-01"}
    funds = await more_coordinators.post("programme", "/funds", {"funds": [fund]}, 201)
    next_call = await more_coordinators.post("programme", "/calls", call_terms(funds["ids"][0]), 201)
    assert f"Apply to {next_call['reference']}" in await page(more_coordinators, "ani", mine)
    begun = await more_coordinators.as_("ani").post(
        f"/applications/calls/{next_call['id']}/apply", data={"kind": "study_visit"}
    )
    assert made["reference"] in await page(more_coordinators, "ani", begun.headers["location"])
    assert "Apply again with these answers" not in await page(more_coordinators, "ani", mine)


async def test_an_appeal_dismissed_after_the_close_leaves_the_decision(more_coordinators: Programme) -> None:
    """A close changes nothing about a decision that is confirmed."""
    made = await not_endorsed(more_coordinators)
    await more_coordinators.post("programme", f"/calls/{more_coordinators.call['id']}/close")
    await more_coordinators.post(
        "second", f"/applications/{made['id']}/appeal/decide", {"outcome": "dismissed", "answer": ANSWER}
    )
    assert (await last_event(more_coordinators))[1]["state"] == "not_endorsed"


async def test_a_close_and_an_appeal_decision_at_once(more_coordinators: Programme) -> None:
    """In either order nothing is open in the closed call afterwards."""
    made = await not_endorsed(more_coordinators)
    await asyncio.gather(
        more_coordinators.post("programme", f"/calls/{more_coordinators.call['id']}/close"),
        more_coordinators.post(
            "second", f"/applications/{made['id']}/appeal/decide", {"outcome": "upheld", "answer": ANSWER}
        ),
    )
    assert (await more_coordinators.get("ani", f"/applications/{made['id']}"))["state"] == "unplaced"
