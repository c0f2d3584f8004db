"""Describe the problems that an operation can answer, from its guard, its method and what it takes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from shared.identity.refusals import SAFE_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.identity.guard import RouteAccess

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(description="The name of the field as it was sent; parts of a nested one joined by dots.")
    detail: str = Field(description="One sentence for the reader.")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="What kind of problem it is.")
    title: str = Field(description="A short name of the problem.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="One sentence for the reader.")
    instance: str = Field(description="The path of the request.")
    errors: list[FieldProblem] = Field(default=[], description="What is wrong with single fields.")
    reference: str = Field(default="", description="Under this number the log describes the error.")


# status -> (name of the response, when it is answered, title, detail)
_ANSWERS = {
    400: ("BadRequest", "The request could not be read.", "We could not read that", "Go back and try again."),
    401: (
        "SignInNeeded",
        "No bearer token was sent, or it does not count any more.",
        "Sign in first",
        "This bearer token does not count, or is over.",
    ),
    403: (
        "NotAllowed",
        "The person is known, but may not do this, or not in this case.",
        "This page is not open to you",
        "This is not yours to see.",
    ),
    404: (
        "NotFound",
        "There is no such thing, or it is not for this reader.",
        "Page not found",
        "Check the address, or start from the overview of your place.",
    ),
    409: (
        "Conflict",
        "The state of the thing does not allow this (any more). Nothing was changed.",
        "Somebody was quicker",
        "It was changed since you opened the page.",
    ),
    413: ("TooLarge", "The body is too large.", "That is too large", "Send less at once."),
    422: (
        "Invalid",
        "A parameter or a field of the body is missing or not valid. Nothing was changed.",
        "Something needs your attention",
        "Go back, mend what is named here, and send it again.",
    ),
    429: (
        "TooMany",
        "Too many requests; `Retry-After` says for how many seconds to wait.",
        "Too many at once",
        "Wait a minute, then try again.",
    ),
    503: (
        "NotReady",
        "A part of the system is starting or away. Try again in a moment.",
        "Not ready yet",
        "A part of the system is starting or away. Try again in a moment.",
    ),
}
_WITH_FIELDS = {"errors": [{"field": "limit", "detail": "Input should be less than or equal to 200"}]}
_RETRY_AFTER = {
    "Retry-After": {"description": "For how many seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
}


def responses() -> dict[str, Any]:
    """Return the responses that all operations share, by name."""
    return {name: _response(status) for status, (name, *_) in _ANSWERS.items()}


def _response(status: int) -> dict[str, Any]:
    _, description, title, detail = _ANSWERS[status]
    shown: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/applications/api/v1/applications",
        **(_WITH_FIELDS if status == HTTPStatus.UNPROCESSABLE_ENTITY else {}),
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown}}
    headers = {"headers": _RETRY_AFTER} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    return {"description": description, **headers, "content": content}


def schemas() -> dict[str, Any]:
    """Return the schemas of a problem, by name."""
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**made.pop("$defs"), "Problem": made}


def problem_answers(access: RouteAccess, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the problems that an operation can answer, by status, each a reference to a shared response."""
    return {
        str(status): {"$ref": f"#/components/responses/{_ANSWERS[status][0]}"}
        for status in sorted(_statuses(access, method, operation))
    }


def _statuses(access: RouteAccess, method: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (429, 503)
    if access.kind != "public":
        yield from (401, 403)
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        yield 404
    if method not in SAFE_METHODS:
        yield 409
    if "requestBody" in operation:
        yield from (400, 413)
    if "requestBody" in operation or operation.get("parameters"):
        yield 422
