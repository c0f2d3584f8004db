"""Find the seats for which a candidate waits, the place in line, and what else keeps him or her out.

Counted as if a place fell free: places taken by fixed pairs do not make a seat unfeasible. A member of a group is in no
line, since one place is not enough for a group.
"""

from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.market.market import Market
from services.matching.engine.problem.problem import Problem
from services.matching.engine.rules.hard_rules import HardRules
from shared.contracts.codes import HardRule

_LIMITS = (HardRule.QUOTA, HardRule.SHARE_OF_OFFER)


@dataclass(frozen=True, slots=True)
class InLine:
    """The place `at` (from 1) among `of` who wait for a seat, in that seat's order.

    `free` counts its places that nobody has now. `limit` is the quota or the share that is used up for the candidate's
    country, so that a free place alone would not be enough.
    """

    seat_id: str
    at: int
    of: int
    free: int
    limit: HardRule | None


def lines(problem: Problem, candidate_id: str, *, most: int = 5) -> tuple[InLine, ...]:
    """Return where a candidate of the pool waits: the `most` seats that he or she wants most.

    Empty for a member of a group, or if no seat is feasible. Raises KeyError for a candidate who is not in the pool.
    """
    alone = tuple(candidate for candidate in problem.candidates if candidate.group_id is None)
    market = Market(replace(problem, candidates=alone, fixed=()))
    if candidate_id not in market.place:
        if any(candidate.id == candidate_id for candidate in problem.candidates):
            return ()
        raise KeyError(candidate_id)
    number = market.place[candidate_id]
    now = HardRules(problem, market.seats)
    found = []
    row = market.row(number)
    for seat, key in list(zip(row.seats, row.keys, strict=True))[:most]:
        keys = market.column(seat).key
        broken = now.broken(market.candidates[number], seat)
        found.append(
            InLine(
                seat_id=market.seats[seat].id,
                at=1 + int(np.count_nonzero(keys > key)),
                of=len(keys),
                free=now.free[seat],
                limit=next((rule for rule in _LIMITS if rule in broken), None),
            )
        )
    return tuple(found)
