"""Make HTTP clients that share one trust store, which is read once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    import ssl


@cache
def trust() -> ssl.SSLContext:
    """Whom TLS trusts, as the machine says.

    A client that is not told reads all certificates anew: 15 ms of processor each, in which the loop stands still.
    """
    return httpx2.create_ssl_context()


def client(**options: Any) -> httpx2.AsyncClient:
    """A client; `options` are those of `httpx2.AsyncClient`. To be closed by the caller."""
    return httpx2.AsyncClient(verify=trust(), **options)
