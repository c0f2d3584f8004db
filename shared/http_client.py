"""Make HTTP clients that share one trust store, which is read once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    import ssl


@cache
def trust() -> ssl.SSLContext:
    """Return the certificates that the machine trusts, read once.

    A client without this context reads all of them again, and the event loop stands still meanwhile.
    """
    return httpx2.create_ssl_context()


def client(**options: Any) -> httpx2.AsyncClient:
    """Return a client; `options` are those of `httpx2.AsyncClient`. The caller closes it."""
    return httpx2.AsyncClient(verify=trust(), **options)
