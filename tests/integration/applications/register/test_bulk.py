"""What programs enter in bulk is in the register, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.ids import new_id
from tests.contracts.openapi_gaps import committed

if TYPE_CHECKING:
    from tests.integration.applications.conftest import Programme


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("organisations", "id"),
        ("people", "subject"),
        ("partners", "country"),
        ("funds", "id"),
        ("exclusions", "id"),
    ],
)
async def test_two_entries_with_one_key_are_refused(programme: Programme, what: str, key: str) -> None:
    """The problem points at the second one, and nothing is entered."""
    operation = committed("applications")["paths"][f"/applications/api/v1/{what}"]["post"]
    (entry,) = operation["requestBody"]["content"]["application/json"]["example"][what]
    if key == "id":
        entry |= {"id": str(new_id())}
    problem = await programme.post("programme", f"/{what}", {what: [entry, entry]}, 422)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{what}/1/{key}"]
