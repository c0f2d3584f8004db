"""A set of changes that would have matched reads as one phrase."""

from datetime import date
from uuid import UUID

from services.matching.receipts.views.explanation import change, explanation
from shared.contracts import _examples as ex
from shared.contracts.base import DatePeriod
from shared.contracts.codes import Change, Expertise, LanguageLevel
from shared.contracts.receipts import ChangePart, Counterfactual, MatchExplained, NoMatchExplained

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


def test_an_officer_reads_three_sentences() -> None:
    """Without a place: that there is none, why, and what would have been enough; with one, why not the first choice."""
    of_group = NoMatchExplained.model_validate(NoMatchExplained.example)
    assert explanation(of_group, {}, "empact-2026", side="applicant").sentences[-1] == (
        "This would have been enough: English at level B2 (then another place), "
        "for each member of the group who needs it."
    )
    none = of_group.model_copy(update={"group_size": None, "group_feasible": None})
    assert list(explanation(none, {}, "empact-2026", side="applicant").sentences) == [
        "There is no place for you yet.",
        "No place fits you. The rule “A common language at the required level” excluded the last ones.",
        "This would have been enough: English B1 → B2 (then another place).",
    ]
    example = {**MatchExplained.example, "rank": 2, "missed": {"why": "outranked", "offer_id": ex.OFFER}}
    match = MatchExplained.model_validate(example)
    view = explanation(match, {}, "empact-2026", side="applicant")
    why = "Not the first choice, another place: its places went to others whom the host puts first."
    assert list(view.sentences) == ["You have your choice number 2 of 3 places that fit you.", why]
    assert explanation(match, {}, "empact-2026", side="both").missed == why
    host = explanation(match, {}, "empact-2026", side="host")
    assert (host.sentences, host.missed) == ((), "")


def test_a_quota_and_what_a_host_takes_are_named() -> None:
    """A higher quota says by how much and leads to a place; rank groups and larger groups are taken by the place."""
    quota = Counterfactual(change=Change.QUOTA, country="AM", count=3, offer_id=OFFER)
    assert change(quota, {}, "empact-2026") == "A quota for Armenia that is 3 higher (then another place)"
    rank = Counterfactual(change=Change.RANK_GROUP, offer_id=OFFER)
    assert change(rank, {}, "empact-2026") == "another place takes your rank group"
    larger = Counterfactual(change=Change.LARGER_GROUP, count=4, offer_id=OFFER)
    assert change(larger, {}, "empact-2026", of_group=True) == "another place takes groups of 4"
    week = DatePeriod(start=date(2027, 6, 7), end=date(2027, 6, 11))
    in_week = Counterfactual(change=Change.PLACES_IN_WEEK, count=2, period=week, offer_id=OFFER)
    assert change(in_week, {}, "empact-2026") == "2 more places at another place in the week 7 to 11 June 2027"
    level = Counterfactual(change=Change.MORE_EXPERTISE, area=Expertise.ANALYSIS, count=3, offer_id=OFFER)
    assert change(level, {}, "empact-2026") == "Expertise at level 3: Analysis (then another place)"
