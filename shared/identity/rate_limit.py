"""Limit how many requests one sender may make: a person or program, else an address.

Each process counts for itself, in memory. The state of a token bucket is one number (GCRA): the moment at which the
bucket would be full again. The headers follow the IETF's draft on RateLimit fields.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from shared.errors import ProblemCode, Refused
from shared.i18n import ngettext

if TYPE_CHECKING:
    from starlette.requests import Request

    from shared.identity.principal import Principal

_MINUTE = 60.0
_SENDERS = 10_000
_ROUNDING = 1e-6
_OF_ONE_SENDER = 64  # bits of an IPv6 address that name a network


class RateLimit:
    """The buckets of the newest senders: `a_minute` requests at once, then as many again each minute; 0: no limit."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def wait(self, sender: str, now: float | None = None) -> int:
        """Count one request; return 0, or in how many seconds the sender may try again if the bucket is empty."""
        if not self.a_minute:
            return 0
        now = time.monotonic() if now is None else now
        each = _MINUTE / self.a_minute
        full_at = max(self._full_at.pop(sender, now), now)
        allowed = full_at + each <= now + _MINUTE + _ROUNDING
        if allowed:
            full_at += each
        self._full_at[sender] = full_at
        if len(self._full_at) > _SENDERS:
            self._full_at.popitem(last=False)
        return 0 if allowed else max(1, math.ceil(full_at + each - now - _MINUTE))

    def give_back(self, sender: str) -> None:
        """Do not count a request that `wait` has counted."""
        if sender in self._full_at:
            self._full_at[sender] -= _MINUTE / self.a_minute

    def take(self, sender: str, now: float | None = None) -> dict[str, str]:
        """Count one request and return the headers for its answer. Raises `Refused` (429) if the bucket is empty."""
        now = time.monotonic() if now is None else now
        each = _MINUTE / self.a_minute
        seconds = self.wait(sender, now)
        full_at = self._full_at[sender]
        headers = {
            "RateLimit-Policy": f'"sender";q={self.a_minute};w={_MINUTE:.0f}',
            "RateLimit": f'"sender";r={int((now + _MINUTE - full_at) / each + _ROUNDING)};t={math.ceil(full_at - now)}',
        }
        if not seconds:
            return headers
        sentence = ngettext(
            "You may make %(count)d request a minute. Wait, then continue.",
            "You may make %(count)d requests a minute. Wait, then continue.",
            self.a_minute,
        )
        raise Refused(
            sentence % {"count": self.a_minute},
            code=ProblemCode.TOO_MANY_REQUESTS,
            headers={**headers, "Retry-After": str(seconds)},
        )


def address_of(request: Request) -> str:
    """Return the sender's address, as the gateway names it; of IPv6 the network, which is all one sender's."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address {host}"
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or ipaddress.IPv6Network((address, _OF_ONE_SENDER), strict=False).network_address
    return f"address {address}"


def count_request(request: Request, limit: RateLimit, principal: Principal | None) -> None:
    """Count an API request; its answer states what is left. Raises `Refused` (429)."""
    if limit.a_minute:
        sender = address_of(request) if principal is None else f"subject {principal.subject}"
        request.state.rate_limit = limit.take(sender)
