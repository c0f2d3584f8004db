"""Define the events on `exchange.receipts`: why an application was matched or not (key the application).

Codes and numbers, no prose: each reader writes the sentence in its own language. A receipt tells nothing of another
person, and a confidential exclusion only as "not available".
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, DatePeriod, Event, Example, Language, Part, TopicCode
from shared.contracts.codes import (
    N_,
    ApplicationKind,
    Change,
    Criterion,
    Expertise,
    HardRule,
    LanguageLevel,
    Reason,
    WishMissed,
)


class PointsEarned(Part):
    """The points of a criterion, of how many possible, on the applicant's side and on the host's or mentor's."""

    criterion: Criterion
    applicant: Count
    applicant_of: Count
    host: Count
    host_of: Count


class FunnelStep(Part):
    """The number of offers or mentors left after a hard rule, in the order of the rules."""

    rule: HardRule
    remaining: Count


class ChangePart(Part):
    """One change: which fields are given depends on its kind.

    A language with its levels (none before where it is not stated), a number of weeks or places, an area with the level
    as `count` where it is above the first, a topic, a period, a country, the size of the groups that a host would take.
    `offer_id` or `mentor_id` is where more places are needed, or a rank group or larger groups are to be taken, else
    the match that the change would have led to.
    """

    change: Change
    language: Language | None = None
    from_level: LanguageLevel | None = None
    to_level: LanguageLevel | None = None
    count: Count | None = None
    area: Expertise | None = None
    topic: TopicCode | None = None
    period: DatePeriod | None = None
    country: Country | None = None
    offer_id: UUID | None = None
    mentor_id: UUID | None = None


class Counterfactual(ChangePart):
    """A smallest change that would have matched the application, verified by running the engine with it.

    `beside` are further changes: all of them together are needed, no one alone is enough.
    """

    beside: tuple[ChangePart, ...] = ()


class ReceiptEvent(Event):
    """An event on `exchange.receipts`.

    `feasible` is how many offers or mentors met all hard rules, `considered` how many there were. Of a member of a
    group `group_size` says how many are placed together, `group_feasible` how many offers could take all of them.
    `floor_first` says that the country's floor put the applicant before others. `changed_by_hand` says that without
    what a coordinator decided about others in this cohort the result would be another one.
    """

    topic: ClassVar[str] = "exchange.receipts"

    run_id: UUID
    call_id: UUID
    kind: ApplicationKind
    considered: Count
    feasible: Count
    funnel: tuple[FunnelStep, ...]
    counterfactuals: tuple[Counterfactual, ...] = ()
    group_size: Annotated[int, Field(ge=1)] | None = None
    group_feasible: Count | None = None
    floor_first: bool = False
    changed_by_hand: bool = False


class MissedWish(Part):
    """The place that the applicant wants most and did not get, and the cause.

    It is the first of the feasible ones; where the call counts an order, it is the first wish of the applicant.
    """

    why: WishMissed
    offer_id: UUID | None = None
    mentor_id: UUID | None = None


class MatchExplained(ReceiptEvent):
    """The engine's receipt for a match of a committed cohort, or for a place that a coordinator gave with a reason.

    `rank` is the place of the match among the feasible ones, for the applicant, from 1; `host_rank` the same for the
    host or mentor; `score` and `host_score` are the sums of points. `ring` counts the agencies of the exchange ring
    that the match is part of. `missed` says why it is not the place that the applicant wants most.
    """

    label: ClassVar[str] = N_("Match explained to the officer")

    match_id: UUID
    offer_id: UUID | None = None
    mentor_id: UUID | None = None
    score: Count
    host_score: Count
    rank: Annotated[int, Field(ge=1)]
    host_rank: Annotated[int, Field(ge=1)]
    points: tuple[PointsEarned, ...]
    override: Reason | None = None
    ring: Annotated[int, Field(ge=2, le=3)] | None = None
    missed: MissedWish | None = None

    example: ClassVar[Example] = {
        "run_id": ex.RUN,
        "call_id": ex.CALL,
        "kind": "study_visit",
        "considered": 25,
        "feasible": 3,
        "funnel": [{"rule": "cross_border", "remaining": 25}, {"rule": "common_language", "remaining": 3}],
        "counterfactuals": [],
        "group_size": None,
        "group_feasible": None,
        "floor_first": False,
        "changed_by_hand": False,
        "match_id": ex.MATCH,
        "offer_id": ex.OFFER,
        "mentor_id": None,
        "score": 78,
        "host_score": 64,
        "rank": 1,
        "host_rank": 2,
        "points": [{"criterion": "topic", "applicant": 40, "applicant_of": 40, "host": 20, "host_of": 20}],
        "override": None,
        "ring": None,
        "missed": None,
    }


class NoMatchExplained(ReceiptEvent):
    """The engine's receipt for an application that a committed cohort did not match.

    `waiting_place` is the true place on the waiting list of the best feasible offer, where there is one. `held_back` is
    why a coordinator left the application out of this cohort: it is matched again in the next one.
    """

    label: ClassVar[str] = N_("No match explained to the officer")

    waiting_place: Annotated[int, Field(ge=1)] | None = None
    held_back: Reason | None = None

    example: ClassVar[Example] = {
        "run_id": ex.RUN,
        "call_id": ex.CALL,
        "kind": "study_visit",
        "considered": 25,
        "feasible": 0,
        "funnel": [{"rule": "cross_border", "remaining": 25}, {"rule": "common_language", "remaining": 0}],
        "counterfactuals": [
            {
                "change": "language_level",
                "language": "en",
                "from_level": "B1",
                "to_level": "B2",
                "count": None,
                "area": None,
                "topic": None,
                "period": None,
                "country": None,
                "offer_id": ex.OFFER,
                "mentor_id": None,
                "beside": [],
            }
        ],
        "group_size": 3,
        "group_feasible": 0,
        "floor_first": False,
        "changed_by_hand": False,
        "waiting_place": None,
        "held_back": None,
    }
