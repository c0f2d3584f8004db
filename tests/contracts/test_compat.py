"""A change that would break a reader is refused, and a harmless one passes."""

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import EVENTS, check
from shared.contracts.compat import breaches, topic_breaches
from shared.contracts.generate import ROOT, write
from shared.contracts.schema import JsonSchema, schemas

Schema = Any
"""A schema that a test changes as it likes, also in ways that are no schema."""
SCHEMAS = schemas()
NAMES = sorted(SCHEMAS)


def changed(name: str, change: Callable[[Schema], object]) -> list[str]:
    """Return what the check says of one event's changed schema, as lines; those beside it stay as they are."""
    new = copy.deepcopy(SCHEMAS[name])
    change(new)
    beside = {other: SCHEMAS[other] for other in NAMES[:2]}
    return [str(breach) for breach in breaches({**beside, name: SCHEMAS[name]}, {**beside, name: new})]


def keywords(schema: JsonSchema) -> set[str]:
    """Return the keywords of a schema and of those within it."""
    within = [*schema.get("$defs", {}).values(), *schema.get("properties", {}).values()]
    within += [*schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    within += [part for part in (schema.get("items"), schema.get("additionalProperties")) if isinstance(part, dict)]
    return set(schema).union(*map(keywords, within))


def test_every_keyword_is_one_that_is_compared_or_explains() -> None:
    """No schema has a keyword that the comparison does not know, and none takes several types by a list of them."""
    assert set().union(*map(keywords, SCHEMAS.values())) <= set(JsonSchema.__annotations__)
    assert '"type": [' not in json.dumps(SCHEMAS)


def test_nothing_changed_is_fine() -> None:
    """A contract is compatible with itself."""
    assert breaches(SCHEMAS, copy.deepcopy(SCHEMAS)) == []


@given(st.sampled_from(NAMES), st.from_regex(r"added_[a-z]{1,8}", fullmatch=True))
def test_a_new_optional_field_is_fine(name: str, field: str) -> None:
    """An owner may add a field with a default; readers ignore it."""
    assert changed(name, lambda schema: schema.setdefault("properties", {}).update({field: {"type": "string"}})) == []


@given(st.sampled_from(NAMES), st.from_regex(r"added_[a-z]{1,8}", fullmatch=True))
def test_a_new_required_field_is_refused(name: str, field: str) -> None:
    """Events without it exist, so a new field needs a default; the line names it."""

    def change(schema: Schema) -> None:
        schema.setdefault("properties", {})[field] = {"type": "string"}
        schema.setdefault("required", []).append(field)

    lines = changed(name, change)
    assert lines == [f"{name}.{field}: is new and required. Give it a default: events without it exist."]


@given(st.data())
def test_a_removed_field_is_refused(data: st.DataObject) -> None:
    """The removal of any field of any event is refused in a line that names event and field."""
    name = data.draw(st.sampled_from([name for name in NAMES if SCHEMAS[name].get("properties")]))
    field = data.draw(st.sampled_from(sorted(SCHEMAS[name]["properties"])))

    def change(schema: Schema) -> None:
        del schema["properties"][field]
        schema["required"] = [name for name in schema.get("required", []) if name != field]

    assert any(line.startswith(f"{name}.{field}: the field was removed") for line in changed(name, change))


@given(st.data())
def test_a_removed_code_is_refused_and_a_new_one_is_fine(data: st.DataObject) -> None:
    """A code list may grow and never shrink, at any depth."""
    lists = [
        (name, part)
        for name in NAMES
        for part, schema in SCHEMAS[name].get("$defs", {}).items()
        if len(schema.get("enum", ())) > 1
    ]
    name, part = data.draw(st.sampled_from(lists))
    code = data.draw(st.sampled_from(SCHEMAS[name]["$defs"][part]["enum"]))
    lines = changed(name, lambda schema: schema["$defs"][part]["enum"].remove(code))
    assert lines
    assert all(line.startswith(f"{name}.") and f"no longer takes {code}" in line for line in lines)
    assert changed(name, lambda schema: schema["$defs"][part]["enum"].append("brand_new")) == []


@given(st.data())
def test_a_changed_type_is_refused(data: st.DataObject) -> None:
    """A field keeps its type."""
    plain = [
        (name, field)
        for name in NAMES
        for field, schema in SCHEMAS[name].get("properties", {}).items()
        if isinstance(schema.get("type"), str)
    ]
    name, field = data.draw(st.sampled_from(plain))
    now = SCHEMAS[name]["properties"][field]["type"]
    other = data.draw(st.sampled_from(sorted({"string", "boolean", "array", "object", "null"} - {now})))
    lines = changed(name, lambda schema: schema["properties"][field].update(type=other))
    assert any(f"{name}.{field}: the type changed from {now} to {other}" in line for line in lines)


@given(st.integers(-5, 400), st.sampled_from(["minimum", "maximum"]))
def test_bounds_may_widen_and_not_narrow(value: int, bound: str) -> None:
    """A year count of 0 to 60 takes wider bounds and refuses narrower ones."""

    def change(schema: Schema) -> None:
        schema["$defs"]["ApplicationProfile"]["properties"]["years_in_field"][bound] = value

    narrower = value > 0 if bound == "minimum" else value < 60
    lines = changed("ApplicationSubmitted", change)
    assert bool(lines) == narrower
    assert all("ApplicationSubmitted.profile.years_in_field" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "change", "line"),
    [
        (
            "MatchProposed",
            lambda schema: schema["properties"].update(override={"$ref": "#/$defs/Reason"}),
            "MatchProposed.override: the type changed from null to string",
        ),
        (
            "ApplicationWithdrawn",
            lambda schema: schema["required"].append("by"),
            "ApplicationWithdrawn.by: became required",
        ),
        (
            "ApplicationWithdrawn",
            lambda schema: schema["properties"]["by"].update(default="host"),
            "ApplicationWithdrawn.by: the default changed from 'guest' to 'host'",
        ),
        (
            "OrganisationChanged",
            lambda schema: schema["properties"]["country"].update(pattern="^[A-Z]{3}$"),
            "OrganisationChanged.country: pattern became",
        ),
        (
            "VisitUnschedulable",
            lambda schema: (
                schema["$defs"]["VisitOf"]["properties"]["match_id"].pop("format")
                and schema["$defs"]["VisitOf"]["properties"]["match_id"].update(type="integer")
            ),
            "VisitUnschedulable.visit.match_id: the type changed from string to integer",
        ),
        (
            "MatchOffered",
            lambda schema: schema["properties"]["next_in_line"]["items"].update(format="date"),
            "MatchOffered.next_in_line[]: format became date (was uuid)",
        ),
        (
            "CallClosed",
            lambda schema: schema.update({"x-topic": "exchange.offers"}),
            "CallClosed: moved from exchange.calls to exchange.offers",
        ),
        (
            "CallClosed",
            lambda schema: schema.update(additionalProperties=False),
            "CallClosed: no longer takes fields that it does not know",
        ),
        (
            "OrganisationChanged",
            lambda schema: schema["properties"]["active"].update(const=True),
            "OrganisationChanged.active: no longer takes other values than True",
        ),
    ],
)
def test_other_narrowings_are_refused(name: str, change: Callable[[Schema], object], line: str) -> None:
    """A value that was allowed stays allowed; the line says where and what."""
    assert any(breach.startswith(line) for breach in changed(name, change)), changed(name, change)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("MatchProposed", lambda schema: schema["required"].remove("score")),
        ("VisitMoved", lambda schema: schema["properties"]["previous_start"].pop("format")),
        (
            "ApplicationWithdrawn",
            lambda schema: schema["properties"].update(
                reason={"anyOf": [{"$ref": "#/$defs/Reason"}, {"type": "null"}]}
            ),
        ),
        ("CallClosed", lambda schema: schema.update(description="Said better.")),
        ("MatchProposed", lambda schema: schema["properties"]["score"].update(type="number")),
    ],
)
def test_widenings_are_fine(name: str, change: Callable[[Schema], object]) -> None:
    """A contract may take more than before, and may be explained better."""
    assert changed(name, change) == []


def test_a_removed_event_is_refused() -> None:
    """Journals hold events of every kind for ever; a new event is fine."""
    fewer = {name: schema for name, schema in SCHEMAS.items() if name != "VisitMoved"}
    assert [str(breach) for breach in breaches(SCHEMAS, fewer)] == [
        "VisitMoved: was removed. Keep its class: journals hold such events for ever."
    ]
    assert breaches(fewer, SCHEMAS) == []


def test_topics_keep_their_partitions_and_owners() -> None:
    """Partition count, owner, key and clean-up of a topic never change; readers and retention may."""
    old = yaml.safe_load((ROOT / "shared/contracts/topics.yaml").read_text(encoding="utf-8"))
    new = copy.deepcopy(old)
    new["exchange.offers"].update(partitions=24, owner="matching", readers=["reporting"], kept_days=30)
    del new["exchange.runs"]
    breaches = [str(breach) for breach in topic_breaches(old, new)]
    assert [line.partition(": ")[0] for line in breaches] == [
        "exchange.offers.owner",
        "exchange.offers.partitions",
        "exchange.runs",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository without a commit, with the generated files of now."""
    git(tmp_path, "init", "-q")
    write(tmp_path)
    topics = tmp_path / "shared/contracts/topics.yaml"
    topics.write_text((ROOT / "shared/contracts/topics.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    """Run git in a repository of the test's own, as any user."""
    who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    who |= {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org"}
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, env=os.environ | who)


def test_the_command_compares_with_a_revision(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No commit yet, a commit that agrees, one that held more, and an unknown revision: each has its clear outcome."""
    monkeypatch.setattr(check, "base", lambda revision: _base(revision, root=repository))
    monkeypatch.setattr(check, "stale", list)
    assert check.main([]) == 0
    assert "no older contracts" in capsys.readouterr().out

    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "now")
    assert check.main([]) == 0
    assert f"{len(EVENTS)} events of HEAD" in capsys.readouterr().out

    more = repository / "shared/contracts/schemas/VisitPostponed.json"
    more.write_text('{"title": "VisitPostponed", "type": "object", "x-topic": "exchange.visits"}', encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "an event that is gone now")
    assert check.main(["--base", "HEAD"]) == 1
    assert "VisitPostponed: was removed" in capsys.readouterr().err
    assert check.main(["--base", "HEAD~1"]) == 0

    assert check.main(["--base", "nowhere"]) == 2
    assert "there is no such revision" in capsys.readouterr().err


_base = check.base


def test_the_working_tree_keeps_its_promises(capsys: pytest.CaptureFixture[str]) -> None:
    """The code of now is compatible with the contracts that HEAD holds."""
    assert check.main([]) == 0, capsys.readouterr().err


@settings(max_examples=30)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_breach_is_one_line(first: str, other: str) -> None:
    """Each breach is one line that begins with the event's name, however different two events are."""
    for breach in breaches({first: SCHEMAS[first]}, {first: {**SCHEMAS[other], "x-topic": SCHEMAS[first]["x-topic"]}}):
        assert str(breach).startswith(first)
        assert "\n" not in str(breach)


def test_a_part_may_gain_a_field_although_its_own_default_grows_by_it() -> None:
    """The default of a call's timers names each of them: one more does no harm, another value does."""
    name = "CallPublished"

    def of(schema: Any) -> Any:
        return schema["$defs"]["CallTerms"]["properties"]["timers"]["default"]

    assert changed(name, lambda schema: of(schema).update(another_wd=3)) == []
    assert "the default changed" in changed(name, lambda schema: of(schema).update(answer_wd=3))[0]
