"""Type the parts of an OpenAPI 3.1 document that are read and completed here; a JSON schema may hold any JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from pydantic import JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, JsonValue]


class Media(TypedDict, total=False):
    """A body or an answer in one media type."""

    schema: Schema
    example: JsonValue
    examples: JsonValue


Answer = TypedDict(
    "Answer",
    {"$ref": str, "description": str, "headers": dict[str, JsonValue], "content": dict[str, Media]},
    total=False,
)
Parameter = TypedDict(
    "Parameter",
    {
        "name": str,
        "in": str,
        "required": bool,
        "description": str,
        "schema": Schema,
        "example": JsonValue,
    },
    total=False,
)


class RequestBody(TypedDict, total=False):
    """The body that an operation takes."""

    required: bool
    content: dict[str, Media]


class Operation(TypedDict, total=False):
    """An operation: what is done at a path by a method."""

    operationId: str
    summary: str
    description: str
    tags: list[str]
    parameters: list[Parameter]
    requestBody: RequestBody
    responses: dict[str, Answer]
    security: list[dict[str, list[str]]]


class Components(TypedDict, total=False):
    """The parts that operations refer to."""

    schemas: dict[str, Schema]
    responses: dict[str, Answer]
    securitySchemes: Mapping[str, Mapping[str, str]]


class Document(TypedDict, total=False):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, JsonValue]
    servers: list[dict[str, str]]
    tags: list[dict[str, str]]
    paths: dict[str, dict[str, Operation]]
    components: Components
