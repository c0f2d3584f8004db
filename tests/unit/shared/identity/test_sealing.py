"""Test that nobody else can read, change or make a sealed value."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity.sealing import KeyTooShort, Seal, keys_from

if TYPE_CHECKING:
    from pydantic import JsonValue

OLD, NEW, OTHER = (secrets.token_bytes(32) for _ in range(3))
values = st.dictionaries(st.text(max_size=10), st.integers(-(2**31), 2**31) | st.text(max_size=40), max_size=5)


@given(values)
def test_a_sealed_text_is_opened_again(value: dict[str, JsonValue]) -> None:
    """Opening gives exactly what was sealed."""
    seal = Seal((NEW,), "session")
    assert seal.open(seal.close(value)) == value


@given(values, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_bit_is_seen(value: dict[str, JsonValue], where: int, flip: int) -> None:
    """Any change to the sealed bytes makes the whole value unreadable."""
    seal = Seal((NEW,), "session")
    raw = bytearray(base64.urlsafe_b64decode(seal.close(value)))
    raw[where % len(raw)] ^= flip
    assert seal.open(base64.urlsafe_b64encode(raw).decode()) is None


@given(st.text())
def test_arbitrary_text_opens_nothing(text: str) -> None:
    """Opening never raises, whatever a browser sends in a cookie."""
    assert Seal((NEW,), "session").open(text) is None
    assert Seal((NEW,), "session").signed("x", text) is False


def test_old_keys_still_open() -> None:
    """After a rotation what the old key sealed is still good, and new values need the new key."""
    before, after = Seal((OLD,), "session"), Seal((NEW, OLD), "session")
    assert after.open(before.close({"a": 1})) == {"a": 1}
    assert before.open(after.close({"a": 1})) is None
    assert after.signed("form", before.sign("form"))
    assert not before.signed("form", after.sign("form"))


def test_purposes_are_apart() -> None:
    """A value sealed for one purpose cannot be passed off as another, nor with another key."""
    text = Seal((NEW,), "ticket").close({"a": 1})
    assert Seal((NEW,), "session").open(text) is None
    assert Seal((OTHER,), "ticket").open(text) is None
    assert not Seal((NEW,), "csrf").signed("form", Seal((NEW,), "session").sign("form"))


def test_keys_are_read_in_both_alphabets_newest_first() -> None:
    """Commas part the keys; standard and URL-safe base64 are read, with padding or without."""
    raw = b"\xfb\xff" * 16
    standard, safe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert keys_from(f"{standard}, {safe}") == (raw, raw)


@pytest.mark.parametrize("text", ["", " , ", "c2hvcnQ=", "not base64 at all!", base64.b64encode(b"x" * 31).decode()])
def test_a_weak_key_is_refused(text: str) -> None:
    """A missing, short or misspelt key stops the start instead of sealing badly."""
    with pytest.raises(KeyTooShort):
        keys_from(text)
