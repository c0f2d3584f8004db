"""Every event is complete, readable and free of personal data."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts import EVENTS, TOPICS, read
from shared.contracts.base import Event
from shared.contracts.schema import schema_of
from tests.support import example_of

ROOT = Path(__file__).resolve().parents[2]
INDICATORS = ROOT.parent / "shared" / "indicators.csv"

PERSONAL = re.compile(
    r"name|e?mail|phone|address|birth|passport|remark|comment|note|free_?text|person_id|national_rank|gender",
    re.IGNORECASE,
)

# Published texts and words that name no person (design.md, "Names"); everything else is a code, an id or a number.
PUBLISHED = {
    "AccessChanged.grants[].deputy_for",  # a sign-in subject, as opaque as the event's own key
    "OrganisationChanged.name",
    "OrganisationChanged.city",
    "FundChanged.name",
    "FundChanged.payer",
    "RunFinished.seed",
    "RunFinished.code_version",
    "FigurePublished.figure.dimensions[].name",
    "FigurePublished.figure.dimensions[].value",
    "FigureRestated.figure.dimensions[].name",
    "FigureRestated.figure.dimensions[].value",
    "DeadlineNear.subject_topic",
    "DeadlineNear.subject_id",
    "DeadlinePassed.subject_topic",
    "DeadlinePassed.subject_id",
}
PUBLISHED_FIELDS = {"courses[]", "needed", "given", "title", "summary", "outline", "unit", "city"} | {
    "question",
    "hint",
    "choices[]",
}
"""Courses of a call's list, what a rule needs and what was given (short codes), and texts of calls and offers.

A call's questions are such texts; the answers to them are in no event.
"""


def walk(node: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each field below a schema with its path, following references and alternatives."""
    if "$ref" in node:
        yield from walk(root["$defs"][node["$ref"].rpartition("/")[2]], root, path)
        return
    for branch in node.get("anyOf", []):
        yield from walk(branch, root, path)
    if path:
        yield path, node
    for name, schema in node.get("properties", {}).items():
        yield from walk(schema, root, f"{path}.{name}")
    if "items" in node:
        yield from walk(node["items"], root, f"{path}[]")


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_example_round_trips(event: type[Event]) -> None:
    """An event's example is valid, names every field, and stays the same after writing and reading."""
    written = event(**event.example)
    assert set(event.example) == set(event.model_fields)
    assert event.read(written.write()) == written
    assert read(event.type, written.write()).write() == written.write()


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_docstring_says_what_it_means(event: type[Event]) -> None:
    """Every event has its own docstring and an existing topic."""
    assert "__doc__" in event.__dict__
    assert len(event.__doc__ or "") > 20
    assert event.topic in TOPICS


def test_a_reader_ignores_what_it_does_not_know() -> None:
    """Unknown fields at any depth do not disturb a reader."""
    event = EVENTS["ApplicationSubmitted"]
    payload = json.loads(event(**event.example).write())
    payload["later"] = 1
    payload["profile"]["later"] = {"deep": True}
    payload["profile"]["languages"][0]["later"] = []
    assert event.read(json.dumps(payload)) == event(**event.example)


def test_our_own_code_cannot_misspell_a_field() -> None:
    """An unknown field is an error when an event or one of its parts is made."""
    event = EVENTS["ApplicationSubmitted"]
    with pytest.raises(ValidationError, match="extra"):
        event(**{**event.example, "reasn": "other"})
    with pytest.raises(ValidationError, match="extra"):
        event(**{**event.example, "profile": {**example_of(event)["profile"], "langauges": []}})


def test_an_event_cannot_be_changed() -> None:
    """Events are frozen."""
    event = EVENTS["ApplicationWithdrawn"].read(b'{"reason": "other"}')
    with pytest.raises(ValidationError, match="frozen"):
        event.reason = "funding"  # type: ignore[attr-defined]  # a field of this event only


def test_an_event_needs_docstring_label_example_and_a_name_of_its_own() -> None:
    """An event class without docstring, label, example or unique name is refused when it is defined."""
    with pytest.raises(TypeError, match="needs a docstring"):

        class Nameless(Event):
            label: ClassVar[str] = "Nameless"
            example: ClassVar[Mapping[str, Any]] = {}

    with pytest.raises(TypeError, match="a label"):

        class Unlabelled(Event):
            """Has an example only."""

            example: ClassVar[Mapping[str, Any]] = {}

    with pytest.raises(TypeError, match="not a free name"):

        class CallClosed(Event):
            """Taken already."""

            label: ClassVar[str] = "Taken already"
            example: ClassVar[Mapping[str, Any]] = {}

    assert not {"Nameless", "Unlabelled"} & set(EVENTS)
    assert EVENTS["CallClosed"].topic == "exchange.calls"


def test_every_event_has_a_label_of_its_own() -> None:
    """A filter by type and the cause of a mail name each event otherwise than all others."""
    labels = [event.label for event in EVENTS.values()]
    assert len(labels) == len(set(labels))


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_else_is_refused_with_one_kind_of_error(junk: bytes | str) -> None:
    """Bytes that are not an event raise ValidationError and nothing else."""
    with pytest.raises(ValidationError):
        EVENTS["MatchProposed"].read(junk)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_no_field_can_hold_a_person(event: type[Event]) -> None:
    """No field is named after personal data, and only published text is free text."""
    schema = schema_of(event)
    for path, field in walk(schema, schema, ""):
        full = f"{event.type}{path}"
        leaf = path.rpartition(".")[2]
        if full not in PUBLISHED and leaf not in PUBLISHED_FIELDS:
            assert not PERSONAL.search(leaf), f"{full} is called like a person's data"
            free = field.get("type") == "string" and not ({"pattern", "enum", "format", "const"} & set(field))
            assert not free, f"{full} takes free text"


def test_every_source_of_an_indicator_is_an_event() -> None:
    """The indicators' source events and qualifiers exist."""
    if not INDICATORS.is_file():
        pytest.skip(f"{INDICATORS} is not there: the indicators' table is not part of the repository")
    import csv  # noqa: PLC0415 - needed where the table is only

    with INDICATORS.open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            for source in filter(None, row["source_events"].split(";")):
                name, _, qualifiers = source.rstrip(")").partition("(")
                assert name in EVENTS or name == "all", f"{row['id']} is computed from {name}, which is no event"
                codes = json.dumps(schema_of(EVENTS[name])) if qualifiers else ""
                for qualifier in filter(None, qualifiers.split("|")):
                    assert f'"{qualifier}"' in codes, f"{row['id']}: {name} knows no {qualifier}"
