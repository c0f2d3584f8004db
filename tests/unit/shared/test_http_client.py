"""Test the client for requests to other servers."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from shared import http_client

if TYPE_CHECKING:
    import pytest


async def test_the_trust_store_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second client reads no certificates, and what it connects to is still checked."""
    async with http_client.client():
        pass
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", None)
    async with http_client.client(timeout=1.0) as client:
        assert client.timeout.read == 1.0
    assert http_client.trust().verify_mode is ssl.CERT_REQUIRED
    assert http_client.trust().check_hostname
