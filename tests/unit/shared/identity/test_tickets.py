"""Test that a ticket opens exactly what the portal signed it for, once, and for a short while."""

from __future__ import annotations

import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.identity.sealing import Seal
from shared.identity.tickets import (
    COOKIE_FOR,
    ISSUER,
    TICKET_FOR,
    Ticket,
    TicketRefused,
    issue_ticket,
    narrow_cookie,
    open_narrow_cookie,
    open_ticket,
)

KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = KEY.as_pem(private=True).decode(), KEY.as_pem(private=False).decode()
SEAL = Seal((secrets.token_bytes(32),), "ticket")
words = st.text(alphabet="abcdefghij-", min_size=1, max_size=20)


@given(words, words, st.none() | words)
def test_a_ticket_says_what_it_was_made_for(purpose: str, subject: str, person: str | None) -> None:
    """Purpose, case and person come back as they were signed, and each ticket has an id of its own."""
    text = issue_ticket(purpose, subject, person=person, private_key=PRIVATE)
    ticket = open_ticket(text, purpose, public_key=PUBLIC)
    assert (ticket.purpose, ticket.subject, ticket.person) == (purpose, subject, person)
    again = open_ticket(issue_ticket(purpose, subject, person=person, private_key=PRIVATE), purpose, public_key=PUBLIC)
    assert again.id != ticket.id


def test_a_ticket_opens_nothing_else() -> None:
    """Another purpose, another key or a changed ticket is refused."""
    text = issue_ticket("report", "a-1", person="somebody", private_key=PRIVATE)
    other = OKPKey.generate_key("Ed25519").as_pem(private=False).decode()
    for purpose, public, given_text in [
        ("evaluate", PUBLIC, text),
        ("report", other, text),
        ("report", PUBLIC, text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")),
        ("report", PUBLIC, ""),
        ("report", PUBLIC, "a.b.c"),
        ("report", PUBLIC, "é"),
    ]:
        with pytest.raises(TicketRefused):
            open_ticket(given_text, purpose, public_key=public)


def test_a_ticket_is_soon_over() -> None:
    """It lives for two minutes of real time, with a few seconds for clocks that differ."""
    made = time.time() - TICKET_FOR
    young, old = (issue_ticket("report", "a-1", person=None, private_key=PRIVATE, at=made + by) for by in (10, -10))
    assert open_ticket(young, "report", public_key=PUBLIC)
    with pytest.raises(TicketRefused):
        open_ticket(old, "report", public_key=PUBLIC)


def test_the_public_key_cannot_sign() -> None:
    """A ticket made with the public key as a shared secret, or unsigned, is refused."""
    claims = {"iss": ISSUER, "aud": "report", "sub": "a-1", "jti": "x", "exp": int(time.time()) + 60}
    shared = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(PUBLIC.replace("-----", "=====")))
    unsigned = "eyJhbGciOiJub25lIn0." + shared.split(".")[1] + "."
    for forged in (shared, unsigned):
        with pytest.raises(TicketRefused):
            open_ticket(forged, "report", public_key=PUBLIC)


def test_the_cookie_is_as_narrow_as_the_ticket() -> None:
    """The cookie that stands for a ticket opens that purpose and case for two hours and nothing else."""
    ticket = Ticket("id", "report", "a-1", "somebody", expires=1000)
    text = narrow_cookie(ticket, SEAL, at=5000)
    opened = open_narrow_cookie(text, "report", "a-1", SEAL, at=5000 + COOKIE_FOR - 1)
    assert opened is not None
    assert opened.person == "somebody"
    assert open_narrow_cookie(text, "report", "a-1", SEAL, at=5000 + COOKIE_FOR) is None
    assert open_narrow_cookie(text, "report", "a-2", SEAL, at=5000) is None
    assert open_narrow_cookie(text, "evaluate", "a-1", SEAL, at=5000) is None
    assert open_narrow_cookie(SEAL.close({"x": 1}), "report", "a-1", SEAL) is None
    assert open_narrow_cookie(None, "report", "a-1", SEAL) is None
