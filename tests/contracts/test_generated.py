"""The generated documents are up to date and valid against their standards."""

import json
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator

from shared.contracts import EVENTS, TOPICS, generate
from shared.contracts.asyncapi import document
from shared.contracts.base import Event
from shared.contracts.page import catalogue
from shared.contracts.schema import schema_of, schemas


def test_generated_files_are_up_to_date() -> None:
    """The committed files are those that the code generates."""
    assert generate.stale() == []


def test_generating_mends_what_is_stale(tmp_path: Path) -> None:
    """A missing, a changed and a left-over file are noticed and put right; a second run changes nothing."""
    assert len(generate.write(tmp_path)) == len(EVENTS) + 1
    file = tmp_path / generate.SCHEMAS / "CallClosed.json"
    file.write_text("{}", encoding="utf-8")
    (tmp_path / generate.SCHEMAS / "Gone.json").write_text("{}", encoding="utf-8")
    (tmp_path / generate.SCHEMAS / "CallRevised.json").unlink()
    names = {Path(path).stem for path in generate.stale(tmp_path)}
    assert names == {"CallClosed", "Gone", "CallRevised"}
    assert len(generate.write(tmp_path)) == 3
    assert generate.write(tmp_path) == []


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_a_schema_accepts_the_example(event: type[Event]) -> None:
    """Another implementation of JSON Schema takes the example, with unknown fields too, and refuses an empty one."""
    schema = schema_of(event)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    (example,) = schema["examples"]
    assert isinstance(example, dict)
    validator.validate({**example, "later": 1})
    assert validator.is_valid({}) == (not schema.get("required"))


def references(node: Any) -> set[str]:
    """Return all local references in a document."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_asyncapi_is_well_formed() -> None:
    """An independent model of AsyncAPI 3.0 reads the document, and every reference in it leads somewhere."""
    whole: Any = document()
    server = {**whole["servers"]["log"], "pathname": "/"}  # optional in the specification, but not in this model of it
    assert ApplicationSchema.model_validate({**whole, "servers": {"log": server}}).asyncapi == "3.0.0"
    for reference in references(whole):
        place: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_asyncapi_names_senders_and_receivers() -> None:
    """Each topic has one sender, its owner, and the readers that topics.yaml allows."""
    whole: Any = document()
    operations = whole["operations"]
    for topic in TOPICS.values():
        mine = {
            name: operation
            for name, operation in operations.items()
            if operation["channel"]["$ref"] == f"#/channels/{topic.name}"
        }
        senders = [name.partition(".")[0] for name, operation in mine.items() if operation["action"] == "send"]
        receivers = {name.partition(".")[0] for name, operation in mine.items() if operation["action"] == "receive"}
        assert senders == [topic.owner]
        assert receivers == set(topic.readers)


def test_generated_texts_are_deterministic() -> None:
    """The same code always generates the same bytes."""
    assert generate.generated() == generate.generated()
    assert list(schemas()) == sorted(EVENTS)


def test_the_catalogue_shows_everything() -> None:
    """The page's data hold every topic and event, with fields, example and life cycle."""
    entries = {event.name: event for topic in catalogue() for event in topic.events}
    assert set(entries) == set(EVENTS)
    submitted = entries["ApplicationSubmitted"]
    level = next(field for field in submitted.fields if field.path == "profile.languages[].level")
    assert level.codes[0] == "A1"
    assert level.required
    assert {field.kind for field in submitted.fields if field.path == "profile.topics"} == {"list of code"}
    assert submitted.transitions[0].target == "submitted"
    assert [deadline.kind for deadline in submitted.starts] == ["endorsement"]
    assert all(json.loads(event.example) is not None and event.summary for event in entries.values())
