"""Prepare the page about the contracts: topics, events, fields, life cycle and examples."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shared.contracts import TOPICS, events_of
from shared.contracts.base import Event
from shared.contracts.lifecycle import DEADLINES, TRANSITIONS, Deadline, Transition
from shared.contracts.schema import JsonSchema, resolved, schema_of
from shared.contracts.topics import Topic

_WORDS = {"string": "text", "integer": "whole number", "boolean": "yes or no", "null": "nothing", "number": "number"}
_FORMATS = {"uuid": "id", "date": "date", "date-time": "date and time"}


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """A field of an event: `path` with dots, `[]` for a list's items; `kind` in words; `codes` if it is a code list."""

    path: str
    kind: str
    required: bool
    text: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An event: meaning, fields, example (JSON), rows of the life cycle, and deadlines it starts or meets."""

    name: str
    summary: str
    details: str
    fields: tuple[FieldEntry, ...]
    example: str
    transitions: tuple[Transition, ...]
    starts: tuple[Deadline, ...]
    meets: tuple[Deadline, ...]


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """A topic with its events; `kept_days` is None where it is compacted."""

    topic: Topic
    kept_days: int | None
    events: tuple[EventEntry, ...]


@lru_cache(maxsize=1)
def catalogue() -> tuple[TopicEntry, ...]:
    """Return all topics in the order of `topics.yaml`, each with its events in the order of its module.

    A template needs no more than this; texts are plain English, as in the code.
    """
    return tuple(
        TopicEntry(
            topic=topic,
            kept_days=None if topic.compacted else topic.retention_ms // 86_400_000,
            events=tuple(entry(event) for event in events_of(topic.name)),
        )
        for topic in TOPICS.values()
    )


def entry(event: type[Event]) -> EventEntry:
    """Return one event, with all that its page shows."""
    summary, _, details = (inspect.getdoc(event) or "").partition("\n\n")
    schema = schema_of(event)
    return EventEntry(
        name=event.type,
        summary=summary.replace("\n", " "),
        details=details,
        fields=tuple(_fields(schema, schema, "")),
        example=json.dumps(schema["examples"][0], indent=2, ensure_ascii=False),
        transitions=tuple(row for row in TRANSITIONS if row.event == event.type),
        starts=tuple(row for row in DEADLINES.values() if event.type in row.set_by),
        meets=tuple(row for row in DEADLINES.values() if event.type in row.met_by),
    )


def _fields(node: JsonSchema, root: JsonSchema, path: str) -> Iterator[FieldEntry]:
    for name, raw in node.get("properties", {}).items():
        schema = resolved(raw, root)
        kinds = [resolved(option, root) for option in schema.get("anyOf", [schema])]
        below = f"{path}.{name}" if path else name
        main = next((option for option in kinds if option.get("type") != "null"), schema)
        inner = resolved(main.get("items", {}), root) if main.get("type") == "array" else {}
        yield FieldEntry(
            path=below,
            kind=" or ".join(_kind(option, root) for option in kinds),
            required=name in node.get("required", ()),
            text=str(schema.get("description", "")).partition("\n\n")[0].replace("\n", " "),
            codes=tuple(map(str, main.get("enum", inner.get("enum", ())))),
        )
        yield from _fields(main, root, below)
        yield from _fields(inner, root, f"{below}[]")


def _kind(schema: JsonSchema, root: JsonSchema) -> str:
    kind = str(schema.get("type", "text"))
    if "enum" in schema:
        return "code"
    if kind == "array":
        inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {_kind(resolved(inner, root), root)}"
    if kind == "object":
        return str(schema.get("title", "part"))
    return _FORMATS.get(str(schema.get("format")), _WORDS.get(kind, kind))
