"""The API of matching answers as its OpenAPI document says, to every role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api_trial import try_all

if TYPE_CHECKING:
    from fastapi import FastAPI


async def test_every_operation_answers_as_described(app: FastAPI) -> None:
    """Examples, valid and invalid requests of every role get answers that the document describes."""
    found = await try_all(app, "matching", {})
    assert found == [], "\n".join(found)
