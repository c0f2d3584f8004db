"""Make the JSON Schema of each event, as readers accept it.

A field with a default may be missing; a field that is not named is ignored.
"""

import inspect
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from shared.contracts.base import EVENTS, Event

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:tandem:schema:{type}"
"""The `$id` of an event's schema; the same stands in the header `ce_dataschema`."""


class _Plain(GenerateJsonSchema):
    """Without titles made from field names, and open to fields that a reader does not know."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic asks for each field
        return False

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> Schema:
        plain: Schema = _open(super().generate(schema, mode))
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


def schema_of(event: type[Event]) -> Schema:
    """Return the JSON Schema (2020-12) of one event, with its topic (`x-topic`), documentation and example."""
    body = event.model_json_schema(schema_generator=_Plain)
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER.format(type=event.type),
        "x-topic": event.topic,
        **body,
        "description": inspect.getdoc(event),
        "examples": [event(**event.example).model_dump(mode="json")],
    }


def schemas() -> dict[str, Schema]:
    """Return the JSON Schema of every event, by name."""
    return {name: schema_of(event) for name, event in sorted(EVENTS.items())}


def definitions(models: Iterable[type[BaseModel]], template: str) -> dict[str, Schema]:
    """Return the schemas of models and their parts by name; they refer to each other by `template` (with `{model}`)."""
    _, body = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Plain, ref_template=template
    )
    found: dict[str, Schema] = body["$defs"]
    return dict(sorted(found.items()))
