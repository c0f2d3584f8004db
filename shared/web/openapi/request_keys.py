"""Describe the keys of requests: `Idempotency-Key` on writing operations, and the header of a repeated answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.identity.idempotency import HEADER, LONGEST, REPLAYED
from shared.identity.refusals import SAFE_METHODS

if TYPE_CHECKING:
    from pydantic import JsonValue

    from shared.identity.guard import RouteAccess
    from shared.web.openapi.parts import Operation, Parameter

_KEY: Parameter = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A new random text for each request. A repeat with the same one is answered as the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
    "example": "0199c0de-7b1a-7c52-9f3e-5d2b8a41c6f0",
}
REPLAYED_HEADER: dict[str, JsonValue] = {
    "description": "`true` if this is the answer to an earlier request with the same Idempotency-Key.",
    "schema": {"type": "string", "enum": ["true"]},
}
"""The description of the header that marks a repeated answer."""


def add(operation: Operation, method: str, access: RouteAccess) -> None:
    """Add the headers for keys to an operation that writes and knows its sender."""
    if method in SAFE_METHODS or access.kind == "public":
        return
    operation.setdefault("parameters", []).append(_KEY)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            answer.setdefault("headers", {})[REPLAYED] = REPLAYED_HEADER
