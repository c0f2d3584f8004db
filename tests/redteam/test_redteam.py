"""No count of one to four people can be worked out from what a donor can fetch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.reporting.conftest import house, migrated, portal_url
from tests.redteam.play import play

if TYPE_CHECKING:
    from tests.integration.reporting.conftest import House

__all__ = ["house", "migrated", "portal_url"]
FIRST, NUMBER = (
    int(os.environ.get(f"TANDEM_REDTEAM_{name}", usual)) for name, usual in (("FIRST", "0"), ("NUMBER", "12"))
)
PINNED_ONCE = (1192, 1708, 2166)
"""Seeds that pinned a count before officials hid with visits, and those without a match were tied to their total."""
GROUPED_ONCE = 900_107
"""A seed that pinned a count before days of visits that ended early were held against planned visits."""


@pytest.mark.parametrize("seed", [*range(FIRST, FIRST + NUMBER), *PINNED_ONCE])
async def test_no_count_of_few_is_pinned(house: House, seed: int) -> None:
    """In random programmes and orders of publication each hidden count keeps three possible values or more."""
    result = await play(house, seed)
    print(result)
    assert result.pinned == []


@pytest.mark.parametrize("seed", [*range(FIRST, FIRST + NUMBER, 3), GROUPED_ONCE])
async def test_no_count_of_few_is_pinned_where_groups_are_published(house: House, seed: int) -> None:
    """In random programmes that publish groups, no count of a group of few people can be worked out."""
    result = await play(house, seed, grouped=True)
    print(result)
    assert result.pinned == []
