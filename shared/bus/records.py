"""How does a record of the log rest in a table, byte for byte, and come back as a record?"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

    from shared.bus.envelope import Record


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record read back from `parked` or `waiting`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def headers_to_json(record: Record) -> str:
    """The headers as JSON, pairs of name and base64 (null for a header without a value), in their order."""
    return json.dumps([[name, value if value is None else b64encode(value).decode()] for name, value in record.headers])


def stored(row: Mapping[str, Any] | asyncpg.Record) -> StoredRecord:
    """The record in a row of `parked` or `waiting`."""
    headers = row["headers"]
    pairs = json.loads(headers) if isinstance(headers, str) else headers
    return StoredRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        value=row["value"],
        headers=[(name, value if value is None else b64decode(value)) for name, value in pairs],
    )
