"""The OpenAPI documents match the routes of the four services, and say all that a client needs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from deploy.cli.contracts import documents
from deploy.cli.system import SERVICES
from deploy.local.folder import ROOT
from shared.identity import idempotency
from shared.identity.refusals import SAFE_METHODS
from shared.identity.token_scopes import SERVICE_SCOPES
from tests.contracts import openapi_gaps
from tests.contracts.openapi_gaps import committed, good_answers, operations

Document = dict[str, Any]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The documents as they would be written now."""
    return documents()


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest) -> Document:
    """The committed document of a service."""
    return committed(request.param)


def test_the_committed_documents_are_up_to_date(texts: dict[str, str]) -> None:
    """The committed documents equal what is served; after a change of a route run `tandem contracts`."""
    assert len(texts) == len(SERVICES)
    differing = [
        path for path, text in texts.items() if not (ROOT / path).is_file() or (ROOT / path).read_text("utf-8") != text
    ]
    assert differing == [], "run: tandem contracts"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_describes_its_own_api_only(service: str) -> None:
    """OpenAPI 3.1, every path below the service's API, nothing internal, and no route that moves a clock."""
    document = committed(service)
    assert document["openapi"].startswith("3.1")
    assert document["paths"]
    for path in document["paths"]:
        assert path.startswith(f"/{service}/api/v")
        assert "/internal/" not in path
        assert not path.startswith("/applications/api/v1/clock")


def test_the_list_of_gaps_is_the_list_of_gaps() -> None:
    """No answer without a schema, no free object, no unreadable name, except those listed, whose list shrinks."""
    found, listed = openapi_gaps.found(), openapi_gaps.listed()
    assert sorted(found - set(listed)) == [], "describe it (shared/web/openapi), do not list it"
    assert sorted(set(listed) - found) == [], "run: python -m tests.contracts.openapi_gaps"
    assert listed == sorted(set(listed))


def test_operations_have_ids_for_clients(document: Document) -> None:
    """Each operation has an id of its own, in words, and none that depends on the name of a function of ours."""
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name) or "api" in name.split("_")] == []


def test_operations_are_described(document: Document) -> None:
    """Each operation has a summary and one tag, and each tag says what it holds."""
    descriptions = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(descriptions.values()), descriptions
    assert document["info"]["summary"]
    for method, path, operation in operations(document):
        assert operation.get("summary"), (method, path)
        assert len(operation["summary"]) <= 160, (method, path, operation["summary"])
        assert len(operation["tags"]) == 1, (method, path)
        assert operation["tags"][0] in descriptions


def test_operations_say_which_problems_they_answer(document: Document) -> None:
    """Every 4xx and 5xx is a problem document, with an example; each operation has those that its guard may answer."""
    shared = document["components"]["responses"]
    for answer in shared.values():
        media = answer["content"]["application/problem+json"]
        assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert_valid(media["example"], media["schema"], document)
    for method, path, operation in operations(document):
        problems = {status for status in operation["responses"] if status[0] in "45"}
        for status in problems:
            assert set(resolved(operation["responses"][status], shared)["content"]) == {"application/problem+json"}
        needed = {"429", "503"} | ({"401", "403"} if operation["security"] else set())
        needed |= {"404"} if "{" in path else set()
        needed |= set() if method in SAFE_METHODS else {"409"}
        needed |= {"400", "413", "422"} if "requestBody" in operation else set()
        parameters = {each["name"] for each in operation.get("parameters", ())}
        needed |= {"422"} if parameters - {idempotency.HEADER} else set()
        needed |= {"400", "409"} if idempotency.HEADER in parameters else set()
        assert needed <= problems, (method, path)


def resolved(answer: Document, shared: Document) -> Document:
    """Return an answer, or the shared one that it refers to."""
    return shared[answer["$ref"].rsplit("/", 1)[-1]] if "$ref" in answer else answer


def test_each_writing_operation_takes_a_key(document: Document) -> None:
    """`Idempotency-Key` is an optional header where something is written, and only there; answers may be repeats."""
    for method, path, operation in operations(document):
        keys = [each for each in operation.get("parameters", ()) if each["name"] == idempotency.HEADER]
        assert len(keys) == (method not in SAFE_METHODS), (method, path)
        for key in keys:
            assert (key["in"], key["required"]) == ("header", False)
        for status, answer in operation["responses"].items():
            repeats = bool(keys) and status.startswith("2")
            assert (idempotency.REPLAYED in answer.get("headers", {})) == repeats, (method, path, status)


def test_operations_say_who_may_call_them(document: Document) -> None:
    """Each operation lists the ways to be let in, by schemes that exist and scopes that are described."""
    schemes = document["components"]["securitySchemes"]
    for method, path, operation in operations(document):
        assert "security" in operation, (method, path)
        for way in operation["security"]:
            assert way.keys() <= schemes.keys()
            assert all(f"`{scope}`" in schemes["bearer"]["description"] for scope in way.get("bearer", ()))
            assert method in SAFE_METHODS or "session" not in way or "form" in way, (method, path)


OPEN_TO_PROGRAMS = {
    "get_call",
    "get_feed",
    "get_feed_file",
    "get_feed_statement_file",
    "get_figures_csv",
    "get_iati_xml",
    "get_indicator",
    "get_indicator_history",
    "get_needs_csv",
    "list_call_revisions",
    "list_calls",
    "list_figures",
    "list_needs",
    "list_targets",
    "list_trends",
}


def test_programs_without_a_person_read_aggregates_and_calls_only() -> None:
    """Exactly these operations open to a token that a client got for itself: all read, none answers about a person."""
    found = {
        operation["operationId"]: method
        for service in SERVICES
        for method, _, operation in operations(committed(service))
        for way in operation["security"]
        if SERVICE_SCOPES.keys() & set(way.get("bearer", ()))
    }
    assert set(found) == OPEN_TO_PROGRAMS
    assert set(found.values()) == {"GET"}


def test_bodies_and_answers_have_valid_examples(document: Document) -> None:
    """Each body and each good answer in JSON has an example that its own schema takes."""
    for method, path, operation in operations(document):
        contents = [*operation.get("requestBody", {}).get("content", {}).items(), *good_answers(operation)]
        for media_type, media in contents:
            if media_type == "application/json" and media["schema"]:
                assert "example" in media, (method, path)
                assert_valid(media["example"], media["schema"], document)


def assert_valid(value: object, schema: Document, document: Document) -> None:
    """Fail unless the schema takes the value, formats included."""
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def test_every_answer_but_an_empty_one_names_its_media_type(document: Document) -> None:
    """A good answer other than 202 and 204 has content; files name CSV, XML, PDF and the like, never JSON."""
    for method, path, operation in operations(document):
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert good, (method, path)
        for status, answer in good.items():
            assert status == "204" or answer.get("content"), (method, path)
        for ending, media_type in ((".csv", "text/csv"), (".xml", "application/xml")):
            if path.endswith(ending):
                assert [name for name, _ in good_answers(operation)] == [media_type], path
