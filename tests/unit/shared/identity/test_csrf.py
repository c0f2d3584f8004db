"""Test that a form's token counts for one person, for a working day, and for nothing else."""

from __future__ import annotations

import secrets

from hypothesis import given
from hypothesis import strategies as st

from shared.identity import csrf
from shared.identity.sealing import Seal

SEAL = Seal((secrets.token_bytes(32),), "csrf")


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, 2 * csrf.GOOD_FOR))
def test_a_token_counts_for_its_person_and_day(first: str, other: str, later: int) -> None:
    """It counts for twelve hours for whom it was made, and never for another."""
    token = csrf.new_token(SEAL, csrf.person(first), at=1000)
    assert csrf.counts(SEAL, csrf.person(first), token, at=1000 + later) is (later < csrf.GOOD_FOR)
    assert csrf.counts(SEAL, csrf.person(other), token, at=1000) is (first == other)


@given(st.text())
def test_a_malformed_token_is_refused(text: str) -> None:
    """Any text in the field is refused without an error."""
    assert not csrf.counts(SEAL, csrf.person("somebody"), text)
    assert not csrf.counts(SEAL, csrf.person("somebody"), f"{text}.{SEAL.sign('x')}")


def test_the_time_cannot_be_changed() -> None:
    """A token whose time was changed is refused."""
    _, _, digest = csrf.new_token(SEAL, csrf.person("somebody"), at=1000).partition(".")
    assert not csrf.counts(SEAL, csrf.person("somebody"), f"2000.{digest}", at=2000)
