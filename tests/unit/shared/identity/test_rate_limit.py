"""Test that a sender may make so many API requests a minute, and what the answers say of it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from shared.errors import Refused
from shared.identity import rate_limit
from shared.identity.rate_limit import RateLimit, address_of


def test_a_full_bucket_is_used_at_once_then_refills_evenly() -> None:
    """Sixty requests a minute: sixty at once, then one each second."""
    limit = RateLimit(60)
    for left in range(59, -1, -1):
        headers = limit.take("ani", now=1000)
        assert headers["RateLimit"] == f'"sender";r={left};t={60 - left}'
        assert headers["RateLimit-Policy"] == '"sender";q=60;w=60'
    with pytest.raises(Refused) as refused:
        limit.take("ani", now=1000)
    assert refused.value.status_code == 429
    assert refused.value.headers is not None
    assert (refused.value.headers["Retry-After"], refused.value.headers["RateLimit"]) == ("1", '"sender";r=0;t=60')
    assert "60 requests a minute" in refused.value.detail
    limit.take("ani", now=1001)
    with pytest.raises(Refused):
        limit.take("ani", now=1001.5)
    assert limit.take("ani", now=2000)["RateLimit"] == '"sender";r=59;t=1'


def test_a_refused_request_does_not_count() -> None:
    """A sender who keeps asking gets in as soon as one who waited."""
    limit = RateLimit(1)
    limit.take("ani", now=0)
    for second in range(1, 60):
        with pytest.raises(Refused):
            limit.take("ani", now=second)
    limit.take("ani", now=60)


def test_senders_do_not_share_a_bucket_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender who has been silent for longest is forgotten first."""
    monkeypatch.setattr(rate_limit, "_SENDERS", 2)
    limit = RateLimit(1)
    for sender in ("ani", "nino", "luc"):
        limit.take(sender, now=0)
    with pytest.raises(Refused):
        limit.take("luc", now=1)
    with pytest.raises(Refused):
        limit.take("nino", now=1)
    limit.take("ani", now=1)


def test_a_request_that_is_given_back_does_not_count() -> None:
    """A request that is given back leaves the bucket as it was; no limit counts nothing."""
    limit = RateLimit(2)
    for _ in range(5):
        assert limit.wait("ani", now=0) == 0
        limit.give_back("ani")
    assert [limit.wait("ani", now=0) for _ in range(3)] == [0, 0, 30]
    assert [RateLimit(0).wait("ani", now=0) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("host", "sender"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("::ffff:192.0.2.7", "address 192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "address 2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "address 2001:db8:1:2::"),
        ("2001:db8:1:3::1", "address 2001:db8:1:3::"),
        ("testclient", "address testclient"),
    ],
)
def test_a_sender_with_many_addresses_is_one_sender(host: str, sender: str) -> None:
    """A network of IPv6 counts as one address, for its sender can take any address in it."""
    assert address_of(Request({"type": "http", "client": (host, 1)})) == sender
