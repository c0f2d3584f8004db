"""Define the security headers of every answer.

The content security policy allows scripts and styles from our own origin only: no inline script, no inline style.
"""

from __future__ import annotations

POLICY = "; ".join(  # noqa: FLY002 - one directive a line
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
