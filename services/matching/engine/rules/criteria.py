"""The criteria and hard rules of the matching, each declared once for the plain, the swept and the live engine.

What a candidate and a seat give each other is a number, made of their properties (`properties.py`) by a function of
arrays: one candidate meets all seats with it, or one seat all candidates. All engines call these functions and no
other; they differ in what they keep (`seat_rows.py`, `columns.py`, `live/pairing.py`). To add a criterion or a rule,
add its code to the contracts and its line here (and a property, if it needs one that is not there). Whether a
criterion rests on verified facts is declared in `shared/honesty.py`, since the portal asks it too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.matching.engine.problem.problem import Rules
from services.matching.engine.rules import properties as of
from services.matching.engine.rules.properties import Property, Vocabulary
from shared.contracts.codes import Criterion, HardRule
from shared.honesty import VERIFIED


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """The worth of a candidate and a seat to each other in one respect: from 0 (nothing) to 100, or yes or no.

    `worth` is asked with the setting of the problem, the candidate's properties `own` and the seat's `theirs`. With
    `over` it is asked for each word that both state. A `capped` worth may be below 0 or above 100, and counts as these.
    The term is passed over where the rules of a call have no use for it (`used`).
    """

    worth: Callable[..., Any]
    own: tuple[Property, ...] = ()
    theirs: tuple[Property, ...] = ()
    over: Vocabulary | None = None
    capped: bool = False
    used: Callable[[Rules], bool] = lambda _: True
    sparse: bool = field(init=False)
    """True if nothing is known of the words but who states them."""
    listed: bool = field(init=False)
    """True if only one property of the seat says something of the words, which are few: no table holds it."""

    def __post_init__(self) -> None:
        sparse = self.over is not None and all(part.over is None for part in (*self.own, *self.theirs))
        listed = self.over is not None and not self.own and len(self.theirs) == 1 and not sparse
        object.__setattr__(self, "sparse", sparse)
        object.__setattr__(self, "listed", listed)


@dataclass(frozen=True, slots=True)
class Measure:
    """A criterion: the greatest of its terms are its points (0 to 100).

    With `up_to`, its terms are counted: each adds its worth, up to so many, which are 100 points.
    """

    criterion: Criterion
    terms: tuple[Term, ...]
    up_to: int = 0

    @property
    def verified(self) -> bool:
        """True if the points rest on verified facts alone, so that no statement of the applicant can raise them."""
        return self.criterion in VERIFIED

    def joined(self, first: Any, second: Any) -> Any:
        """Return what two of its terms, or a term for two words, give together."""
        return first + second if self.up_to else np.maximum(first, second)

    def points(self, joined: Any) -> Any:
        """Return the points for what all terms give together."""
        return np.minimum(joined, self.up_to) * np.int16(100 // self.up_to) if self.up_to else joined


@dataclass(frozen=True, slots=True)
class Requirement:
    """A hard rule: it holds where any of `opens` gives something, or `count` for enough words (`least`), and no bar.

    Without `opens` and `count` only the bars decide. A `fleeting` rule depends on what fixed pairs have used up: it
    changes with every event, so that the live engine leaves it to its book.
    """

    rule: HardRule
    opens: tuple[Term, ...] = ()
    count: Term | None = None
    bars: tuple[Term, ...] = ()
    least: Callable[[Rules], int] = lambda _: 1
    fleeting: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """All that is asked of a pair."""
        return (*self.opens, *(() if self.count is None else (self.count,)), *self.bars)


def _hit(_: object) -> bool:
    """Return the worth of a word that both state, when nothing else matters."""
    return True


def _times(share: Any, whole: int) -> Any:
    """So many points where something holds, else none."""
    return np.multiply(share, whole, dtype=np.int16)


SAME_KIND = Term(lambda _, seeks, kind: seeks == kind, (of.SEEKS,), (of.KIND,))
"""The rule that only seats of the wanted kind count for a candidate: others do not even stand in the funnel."""

_TOPIC = Term(lambda _, wish, offers: wish * offers, (of.WISH,), (of.OFFERS,), of.TOPICS)
_WEEK = Term(lambda _, possible, open_: possible * open_, (of.POSSIBLE,), (of.OPEN,), of.WEEKS)
_ANY_WEEK = Term(lambda _, own, theirs: _times(own | theirs, 4), (of.FREE_ANY_WEEK,), (of.TAKES_ANY_WEEK,))
_KEPT = Term(_hit, over=of.KEPT_FOR)
_NAMED = Term(_hit, over=of.NAMED)

PUT_FIRST = (_KEPT, _NAMED)
"""The terms of a counterpart who is pre-matched: a seat puts such a candidate before all others."""

WISHED = Term(
    lambda _, wished, there: wished * there,
    (of.WISHED,),
    (of.IS_SEAT,),
    of.SEATS,
    used=lambda rules: rules.wishes_count,
)
"""The place of a seat among a candidate's wishes, as `Rules.wanted` counts it: no criterion, for it gives no points."""

CHOSEN = Term(
    lambda _, chosen: chosen,
    (),
    (of.CHOSEN,),
    of.CANDIDATES,
    used=lambda rules: rules.choices_count,
)
"""The place of a candidate among a seat's wishes, as `Rules.valued` counts it."""

ORDERS = (WISHED, CHOSEN)
"""The terms by which both sides order pairs beside their points."""


CRITERIA = (
    # The best wanted topic that the seat has: 100 for the first wish, less for the next.
    Measure(Criterion.TOPIC, (_TOPIC,)),
    # Room to learn in a shared area: 40 at the same level, 30 more for each level that the seat is ahead.
    Measure(
        Criterion.EXPERTISE_GAP,
        (
            Term(
                lambda _, own, theirs: (40 + 30 * (theirs - own)) * ((own > 0) & (theirs > 0)),
                (of.LEVEL,),
                (of.TEACHES,),
                of.AREAS,
                capped=True,
            ),
        ),
    ),
    Measure(
        Criterion.PREFERRED_COUNTRY,
        (Term(lambda _, prefers, lies: prefers * lies * 100, (of.PREFERS,), (of.LIES_IN,), of.COUNTRIES),),
    ),
    # 25 a common week up to four; 100 where weeks do not matter to one of the two.
    Measure(Criterion.WEEKS, (_ANY_WEEK, _WEEK), up_to=4),
    # What the candidate brings in the best shared area: 20 a level, 4 a year up to ten.
    Measure(
        Criterion.EXPERTISE,
        (Term(lambda _, depth, level: depth * (level > 0), (of.DEPTH,), (of.TEACHES,), of.AREAS),),
    ),
    # The best common language: 40 at the minimum asked for, 20 more for each level above it.
    Measure(
        Criterion.LANGUAGE,
        (
            Term(
                lambda _, level, required: (40 + 20 * (level - required)) * (level > 0),
                (of.SPEAKS,),
                (of.ASKS,),
                of.LANGUAGES,
                capped=True,
            ),
        ),
    ),
    Measure(Criterion.FIRST_TIME, (Term(lambda _, first: _times(first, 100), (of.FIRST_TIME,)),)),
    # The greatest training need of the candidate's country that a wanted topic or shared area answers.
    Measure(
        Criterion.TRAINING_NEED,
        (
            Term(
                lambda _, need, offers: need * (offers > 0),
                (of.TOPIC_NEEDED,),
                (of.OFFERS,),
                of.TOPICS,
                used=lambda rules: bool(rules.needs),
            ),
            Term(
                lambda _, need, level: need * (level > 0),
                (of.AREA_NEEDED,),
                (of.TEACHES,),
                of.AREAS,
                used=lambda rules: bool(rules.needs),
            ),
        ),
    ),
    # What the ledger of days sent and hosted gives for this pair of countries.
    Measure(
        Criterion.RECIPROCITY,
        (
            Term(
                lambda at, home, host: at.balance(home, host),
                (of.HOME,),
                (of.HOST,),
                used=lambda rules: bool(rules.reciprocity),
            ),
        ),
    ),
    # 100 in the rank group of a mentor, 25 less for each group between; none where the seat states no rank.
    Measure(
        Criterion.RANK_GROUP,
        (Term(lambda _, own, theirs: (100 - 25 * np.abs(own - theirs)) * (theirs >= 0), (of.RANK,), (of.HOST_RANK,)),),
    ),
    Measure(
        Criterion.SERVICE,
        (Term(lambda _, own, theirs: _times(own == theirs, 100), (of.SERVICE,), (of.HOST_SERVICE,)),),
    ),
)
"""The criteria in the order of a receipt: what the applicant gains stands first. Which of them count, and how much on
either side, is for the call to decide (`Rules.weights`)."""


REQUIREMENTS = (
    Requirement(
        HardRule.PARTNER_ACTIVE,
        (Term(lambda _, home, host: (home | host) == 0, (of.HOME_SUSPENDED,), (of.HOST_SUSPENDED,)),),
    ),
    # An officer of the Union is abroad everywhere.
    Requirement(
        HardRule.CROSS_BORDER,
        (Term(lambda at, home, host: (home != host) | (home == at.union), (of.HOME,), (of.HOST,)),),
    ),
    Requirement(HardRule.SAME_AGENCY, (Term(lambda _, own, theirs: own != theirs, (of.AGENCY,), (of.HOST_AGENCY,)),)),
    Requirement(
        HardRule.CONFLICT_OF_INTEREST,
        bars=(Term(_hit, over=of.AVOIDED_BY_CANDIDATE), Term(_hit, over=of.AVOIDED_BY_SEAT)),
    ),
    Requirement(HardRule.EXCLUDED_PAIR, bars=(Term(_hit, over=of.KEPT_APART),)),
    Requirement(
        HardRule.NOT_AVAILABLE,
        (Term(lambda _, available: available, (), (of.AVAILABLE,)),),
        bars=(Term(_hit, over=of.KEPT_APART_IN_CONFIDENCE), Term(_hit, over=of.UNSUITABLE)),
    ),
    Requirement(HardRule.TOPIC, (Term(lambda _, any_: any_, (), (of.TAKES_ANY_TOPIC,)), _TOPIC)),
    # A language in which the candidate reaches what the seat asks, and the seat what the candidate asks.
    Requirement(
        HardRule.COMMON_LANGUAGE,
        (
            Term(
                lambda _, level, minimum, required, theirs: (level >= required) & (theirs >= minimum) & (level > 0),
                (of.SPEAKS, of.LANGUAGE_MINIMUM),
                (of.ASKS, of.UNDERSTANDS),
                of.LANGUAGES,
            ),
        ),
    ),
    Requirement(
        HardRule.SHARED_EXPERTISE,
        (
            Term(lambda _, any_: any_, (), (of.TAKES_ANY_AREA,)),
            Term(
                lambda _, own, theirs, least: (own > 0) & (theirs > 0) & (own >= least),
                (of.LEVEL,),
                (of.TEACHES, of.LEAST_LEVEL),
                of.AREAS,
            ),
        ),
    ),
    Requirement(HardRule.COMMON_WEEKS, (_ANY_WEEK,), _WEEK, least=lambda rules: rules.common_weeks),
    Requirement(
        HardRule.RANK_GROUP,
        (Term(lambda _, rank, excluded: (excluded >> rank) & 1 == 0, (of.RANK,), (of.EXCLUDED_RANKS,)),),
    ),
    Requirement(
        HardRule.GROUP_SIZE,
        (Term(lambda _, size, largest: (size >= 1) & (size <= largest), (of.GROUP,), (of.LARGEST_GROUP,)),),
    ),
    # The seat is kept for the candidate; or for nobody, and the candidate names nobody, or this seat.
    Requirement(
        HardRule.PRE_MATCHED,
        (
            _KEPT,
            Term(lambda _, own, theirs: own & theirs, (of.NAMES_NOBODY,), (of.KEPT_FOR_NOBODY,)),
            Term(lambda _, theirs: theirs, (), (of.KEPT_FOR_NOBODY,), of.NAMED),
        ),
    ),
    Requirement(HardRule.DECLINED_BEFORE, bars=(Term(_hit, over=of.DECLINED),)),
    Requirement(HardRule.CAPACITY, (Term(lambda _, full: full == 0, (), (of.FULL,)),), fleeting=True),
    Requirement(HardRule.QUOTA, (Term(lambda _, full: full == 0, (of.HOME_AT_CEILING,)),), fleeting=True),
    Requirement(HardRule.SHARE_OF_OFFER, bars=(Term(_hit, over=of.SHARES_USED_UP),), fleeting=True),
)
"""The hard rules in the order of the funnel: each is asked of the seats that those before it have left."""


def place_of(rule: HardRule) -> int:
    """Return the place of a hard rule in the funnel, from 0."""
    return next(place for place, requirement in enumerate(REQUIREMENTS) if requirement.rule is rule)
