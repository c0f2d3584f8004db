"""Read an application's receipts, and where it waits."""

# No `from __future__ import annotations` here: pydantic reads the annotations of the models.
import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field

from services.matching.engine.explain.waiting import InLine, lines
from services.matching.facts.store import facts
from services.matching.lifecycle.store import receipts as store
from services.matching.provisional.model.problem import fixed_pairs, problem, solve, waiting
from services.matching.provisional.model.results import matched, proposals, unmatched
from services.matching.provisional.snapshot import Snapshot
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus import Bus
from shared.contracts.base import Country, DatePeriod, Language, TopicCode
from shared.contracts.codes import (
    ApplicationKind,
    Change,
    Criterion,
    Expertise,
    HardRule,
    LanguageLevel,
    Reason,
    WishMissed,
)
from shared.contracts.receipts import ChangePart, FunnelStep, MatchExplained, NoMatchExplained
from shared.web.read_models import ReadModel

_NOT_YET = UUID(int=0)
"""Stands for the run and the match of a receipt that is worked out before any cohort is committed."""
RESTRICTED = "restricted"

Explained = MatchExplained | NoMatchExplained
"""A receipt, as an event."""


class ReceiptPoints(ReadModel):
    """The points of a criterion, each of how many possible; the host's are null in the officer's own part."""

    criterion: Criterion
    applicant: int
    applicant_of: int
    host: int | None
    host_of: int | None


class ReceiptChangePart(ReadModel):
    """One change; which fields are given depends on its kind."""

    change: Change
    language: Language | None
    from_level: LanguageLevel | None
    to_level: LanguageLevel | None
    count: int | None
    area: Annotated[
        str | None,
        Field(description="Area of expertise; `restricted` means one that is not named.", examples=["forensics"]),
    ]
    topic: TopicCode | None
    period: DatePeriod | None
    country: Country | None
    offer_id: UUID | None
    mentor_id: UUID | None


class ReceiptChange(ReceiptChangePart):
    """A smallest change that would have matched the application; with others `beside` it, all together are needed."""

    beside: tuple[ReceiptChangePart, ...]


class ReceiptMissed(ReadModel):
    """The place that the officer wants most of those that meet all rules and did not get, and the cause."""

    why: WishMissed
    offer_id: UUID | None
    mentor_id: UUID | None


class Receipt(ReadModel):
    """The reasons why an application has its match, or none.

    `feasible` of `considered` places met all hard rules. `rank` is the place of the match among the feasible ones in
    the officer's order, `host_rank` that of the officer in the host's; both are null without a match.
    """

    type: Literal["MatchExplained", "NoMatchExplained"]
    run_id: UUID
    call_id: UUID
    kind: ApplicationKind
    considered: int
    feasible: int
    funnel: tuple[FunnelStep, ...]
    counterfactuals: tuple[ReceiptChange, ...]
    group_size: int | None
    group_feasible: int | None
    floor_first: bool
    changed_by_hand: Annotated[
        bool, Field(description="A coordinator's choices for others in the cohort changed this result.")
    ]
    match_id: UUID | None
    offer_id: UUID | None
    mentor_id: UUID | None
    score: int | None
    host_score: int | None
    rank: int | None
    host_rank: int | None
    points: tuple[ReceiptPoints, ...]
    override: Reason | None
    ring: Annotated[int | None, Field(description="Agencies of the exchange ring that the match is part of.")]
    missed: Annotated[ReceiptMissed | None, Field(description="Why the match is not the place that is wanted most.")]
    waiting_place: Annotated[int | None, Field(description="Place on the waiting list of the best feasible place.")]
    held_back: Annotated[Reason | None, Field(description="Why a coordinator left it out of the cohort.")]

    @classmethod
    def of(cls, published: Explained, *, own: bool = False) -> Self:
        """Return a receipt as published; with `own` without any preference of the host or mentor."""
        match = published if isinstance(published, MatchExplained) else None
        return cls(
            type="NoMatchExplained" if match is None else "MatchExplained",
            run_id=published.run_id,
            call_id=published.call_id,
            kind=published.kind,
            considered=published.considered,
            feasible=published.feasible,
            funnel=published.funnel,
            counterfactuals=tuple(
                ReceiptChange(**_part(change), beside=tuple(ReceiptChangePart(**_part(each)) for each in change.beside))
                for change in published.counterfactuals
            ),
            group_size=published.group_size,
            group_feasible=published.group_feasible,
            floor_first=published.floor_first,
            changed_by_hand=published.changed_by_hand,
            match_id=match and match.match_id,
            offer_id=match and match.offer_id,
            mentor_id=match and match.mentor_id,
            score=match and match.score,
            host_score=None if own else match and match.host_score,
            rank=match and match.rank,
            host_rank=None if own else match and match.host_rank,
            points=() if match is None else _points(match, own=own),
            override=match and match.override,
            ring=match and match.ring,
            missed=ReceiptMissed(**match.missed.model_dump()) if match is not None and match.missed else None,
            waiting_place=published.waiting_place if isinstance(published, NoMatchExplained) else None,
            held_back=published.held_back if isinstance(published, NoMatchExplained) else None,
        )


class WaitingPlace(ReadModel):
    """An application's position in a waiting line: number `at` among `of` for a seat, with `free` places.

    `limit` is the quota or the share that is used up for the applicant's country, so that a free place is not enough.
    """

    seat_id: UUID
    at: int
    of: int
    free: int
    limit: HardRule | None


class Receipts(ReadModel):
    """The receipts of an application, and where it waits at this moment.

    `published` is the newest that a cohort published, `provisional` the one that a cohort committed now would give
    (for coordinators only).
    """

    published: Receipt | None
    provisional: Receipt | None
    waiting: tuple[WaitingPlace, ...]


def _area(area: Expertise | None) -> str | None:
    """Return the code of an area; a restricted one is not named (domain.md)."""
    if area is None:
        return None
    return RESTRICTED if area.restricted else area.value


def _part(change: ChangePart) -> dict[str, Any]:
    return {name: getattr(change, name) for name in ChangePart.model_fields} | {"area": _area(change.area)}


def _points(published: MatchExplained, *, own: bool) -> tuple[ReceiptPoints, ...]:
    hidden = {"host": None, "host_of": None} if own else {}
    return tuple(ReceiptPoints(**points.model_dump() | hidden) for points in published.points)


async def published_receipt(bus: Bus, application_id: UUID) -> Explained | None:
    """Return the newest receipt that was published for an application."""
    async with bus.read() as session:
        row = await store.receipt(session, application_id)
    return None if row is None else row.event


async def provisional_receipt(bus: Bus, call_id: UUID, application_id: UUID, *, effort: int) -> Explained | None:
    """Return the receipt as a cohort committed now would publish it.

    None if the application is not looking for a place.
    """
    snapshot = await load_snapshot(bus, call_id)
    if snapshot is None or not snapshot.open:
        return None
    return await asyncio.to_thread(_explain, snapshot, application_id, effort)


async def waiting_places(bus: Bus, application_id: UUID) -> tuple[WaitingPlace, ...]:
    """Return where an application waits now, and at which place in line; empty if it does not wait.

    Only applications that a committed cohort has covered are in line: they are proposed when a place falls free.
    """
    async with bus.read() as session:
        candidate = (await facts.candidates(session, [application_id])).get(application_id)
    snapshot = None if candidate is None else await load_snapshot(bus, candidate.call_id)
    if candidate is None or snapshot is None or not snapshot.open:
        return ()
    async with bus.read() as session:
        covered = frozenset(await store.explained(session, list(waiting(snapshot.facts))))
    if application_id not in covered:
        return ()
    found = await asyncio.to_thread(_lines, snapshot, ApplicationKind(candidate.kind), application_id, covered)
    return tuple(
        WaitingPlace(seat_id=UUID(line.seat_id), at=line.at, of=line.of, free=line.free, limit=line.limit)
        for line in found
    )


def _lines(
    snapshot: Snapshot, kind: ApplicationKind, application_id: UUID, covered: frozenset[UUID]
) -> Sequence[InLine]:
    posed = problem(snapshot.facts, kind, fixed_pairs(snapshot.facts), only=covered)
    known = any(candidate.id == str(application_id) for candidate in posed.candidates)
    return lines(posed, str(application_id)) if known else ()


def _explain(snapshot: Snapshot, application_id: UUID, effort: int) -> Explained | None:
    for kind, result in solve(snapshot.facts).items():
        if not any(candidate.id == str(application_id) for candidate in result.problem.candidates):
            continue
        receipt = result.receipt(str(application_id), effort=effort)
        if receipt.match is None:
            return unmatched(receipt, run_id=_NOT_YET, call_id=snapshot.facts.call_id, kind=kind)
        pairs = proposals(snapshot.facts, kind, result)
        pair = next(pair for pair in pairs if pair.application_id == application_id)
        return matched(receipt, pair, run_id=_NOT_YET, match_id=_NOT_YET)
    return None
