"""Define the security headers of every answer.

The content security policy allows scripts and styles from our own origin only: no inline script, no inline style.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.redaction import holds_more

if TYPE_CHECKING:
    from starlette.types import Scope

_POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_PERMISSIONS = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
_YEAR = 31_536_000


def security_headers(origin: str = "", issuer: str = "") -> dict[str, str]:
    """Return the headers of every answer of an installation at `origin` with the sign-in provider `issuer`.

    Forms may lead to the provider too: sending one may sign somebody in or out, and browsers judge where a form's
    redirects lead.
    """
    targets = " ".join(("'self'", *((_origin_of(issuer),) if issuer else ())))
    headers = {
        "content-security-policy": "; ".join((*_POLICY, f"form-action {targets}")),
        "permissions-policy": ", ".join(f"{name}=()" for name in _PERMISSIONS),
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if urlsplit(origin).scheme == "https":
        headers["strict-transport-security"] = f"max-age={_YEAR}; includeSubDomains"
    return headers


def _origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def referrer_policy(scope: Scope) -> str:
    """Return how much of a page's address its links and images may pass on.

    Other sites get nothing. Where the address may hold a key, our own pages get no more than the origin. `no-referrer`
    would also hide the origin of forms, which shows that they are ours.
    """
    return "strict-origin" if holds_more(scope) else "same-origin"
