"""Nothing is sent into our own network, or to an ambiguous address."""

from __future__ import annotations

import pytest

from services.notifications.webhooks.model.target import TargetProblem, WrongTarget, checked_addresses, networks, target

PUBLIC = "93.184.215.14"


def why(url: str, found: list[str] | None = None, allowed: str = "") -> TargetProblem | None:
    """Return the problem of an address whose name resolves to `found`; None where it is allowed."""
    try:
        checked_addresses(target(url), [PUBLIC] if found is None else found, networks(allowed))
    except WrongTarget as wrong:
        return wrong.why
    return None


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://example.org", None),
        ("https://example.org:8443/a/b?c=d", None),
        ("https://xn--bcher-kva.example/", None),
        ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x", None),
        ("", TargetProblem.NO_ADDRESS),
        ("example.org", TargetProblem.NO_ADDRESS),
        ("https://", TargetProblem.NO_ADDRESS),
        ("https:///x", TargetProblem.NO_ADDRESS),
        ("https://example.org/a b", TargetProblem.NO_ADDRESS),
        ("https://example.org/\r\nX: y", TargetProblem.NO_ADDRESS),
        ("https://bücher.example/", TargetProblem.NO_ADDRESS),
        ("https://example.org\\@10.0.0.1/", TargetProblem.NO_ADDRESS),
        ("https://example.org:port/", TargetProblem.NO_ADDRESS),
        ("https://[::1/", TargetProblem.NO_ADDRESS),
        ("https://" + "a" * 500, TargetProblem.LONG),
        ("http://example.org/", TargetProblem.SCHEME),
        ("ftp://example.org/", TargetProblem.SCHEME),
        ("file:///etc/passwd", TargetProblem.NO_ADDRESS),
        ("gopher://example.org/", TargetProblem.SCHEME),
        ("https://user:word@example.org/", TargetProblem.CREDENTIALS),
        ("https://@example.org/", TargetProblem.CREDENTIALS),
        ("https://example.org/#x", TargetProblem.FRAGMENT),
        ("https://example.org/#", TargetProblem.FRAGMENT),
        ("https://example.org:22/", TargetProblem.PORT),
        ("https://example.org:80/", TargetProblem.PORT),
    ],
)
def test_an_address_is_refused_for_a_reason(url: str, wrong: TargetProblem | None) -> None:
    """An address needs https, a plain host and a usual port, without credentials or fragment."""
    assert why(url) is wrong


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.9",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.215.14",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",
        "2001:0:1::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
    ],
)
def test_no_private_address_is_sent_to(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, reserved and embedded IPv4 addresses are refused."""
    assert why("https://example.org/", [address]) is TargetProblem.PRIVATE
    assert why("https://example.org/", [PUBLIC, address]) is TargetProblem.PRIVATE


def test_a_name_that_stands_for_nothing_is_refused() -> None:
    """An unknown name has its own reason."""
    assert why("https://example.org/", []) is TargetProblem.UNKNOWN_NAME


def test_an_allowed_network_takes_http_and_any_port_and_no_other_does() -> None:
    """All addresses of an allowed network are allowed, and no others."""
    allowed = "10.1.0.0/16, fd00:1::/32"
    assert why("http://inside.example:9000/", ["10.1.2.3", "fd00:1::5"], allowed) is None
    assert why("http://inside.example:9000/", ["10.2.2.3"], allowed) is TargetProblem.PRIVATE
    assert why("http://inside.example:9000/", ["10.1.2.3", PUBLIC], allowed) is TargetProblem.SCHEME
    assert why("https://inside.example:9000/", ["10.1.2.3", PUBLIC], allowed) is TargetProblem.PORT
    assert why("https://inside.example/", ["::ffff:10.1.2.3"], allowed) is TargetProblem.PRIVATE


def test_the_parts_make_the_address_again() -> None:
    """The stored address, `Host` and the connection's address belong together."""
    to = target("https://Example.org.:8443/a?b=c")
    assert (to.url, to.authority) == ("https://example.org:8443/a?b=c", "example.org:8443")
    (address,) = checked_addresses(to, ["2606:2800::1"], ())
    assert to.at(address) == "https://[2606:2800::1]:8443/a?b=c"
    assert target("https://[2606:2800::1]").url == "https://[2606:2800::1]/"
