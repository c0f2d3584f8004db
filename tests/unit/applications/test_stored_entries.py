"""Tests of stored entries: what newer rules no longer accept reads as open, is named, and stays in the store."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.applications.application.model.answers import Answers, missing
from services.applications.calls.model.entry import CallEntry, changed_sections, problems, with_values
from services.applications.calls.views.drafts import CallContent
from services.applications.fields import differing, fields_of, with_changes
from services.applications.mentors.model import MentorEntry
from services.applications.mentors.views.mentor import MentorContent
from services.applications.placements.model.placement import PlacementEntry
from services.applications.placements.views.placement import PlacementContent
from services.applications.stored_entries import StoredEntry
from shared.contracts._examples import CALL_TERMS
from shared.contracts.calls import CallTerms
from shared.contracts.codes import LanguageLevel, Section

TERMS = CallTerms.model_validate(CALL_TERMS)
ENTRIES: list[type[StoredEntry]] = [
    Answers,
    CallContent,
    CallEntry,
    MentorContent,
    MentorEntry,
    PlacementContent,
    PlacementEntry,
]
WRONG = ["no such value", -7, {"nothing": "here"}, ["neither"], None, True]


def test_a_value_that_is_no_longer_accepted_is_open_and_named() -> None:
    """The other fields read as they are, the reason stands at the field, and the document is as it was."""
    stored = {"capacity": 9, "minimum_level": "D3", "about": "I analyse networks", "rank_groups": ["strategic"]}
    entry = MentorEntry.from_stored(stored)
    assert (entry.capacity, entry.minimum_level, entry.about) == (1, LanguageLevel.B1, "I analyse networks")
    assert set(entry.refused) >= {"capacity", "minimum_level"}
    assert entry.refused["capacity"] == "This must be 5 or less"
    assert entry.to_store() | stored == entry.to_store()


def test_fields_within_an_object_are_read_one_by_one() -> None:
    """One rule of a call that is no longer accepted leaves its other rules and timers as they are."""
    stored = CallEntry().model_dump(mode="json")
    stored["rules"] |= {"minimum_years": 99, "languages": ["English"], "courses": ["Digital evidence"]}
    stored["timers"]["endorse_wd"] = -1
    entry = CallEntry.from_stored(stored)
    assert (entry.rules.courses, entry.rules.languages) == (("Digital evidence",), ())
    assert set(entry.refused) == {"rules.minimum_years", "rules.languages", "timers.endorse_wd"}
    assert entry.refused.items() <= problems(entry).items()
    assert entry.to_store() == stored


def test_a_field_that_no_longer_exists_stays_without_a_question() -> None:
    """Nobody can answer it any more, so it prevents nothing."""
    stored = {"title": "A week", "parking": "yes"}
    entry = PlacementEntry.from_stored(stored)
    assert (entry.title, entry.refused) == ("A week", {})
    assert entry.to_store()["parking"] == "yes"


def test_a_changed_field_replaces_the_stored_one() -> None:
    """Another field leaves it alone; its own field replaces it, and counts as a change."""
    before = PlacementEntry.from_stored({"title": "A week", "days": 8, "expertise": ["sorcery"]})
    other = with_changes(before, PlacementEntry(title="Two weeks"))
    assert (other.refused, differing(before, other)) == (before.refused, ["title"])
    assert other.to_store()["days"] == 8
    same = with_changes(before, PlacementEntry(days=5))
    assert (set(same.refused), differing(before, same)) == ({"expertise"}, ["days"])
    assert same != before
    assert (same.to_store()["days"], same.to_store()["expertise"]) == (5, ["sorcery"])


def test_a_changed_rule_of_a_call_leaves_its_neighbour() -> None:
    """The section of the rule counts as changed; its neighbour stays in the store."""
    before = CallEntry.from_stored({"rules": {"minimum_years": 99, "languages": ["English"]}})
    after = with_values(before, {"minimum_years": 3})
    assert changed_sections(before, after) == {"rules"}
    assert after.to_store()["rules"]["languages"] == ["English"]
    assert set(after.refused) == {"rules.languages"}


def test_answers_that_are_no_longer_accepted_are_named_by_their_page() -> None:
    """An officer can save any page, and finds the answer among what is missing before submitting."""
    stored = {"service": "navy", "courses": ["x" * 300], "questions": {"cases": 3, "place": 1.5}}
    answers = Answers.from_stored(stored)
    assert (answers.service, answers.courses, answers.questions) == (None, (), {"cases": 3})
    found = missing(answers, TERMS)
    assert "Choose your service" in found[Section.SERVICE]
    assert found["background"] == ["This must have 200 characters or fewer"]
    assert found[Section.QUESTIONS]
    written = answers.with_written({"unit": "Cybercrime"})
    assert written.to_store() | stored == written.to_store() | {"questions": stored["questions"]}
    assert "background" not in missing(answers.with_written({"courses": []}), TERMS)


def test_new_values_are_read_strictly() -> None:
    """Only what was stored is read with patience."""
    with pytest.raises(ValidationError):
        Answers.from_stored({"service": "navy"}).with_written({"years_in_field": 99})


@given(st.data())
def test_every_entry_is_read_whatever_is_stored(data: st.DataObject) -> None:
    """No field's value prevents reading, and every field keeps its stored value until it is written anew."""
    entry: type[StoredEntry] = data.draw(st.sampled_from(ENTRIES))
    names = data.draw(st.sets(st.sampled_from([*entry.model_fields, "gone"]), min_size=1))
    stored: dict[str, Any] = {name: data.draw(st.sampled_from(WRONG)) for name in sorted(names)}
    read = entry.from_stored(stored)
    assert isinstance(read, StoredEntry)
    assert {name: read.to_store()[name] for name in read.refused if "." not in name}.items() <= stored.items()
    assert entry.from_stored(read.to_store()) == read
    cleared = read.with_written({name: entry().model_dump(mode="json")[name] for name in fields_of(entry)})
    assert {name.partition(".")[0] for name in cleared.refused} <= {"rules", "timers"}
