"""Test which security headers an installation has, and how much of an address a page passes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from shared.web.headers import referrer_policy, security_headers

if TYPE_CHECKING:
    from starlette.types import Scope


def test_only_an_origin_with_tls_has_strict_transport_security() -> None:
    """Strict-Transport-Security is for a year, with subdomains, and absent without TLS."""
    name = "strict-transport-security"
    assert security_headers("https://tandem.example")[name] == "max-age=31536000; includeSubDomains"
    assert name not in security_headers("http://localhost:8000")


def test_forms_lead_to_us_and_to_the_sign_in_provider() -> None:
    """Signing out is a form whose redirect leads to the provider's host: nowhere else may a form lead."""
    policy = security_headers("https://tandem.example", "https://login.example:8443/realms/tandem")
    assert "form-action 'self' https://login.example:8443" in policy["content-security-policy"].split("; ")
    assert "form-action 'self'" in security_headers()["content-security-policy"].split("; ")


def _scope(path: str, template: str, query: bytes = b"", **parameters: str) -> Scope:
    return {
        "path": path,
        "query_string": query,
        "route": SimpleNamespace(path=template),
        "path_params": parameters,
    }


@pytest.mark.parametrize(
    ("scope", "policy"),
    [
        (_scope("/applications/mine", "/applications/mine", b"page=2&sort=-due"), "same-origin"),
        (
            _scope(
                "/offers/0190a000-0000-7000-8000-000000000000",
                "/offers/{id}",
                id="0190a000-0000-7000-8000-000000000000",
            ),
            "same-origin",
        ),
        (_scope("/applications/available", "/applications/available", b"key=abc"), "strict-origin"),
        (_scope("/applications/available", "/applications/available", b"abc"), "strict-origin"),
        (_scope("/applications/available", "/applications/available", b"page=abcdefghijklmnop"), "strict-origin"),
        (_scope("/address/abc", "/address/{token}", token="abc"), "strict-origin"),
        ({"path": "/nowhere/abc", "query_string": b""}, "strict-origin"),
    ],
)
def test_an_address_that_may_hold_a_key_is_passed_to_nobody(scope: Scope, policy: str) -> None:
    """Only addresses of ids, numbers, order and page are passed on, and to our own pages only."""
    assert referrer_policy(scope) == policy
