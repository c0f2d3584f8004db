"""Read one application's matching for a page or a program, within the reader's reach."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.matching.engine.explain.waiting import InLine, lines
from services.matching.facts.store import facts
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.lifecycle.store import mentorships, rings, visits
from services.matching.lifecycle.store import receipts as lifecycle_receipts
from services.matching.overview.store import board as store
from services.matching.provisional.model.problem import fixed_pairs, problem, solve, waiting
from services.matching.provisional.model.results import matched, proposals, unmatched
from services.matching.provisional.snapshot import load as load_snapshot
from shared.contracts.codes import ApplicationKind
from shared.contracts.receipts import MatchExplained, NoMatchExplained

if TYPE_CHECKING:
    from sqlalchemy import Row

    from services.matching.cohorts.views import Explained
    from services.matching.facts.store.facts import Candidate, Seat
    from services.matching.lifecycle.model.match import Match
    from services.matching.lifecycle.model.mentorship import Mentorship
    from services.matching.lifecycle.model.visit import Visit
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus import Bus
    from shared.identity.scope import Reach

_NOT_YET = UUID(int=0)
"""Stands for the run and the match of a receipt that is worked out before any cohort is committed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One application with its matches, visits and mentorships, the newest first; `ring` has the legs of its ring."""

    row: Row[Any]
    candidate: Candidate
    matches: list[Match]
    visits: list[Visit]
    mentorships: list[Mentorship]
    seats: dict[UUID, Seat]
    ring: list[Row[Any]]


async def case(bus: Bus, reach: Reach, application_id: UUID) -> Case | None:
    """Return the case of an application; None if there is none, or none within reach."""
    async with bus.read() as session:
        row = await store.case(session, reach, application_id)
        if row is None:
            return None
        candidate = (await facts.candidates(session, [application_id]))[application_id]
        matches = await lifecycle_matches.of_application(session, application_id)
        seats = {match.seat_id for match in matches} | ({row.seat_id} if row.seat_id else set())
        return Case(
            row=row,
            candidate=candidate,
            matches=matches,
            visits=await visits.of_application(session, application_id),
            mentorships=await mentorships.of_application(session, application_id),
            seats=await facts.seats(session, seats),
            ring=await rings.of_match(session, reach, row.match_id) if row.match_id else [],
        )


async def published_receipt(bus: Bus, application_id: UUID) -> Explained | None:
    """Return the newest receipt that was published for an application."""
    async with bus.read() as session:
        row = await lifecycle_receipts.receipt(session, application_id)
    if row is None:
        return None
    return (MatchExplained if row.matched else NoMatchExplained).model_validate(row.told)


async def provisional_receipt(bus: Bus, candidate: Candidate, *, effort: int) -> Explained | None:
    """Return the receipt as a cohort committed now would publish it.

    None if the application is not looking for a place.
    """
    snapshot = await load_snapshot(bus, candidate.call_id)
    if snapshot is None or not snapshot.open:
        return None
    return await asyncio.to_thread(_explain, snapshot, candidate.id, effort)


async def waiting_places(bus: Bus, application_id: UUID) -> tuple[InLine, ...]:
    """Return where an application waits now, and at which place in line; empty if it does not wait.

    Only applications that a committed cohort has covered are in line: they are proposed when a place falls free.
    """
    async with bus.read() as session:
        candidate = (await facts.candidates(session, [application_id])).get(application_id)
    snapshot = None if candidate is None else await load_snapshot(bus, candidate.call_id)
    if candidate is None or snapshot is None or not snapshot.open:
        return ()
    async with bus.read() as session:
        seen = frozenset(await lifecycle_receipts.explained(session, list(waiting(snapshot.facts))))
    if application_id not in seen:
        return ()
    return await asyncio.to_thread(_lines, snapshot, ApplicationKind(candidate.kind), application_id, seen)


def _lines(
    snapshot: Snapshot, kind: ApplicationKind, application_id: UUID, seen: frozenset[UUID]
) -> tuple[InLine, ...]:
    posed = problem(snapshot.facts, kind, fixed_pairs(snapshot.facts), only=seen)
    known = any(one.id == str(application_id) for one in posed.candidates)
    return lines(posed, str(application_id)) if known else ()


def _explain(snapshot: Snapshot, application_id: UUID, effort: int) -> Explained | None:
    for kind, result in solve(snapshot.facts).items():
        if not any(one.id == str(application_id) for one in result.problem.candidates):
            continue
        receipt = result.receipt(str(application_id), effort=effort)
        if receipt.match is None:
            return unmatched(receipt, run_id=_NOT_YET, call_id=snapshot.facts.call_id, kind=kind)
        pair = next(one for one in proposals(snapshot.facts, kind, result) if one.application_id == application_id)
        return matched(receipt, pair, run_id=_NOT_YET, match_id=_NOT_YET)
    return None
