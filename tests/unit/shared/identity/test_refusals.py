"""Test that a sign-in leads back to our own pages only."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity.refusals import safe_next

ORIGIN = "http://localhost:8000"


@given(st.text(alphabet="/\\:@.?#%&= \t\r\nahtps0", max_size=30))
def test_no_address_leads_off_our_origin(address: str) -> None:
    """A browser that follows any requested address stays on our origin."""
    led_to = safe_next(address)
    # Browsers drop tabs and line ends and read a backslash as a slash before they look at the address.
    as_browsers_read = "".join(letter for letter in led_to if letter not in "\t\r\n").replace("\\", "/")
    parts = urlsplit(urljoin(ORIGIN, as_browsers_read))
    assert (parts.scheme, parts.netloc) == ("http", "localhost:8000")


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:1", "x"]
)
def test_other_sites_are_refused(address: str) -> None:
    """The known tricks lead to the start page."""
    assert safe_next(address) == "/"


@pytest.mark.parametrize("address", ["/sign-in", "/sign-in?next=/sign-in", "/sign-in/callback?code=1", "/sign-out"])
def test_the_sign_in_does_not_lead_to_itself(address: str) -> None:
    """No way back into the sign-in: it would go round for ever."""
    assert safe_next(address) == "/"


@pytest.mark.parametrize("address", ["/", "/applications/mine?page=2&sort=date", "/matching/board#runs"])
def test_own_pages_are_kept(address: str) -> None:
    """A page of ours is where the sign-in leads back to."""
    assert safe_next(address) == address


def test_nothing_means_the_start_page() -> None:
    """Without a page to come back to it is the start page; an endless address is none."""
    assert safe_next(None) == "/"
    assert safe_next("") == "/"
    assert safe_next("/" + "a" * 5000) == "/"
