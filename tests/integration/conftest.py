"""Compare each answer of an API with its OpenAPI description, in every test that runs an app in its own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import described_answers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def answers_as_described(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test if an API answers otherwise than its OpenAPI document says."""
    with described_answers.compared(monkeypatch) as differences:
        yield
    assert not differences, "\n".join(sorted(set(differences)))
