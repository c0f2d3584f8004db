"""Each way in which an answer can differ from its description is noticed."""

from __future__ import annotations

import json

import pytest
from starlette.datastructures import Headers

from tests.described_answers import Answer, differences

CALLS = "/applications/api/v1/calls"
LETTER = "/applications/api/v1/visits/0190a000-0000-7000-8000-000000000000/letters/invitation"
PROBLEM = {"type": "t", "code": "c", "title": "T", "status": 429, "detail": "d"}
JSON = {"content-type": "application/json"}
PROBLEM_JSON = {"content-type": "application/problem+json", "content-language": "en"}


def answer(path: str, status: int, headers: dict[str, str], body: object = b"", method: str = "GET") -> Answer:
    """Return an answer; a body that is no bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(method, path, status, Headers(headers), content)


@pytest.mark.parametrize(
    "good",
    [
        answer(CALLS, 200, JSON, {"items": [], "next": None}),
        answer(CALLS, 200, JSON, method="HEAD"),
        answer(CALLS, 429, {**PROBLEM_JSON, "retry-after": "3"}, PROBLEM),
        answer(LETTER, 200, {"content-type": "application/pdf", "content-disposition": "x", "etag": "x"}, b"%PDF"),
        answer("/applications/api/v1/nothing", 404, PROBLEM_JSON, PROBLEM),
        answer(CALLS, 405, PROBLEM_JSON, PROBLEM, method="DELETE"),
        answer("/applications/", 500, {}, b"a page"),
    ],
)
def test_an_answer_as_described_has_no_difference(good: Answer) -> None:
    """JSON, an answer without its body, a problem, a file, and what is no operation keep to the description."""
    assert differences(good) == []


@pytest.mark.parametrize(
    ("wrong", "difference"),
    [
        (answer(CALLS, 500, PROBLEM_JSON, PROBLEM), "500 is not described"),
        (answer(CALLS, 200, JSON, method="DELETE"), "200 of an operation that is not described"),
        (answer(CALLS, 200, {"content-type": "text/csv"}, b"a,b"), "200: text/csv, described is application/json"),
        (answer(CALLS, 200, {}), "200: no body, described is application/json"),
        (answer(CALLS, 200, JSON, {"items": []}), "200: at $: 'next' is a required property"),
        (answer(CALLS, 200, {**JSON, "etag": "x"}, {"items": [], "next": None}), "200: header etag is not described"),
        (answer(CALLS, 429, PROBLEM_JSON, PROBLEM), "429: header retry-after is missing"),
        (
            answer(CALLS, 429, {**PROBLEM_JSON, "retry-after": "soon"}, PROBLEM),
            "429: header retry-after is no whole number: soon",
        ),
        (answer(LETTER, 200, {"content-type": "application/pdf", "etag": "x"}), "200: an empty file"),
    ],
)
def test_a_difference_is_named(wrong: Answer, difference: str) -> None:
    """A status, a media type, a header and a body that are not described are named, and each one that is missing."""
    assert differences(wrong) == [f"{wrong.method} {wrong.path}: {difference}"]
