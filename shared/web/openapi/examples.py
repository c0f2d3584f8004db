"""Make an example of a JSON schema: what its fields say, else one plain value for each type and format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import JsonValue

    from shared.web.openapi.parts import Schema

_BY_FORMAT = {
    "uuid": "0190a000-0000-7000-8000-000000000000",
    "date": "2026-11-28",
    "date-time": "2026-11-28T09:00:00Z",
    "time": "09:00:00",
    "duration": "P1D",
    "email": "ani@police.example",
    "uri": "https://police.example/",
}
# For schemas with a pattern and no example of their own: the first that fits.
_CANDIDATES = ("AM", "en", "EUR", "2026", "12.50", "1", "name", "AB-2026", "empact-2026", "a" * 64)
_DEEPEST = 12


class NoExample(ValueError):
    """A schema has a pattern that no plain value fits: its field needs `examples`."""


def example(schema: Schema, schemas: dict[str, Schema]) -> JsonValue:
    """Return a value that is valid by `schema`; `schemas` are the document's, by name. Raises `NoExample`."""
    made: JsonValue = _example(schema, schemas, ())
    return made


def _example(schema: dict[str, Any], schemas: dict[str, Any], above: tuple[str, ...]) -> Any:
    for keyword in ("const", "example"):
        if keyword in schema:
            return schema[keyword]
    for listed in ("examples", "enum"):
        if schema.get(listed):
            return schema[listed][0]
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return _example(schemas[name], schemas, (*above, name))
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _example(_plainest(schema[choice], above), schemas, above)
    example = _BY_TYPE.get(_type(schema))
    return example(schema, schemas, above) if example is not None else {}


def _plainest(choices: list[dict[str, Any]], above: tuple[str, ...]) -> dict[str, Any]:
    """Return the first choice that is not null, or null where the others would begin again what stands above."""
    for choice in choices:
        if choice.get("type") != "null" and not _begins_again(choice, above):
            return choice
    return choices[-1]


def _begins_again(schema: dict[str, Any], above: tuple[str, ...]) -> bool:
    return len(above) > _DEEPEST or schema.get("$ref", "").rsplit("/", 1)[-1] in above


def _type(schema: dict[str, Any]) -> str:
    type_of_keyword = {"properties": "object", "format": "string", "pattern": "string"}
    kind = schema.get("type", next((kind for word, kind in type_of_keyword.items() if word in schema), ""))
    return kind if isinstance(kind, str) else next(each for each in kind if each != "null")


def _text(schema: dict[str, Any], _: dict[str, Any], __: tuple[str, ...]) -> str:
    if "pattern" in schema:
        for candidate in (*_CANDIDATES, *_BY_FORMAT.values()):
            if re.search(schema["pattern"], candidate):
                return candidate
        raise NoExample(f"No plain value fits {schema['pattern']!r}: give the field `examples`.")
    value = _BY_FORMAT.get(schema.get("format", ""), "text")
    return value.ljust(schema.get("minLength", 0), "-")[: schema.get("maxLength")]


def _number(schema: dict[str, Any], _: dict[str, Any], __: tuple[str, ...]) -> int | float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    most = schema.get("maximum", max(least, 1))
    return min(max(least, 1), most)  # type: ignore[no-any-return]  # as the schema has them


def _array(schema: dict[str, Any], schemas: dict[str, Any], above: tuple[str, ...]) -> list[Any]:
    if "prefixItems" in schema:
        return [_example(item, schemas, above) for item in schema["prefixItems"]]
    item = schema.get("items", {})
    if _begins_again(item, above) or schema.get("maxItems") == 0:
        return []
    return [_example(item, schemas, above) for _ in range(max(1, schema.get("minItems", 1)))]


def _object(schema: dict[str, Any], schemas: dict[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    required = schema.get("required", ())
    properties = {
        name: _example(field, schemas, above)
        for name, field in schema.get("properties", {}).items()
        if name in required or not _begins_again(field, above)
    }
    values = schema.get("additionalProperties")
    if not properties and isinstance(values, dict) and not _begins_again(values, above):
        key = _example({"type": "string", **schema.get("propertyNames", {"examples": ["name"]})}, schemas, above)
        properties[str(key)] = _example(values, schemas, above)
    return properties


_Made = Callable[[dict[str, Any], dict[str, Any], tuple[str, ...]], Any]
_BY_TYPE: dict[str, _Made] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": lambda *_: True,
    "null": lambda *_: None,
    "array": _array,
    "object": _object,
}
