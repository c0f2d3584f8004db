"""Test that a sign-in ends when it should, and that its cookie is set safely."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from shared.identity.session import ABSOLUTE, IDLE, SEEN_AFTER, CookieJar, Session, digest_of, new_key

BEGUN = datetime(2026, 11, 28, 9, tzinfo=UTC)


@given(st.lists(st.integers(1, int(IDLE.total_seconds()) + 600), max_size=20))
def test_a_session_lives_while_it_is_used_but_not_beyond_eight_hours(pauses: list[int]) -> None:
    """Seen at each use it lives until the first pause of an hour, or until eight hours are over."""
    session, at = Session("somebody", BEGUN, BEGUN), BEGUN
    for pause in pauses:
        at += timedelta(seconds=pause)
        alive = pause < IDLE.total_seconds() and at < BEGUN + ABSOLUTE
        assert session.alive(at) is alive
        if not alive:
            return
        session = Session("somebody", BEGUN, at)


def test_activity_is_written_after_ten_minutes() -> None:
    """That somebody is active is written again after ten minutes, not with each page."""
    session = Session("somebody", BEGUN, BEGUN)
    assert not session.stale(BEGUN + SEEN_AFTER - timedelta(seconds=1))
    assert session.stale(BEGUN + SEEN_AFTER)


def test_every_key_is_new_and_only_keys_have_a_digest() -> None:
    """Keys have 256 random bits; what cannot be one is not looked up."""
    keys = {new_key() for _ in range(100)}
    assert len({digest_of(key) for key in keys}) == 100
    assert {len(key) for key in keys} == {43}
    for text in (None, "", "x" * 42, "x" * 44, "x" * 42 + ".", "é" * 43, "x" * 43 + "\n"):
        assert digest_of(text) is None


@pytest.mark.parametrize(
    ("origin", "name", "secure"),
    [
        ("http://localhost:8000", "tandem-8000", False),
        ("http://localhost:9000", "tandem-9000", False),
        ("https://tandem.example", "__Host-tandem", True),
        ("https://tandem.example:8443", "__Host-tandem-8443", True),
    ],
)
def test_cookies_are_set_safely(origin: str, name: str, secure: bool) -> None:  # noqa: FBT001 - a case of the table
    """Cookies are HttpOnly and Lax, bound to the host under https, and named so that two local runs do not collide."""
    jar = CookieJar(origin)
    for cookie in (jar.session, jar.list, jar.name("ticket-1")):
        response = Response()
        jar.write(response, cookie, "value", max_age=60)
        header = response.headers["set-cookie"]
        assert header.startswith(f"{cookie}=value;")
        assert "HttpOnly" in header
        assert "SameSite=lax" in header
        assert "Path=/;" in header
        assert "Domain" not in header
        assert ("Secure" in header) is secure
        assert cookie.startswith("__Host-") is secure
    assert jar.session == name
