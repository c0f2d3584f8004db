"""Test that errors are answered as problem documents (RFC 9457) with a code, a page that explains it, and places."""

from __future__ import annotations

import ast
import re
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Header, Query
from pydantic import BaseModel, Field

from shared.errors import ProblemCode, Refused, default_code
from shared.identity import public
from shared.web import setup
from shared.web.problem_documents import Problem, pointer
from shared.web.problem_types import PROBLEM_TYPES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ORIGIN = "https://tandem.example"


class Colour(StrEnum):
    """Two colours."""

    RED = "red"
    DARK_BLUE = "dark-blue"


class Language(BaseModel):
    """A row."""

    level: int


class Answers(BaseModel):
    """The nested part of an answer."""

    places: Annotated[int | None, Field(ge=1)] = None
    languages: list[Language] = []
    mentor: Language | None = None


class Draft(BaseModel):
    """A body that nests its fields."""

    version: int = 1
    entry: Answers
    details: dict[str, Any] = {}


class ByName(BaseModel):
    """One choice of two."""

    name: str


class ById(BaseModel):
    """The other one."""

    number: int


class Choice(BaseModel):
    """A body with a choice."""

    who: ByName | ById


def app() -> FastAPI:
    """Return an app with a few routes below `/demo/api/v1`."""
    made = FastAPI()
    setup.install(made, place="portal", templates=Path(__file__).parent, local=True, origin=ORIGIN)
    made.dependency_overrides[public()] = lambda: None  # the pages of the kinds, for a stranger
    at = "/demo/api/v1"

    @made.put(f"{at}/drafts/{{number}}")
    async def save(number: int, draft: Draft, limit: int = 1) -> dict[str, str]:
        return {}

    @made.get(f"{at}/drafts/{{number}}")
    async def draft(number: int) -> dict[str, int]:
        return {"number": number}

    @made.post(f"{at}/choices")
    async def choose(choice: Choice) -> None:
        return None

    @made.get(f"{at}/colours")
    async def colours(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        colour: Colour = Colour.RED,
        x_size: Annotated[int, Header()] = 1,
    ) -> None:
        return None

    @made.post(f"{at}/rules/{{field}}")
    async def rule(field: str, draft: Draft, limit: int = 1) -> None:
        raise Refused("It does not fit.", 422, {field: "No."})

    @made.post(f"{at}/steps")
    async def step() -> None:
        raise Refused("Something is missing.", 422, {"languages": "Enter a language", "3.day": "No day"})

    @made.post(f"{at}/conflicts/{{code}}")
    async def conflict(code: str) -> None:
        raise Refused("It was changed.", code=next(each for each in ProblemCode if each == code))

    @made.get("/demo/pages/{number}")
    async def page(number: int, limit: int = 1) -> None:
        raise Refused("Open it from your application.", 403)

    @made.post("/demo/refused/{status}")
    async def refuse(status: int) -> None:
        raise Refused("Not now.", status)

    @made.get("/demo/broken")
    async def broken() -> float:
        return 1 / 0

    return made


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a program that uses the API."""
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/demo/api/v1") as asking:
        yield asking


def places(answer: httpx.Response) -> dict[str, str]:
    """Return the errors of a problem: pointer, `?parameter` or `name`, and what is wrong."""
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    return {
        f"?{each.parameter}"
        if each.parameter
        else str(each.name if each.pointer is None else each.pointer): each.detail
        for each in problem.errors
    }


def test_every_code_has_texts_and_every_status_a_code() -> None:
    """The table is complete, in the order of the codes, and titles tell the kinds of conflicts apart."""
    assert list(PROBLEM_TYPES) == list(ProblemCode)
    titles = [kind.title for kind in PROBLEM_TYPES.values()]
    assert len(set(titles)) == len(titles)
    for status in HTTPStatus:
        if status >= 400:
            assert default_code(status).status == status or default_code(status).status in {400, 500}
    assert default_code(409) is ProblemCode.WRONG_STATE


def test_a_code_brings_its_status() -> None:
    """A refusal with a code needs no status."""
    assert Refused("No.", code=ProblemCode.EDIT_CONFLICT).status_code == 409
    assert Refused("No.", code=ProblemCode.TOO_LARGE).status_code == 413
    assert Refused("No.", 422).code is ProblemCode.INVALID_INPUT


@pytest.mark.parametrize("code", [code for code in ProblemCode if code.status == 409])
async def test_a_conflict_says_what_really_conflicts(client: httpx.AsyncClient, code: ProblemCode) -> None:
    """Type, code, title and a page that explains it belong to the kind, for programs and people."""
    problem = (await client.post(f"/conflicts/{code}")).json()
    assert problem == {
        "type": f"{ORIGIN}/problems/{code}",
        "code": code,
        "title": PROBLEM_TYPES[code].title,
        "status": 409,
        "detail": "It was changed.",
        "instance": "/demo/api/v1/conflicts/{code}",
    }
    page = await client.get(f"http://test/problems/{code}", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert f"<code>{code}</code>" in page.text
    assert PROBLEM_TYPES[code].remedy in page.text


async def test_all_kinds_are_listed_and_an_unknown_one_is_not_found(client: httpx.AsyncClient) -> None:
    """The list leads to each kind."""
    listed = (await client.get("http://test/problems")).text
    assert re.findall(r'href="/problems/([a-z-]+)"', listed) == list(ProblemCode)
    assert (await client.get("http://test/problems/nothing")).status_code == 404


def test_pointers_escape_what_they_must() -> None:
    """`~` and `/` in names are written as RFC 6901 says."""
    assert pointer(("a/b", 0, "m~n")) == "/a~1b/0/m~0n"
    assert pointer(()) == ""


async def test_declared_fields_have_pointers_and_parameters_names(client: httpx.AsyncClient) -> None:
    """A wrong value is named where the sender wrote it, with its limit in plain words."""
    body = {"version": "x", "entry": {"places": 0, "languages": [{"level": 1}, {"level": "high"}, {}]}}
    assert places(await client.put("/drafts/one?limit=many", json=body)) == {
        "?number": "This must be a whole number",
        "?limit": "This must be a whole number",
        "/version": "This must be a whole number",
        "/entry/places": "This must be 1 or more",
        "/entry/languages/1/level": "This must be a whole number",
        "/entry/languages/2/level": "This is missing",
    }
    assert places(await client.get("/colours?limit=500&colour=pink", headers={"X-Size": "big"})) == {
        "?limit": "This must be 200 or less",
        "?colour": "This must be one of: red, dark-blue",
        "?x-size": "This must be a whole number",
    }


async def test_a_pointer_leads_through_what_was_sent_only(client: httpx.AsyncClient) -> None:
    """The names of the choices that pydantic tried are no part of the body."""
    assert set(places(await client.post("/choices", json={"who": {"name": 1}}))) == {"/who/name", "/who/number"}
    assert set(places(await client.post("/choices", json={"who": 3}))) == {"/who"}
    assert places(await client.post("/choices", json=[])) == {"": "This must be an object"}


@pytest.mark.parametrize(
    ("address", "status", "said", "not_said"),
    [
        ("x", 422, "This page does not have what the address asks for", "whole number"),
        ("1?limit=many", 422, 'href="/demo/pages/1">Open the page without it', "whole number"),
        ("1", 403, "Open it from your application.", "Your role does not include it"),
    ],
)
async def test_pages_explain_a_wrong_address_without_words_of_the_machine(
    client: httpx.AsyncClient, address: str, status: int, said: str, not_said: str
) -> None:
    """A wrong place in an address and a wrong filter are named alike, and a refusal gets no second, false reason."""
    page = await client.get(f"http://test/demo/pages/{address}", headers={"accept": "text/html"})
    assert (page.status_code, said in page.text, not_said in page.text) == (status, True, False)


@pytest.mark.parametrize(
    ("status", "before", "button"),
    [
        (409, "/demo/pages/1?limit=2", "/demo/pages/1"),
        (409, "/matching/visits", "/matching/visits"),
        (409, "/demo/refused/409", ""),
        (422, "/demo/pages/1", ""),
    ],
    ids=["page", "page of another service", "address without a page", "form to correct"],
)
async def test_a_refused_step_leads_back_to_its_page(
    client: httpx.AsyncClient, status: int, before: str, button: str
) -> None:
    """After a refusal the page is opened as it is now; a form with faults stays as it was written, one step back."""
    headers = {"accept": "text/html", "referer": f"{ORIGIN}{before}"}
    shown = (await client.post(f"{ORIGIN}/demo/refused/{status}", headers=headers)).text
    assert re.findall(r'class="govuk-button" href="([^"]*)"', shown) == ([button] if button else [])
    assert ("Open the page again" in shown) is bool(button)


async def test_a_page_that_failed_can_be_tried_again(client: httpx.AsyncClient) -> None:
    """The button opens the same address with its filters."""
    shown = (await client.get("http://test/demo/broken?limit=2", headers={"accept": "text/html"})).text
    assert re.findall(r'class="govuk-button" href="([^"]*)"', shown) == ["/demo/broken?limit=2"]
    assert "Try again" in shown


@pytest.mark.parametrize(
    ("field", "entry", "place"),
    [
        ("places", {"places": 3}, "/entry/places"),
        ("places", {}, "/entry/places"),
        ("languages.0.level", {"languages": [{"level": 9}]}, "/entry/languages/0/level"),
        ("level", {}, "/entry/mentor/level"),
        ("version", {}, "/version"),
        ("valid_until", {}, "/details/valid_until"),
    ],
)
async def test_a_rule_points_at_the_field_as_it_was_sent(
    client: httpx.AsyncClient, field: str, entry: dict[str, Any], place: str
) -> None:
    """A rule knows a field by its name; the problem says where the body has it, or would have it."""
    answer = await client.post(f"/rules/{field}", json={"entry": entry})
    assert places(answer) == {place: "No."}


async def test_a_rule_about_no_body_names_the_field(client: httpx.AsyncClient) -> None:
    """A step without a body, or a row of a file, has a name in place of a pointer."""
    assert places(await client.post("/steps")) == {"languages": "Enter a language", "3.day": "No day"}


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "not-found"),
        ("DELETE", "/drafts/1", {}, 405, "method-not-allowed"),
        ("PUT", "/drafts/1", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "malformed-json"),
        ("PUT", "/drafts/1", {"content": b'{"a": "\xff"}', "headers": {"content-type": "application/json"}}, 400, None),
        ("PUT", "/drafts/1", {"content": b"<a/>", "headers": {"content-type": "text/xml"}}, 415, "wrong-content-type"),
        ("PUT", "/drafts/1", {"content": b'{"entry": {}}'}, 415, "wrong-content-type"),
        ("PUT", "/drafts/1", {}, 422, "invalid-input"),
        ("GET", "http://test/demo/broken", {"headers": {"accept": "application/json"}}, 500, "internal-error"),
    ],
)
async def test_the_frameworks_errors_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, sent: dict[str, Any], status: int, code: str | None
) -> None:
    """Every error below `/api/` is answered as a problem document with a code."""
    answer = await client.request(method, path, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = Problem.model_validate_json(answer.content)
    assert problem.code == code or code is None
    assert problem.type == f"{ORIGIN}/problems/{problem.code}"
    assert problem.detail


async def test_405_names_the_methods_of_all_routes(client: httpx.AsyncClient) -> None:
    """Two routes with one address: Allow has the methods of both, and HEAD beside GET."""
    assert (await client.delete("/drafts/1")).headers["allow"] == "GET, HEAD, PUT"
    assert (await client.get("/steps")).headers["allow"] == "POST"


@pytest.mark.usefixtures("ukrainian")
async def test_problems_follow_the_readers_language(client: httpx.AsyncClient) -> None:
    """Accept-Language chooses the texts; the answer says which language it is in and that it varies."""
    for wanted, title, language in (
        ("uk, en;q=0.5", "Сторінку не знайдено", "uk"),
        ("en; q=0.1, uk; q=0.9", "Сторінку не знайдено", "uk"),
        ("uk;q=0, en", "Page not found", "en"),
        ("fr", "Page not found", "en"),
    ):
        answer = await client.get("/nowhere", headers={"accept-language": wanted})
        assert answer.json()["title"] == title, wanted
        assert answer.headers["content-language"] == language
        assert "Accept-Language" in answer.headers["vary"]


def test_every_refusal_of_an_older_version_has_its_code() -> None:
    """Every refusal whose sentence speaks of a change since the reader looked has the code of an edit conflict."""
    root = Path(__file__).parents[4]
    wrong = []
    for file in sorted((root / "services").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refused":
                said = ast.unparse(call)
                if re.search(r"chang\w+ .*since (you|this)|since you opened", said) and "EDIT_CONFLICT" not in said:
                    wrong.append(f"{file.relative_to(root)}:{call.lineno}")
    assert wrong == []
