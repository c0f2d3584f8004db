"""Test that a sign-in ends when it should, and that its cookie is set safely."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from shared.identity.sealing import Seal
from shared.identity.session import ABSOLUTE, IDLE, RENEW_AFTER, CookieJar, Session, open_session, sealed_session

SEAL = Seal((secrets.token_bytes(32),), "session")


@given(st.lists(st.integers(1, IDLE + 600), max_size=20))
def test_a_session_lives_while_it_is_used_but_not_beyond_eight_hours(pauses: list[int]) -> None:
    """Renewed at each use it lives until the first pause of an hour, or until eight hours are over."""
    session, at = Session.begin("somebody", at=1000), 1000
    for pause in pauses:
        at += pause
        alive = pause < IDLE and at < 1000 + ABSOLUTE
        assert session.alive(at) is alive
        if not alive:
            return
        session = session.renewed(at)


def test_the_cookie_gives_the_session_back() -> None:
    """What was sealed is opened again while it lives, and not after."""
    session = Session.begin("somebody", at=1000)
    text = sealed_session(session, SEAL)
    assert open_session(text, SEAL, at=1000 + IDLE - 1) == session
    assert open_session(text, SEAL, at=1000 + IDLE) is None
    assert open_session(None, SEAL) is None
    assert open_session("", SEAL) is None


def test_a_cookie_of_another_shape_means_sign_in_again() -> None:
    """A cookie that another release sealed with other fields is no session and no error."""
    assert open_session(SEAL.close({"id": "x", "user": "somebody"}), SEAL) is None


def test_every_sign_in_has_an_id_of_its_own() -> None:
    """Two sign-ins of one person differ, so that a form of the first does not count in the second."""
    assert Session.begin("somebody").id != Session.begin("somebody").id


def test_a_session_is_renewed_after_ten_minutes() -> None:
    """The cookie is written again after ten minutes, not with each page."""
    session = Session.begin("somebody", at=1000)
    assert not session.stale(1000 + RENEW_AFTER - 1)
    assert session.stale(1000 + RENEW_AFTER)


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
    """The session's cookie is HttpOnly and Lax, Secure under https, and named so that two local runs do not collide."""
    jar, response = CookieJar(origin), Response()
    jar.write(response, jar.session, "sealed", max_age=60)
    header = response.headers["set-cookie"]
    assert header.startswith(f"{name}=sealed;")
    assert "HttpOnly" in header
    assert "SameSite=lax" in header
    assert "Path=/" in header
    assert "Domain" not in header
    assert ("Secure" in header) is secure
