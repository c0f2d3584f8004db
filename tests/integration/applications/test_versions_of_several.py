"""Tests of decisions on several records by program: each counts only where it rests on the record as it is now."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from shared.time import clock
from tests.support import items, older, without_versions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from tests.integration.applications.abroad import Abroad

API = "/applications/api/v1"
NOW = re.compile("It is now “[^”]+”|It was last changed on ")
"""The sentence of a refusal that says what is true of a record now."""


@dataclass(frozen=True, slots=True)
class Several:
    """An operation on several records: who decides, where it is, what it calls them, where they are listed.

    `change` is a statement that changes one of them as somebody else could.
    """

    who: str
    path: str
    name: str
    listed: str
    change: str
    prepare: Callable[[Abroad], Awaitable[object]]
    more: dict[str, Any] = field(default_factory=dict)
    done: str = "done"


async def _submitted(abroad: Abroad) -> None:
    await abroad.of.submitted()
    await abroad.of.submitted("davit")


async def _endorsed(abroad: Abroad) -> None:
    for who in ("ani", "davit"):
        made = await abroad.of.submitted(who)
        await abroad.post("tigran", f"/applications/{made['id']}/endorse")


async def _matched(abroad: Abroad) -> None:
    offer = await abroad.offer()
    for who in ("ani", "davit"):
        await abroad.proposed(await abroad.eligible(who), offer_id=offer["id"])


async def _placements(abroad: Abroad) -> None:
    body = {"call_id": abroad.of.call["id"], "entry": abroad.offer_entry(), "submit": True}
    for _ in range(2):
        await abroad.post("claire", "/offers", body, 201)


async def _due(abroad: Abroad) -> None:
    async with abroad.of.app.state.service.bus.engine.begin() as connection:
        ago = "UPDATE person SET confirmed_on = confirmed_on - 370 WHERE subject IN ('ani', 'davit')"
        await connection.execute(sa.text(ago))


async def _proposals(abroad: Abroad) -> None:
    for who in ("ani", "davit"):
        change = {"kind": "leave", "subject": who, "last_day": str(clock.today())}
        await abroad.post("tigran", "/register/proposals", {"change": change}, 201)


OPERATIONS = {
    "endorse": Several(
        "tigran",
        "/decisions",
        "applications",
        "/queue",
        'UPDATE application SET answers = answers || \'{"objective": "Another one."}\' WHERE id = :id',
        _submitted,
        {"decision": "endorse"},
    ),
    "confirm eligibility": Several(
        "programme",
        "/eligibility/confirm",
        "applications",
        "/eligibility",
        'UPDATE application SET answers = answers || \'{"objective": "Another one."}\' WHERE id = :id',
        _endorsed,
    ),
    "clear": Several(
        "tigran",
        "/matches/clear",
        "matches",
        "/matches",
        "UPDATE match SET due = due + interval '1 day' WHERE id = :id",
        _matched,
    ),
    "endorse placements": Several(
        "luc",
        "/offers/decide",
        "offers",
        "/offers?state=waits",
        'UPDATE offer SET entry = entry || \'{"title": "Another one"}\' WHERE id = :id',
        _placements,
    ),
    "confirm access": Several(
        "tigran",
        "/register/access/confirm",
        "people",
        "/register/access",
        "UPDATE person SET name = name || ' Junior' WHERE id = :id",
        _due,
    ),
    "approve": Several(
        "programme",
        "/register/proposals/approve",
        "proposals",
        "/register/proposals",
        "UPDATE proposal SET note = 'Please hurry.' WHERE id = :id",
        _proposals,
        done="approved",
    ),
}


@pytest.fixture(params=list(OPERATIONS.values()), ids=list(OPERATIONS))
async def several(request: pytest.FixtureRequest, abroad: Abroad) -> Several:
    """Return an operation with two records on which it can decide."""
    davit = abroad.of.person("davit", "Davit Sahakyan", "AM", "officer", service="police",
                             rank_group="supervisor", years_in_field=8)  # fmt: skip
    await abroad.post("programme", "/people", {"people": [davit]}, 201)
    operation: Several = request.param
    await operation.prepare(abroad)
    return operation


@pytest.fixture
def program(several: Several, abroad: Abroad) -> httpx2.AsyncClient:
    """Return a program of the person who decides; it sends nothing by itself."""
    return without_versions(abroad.of.as_(several.who), abroad.of.app)


async def read(several: Several, program: httpx2.AsyncClient) -> list[dict[str, str]]:
    """Return the two records as the list shows them: id and version."""
    answer = await program.get(f"{API}{several.listed}")
    assert answer.status_code == 200, answer.text
    found = [{"id": each["id"], "version": each["version"]} for each in answer.json()["items"]]
    assert len(found) == 2, answer.text
    return found


async def decide(several: Several, program: httpx2.AsyncClient, records: list[dict[str, str]]) -> httpx2.Response:
    """Return the answer to the decision on these records."""
    return await program.post(f"{API}{several.path}", json={several.name: records, **several.more})


def ids_done(several: Several, answer: httpx2.Response) -> list[str]:
    """Return the ids of the records that an answer says were decided."""
    assert answer.status_code == 200, answer.text
    found = answer.json()[several.done]
    return sorted(each if isinstance(each, str) else each["id"] for each in found)


async def test_changed_records_are_left_and_named(
    several: Several, abroad: Abroad, program: httpx2.AsyncClient
) -> None:
    """A record that changed since it was read is left with its present version, and the others are decided."""
    changed, other = await read(several, program)
    async with abroad.of.app.state.service.bus.engine.begin() as connection:
        await connection.execute(sa.text(several.change), {"id": changed["id"]})
    now = {each["id"]: each["version"] for each in await read(several, program)}
    answer = await decide(several, program, [changed, other])
    assert ids_done(several, answer) == [other["id"]]
    [left] = answer.json()["left"]
    assert (left["id"], left["code"], left["version"]) == (changed["id"], "outdated", now[changed["id"]])
    assert left["version"] != changed["version"]
    assert "changed" in left["detail"]
    assert NOW.search(left["detail"])
    again = await decide(several, program, [{"id": changed["id"], "version": left["version"]}])
    assert ids_done(several, again) == [changed["id"]]


async def test_without_a_version_nothing_is_done(several: Several, abroad: Abroad, program: httpx2.AsyncClient) -> None:
    """One record without its version refuses all with 428, a pointer to it and the present version."""
    first, second = await read(several, program)
    facts = await abroad.of.facts_published()
    answer = await decide(several, program, [first, {"id": second["id"]}])
    assert (answer.status_code, answer.json()["code"]) == (428, "version-needed"), answer.text
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["version"]) == (f"/{several.name}/1/version", second["version"])
    assert await abroad.of.facts_published() == facts
    assert ids_done(several, await decide(several, program, [first, second])) == sorted([first["id"], second["id"]])


async def test_the_version_of_another_record_does_not_count(several: Several, program: httpx2.AsyncClient) -> None:
    """A version that the record never had, or that of another one, decides nothing."""
    first, second = await read(several, program)
    wrong = [{"id": first["id"], "version": older(first["version"])}, {"id": second["id"], "version": first["version"]}]
    answer = await decide(several, program, wrong)
    assert answer.status_code == 428, "the version of another record is none of this one"
    answer = await decide(several, program, wrong[:1])
    assert ids_done(several, answer) == []
    [left] = answer.json()["left"]
    assert (left["code"], left["version"]) == ("outdated", first["version"])


async def test_a_repeat_needs_no_version(several: Several, abroad: Abroad, program: httpx2.AsyncClient) -> None:
    """The same decision again changes nothing: it is answered as the first time, or says that it is done."""
    records = await read(several, program)
    done = ids_done(several, await decide(several, program, records))
    facts = await abroad.of.facts_published()
    again = await decide(several, program, items(*(each["id"] for each in records)))
    assert again.status_code == 200, again.text
    found = again.json()
    assert sorted([*ids_done(several, again), *(each["id"] for each in found["left"])]) == done
    assert not [each for each in found["left"] if each["code"] == "outdated"], found
    if several.path != "/register/access/confirm":  # confirming access again on the same day is noted again
        assert await abroad.of.facts_published() == facts


async def test_entries_that_exist_are_replaced_in_the_version_that_was_read(abroad: Abroad) -> None:
    """A list of entries is refused as a whole where one replaces an older version, or names none; new ones need none.

    Each refusal points to the entry and names the present version.
    """
    since = str(clock.today())
    need = {"country": "AM", "topic_code": "online_crime", "level": 1, "quantity": 2, "since": since, "until": since}
    await abroad.post("programme", "/register/needs", {"needs": [need]}, 201)
    pair = {"countries": ["AM", "AZ"], "since": since}
    await abroad.post("programme", "/exclusions", {"exclusions": [pair]}, 201)
    lists = {
        "organisations": ("/organisations", {"name": "Customs", "kind": "agency", "country": "AM", "city": "Yerevan"}),
        "funds": ("/funds", {"name": "Another fund", "payer": "European Commission", "since": since}),
        "people": ("/people", abroad.of.person("arman", "Arman Sargsyan", "AM", "officer", service="police")),
        "exclusions": ("/register/exclusions", {"countries": ["AM", "BY"], "since": since}),
        "needs": ("/register/needs", need | {"level": 2}),
    }
    grants = (await abroad.get("programme", f"/register/people/{(await _person(abroad, 'ani'))['id']}"))["grants"]
    async with without_versions(abroad.of.as_("programme"), abroad.of.app) as program:
        for name, (listed, new) in lists.items():
            path = f"{API}{'/exclusions' if name == 'exclusions' else listed}"
            found = (await program.get(f"{API}{listed}")).json()["items"]
            shown = next((each for each in found if each.get("subject") == "ani"), found[0])
            version = shown["version"]
            keep = {"id", "name", "kind", "payer", "subject", "own_name", "email", "country", "organisation_id", "city"}
            keep |= {"countries", "topic_code", "level", "quantity", "since", "until", "service", "domains", "scheme"}
            known = {field: value for field, value in shown.items() if field in keep and value is not None}
            if name == "needs":
                known = need | {"quantity": 3}
            if name == "people":
                known = {**known, "grants": grants}
                del known["id"]
            for sent, status in (("", 428), (older(version), 412)):
                refused = await program.post(path, json={name: [new, known | {"version": sent}]})
                assert refused.status_code == status, refused.text
                [error] = refused.json()["errors"]
                assert (error["pointer"], error["version"]) == (f"/{name}/1/version", version)
                assert bool(NOW.search(error["detail"])) is (status == 412)
            assert len((await program.get(f"{API}{listed}")).json()["items"]) == len(found), "nothing was entered"
            done = await program.post(path, json={name: [new, known | {"version": version}]})
            assert done.status_code == 201, done.text


async def _person(abroad: Abroad, subject: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = (await abroad.get("programme", "/people"))["items"]
    return next(person for person in found if person["subject"] == subject)


async def test_a_record_that_a_body_names_is_changed_in_the_version_that_was_read(abroad: Abroad) -> None:
    """A fund or an excluded pair that is saved by its id needs its version in the body: 428 without, 412 if stale.

    The same change again is answered as done.
    """
    pair = {"countries": ["AM", "AZ"], "since": str(clock.today())}
    made = await abroad.post("programme", "/register/exclusions", {"exclusion": pair})
    funds = (await abroad.get("programme", "/funds"))["items"]
    pairs = (await abroad.get("programme", "/register/exclusions"))["items"]
    assert [each["id"] for each in pairs] == [made["id"]]
    fund = {name: funds[0][name] for name in ("id", "name", "payer", "since")}
    bodies = {
        "/register/funds": ({"fund": fund | {"name": "Renamed"}}, funds[0]["version"]),
        "/register/exclusions": ({"exclusion": pair | {"id": made["id"], "confidential": True}}, pairs[0]["version"]),
    }
    others: dict[str, dict[str, Any]] = {
        "/register/funds": {"fund": fund | {"name": "Renamed once more"}},
        "/register/exclusions": {"exclusion": pair | {"id": made["id"]}},
    }
    async with without_versions(abroad.of.as_("programme"), abroad.of.app) as program:
        for path, (body, version) in bodies.items():
            for sent, status in (("", 428), (older(version), 412)):
                refused = await program.post(f"{API}{path}", json=body | {"version": sent})
                assert refused.status_code == status, refused.text
                [error] = refused.json()["errors"]
                assert (error["pointer"], error["version"]) == ("/version", version)
            done = await program.post(f"{API}{path}", json=body | {"version": f'"{version}"'})
            assert done.status_code == 200, done.text
            again = await program.post(f"{API}{path}", json=body | {"version": version})
            assert again.status_code == 200, again.text
            stale = await program.post(f"{API}{path}", json=others[path] | {"version": version})
            assert stale.status_code == 412, stale.text
            assert NOW.search(stale.json()["errors"][0]["detail"])
