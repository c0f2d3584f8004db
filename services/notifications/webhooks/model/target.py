"""Decide to which addresses a webhook may be sent: never into our own network, unless the operator allows it.

A name is checked together with all the addresses that it resolves to, at registration and again at each delivery, and
the connection is made to a checked address: a name that changes in between gains nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.contracts.codes import Code
from shared.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 500
PORTS = frozenset({443, 8443})
"""The ports that may be named outside of the allowed networks."""

# Special-purpose addresses of the IANA registries that not every version of Python's `is_global` knows, addresses that
# contain a reachable IPv4 address, and a cloud's own.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments, RFC 6890; a cloud's metadata too
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "168.63.129.16/32",  # the wire server of a cloud, which answers its own machines only
        "2001::/23",  # protocol assignments, RFC 2928; Teredo among them, RFC 4380
        "2001:db8::/32",  # examples, RFC 3849
        "2002::/16",  # 6to4, RFC 3056
        "3fff::/20",  # examples, RFC 9637
    )
)
_UNICAST = ip_network(
    "2000::/3"
)  # all of IPv6 that is given out as global unicast (RFC 4291 2.4): no NAT64, no mapping
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?")


class TargetProblem(Code):
    """The reason why nothing is sent to an address."""

    NO_ADDRESS = "no_address", N_("Enter a full web address, such as https://example.org/tandem")
    LONG = "long", N_("Address must be 500 characters or fewer")
    CREDENTIALS = (
        "credentials",
        N_("Remove the user name and password from the address. The signature proves who sends"),
    )
    FRAGMENT = "fragment", N_("Remove the part after #, because no server sees it")
    SCHEME = "scheme", N_("Address must start with https://")
    PORT = "port", N_("Address must use port 443 or 8443")
    UNKNOWN_NAME = "unknown_name", N_("DNS does not know this name. Check the spelling")
    PRIVATE = (
        "private",
        N_("This leads to a private network, where nothing is sent. An operator can allow the network"),
    )


class WrongTarget(ValueError):
    """An address that nothing is sent to, and why."""

    def __init__(self, problem: TargetProblem) -> None:
        super().__init__(problem.value)
        self.why = problem


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `host` is a name in ASCII or an IP address without brackets, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address as it is stored: always the same for the same target."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _port(self.scheme) else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """Return the same with a checked IP address in place of the name: where the connection goes."""
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def target(url: str) -> Target:
    """Return the parts of an address as somebody entered it. Raises `WrongTarget`."""
    if len(url) > LONGEST:
        raise WrongTarget(TargetProblem.LONG)
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise WrongTarget(TargetProblem.NO_ADDRESS)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise WrongTarget(TargetProblem.NO_ADDRESS) from None
    if parts.scheme not in {"http", "https"} or not host or not (_HOST.fullmatch(host) or _literal(host)):
        raise WrongTarget(TargetProblem.SCHEME if host and parts.scheme else TargetProblem.NO_ADDRESS)
    if "@" in parts.netloc:
        raise WrongTarget(TargetProblem.CREDENTIALS)
    if "#" in url:
        raise WrongTarget(TargetProblem.FRAGMENT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host.rstrip("."), port or _port(parts.scheme), path)


def checked_addresses(to: Target, found: Iterable[str], allowed: Sequence[Network]) -> list[Address]:
    """Return the addresses that the target's name resolves to, if something may be sent to all of them.

    In an allowed network http and every port may be used. Raises `WrongTarget`, also where the name resolves to
    nothing.
    """
    addresses = [ip_address(text.partition("%")[0]) for text in found]
    if not addresses:
        raise WrongTarget(TargetProblem.UNKNOWN_NAME)
    outside = [address for address in addresses if not _within(address, allowed)]
    if any(not is_public(address) for address in outside):
        raise WrongTarget(TargetProblem.PRIVATE)
    if outside and to.scheme != "https":
        raise WrongTarget(TargetProblem.SCHEME)
    if outside and to.port not in PORTS:
        raise WrongTarget(TargetProblem.PORT)
    return list(dict.fromkeys(addresses))


def is_public(address: Address) -> bool:
    """Return whether an address is public and of one machine; addresses within an IPv6 address are never trusted."""
    if isinstance(address, IPv6Address) and not _within(address, [_UNICAST]):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not special and not _within(address, _NEVER)


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a setting: CIDR, separated by commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _within(address: Address, networks_: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks_)


def _literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
