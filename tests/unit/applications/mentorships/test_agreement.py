"""Versions of an agreement have the right states, and the difference between two shows every change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.model.agreement import Meeting, Rhythm, Terms, Version, VersionState
from services.applications.text_difference import difference
from services.applications.transitions import AlreadyDone, NotNow
from shared.contracts.codes import MentorshipState, Party
from shared.contracts.mentorships import MentorshipOpened, MentorshipPlan

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
BOTH = frozenset({Party.MENTEE, Party.MENTOR})
PLAN = MentorshipPlan.model_validate(MentorshipOpened.example["plan"])
OPENED, ACTIVE = MentorshipState.OPENED, MentorshipState.ACTIVE

lines = st.lists(st.text(alphabet="abc ", min_size=1, max_size=8).map(str.strip).filter(bool), max_size=8)


def test_the_text_says_what_the_pair_adds_and_names_nobody() -> None:
    """Rhythm, way, aims, confidentiality and end stand in the text, and every version has a digest of its own."""
    terms = Terms(
        rhythm=Rhythm.MONTHLY,
        meeting=Meeting.REMOTE,
        aims="Read charts.",
        confidentiality="No names of sources.",
        until=date(2026, 9, 30),
    )
    text = model.agreement("AM-2026-0042", PLAN, terms, 2)
    for said in ("every month", "by video or telephone", "Read charts.", "No names of sources.", "30 September 2026"):
        assert said in text
    assert text.startswith("Mentoring agreement, version 2\n")
    assert text.rstrip().endswith("Mentorship of AM-2026-0042")
    assert model.digest(text) != model.digest(model.agreement("AM-2026-0042", PLAN, Terms()))


def test_where_versions_stand() -> None:
    """The newest that both signed holds, the one before was replaced, a later one waits, one taken back has lapsed."""
    versions = [
        Version(1, None, signed=BOTH),
        Version(2, None, signed=BOTH),
        Version(3, LATER, lapsed=True, signed=frozenset({Party.MENTOR})),
        Version(4, LATER, signed=frozenset({Party.MENTOR})),
    ]
    assert model.states(versions, NOW) == {
        1: VersionState.REPLACED,
        2: VersionState.IN_FORCE,
        3: VersionState.LAPSED,
        4: VersionState.PROPOSED,
    }
    assert model.states(versions, LATER + timedelta(seconds=1))[4] is VersionState.LAPSED
    assert model.states(versions, NOW, over=True)[4] is VersionState.LAPSED


def test_the_programmes_version_waits_again_when_a_proposal_is_taken_back() -> None:
    """Before anything holds, a proposal stands before the first version, and leaves it to be signed when taken back."""
    first, second = Version(1, LATER, signed=frozenset({Party.MENTEE})), Version(2, LATER)
    assert model.to_sign([first, second], NOW) == 2
    assert model.to_sign([first, Version(2, LATER, lapsed=True)], NOW) == 1


def test_who_may_sign_what() -> None:
    """Only the version that waits, once a side; a version that gave way says which one to read."""
    versions = [Version(1, LATER), Version(2, LATER, signed=frozenset({Party.MENTOR}))]
    model.may_sign(OPENED, versions, 2, Party.MENTEE, NOW)
    with pytest.raises(AlreadyDone):
        model.may_sign(OPENED, versions, 2, Party.MENTOR, NOW)
    with pytest.raises(NotNow, match="version 2 waits"):
        model.may_sign(OPENED, versions, 1, Party.MENTEE, NOW)
    with pytest.raises(NotNow):
        model.may_sign(MentorshipState.PAUSED, versions, 2, Party.MENTEE, NOW)


def test_who_writes_at_once_is_told() -> None:
    """A proposal on a version that is no longer the newest, or with an end that cannot be, is refused."""
    versions = [Version(1, None, signed=BOTH), Version(2, LATER)]
    model.may_propose(ACTIVE, versions, 2, Terms(), NOW.date())
    with pytest.raises(NotNow, match="Version 2 was written"):
        model.may_propose(ACTIVE, versions, 1, Terms(), NOW.date())
    with pytest.raises(NotNow, match="Choose an end"):
        model.may_propose(ACTIVE, versions, 2, Terms(until=NOW.date()), NOW.date())


@given(lines, lines)
def test_a_difference_loses_nothing(old: list[str], new: list[str]) -> None:
    """What stands on the left is the old text, on the right the new one; only what differs is marked."""
    rows = difference(old, new)
    assert ["".join(piece.text for piece in row.old) for row in rows if row.old] == old
    assert ["".join(piece.text for piece in row.new) for row in rows if row.new] == new
    for row in rows:
        marked = any(piece.marked for piece in (*row.old, *row.new))
        assert marked == (row.kind != "same")
        assert bool(row.old) == (row.kind != "added")
        assert bool(row.new) == (row.kind != "removed")


@given(lines)
def test_equal_texts_do_not_differ(text: list[str]) -> None:
    """A text beside itself has no marked word."""
    assert all(row.kind == "same" for row in difference(text, text))
