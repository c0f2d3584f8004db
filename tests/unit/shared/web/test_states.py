"""Test that every state has a word, a tone and a sentence that explains it."""

from __future__ import annotations

import re

import pytest

from shared.contracts import codes
from shared.i18n import gettext
from shared.web import states

CODES = {
    "application": codes.ApplicationState,
    "offer": codes.OfferState,
    "mentor": codes.MentorState,
    "call": codes.CallState,
    "match": codes.MatchState,
    "visit": codes.VisitState,
    "mentorship": codes.MentorshipState,
    "period": codes.PeriodState,
    "partner": codes.PartnerStatus,
}


@pytest.mark.parametrize("kind", CODES)
def test_every_state_of_the_contracts_has_a_row(kind: str) -> None:
    """A state that can stand in a store can be shown."""
    known = {state.code for state in states.states(kind)}
    assert {member.value for member in CODES[kind]} <= known


@pytest.mark.parametrize("kind", states.kinds())
def test_a_state_is_whole(kind: str) -> None:
    """Each has a word, a sentence that explains it and a known tone."""
    for state in states.states(kind):
        assert state.word
        assert state.explanation.endswith(".")
        assert state.tone in states.TONES


@pytest.mark.parametrize("kind", states.kinds())
def test_state_words_differ_within_a_kind(kind: str) -> None:
    """No two states of a kind have the same word."""
    words = [state.word for state in states.states(kind)]
    assert len(words) == len(set(words))


def test_an_unknown_state_is_refused() -> None:
    """A misspelt state fails loudly instead of showing a code."""
    with pytest.raises(KeyError):
        states.state("application", "lost")


def test_a_code_of_the_contracts_finds_its_state() -> None:
    """A StrEnum member works as well as its text."""
    assert states.state("match", codes.MatchState.OFFERED).word == gettext("Offer sent")


@pytest.mark.parametrize("kind", states.kinds())
def test_nobody_but_the_person_concerned_is_you(kind: str) -> None:
    """The text of a state for others never says "you", is as whole as the table, and differs within its kind."""
    shown = list(states.states(kind))
    for state in shown:
        other = state.for_others
        said = f"{other.word} {other.explanation}".lower()
        assert not {"you", "your", "yours"} & set(re.findall(r"[a-z]+", said)), said
        assert (other.code, other.tone) == (state.code, state.tone)
    assert len({state.for_others.word for state in shown}) == len(shown)


def test_a_mentee_reads_of_the_mentor_and_not_of_a_host() -> None:
    """A state names the mentor if a mentor has the part that a host has in a visit; to others nobody is "you"."""
    for state in states.states("application"):
        own, other = state.of_mentoring(), state.of_mentoring(others=True)
        assert "host" not in own.explanation.lower()
        assert "you" not in other.explanation.lower()
        assert (own.word, own.tone) == (state.word, state.tone)
