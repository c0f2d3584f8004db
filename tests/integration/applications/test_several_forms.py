"""A form about several records decides on those that the reader saw, and shows both versions of those that changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.applications.records import RECORDS
from shared.bus.db.records import named, versions_by_record
from shared.time import clock
from shared.web.several import DECIDE
from tests.several_forms import Tabs, both_versions, check_tabs, content, form_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.applications.abroad import Abroad

P = "/applications"
PEOPLE = ("ani", "davit", "mariam")
PLAN = 'UPDATE application SET answers = answers || \'{"cascade_plan": "Another plan."}\' WHERE id = :id'
TITLE = 'UPDATE offer SET entry = entry || \'{"title": "Another one"}\' WHERE id = :id'


@dataclass(frozen=True, slots=True)
class Scenario:
    """A decision on three records: who decides, how addresses name them, what the form asks.

    `change` is a statement that changes one as another tab could, `now` are words that it writes.
    """

    who: str
    query: str
    record: str
    prepare: Callable[[Abroad], Awaitable[list[str]]]
    change: str
    now: str
    fields: dict[str, str] = field(default_factory=dict)


async def _submitted(abroad: Abroad) -> list[str]:
    return [(await abroad.of.submitted(who))["id"] for who in PEOPLE]


async def _endorsed(abroad: Abroad) -> list[str]:
    ids = await _submitted(abroad)
    for id_ in ids:
        await abroad.post("tigran", f"/applications/{id_}/endorse")
    return ids


async def _matched(abroad: Abroad) -> list[str]:
    offer = await abroad.offer()
    return [str(await abroad.proposed(await abroad.eligible(who), offer_id=offer["id"])) for who in PEOPLE]


async def _placements(abroad: Abroad) -> list[str]:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": True}
    return [(await abroad.post("claire", "/offers", body, 201))["id"] for _ in PEOPLE]


async def _due(abroad: Abroad) -> list[str]:
    await execute(abroad, "UPDATE person SET confirmed_on = confirmed_on - 370 WHERE subject = ANY(:people)")
    people = (await abroad.get("programme", "/people"))["items"]
    return [person["id"] for person in people if person["subject"] in PEOPLE]


async def _proposals(abroad: Abroad) -> list[str]:
    ids = []
    for who in PEOPLE:
        change = {"kind": "leave", "subject": who, "last_day": str(clock.today())}
        ids.append((await abroad.post("tigran", "/register/proposals", {"change": change}, 201))["proposal"]["id"])
    return ids


_CASES: dict[str, Any] = {"who": "tigran", "query": "case", "record": "application_id", "change": PLAN}
_OFFERS: dict[str, Any] = {"who": "luc", "query": "offer", "record": "offer_id", "change": TITLE}
SCENARIOS = {
    (f"{P}/cases/decide", "endorse"): Scenario(prepare=_submitted, now="Another plan.", **_CASES),
    (f"{P}/cases/decide", "return"): Scenario(
        prepare=_submitted, now="Another plan.", fields={"section": "periods", "remark": "When?"}, **_CASES
    ),
    (f"{P}/cases/decide", "not_endorse"): Scenario(
        prepare=_submitted, now="Another plan.", fields={"reason": "operational_duty", "text": "Not now"}, **_CASES
    ),
    (f"{P}/cases/decide", "eligibility"): Scenario(
        prepare=_endorsed, now="Another plan.", **(_CASES | {"who": "programme"})
    ),
    (f"{P}/matches/clear", "clear"): Scenario(
        "tigran", "match", "match_id", _matched, "UPDATE match SET due = '2049-06-01T12:00:00Z' WHERE id = :id", "2049",
    ),
    (f"{P}/offers/decide", "endorse"): Scenario(prepare=_placements, now="Another one", **_OFFERS),
    (f"{P}/offers/decide", "return"): Scenario(
        prepare=_placements, now="Another one", fields={"section": "places", "remark": "Only two?"}, **_OFFERS
    ),
    (f"{P}/register/access/confirm", "confirm"): Scenario(
        "tigran", "person", "person_id", _due, "UPDATE person SET name = name || ' Junior' WHERE id = :id", "Junior"
    ),
    (f"{P}/register/proposals/several", "approve"): Scenario(
        "programme", "proposal", "proposal_id", _proposals,
        "UPDATE proposal SET note = 'Please hurry.' WHERE id = :id", "Please hurry.",
    ),
}  # fmt: skip
"""By address and name of the decision."""


async def execute(abroad: Abroad, statement: str, **values: Any) -> None:
    """Run a statement that changes something as somebody else could."""
    async with abroad.of.app.state.service.bus.engine.begin() as connection:
        needed = {name: value for name, value in {"people": list(PEOPLE), **values}.items() if f":{name}" in statement}
        await connection.execute(sa.text(statement), needed)


async def opened(abroad: Abroad, form: tuple[str, str]) -> Tabs:
    """Return two tabs on three records of a decision."""
    scenario, (path, act) = SCENARIOS[form], form
    people = [
        abroad.of.person(subject, name, "AM", "officer", service="police", rank_group="supervisor", years_in_field=8)
        for subject, name in (("davit", "Davit Sahakyan"), ("mariam", "Mariam Avagyan"))
    ]
    await abroad.post("programme", "/people", {"people": people}, 201)
    ids = await scenario.prepare(abroad)
    record = RECORDS.by_parameter[scenario.record]
    records = {id_: named(record, scenario.record.removesuffix("_id"), UUID(id_)) for id_ in ids}
    before: dict[str, str] = {}

    async def versions() -> dict[str, str]:
        async with abroad.of.app.state.service.bus.read() as session:
            found = await versions_by_record(session, records.values())
        return {id_: found[each] for id_, each in records.items()}

    async def change() -> None:
        await execute(abroad, scenario.change, id=ids[1])
        before.update(await versions())

    async def decided() -> set[str]:
        return {id_ for id_, version in (await versions()).items() if version != before[id_]}

    client = abroad.of.as_(scenario.who)
    page = await client.get(f"{path}?act={act}&" + "&".join(f"{scenario.query}={id_}" for id_ in ids))
    assert page.status_code == 200, page.text
    return Tabs(client, page, change, decided, scenario.now, scenario.fields)


@pytest.mark.parametrize("form", SCENARIOS, ids=" ".join)
async def test_changed_records_are_compared_and_chosen(abroad: Abroad, form: tuple[str, str]) -> None:
    """Two of three records are decided on; the changed one is shown in both versions and decided on when chosen."""
    tabs = await opened(abroad, form)
    answer = await check_tabs(tabs)
    assert "done=" in answer.headers["location"]
    result = await tabs.client.get(answer.headers["location"])
    assert "1 " in content(result)
    assert (await tabs.send(tabs.opened, **tabs.fields)).status_code == 303, "the first form again: all are done"


async def test_a_record_left_by_choice_stays_open(abroad: Abroad) -> None:
    """A record that the reader chose to leave is named as open, and a changed one that is over has no choice."""
    tabs = await opened(abroad, (f"{P}/cases/decide", "endorse"))
    await tabs.change()
    first = await tabs.send(tabs.opened)
    left = await tabs.send(first)
    page = content(await tabs.client.get(left.headers["location"]))
    assert "Decision saved for 0 applications" in page
    assert "Nothing was done. You can still decide on it." in page

    _, values = form_of(first)
    (choice,) = [name for name in values if name.startswith("choice-")]
    await abroad.post("tigran", f"/applications/{choice.removeprefix('choice-')}/not-endorse", {"reason": "personal"})
    over = await tabs.send(first, **{choice: DECIDE})
    assert over.status_code == 409
    assert "Save choices" not in over.text
    assert "It cannot be endorsed because the application is now “Not endorsed”." in content(over)
    assert ("State", "Submitted", "Not endorsed") in [(label, saw, now) for label, saw, now in both_versions(over)]


async def test_a_change_at_the_same_time_is_decided_on_or_shown(abroad: Abroad) -> None:
    """A change at the moment of the decision comes after it, or is shown: nothing is decided on unseen."""
    tabs = await opened(abroad, (f"{P}/cases/decide", "endorse"))
    answer, _ = await asyncio.gather(tabs.send(tabs.opened), tabs.change())
    endorsed = [kind for kind, _, _ in await abroad.of.journal("exchange.applications")].count("ApplicationEndorsed")
    if answer.status_code == 303:
        assert endorsed == 3
        return
    assert (answer.status_code, endorsed) == (409, 2)
    assert any("Another plan." in now for _, _, now in both_versions(answer))
