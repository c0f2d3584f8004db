"""Describe the versions of records: `ETag` where one is read, `If-Match` where one is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.identity.refusals import SAFE_METHODS
from shared.identity.versions import changes_record, names_record

if TYPE_CHECKING:
    from pydantic import JsonValue

    from shared.identity.versions import Records
    from shared.web.openapi.parts import Operation, Parameter

LONGEST_HEADER = 1000
_EXAMPLE = '"application.4c1f0b2e.9b1f3d0c7a5e2f4b8d6c1a07"'
_IF_MATCH: Parameter = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the record as you read it.",
    "schema": {"type": "string", "maxLength": LONGEST_HEADER},
    "example": _EXAMPLE,
}
_ETAG: dict[str, JsonValue] = {
    "description": "The version of the record, for If-Match.",
    "schema": {"type": "string"},
    "example": _EXAMPLE,
}


def add(operation: Operation, method: str, path: str, records: Records) -> None:
    """Add the headers for versions to an operation that reads or changes a record."""
    changes = method not in SAFE_METHODS and changes_record(records, path)
    if changes:
        operation.setdefault("parameters", []).append(_IF_MATCH)
    if changes or (method == "GET" and names_record(records, path)):
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answer.setdefault("headers", {})["ETag"] = _ETAG
