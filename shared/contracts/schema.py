"""Make the JSON Schema of each event, as readers accept it.

A field with a default may be missing; a field that is not named is ignored.
"""

import inspect
from collections.abc import Iterable
from typing import Any, TypedDict, cast

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from shared.contracts.base import EVENTS, Event

JsonSchema = TypedDict(
    "JsonSchema",
    {
        "$schema": str,
        "$id": str,
        "$ref": str,
        "$defs": dict[str, "JsonSchema"],
        "x-topic": str,
        "title": str,
        "description": str,
        "examples": list[JsonValue],
        "default": JsonValue,
        "type": str,
        "format": str,
        "enum": list[JsonValue],
        "const": JsonValue,
        "anyOf": list["JsonSchema"],
        "properties": dict[str, "JsonSchema"],
        "required": list[str],
        "additionalProperties": "bool | JsonSchema",
        "items": "JsonSchema",
        "prefixItems": list["JsonSchema"],
        "minimum": float,
        "maximum": float,
        "exclusiveMinimum": float,
        "exclusiveMaximum": float,
        "multipleOf": float,
        "minLength": int,
        "maxLength": int,
        "minItems": int,
        "maxItems": int,
        "uniqueItems": bool,
        "minProperties": int,
        "maxProperties": int,
        "pattern": str,
    },
    total=False,
)
"""A schema of an event or of a part of it, with the keywords that `compat` compares and those that explain."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:tandem:schema:{type}"
"""The `$id` of an event's schema; the same stands in the header `ce_dataschema`."""


class _Plain(GenerateJsonSchema):
    """Without titles made from field names, and open to fields that a reader does not know."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic asks for each field
        return False

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        plain: dict[str, Any] = _open(super().generate(schema, mode))
        return plain

    def generate_definitions(self, inputs: Any) -> Any:
        mapping, definitions = super().generate_definitions(inputs)
        return mapping, _open(definitions)


def _open(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _open(value) for key, value in node.items() if not (key == "additionalProperties" and value is False)
        }
    return [_open(value) for value in node] if isinstance(node, list) else node


def schema_of(event: type[Event]) -> JsonSchema:
    """Return the JSON Schema (2020-12) of one event, with its topic (`x-topic`), documentation and example."""
    body = event.model_json_schema(schema_generator=_Plain)
    whole = {
        "$schema": DIALECT,
        "$id": IDENTIFIER.format(type=event.type),
        "x-topic": event.topic,
        **body,
        "description": inspect.getdoc(event),
        "examples": [event(**event.example).model_dump(mode="json")],
    }
    return cast("JsonSchema", whole)


def schemas() -> dict[str, JsonSchema]:
    """Return the JSON Schema of every event, by name."""
    return {name: schema_of(event) for name, event in sorted(EVENTS.items())}


def definitions(models: Iterable[type[BaseModel]], template: str) -> dict[str, JsonSchema]:
    """Return the schemas of models and their parts by name; they refer to each other by `template` (with `{model}`)."""
    _, body = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Plain, ref_template=template
    )
    found: dict[str, JsonSchema] = body["$defs"]
    return dict(sorted(found.items()))


def resolved(schema: JsonSchema, root: JsonSchema) -> JsonSchema:
    """Return a schema with what it refers to in `root`; what stands beside the reference counts more."""
    while "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = cast("JsonSchema", {**root["$defs"][schema["$ref"].rpartition("/")[2]], **rest})
    return schema
