"""Receipts in the API name no restricted expertise, and the officer's part nothing that the host prefers."""

from __future__ import annotations

from services.matching.receipts.views.receipts import Receipt
from shared.contracts.codes import Change, Expertise
from shared.contracts.receipts import MatchExplained, NoMatchExplained


def test_a_restricted_area_is_not_named() -> None:
    """A change that needs a restricted area does not name it; other areas are named."""
    areas = [
        next(area for area in Expertise if area.restricted),
        next(area for area in Expertise if not area.restricted),
    ]
    changes = [{"change": Change.MORE_EXPERTISE, "area": area} for area in areas]
    event = NoMatchExplained.model_validate({**NoMatchExplained.example, "counterfactuals": changes})
    assert [change.area for change in Receipt.of(event, own=True).counterfactuals] == ["restricted", areas[1].value]
    assert [change.area for change in Receipt.of(event).counterfactuals] == ["restricted", areas[1].value]


def test_the_own_part_has_no_preference_of_the_host() -> None:
    """Score, rank and points of the host are null in the officer's part, and given to a coordinator."""
    published = MatchExplained.model_validate(MatchExplained.example)
    own, whole = Receipt.of(published, own=True), Receipt.of(published)
    assert (own.host_score, own.host_rank, own.points[0].host, own.points[0].host_of) == (None, None, None, None)
    assert (own.score, own.rank, own.points[0].applicant) == (78, 1, 40)
    assert (whole.host_score, whole.host_rank, whole.points[0].host) == (64, 2, 20)
