"""Versions of an agreement have the right states, and the difference between two shows every change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from services.applications.mentorships.forms import TermsForm
from services.applications.mentorships.model import agreement as model
from services.applications.mentorships.model.agreement import Meeting, Rhythm, Terms, Version, VersionState
from services.applications.text_difference import difference
from services.applications.transitions import AlreadyDone, NotNow, WrongValue
from shared.contracts.codes import MentorshipState, Party
from shared.contracts.mentorships import MentorshipOpened, MentorshipPlan

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
BOTH = frozenset({Party.MENTEE, Party.MENTOR})
PLAN = MentorshipPlan.model_validate(MentorshipOpened.example["plan"])
OPENED, ACTIVE = MentorshipState.OPENED, MentorshipState.ACTIVE

lines = st.lists(st.text(alphabet="abc ", min_size=1, max_size=8).map(str.strip).filter(bool), max_size=8)


def test_the_text_has_the_pairs_additions_and_no_names() -> None:
    """The text has rhythm, form, aims, confidentiality and end, and every version has its own digest."""
    terms = Terms(
        rhythm=Rhythm.MONTHLY,
        meeting=Meeting.REMOTE,
        aims="Read charts.",
        confidentiality="No names of sources.",
        until=date(2026, 9, 30),
    )
    text = model.agreement("AM-2026-0042", PLAN, terms, 2)
    for addition in (
        "every month",
        "by video or telephone",
        "Read charts.",
        "No names of sources.",
        "30 September 2026",
    ):
        assert addition in text
    assert text.startswith("Mentoring agreement, version 2\n")
    assert text.rstrip().endswith("Mentorship of AM-2026-0042")
    assert model.digest(text) != model.digest(model.agreement("AM-2026-0042", PLAN, Terms()))


def test_states_of_versions() -> None:
    """The newest version that both signed holds, earlier ones are replaced, later ones wait, withdrawn ones lapsed."""
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


def test_a_withdrawn_proposal_leaves_the_first_version_to_sign() -> None:
    """Before any version holds, a proposal precedes the first version, until it is withdrawn."""
    first, second = Version(1, LATER, signed=frozenset({Party.MENTEE})), Version(2, LATER)
    assert model.to_sign([first, second], NOW) == 2
    assert model.to_sign([first, Version(2, LATER, lapsed=True)], NOW) == 1


def test_only_the_waiting_version_is_signed() -> None:
    """Each side signs the waiting version once, and an older version names the one to read."""
    versions = [Version(1, LATER), Version(2, LATER, signed=frozenset({Party.MENTOR}))]
    model.may_sign(OPENED, versions, 2, Party.MENTEE, NOW)
    with pytest.raises(AlreadyDone):
        model.may_sign(OPENED, versions, 2, Party.MENTOR, NOW)
    with pytest.raises(NotNow, match="Read version 2"):
        model.may_sign(OPENED, versions, 1, Party.MENTEE, NOW)
    with pytest.raises(NotNow):
        model.may_sign(MentorshipState.PAUSED, versions, 2, Party.MENTEE, NOW)


def test_a_proposal_on_an_old_version_is_refused() -> None:
    """A proposal on an old version, or with an invalid end, is refused."""
    versions = [Version(1, None, signed=BOTH), Version(2, LATER)]
    model.may_propose(ACTIVE, versions, 2, Terms(), NOW.date())
    with pytest.raises(NotNow, match="Version 2 was written"):
        model.may_propose(ACTIVE, versions, 1, Terms(), NOW.date())
    with pytest.raises(WrongValue, match="The end must be from 3 March 2026 to"):
        model.may_propose(ACTIVE, versions, 2, Terms(until=NOW.date()), NOW.date())


def test_an_end_in_the_past_is_refused_before_the_version_is_shown() -> None:
    """The form names the days from which the end can be chosen, so that nobody checks a version that cannot be."""
    sent = {"rhythm": "monthly", "meeting": "remote", "until-day": "1", "until-month": "1", "until-year": "2020"}
    form = TermsForm(FormData(sent))
    assert not form.validate()
    [(anchor, sentence)] = form.problems()
    assert (anchor, sentence[:21]) == ("until-day", "The end must be from ")


@given(lines, lines)
def test_a_difference_loses_nothing(old: list[str], new: list[str]) -> None:
    """The left side is the old text, the right side the new one, and only differences are marked."""
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
    """A text compared with itself has no marked word."""
    assert all(row.kind == "same" for row in difference(text, text))
