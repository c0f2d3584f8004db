"""Compare two JSON Schemas of an event and name the changes that would break readers.

Events on the log and in the journals stay readable by new code, and new events by code that is a release behind:
no event and no field is removed, none becomes required, no value that was allowed is refused. Adding an event, a field
with a default, or a code is fine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.schema import JsonSchema, resolved

Topics = Mapping[str, Mapping[str, object]]
"""`topics.yaml` as it is parsed."""

_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_EXACT: Final = ("pattern", "format", "multipleOf", "uniqueItems")


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """A change that would break a reader or the reading of old events; its text is one line."""

    event: str
    field: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return event and field, what is wrong, and what to do instead."""
        place = f"{self.event}.{self.field}" if self.field else self.event
        return f"{place}: {self.what}. {self.remedy}"


def breaches(old: Mapping[str, JsonSchema], new: Mapping[str, JsonSchema]) -> list[Breach]:
    """Return all breaches between two sets of schemas by event name, in order; empty if the change is compatible."""
    found: list[Breach] = []
    for event, before in old.items():
        after = new.get(event)
        if after is None:
            found.append(Breach(event, "", "was removed", "Keep its class: journals hold such events for ever."))
            continue
        if before.get("x-topic") != after.get("x-topic"):
            found.append(
                Breach(
                    event,
                    "",
                    f"moved from {before.get('x-topic')} to {after.get('x-topic')}",
                    "Keep it on its topic and give the event on the other topic a name of its own.",
                )
            )
        found.extend(_Pair(event, before, after).compare("", before, after))
    return sorted(set(found))


def topic_breaches(old: Topics, new: Topics) -> list[Breach]:
    """Return what would break between two versions of `topics.yaml`, in order."""
    found = []
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            found.append(Breach(name, "", "the topic was removed", "Keep it: its journal can be replayed at any time."))
            continue
        found.extend(
            Breach(name, field, f"changed from {before.get(field)} to {after.get(field)}", remedy)
            for field, remedy in (
                ("partitions", "A topic's partition count never changes, for the order within a key would be lost."),
                ("cleanup", "Make another topic: readers treat the two kinds differently."),
                ("owner", "Make another topic: a fact has one owner, and readers know its sequence by its source."),
                ("key", "Make another topic: order is kept within a key only."),
            )
            if before.get(field) != after.get(field)
        )
    return sorted(found)


class _Pair:
    """The old and the new schema of one event, compared together; references are followed on each side."""

    def __init__(self, event: str, old: JsonSchema, new: JsonSchema) -> None:
        self._event = event
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str, str]] = set()

    def compare(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        """Return the breaches at one place and below it; `path` names the field, with dots and `[]`."""
        references = (path, str(old.get("$ref", "")), str(new.get("$ref", "")))
        if references[1] and references[2]:
            if references in self._seen:
                return
            self._seen.add(references)
        old, new = resolved(old, self._old), resolved(new, self._new)
        if "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(path, old, new)
            return
        yield from self._values(path, old, new)
        yield from self._bounds(path, old, new)
        yield from self._fields(path, old, new)
        yield from self._items(path, old, new)

    def _breach(self, path: str, what: str, remedy: str) -> Breach:
        return Breach(self._event, path, what, remedy)

    def _alternatives(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        """Return breaches of old alternatives that no new one accepts; the closest new one gives the reason."""
        branches = [resolved(branch, self._new) for branch in new.get("anyOf", [new])]
        for before in old.get("anyOf", [old]):
            plain = resolved(before, self._old)
            attempts = [
                list(_Pair(self._event, self._old, self._new).compare(path, plain, branch)) for branch in branches
            ]
            if all(attempts):
                alike = [attempt for attempt, branch in zip(attempts, branches, strict=True) if _alike(plain, branch)]
                yield from min(alike or attempts, key=len)

    def _values(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        before, after = _types(old), _types(new)
        if after is not None and (before is None or not all(_within(kind, after) for kind in before)):
            old_types = " or ".join(sorted(before or {"anything"}))
            yield self._breach(
                path,
                f"the type changed from {old_types} to {' or '.join(sorted(after))}",
                "Keep the type and add a field of another name.",
            )
        gone = _gone(old, new)
        if gone:
            yield self._breach(
                path,
                f"no longer takes {', '.join(gone)}",
                "Keep the codes: events that hold them exist; stop offering them in the form instead.",
            )
        if "default" in old and "default" in new and not _same_default(old["default"], new["default"]):
            yield self._breach(
                path,
                f"the default changed from {old['default']!r} to {new['default']!r}",
                "Keep it and write the new value where the event is made: old events would change their meaning.",
            )

    def _bounds(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        remedy = "Keep the contract wide and check the narrower rule where the event is made."
        for bound in (*_UPPER, *_LOWER):
            if bound not in new:
                continue
            narrower = bound not in old or (new[bound] < old[bound] if bound in _UPPER else new[bound] > old[bound])
            if narrower:
                yield self._breach(path, f"{bound} became {new[bound]} (was {old.get(bound, 'free')})", remedy)
        for rule in _EXACT:
            if rule in new and new[rule] != old.get(rule):
                yield self._breach(path, f"{rule} became {new[rule]} (was {old.get(rule, 'free')})", remedy)

    def _fields(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            below = f"{path}.{name}" if path else name
            if name in after:
                yield from self.compare(below, schema, after[name])
            else:
                yield self._breach(
                    below,
                    "the field was removed",
                    "Keep it, with a default, and say in its docstring what replaced it.",
                )
        was_required = set(old.get("required", ()))
        for name in new.get("required", ()):
            if name not in was_required:
                below = f"{path}.{name}" if path else name
                word = "became required" if name in before else "is new and required"
                yield self._breach(below, word, "Give it a default: events without it exist.")
        if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
            yield self._breach(path, "no longer takes fields that it does not know", "Readers ignore such fields.")

    def _items(self, path: str, old: JsonSchema, new: JsonSchema) -> Iterator[Breach]:
        below = f"{path}[]"
        if "items" in new:
            yield from self.compare(below, old.get("items", {}), new["items"])
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        for place, schema in enumerate(after):
            yield from self.compare(f"{path}[{place}]", before[place] if place < len(before) else {}, schema)
        known, now = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(now, dict):
            yield from self.compare(f"{path}.*", known if isinstance(known, dict) else {}, now)


def _types(schema: JsonSchema) -> set[str] | None:
    """Return the JSON types that a schema accepts, None for any."""
    return {schema["type"]} if "type" in schema else None


def _within(kind: str, kinds: set[str]) -> bool:
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _alike(old: JsonSchema, new: JsonSchema) -> bool:
    return _types(old) == _types(new)


def _same_default(old: object, new: object) -> bool:
    """Return whether a default means the same: a part's own may gain the part's new fields, with their defaults."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(name in new and _same_default(value, new[name]) for name, value in old.items())
    return bool(old == new)


def _gone(old: JsonSchema, new: JsonSchema) -> list[str]:
    """Return the values that the old schema names and the new one refuses; `...` stands for all that are not named."""
    after = [new["const"]] if "const" in new else new.get("enum")
    if after is None:
        return []
    before = [old["const"]] if "const" in old else old.get("enum")
    if before is None:
        return ["other values than " + ", ".join(map(str, after))]
    return sorted(str(value) for value in before if value not in after)
