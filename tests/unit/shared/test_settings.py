"""Test what the settings of all services refuse."""

from __future__ import annotations

from importlib import import_module

import pytest
from pydantic import ValidationError

from deploy.local.settings import SERVICES
from shared.settings import ServiceSettings
from tests.support import settings_for


def test_people_are_served_by_tls_or_on_the_own_machine() -> None:
    """A plain origin is refused at the start, unless it is the machine's own."""
    for origin in ("https://tandem.example", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert ServiceSettings(**settings_for("postgresql://a@db/x", origin=origin)).origin == origin
    for origin in ("http://tandem.example", "tandem.example", "http://localhost.example", "ftp://tandem.example"):
        with pytest.raises(ValidationError, match="people are served by https"):
            ServiceSettings(**settings_for("postgresql://a@db/x", origin=origin))


@pytest.mark.parametrize("service", SERVICES)
def test_a_refusal_to_start_shows_no_secret(service: str) -> None:
    """A setting that is missing or wrong is named; the others, passwords among them, are not repeated."""
    given = settings_for("postgresql://a:planted@db/x", service_token="planted", session_key="planted")
    del given["oidc_issuer"]
    with pytest.raises(ValidationError) as refused:
        import_module(f"services.{service}.settings").Settings(**given, origin="http://planted.example")
    assert "oidc_issuer" in str(refused.value)
    assert "origin" in str(refused.value)
    assert "planted" not in str(refused.value)
