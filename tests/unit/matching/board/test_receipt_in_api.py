"""Receipts in the API name no restricted expertise."""

from __future__ import annotations

from services.matching.board.api.cases import own_part
from shared.contracts.codes import Change, Expertise
from shared.contracts.receipts import NoMatchExplained


def test_a_restricted_area_is_not_named() -> None:
    """A change that needs a restricted area does not name it; other areas are named."""
    areas = [next(one for one in Expertise if one.restricted), next(one for one in Expertise if not one.restricted)]
    changes = [{"change": Change.MORE_EXPERTISE, "area": area} for area in areas]
    told = NoMatchExplained.model_validate({**NoMatchExplained.example, "counterfactuals": changes})
    assert [one["area"] for one in own_part(told)["counterfactuals"]] == ["restricted", areas[1].value]
