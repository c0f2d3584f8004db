"""Compile the loops ahead, so that the first large matching need not wait (`make setup` runs it)."""

import sys
from datetime import date
from time import perf_counter

from services.matching.engine.kernels.base import AVAILABLE
from services.matching.engine.market import market
from services.matching.engine.matching import run
from services.matching.engine.problem.problem import WEIGHTS, Candidate, Problem, Rules, Seat, SeatKind, Weight
from shared.contracts.codes import ApplicationKind, RankGroup


def main() -> int:
    """Match one candidate with one seat under light and under heavy weights; always 0."""
    if not AVAILABLE:
        sys.stdout.write("numba is not there: large matchings are computed by numpy, which takes longer.\n")
        return 0
    started = perf_counter()
    market.SWEPT_FROM = 0
    for heavier in (1, 1_000):
        result = run(_smallest(heavier))
        _ = result.prices, result.receipt("candidate", effort=3), result.receipt("other")
    sys.stdout.write(f"The loops of the matching are compiled ({perf_counter() - started:.0f} s).\n")
    return 0


def _smallest(heavier: int) -> Problem:
    """Return two candidates for one place: one gets it, for the other a smallest change is sought."""
    first, second = (
        Candidate(
            id=name,
            kind=ApplicationKind.STUDY_VISIT,
            country="AM",
            organisation_id="home",
            rank_group=RankGroup.OPERATIONAL,
            first_time=name == "candidate",
        )
        for name in ("candidate", "other")
    )
    seat = Seat(id="seat", kind=SeatKind.PLACEMENT, country="DE", organisation_id="host", capacity=1)
    weights = {name: Weight(weight.applicant * heavier, weight.host * heavier) for name, weight in WEIGHTS.items()}
    return Problem(
        call_id="warm-up",
        day=date(2027, 1, 4),
        seed="",
        candidates=(first, second),
        seats=(seat,),
        rules=Rules(weights=weights),
    )


if __name__ == "__main__":
    sys.exit(main())
