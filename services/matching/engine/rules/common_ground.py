"""The common ground of a feasible pair: its topic, its language and its weeks."""

from dataclasses import dataclass
from datetime import date

from services.matching.engine.problem.problem import Candidate, Rules, Seat
from services.matching.engine.rules.properties import order_of


@dataclass(frozen=True, slots=True)
class Terms:
    """The common ground of a pair; None or empty where the two need none of its kind.

    `topic` is the first wish that the seat has, `language` the one in which the candidate is furthest above what is
    asked (then by code), `weeks` the common Mondays in order.
    """

    topic: str | None
    language: str | None
    weeks: tuple[date, ...]


def terms(candidate: Candidate, seat: Seat, rules: Rules) -> Terms:
    """Return the common ground of a candidate and a seat that pass the hard rules."""
    least = order_of(rules.language_minimum)
    own = order_of(candidate.language_minimum)
    above = []
    for language, minimum in seat.languages.items():
        margin = order_of(candidate.languages.get(language)) - max(order_of(minimum), least, 1)
        understood = not seat.speaks or order_of(seat.speaks.get(language)) >= own
        if margin >= 0 and understood:
            above.append((-margin, language))
    open_weeks = {week for week, places in (seat.weeks or {}).items() if places > 0}
    if candidate.weeks is None or seat.weeks is None:
        common = open_weeks | (candidate.weeks or frozenset())
    else:
        common = open_weeks & candidate.weeks
    return Terms(
        topic=next((topic for topic in candidate.topics if topic in seat.topics), None),
        language=min(above)[1] if above else None,
        weeks=tuple(sorted(common)),
    )
