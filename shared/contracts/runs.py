"""Define the events on `exchange.runs`: what a run of the engine did (key the run)."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts import _examples as ex
from shared.contracts.base import Count, Country, Digest, Event, Example, Part
from shared.contracts.codes import N_, ApplicationKind, CohortOption, FloorCause, Objective, Reason


class FloorUnmet(Part):
    """A country's floor that could not be met, how many were placed, and why."""

    country: Country
    floor: Count
    placed: Count
    cause: FloorCause | None = None


class GroupsPlaced(Part):
    """Groups go before single applicants; what that costs.

    `blocking` are pairs of a group and an offer that would leave what they have for each other. `envied` are pairs of a
    single applicant and an offer that a group holds, while both would rather have each other.
    """

    placed: Count
    unplaced: Count
    blocking: Count
    envied: Count


class RankCount(Part):
    """The number of applicants who obtained their choice of that rank among the feasible."""

    rank: Annotated[int, Field(ge=1)]
    applicants: Count


class Certificate(Part):
    """The proof of the best sum: `bound` is a sum that no allowed matching exceeds, `valid` that one reaches it."""

    bound: Count
    valid: bool


class RunEvent(Event):
    """An event on `exchange.runs`."""

    topic: ClassVar[str] = "exchange.runs"


class RunFinished(RunEvent):
    """A cohort was committed: the facts, the rules and the result, so that it can be repeated.

    Both prices are included: `blocking_pairs` (0 when stable) and `of_best_ppm`, the sum of points in parts per
    million of the best possible sum, which `certificate` proves. `ring`: an exchange ring was committed instead of a
    cohort, and only its matches were proposed. `option`: the coordinator chose one of the cohort's options in place of
    the provisional matches, and `objective` is that of the option. `seed` breaks ties (published with the run);
    `inputs` is a digest of the snapshot. `exchanged` counts who got a place that they want more by exchanges among
    equals; it is left out where the call decides by lot alone.
    """

    label: ClassVar[str] = N_("Cohort committed")

    call_id: UUID
    kind: ApplicationKind
    objective: Objective
    cohort: Annotated[int, Field(ge=1)]
    rules_version: Annotated[int, Field(ge=1)]
    seed: str
    code_version: str
    inputs: Digest
    started_at: AwareDatetime
    applications: Count
    capacity: Count
    feasible_pairs: Count
    matched: Count
    unmatched: Count
    score: Count
    blocking_pairs: Count
    of_best_ppm: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    certificate: Certificate | None = None
    ranks: tuple[RankCount, ...] = ()
    floors_unmet: tuple[FloorUnmet, ...] = ()
    groups: GroupsPlaced | None = None
    override: Reason | None = None
    ring: UUID | None = None
    option: CohortOption | None = None
    exchanged: Count | None = None

    example: ClassVar[Example] = {
        "call_id": ex.CALL,
        "kind": "study_visit",
        "objective": "stable",
        "cohort": 1,
        "rules_version": 1,
        "seed": "2026-02-16",
        "code_version": "0.1.0",
        "inputs": ex.DIGEST,
        "started_at": "2026-02-16T08:00:00Z",
        "applications": 40,
        "capacity": 52,
        "feasible_pairs": 310,
        "matched": 33,
        "unmatched": 7,
        "score": 2410,
        "blocking_pairs": 0,
        "of_best_ppm": 981000,
        "certificate": {"bound": 2456, "valid": True},
        "ranks": [{"rank": 1, "applicants": 21}, {"rank": 2, "applicants": 12}],
        "floors_unmet": [],
        "groups": {"placed": 1, "unplaced": 0, "blocking": 0, "envied": 2},
        "override": None,
        "ring": None,
        "option": None,
        "exchanged": None,
    }
