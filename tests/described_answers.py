"""Compare each answer that a service's API gives in a test with its OpenAPI description.

In every test of `tests/integration` that runs an app in its own process, whatever it is about: the status, the media
type, the headers that clients use, and the body.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker
from starlette.datastructures import Headers

from deploy.cli.system import SERVICES
from tests.contracts.openapi_gaps import committed, operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest
    from starlette.types import Message, Receive, Scope, Send

FOR_CLIENTS = frozenset(
    {
        "content-disposition",
        "content-language",
        "content-location",
        "etag",
        "idempotency-replayed",
        "last-modified",
        "link",
        "location",
        "repr-digest",
        "retry-after",
        "www-authenticate",
    }
)
"""Headers that a client may read, so that a description must name them where they are sent."""

_API = re.compile(rf"/({'|'.join(SERVICES)})/api/v\d+/")
_NOT_AN_OPERATION = (404, 405)
UNDESCRIBED = frozenset({"/applications/api/v1/clock"})
"""The clock of a local run, which no installation has, so that no description names it."""


@dataclass(slots=True)
class Answer:
    """The answer of a service to a request for a path."""

    method: str
    path: str
    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


class Description:
    """The OpenAPI document of a service, as it is committed."""

    def __init__(self, service: str) -> None:
        """Read the document."""
        self._document = committed(service)
        self._validators: dict[str, tuple[jsonschema_rs.Draft202012Validator, Draft202012Validator]] = {}
        self._operations: list[tuple[re.Pattern[str], str, dict[str, Any]]] = []
        by_parameters = sorted(operations(self._document), key=lambda each: each[1].count("{"))
        for method, path, operation in by_parameters:
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
            self._operations.append((re.compile(pattern), method, operation))

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """Return what is said about an operation, None if there is none; HEAD is answered as GET is.

        An address is its own one, with its own methods, before one with a parameter for its words.
        """
        wanted = "GET" if method == "HEAD" else method
        own = next((pattern for pattern, _, _ in self._operations if pattern.fullmatch(path)), None)
        return next((each for pattern, method, each in self._operations if (pattern, method) == (own, wanted)), None)

    def differences(self, answer: Answer) -> Iterator[str]:
        """Yield the ways in which an answer is not as it is described."""
        operation = self.operation(answer.method, answer.path)
        if operation is None:
            if answer.status not in _NOT_AN_OPERATION:
                yield f"{answer.status} of an operation that is not described"
            return
        described = operation["responses"].get(str(answer.status))
        if described is None:
            yield f"{answer.status} is not described"
            return
        if "$ref" in described:
            described = self._document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        yield from self._of_headers(answer, described.get("headers", {}))
        yield from self._of_body(answer, described.get("content", {}))

    def _of_headers(self, answer: Answer, described: Mapping[str, Any]) -> Iterator[str]:
        known = {name.lower(): header for name, header in described.items()}
        for name in sorted(set(answer.headers) & FOR_CLIENTS - set(known)):
            yield f"{answer.status}: header {name} is not described"
        for name, header in known.items():
            value = answer.headers.get(name)
            if value is None:
                if header.get("required"):
                    yield f"{answer.status}: header {name} is missing"
            elif header["schema"].get("type") == "integer" and not value.isdecimal():
                yield f"{answer.status}: header {name} is no whole number: {value}"

    def _of_body(self, answer: Answer, content: Mapping[str, Any]) -> Iterator[str]:
        if answer.method == "HEAD":
            return
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        if not content:
            if answer.body:
                yield f"{answer.status}: a body of {media_type} is not described"
        elif media_type not in content:
            yield f"{answer.status}: {media_type or 'no body'}, described is {', '.join(content)}"
        elif media_type.endswith("json"):
            quick, thorough = self._validators_of(content[media_type]["schema"])
            found = json.loads(answer.body)
            if not quick.is_valid(found):
                for error in thorough.iter_errors(found):
                    yield f"{answer.status}: at {error.json_path}: {error.message[:300]}"
        elif not answer.body:
            yield f"{answer.status}: an empty file"

    def _validators_of(self, schema: dict[str, Any]) -> tuple[jsonschema_rs.Draft202012Validator, Draft202012Validator]:
        """Return a compiled validator, which is much quicker, and one that says what is wrong."""
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            quick = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[key] = quick, Draft202012Validator(whole, format_checker=FormatChecker())
        return self._validators[key]


@cache
def description(service: str) -> Description:
    """Return the description of a service."""
    return Description(service)


def differences(answer: Answer) -> list[str]:
    """Return the ways in which an answer is not as it is described; none for what is no answer of an API."""
    api = _API.match(answer.path)
    if api is None or answer.path in UNDESCRIBED:
        return []
    return [f"{answer.method} {answer.path}: {each}" for each in description(api[1]).differences(answer)]


@contextmanager
def compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Compare the answers of every app until the end; yield the list to which each difference is added."""
    found: list[str] = []
    answers = FastAPI.__call__

    async def compare(app: FastAPI, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _API.match(scope["path"]):
            await answers(app, scope, receive, send)
            return
        answer = Answer(scope["method"], scope["path"])
        whole = False

        async def send_noted(message: Message) -> None:
            nonlocal whole
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], Headers(raw=message["headers"])
            else:
                answer.body += message.get("body", b"")
                whole = not message.get("more_body", False)
            await send(message)

        await answers(app, scope, receive, send_noted)
        if whole:
            found.extend(differences(answer))

    with monkeypatch.context() as patch:
        patch.setattr(FastAPI, "__call__", compare)
        yield found
