"""Entries that programs make in bulk are in the register, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme

ID = "0190a000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("what", "key", "entry"),
    [
        ("organisations", "id", {"id": ID, "name": "Border Police", "country": "AM", "kind": "agency"}),
        ("people", "subject", {"subject": "twice", "name": "Anna Twice", "email": "anna@example.org"}),
        ("partners", "country", {"country": "MD", "status": "active", "since": "2026-11-28"}),
        ("funds", "id", {"id": ID, "name": "Fund", "payer": "Union", "since": "2026-11-28"}),
        ("exclusions", "id", {"id": ID, "countries": ["AM", "AZ"], "since": "2026-11-28"}),
    ],
)
async def test_two_entries_with_one_key_are_refused(
    programme: Programme, what: str, key: str, entry: dict[str, Any]
) -> None:
    """The problem points at the second one; alone it is entered."""
    problem = await programme.post("programme", f"/{what}", {what: [entry, entry]}, 422)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{what}/1/{key}"]
    await programme.post("programme", f"/{what}", {what: [entry]}, 201)
