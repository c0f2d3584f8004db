"""Describe the problems that an operation can answer, from its guard, its method and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.errors import ProblemCode, default_code
from shared.identity import idempotency
from shared.identity.refusals import SAFE_METHODS
from shared.web.admission import STAMP_HEADER
from shared.web.openapi.request_keys import REPLAYED_HEADER
from shared.web.problem_documents import MEDIA_TYPE, Problem, ProblemError
from shared.web.problem_types import PROBLEM_TYPES, type_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from shared.identity.guard import RouteAccess
    from shared.web.openapi.parts import Answer, Operation, Parameter, Schema

# status -> (name of the response, when it is answered)
_ANSWERS = {
    400: ("BadRequest", "The request could not be read, for example because it is not valid JSON."),
    401: ("SignInNeeded", "No bearer token was sent, or it does not count any more."),
    403: ("NotAllowed", "The person is known, but may not do this, or not in this case."),
    404: ("NotFound", "There is no such thing, or it is not for this reader."),
    409: ("Conflict", "The state of the thing, or the Idempotency-Key, does not allow this; `code` says why."),
    412: (
        "Outdated",
        "A record was changed since the version that was sent; `ETag` or `errors` name the present one.",
    ),
    413: ("TooLarge", "The body is too large."),
    415: ("WrongContentType", "The body has another content type than those named here."),
    422: ("Invalid", "A parameter or a field of the body is missing or not valid. Nothing was changed."),
    428: (
        "VersionNeeded",
        "A version is missing: send the ETag that you read in If-Match, or where `errors` point.",
    ),
    429: ("TooMany", "Too many requests; `Retry-After` says for how many seconds to wait."),
    503: ("NotReady", "A part of the system is away; `detail` says if it is not known whether this took effect."),
}
_EXAMPLES = {409: ProblemCode.EDIT_CONFLICT}
_ERRORS = {
    422: [
        ProblemError(pointer="/places", detail="This must be 1 or more"),
        ProblemError(parameter="limit", detail="This must be 200 or less"),
    ]
}
_LANGUAGE: dict[str, JsonValue] = {
    "Content-Language": {
        "description": "The language of the texts, after `Accept-Language`.",
        "required": True,
        "schema": {"type": "string"},
    }
}
_CHALLENGE: dict[str, JsonValue] = {
    "description": "`Bearer`, with an error code if a token was sent (RFC 6750).",
    "schema": {"type": "string"},
}
_VERSION: dict[str, JsonValue] = {
    "description": "The present version, if it is of one record.",
    "schema": {"type": "string"},
}
_WAIT: dict[str, JsonValue] = {
    "description": "For how many seconds to wait.",
    "schema": {"type": "integer", "minimum": 1},
}
_STAMP: dict[str, JsonValue] = {
    "description": "To send along with the same request, which then counts as arrived when it came first.",
    "schema": {"type": "string"},
}
_HEADERS: dict[int, dict[str, JsonValue]] = {
    401: {"WWW-Authenticate": {**_CHALLENGE, "required": True}},
    403: {"WWW-Authenticate": {**_CHALLENGE, "description": "The scopes of which the token needs one (RFC 6750)."}},
    409: {"Retry-After": _WAIT, idempotency.REPLAYED: REPLAYED_HEADER},
    412: {"ETag": _VERSION},
    422: {idempotency.REPLAYED: REPLAYED_HEADER},
    428: {"ETag": _VERSION},
    429: {"Retry-After": {**_WAIT, "required": True}},
    503: {"Retry-After": {**_WAIT, "required": True}, STAMP_HEADER: _STAMP},
}
"""The headers of each status; those that are not required come with some of its codes only."""


def responses() -> dict[str, Answer]:
    """Return the responses that all operations share, by name."""
    return {name: _response(status) for status, (name, *_) in _ANSWERS.items()}


def _response(status: int) -> Answer:
    kind = PROBLEM_TYPES[_EXAMPLES.get(status, default_code(status))]
    problem_example = Problem(
        type=type_address(kind.code, "https://tandem.example"),
        code=kind.code,
        title=kind.title,
        status=status,
        detail=kind.meaning,
        instance="/applications/api/v1/applications",
        errors=_ERRORS.get(status, []),
    )
    schema: Schema = {"$ref": "#/components/schemas/Problem"}
    example = problem_example.model_dump(mode="json", exclude_defaults=True)
    return {
        "description": _ANSWERS[status][1],
        "headers": _HEADERS.get(status, {}) | _LANGUAGE,
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


def schemas() -> dict[str, Schema]:
    """Return the schemas of a problem, by name."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


def problem_answers(
    access: RouteAccess, method: str, operation: Operation, *, in_body: bool = False
) -> dict[str, Answer]:
    """Return the problems that an operation can answer, by status, each a reference to a shared response.

    `in_body` says that its body names versions of records.

    Those that follow from nothing but its code are declared at the route, such as `responses={409: {}}`.
    """
    return {
        str(status): {"$ref": f"#/components/responses/{_ANSWERS[status][0]}"}
        for status in sorted(set(_statuses(access, method, operation, in_body=in_body)))
    }


def _statuses(access: RouteAccess, method: str, operation: Operation, *, in_body: bool) -> Iterator[int]:
    yield from (429, 503)
    if access.kind != "public":
        yield from (401, 403)
    yield from (int(status) for status in operation["responses"] if int(status) in _ANSWERS)
    if "requestBody" in operation or any(_names_a_thing(each) for each in operation.get("parameters", ())):
        yield 404
    if method not in SAFE_METHODS:
        yield 409
    parameters = {each["name"] for each in operation.get("parameters", ())}
    if idempotency.HEADER in parameters:
        yield 400
    if "If-Match" in parameters or in_body:
        yield from (400, 412, 428)
    if "requestBody" in operation:
        yield from (400, 413, 415)
    if "requestBody" in operation or parameters - {idempotency.HEADER}:
        yield 422


def _names_a_thing(parameter: Parameter) -> bool:
    """Return whether a parameter may name a thing that does not exist."""
    schema: Mapping[str, Any] = parameter["schema"]
    return parameter["in"] == "path" or any(
        choice.get("format") == "uuid" for choice in (schema, *schema.get("anyOf", ()))
    )
