"""A set of changes that would have matched reads as one phrase."""

from uuid import UUID

from services.matching.receipts.views.explanation import change
from shared.contracts import _examples as ex
from shared.contracts.codes import Change, Expertise, LanguageLevel
from shared.contracts.receipts import ChangePart, Counterfactual

OFFER = UUID(ex.OFFER)


def test_changes_that_are_needed_together_stand_in_one_phrase() -> None:
    """A language that is not stated yet and more places are joined, with the place that they lead to."""
    places = ChangePart(change=Change.MORE_PLACES, count=2, offer_id=OFFER)
    both = Counterfactual(
        change=Change.LANGUAGE_LEVEL, language="en", to_level=LanguageLevel.B2, offer_id=OFFER, beside=(places,)
    )
    assert change(both, {}, "empact-2026") == (
        "English at level B2, which is not stated yet and 2 more places at another place together (then another place)"
    )


def test_a_quota_and_a_rank_group_are_named() -> None:
    """A higher quota says by how much and leads to a place; a rank group is taken by the place itself."""
    quota = Counterfactual(change=Change.QUOTA, country="AM", count=3, offer_id=OFFER)
    assert change(quota, {}, "empact-2026") == "A quota for Armenia that is 3 higher (then another place)"
    rank = Counterfactual(change=Change.RANK_GROUP, offer_id=OFFER)
    assert change(rank, {}, "empact-2026") == "another place takes your rank group"
    level = Counterfactual(change=Change.MORE_EXPERTISE, area=Expertise.ANALYSIS, count=3, offer_id=OFFER)
    assert change(level, {}, "empact-2026") == "Expertise at level 3: Analysis (then another place)"
