"""Operation ids, examples and security of the OpenAPI documents follow from routes and schemas."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

from shared.contracts.codes import Role
from shared.identity.guard import RouteAccess
from shared.web.openapi import file_answers
from shared.web.openapi.examples import NoExample, example
from shared.web.openapi.operation_ids import operation_id
from shared.web.openapi.security import requirements


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/applications/api/v1/calls", "list_calls"),
        ("GET", "/applications/api/v1/calls/{call_id}", "get_call"),
        ("POST", "/applications/api/v1/call-drafts", "create_call_draft"),
        ("PATCH", "/applications/api/v1/call-drafts/{draft_id}", "change_call_draft"),
        ("PUT", "/applications/api/v1/applications/{application_id}/answers", "save_application_answers"),
        ("POST", "/applications/api/v1/offers/decide", "decide_offers"),
        ("POST", "/applications/api/v1/offers/{offer_id}/copy", "copy_offer"),
        ("POST", "/applications/api/v1/people", "create_person"),
        ("DELETE", "/matching/api/v1/matches/{match_id}", "delete_match"),
        ("GET", "/reporting/api/v1/figures.csv", "get_figures_csv"),
        ("GET", "/reporting/api/v1/feeds/{period}/{name}", "get_feed_name"),
        ("POST", "/reporting/api/v1/evaluations/{subject}", "submit_evaluation"),
        ("GET", "/notifications/api/v1/webhooks/deliveries/{delivery_id}", "get_webhook_delivery"),
        ("GET", "/matching/api/v1/overrides/price", "get_override_price"),
    ],
)
def test_an_id_says_what_is_done_to_what(method: str, path: str, expected: str) -> None:
    """An operation id is a verb and the words of the path, in the singular where one thing is meant."""
    assert operation_id(method, path) == expected


class Tree(BaseModel):
    """A model that contains itself."""

    name: str
    below: list[Tree]
    parent: Tree | None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": "^[A-Z]{2}$"},
        {"type": "string", "minLength": 40},
        {"type": "string", "maxLength": 2},
        {"type": "integer", "minimum": 3, "maximum": 3},
        {"type": "integer", "exclusiveMinimum": 5},
        {"type": "number", "maximum": 0},
        {"type": ["null", "boolean"]},
        {"anyOf": [{"type": "null"}, {"enum": ["b", "a"]}]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        {"type": "object", "propertyNames": {"format": "date"}, "additionalProperties": {"type": "integer"}},
        {"const": None},
    ],
)
def test_an_example_is_valid(schema: dict[str, Any]) -> None:
    """An example keeps to type, format, pattern and bounds of its schema."""
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example(schema, {}))


def test_an_example_ends_where_a_model_contains_itself() -> None:
    """A recursive model has a finite example, which is valid."""
    schema = Tree.model_json_schema(ref_template="#/$defs/{model}")
    made = example(schema, schema["$defs"])
    Draft202012Validator(schema).validate(made)
    assert made == {"name": "text", "below": [], "parent": None}


def test_the_examples_of_a_field_come_first() -> None:
    """A field's own example is taken, and a pattern that no plain value fits is refused."""
    assert example({"type": "string", "pattern": "^x{9}$", "examples": ["x" * 9]}, {}) == "x" * 9
    with pytest.raises(NoExample, match="examples"):
        example({"type": "string", "pattern": "^x{9}$"}, {})


def test_security_follows_from_the_guard() -> None:
    """Any role of a guard is enough; a ticket comes beside a bearer token, the token of a form beside a cookie."""
    assert requirements(RouteAccess("public"), "GET") == []
    assert requirements(RouteAccess("signed_in"), "POST") == [{"bearer": []}, {"session": [], "form": []}]
    roles = RouteAccess("roles", frozenset({Role.DONOR, Role.OFFICER}))
    assert requirements(roles, "GET") == [
        {"bearer": ["tandem:officer"]},
        {"bearer": ["tandem:donor"]},
        {"session": []},
    ]
    assert requirements(RouteAccess("ticket", purpose="report"), "POST") == [{"bearer": [], "ticket": []}]


def test_files_name_their_media_types() -> None:
    """A text file is a text, another one is binary."""
    content: Any = file_answers("text/csv", "application/pdf")[200]["content"]
    assert content["text/csv"]["schema"] == {"type": "string"}
    assert content["application/pdf"]["schema"] == {"type": "string", "format": "binary"}


def test_files_name_their_headers() -> None:
    """The name under which a file is saved is described for each, other headers where a route has them."""
    headers: Any = file_answers("text/csv", headers=("Link",))[200]["headers"]
    assert sorted(headers) == ["Content-Disposition", "Link"]
