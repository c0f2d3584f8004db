"""The share of the highest sum on the pages of committed runs."""

import pytest

from services.matching.cohorts.pages.runs import share_of_highest
from shared.contracts.runs import Certificate, RunFinished
from shared.i18n import percent


@pytest.mark.parametrize(("reached", "words"), [(True, "{}"), (False, "at least {}")])
def test_an_unproven_highest_sum_gives_a_lowest_share(*, reached: bool, words: str) -> None:
    """A share is exact where the highest sum is proven, and "at least" where it is only bounded."""
    run = RunFinished.model_validate(
        {**RunFinished.example, "certificate": Certificate(bound=2456, valid=reached).model_dump()}
    )
    assert share_of_highest(run) == words.format(percent(0.981, 2))
