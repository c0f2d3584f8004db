"""Find the exchange rings that a call could have now, price one, and propose it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from services.matching.background.retries import retry_write
from services.matching.cohorts.actions.commit import write
from services.matching.cohorts.actions.plan import CohortPlan, Part, part_of
from services.matching.cohorts.actions.repeats import committed_before, with_present
from services.matching.engine.interventions import manual
from services.matching.engine.interventions import rings as engine
from services.matching.engine.market.market import Market
from services.matching.facts.store import pools as store
from services.matching.lifecycle.actions.rings import join_matches
from services.matching.provisional.model.problem import solve
from services.matching.provisional.model.results import proposals
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus.db.outdated import Outdated
from shared.contracts.codes import ApplicationKind
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext, ngettext
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from services.matching.cohorts.actions.commit import Committed
    from services.matching.engine.interventions.manual import Price
    from services.matching.engine.interventions.rings import Rings
    from services.matching.engine.matching import Result
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions

_TRIES = 5
_KEPT = 64
_known: dict[tuple[Bus, UUID], tuple[tuple[int | None, date], Rings]] = {}
_KIND = ApplicationKind.STUDY_VISIT


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed ring: its id, its run, and the new match of each application."""

    ring_id: UUID
    run_id: UUID
    matches: Mapping[UUID, UUID]


async def possible(bus: Bus, call_id: UUID) -> Rings:
    """Return the best set of rings among those without a place. Raises `Refused` (404) for an unknown call.

    The result is remembered for the same facts and day, since the page reloads itself often.
    """
    async with bus.read() as session:
        pool = await store.version(session, call_id)
    at = (pool.input_version if pool else None, clock.today())
    known = _known.get((bus, call_id))
    if known is not None and known[0] == at:
        return known[1]
    snapshot = await _load(bus, call_id)
    found = await asyncio.to_thread(_possible, snapshot) if snapshot.open else engine.Rings((), 0)
    if len(_known) >= _KEPT:
        _known.clear()
    _known[bus, call_id] = (snapshot.version, snapshot.facts.day), found
    return found


def _possible(snapshot: Snapshot) -> Rings:
    result = solve(snapshot.facts).get(_KIND)
    return engine.Rings((), 0) if result is None else engine.rings(Market(result.problem), result.unmatched)


async def price(bus: Bus, reader: str, call_id: UUID, pairs: Mapping[UUID, UUID]) -> Price:
    """Return what a ring (application -> offer) changes for other applicants for a study visit.

    Raises `Refused` as `propose`.
    """
    snapshot = await _load(bus, call_id)
    try:
        before, after = await asyncio.to_thread(_around, snapshot, pairs)
    except Refused as refusal:
        raise await with_present(bus, reader, call_id, pairs, refusal) from refusal
    return await asyncio.to_thread(manual.price, before, after)


async def propose(
    bus: Bus,
    by: str,
    call_id: UUID,
    pairs: Mapping[UUID, UUID],
    read: ReadVersions | None = None,
    *,
    effort: int = 24,
) -> Proposed:
    """Propose the matches of a ring together, in the name of `by`: all or none; each is then cleared as any match.

    `pairs` maps two or three applications to the offers that they take, so that each goes to the agency of another.
    Somebody who proposes the same ring again is answered as the first time. Raises `Outdated` (412, 428) unless the
    applications are as somebody `read` them. Raises `Refused`: 404 for an unknown call, 409 if one of the pairs is no
    longer possible or facts keep arriving, 422 for pairs that are no ring.
    """
    try:
        return await _propose(bus, by, call_id, pairs, read, effort=effort)
    except (Refused, Outdated) as refusal:
        row = await committed_before(bus, by, call_id, pairs, refusal, ring=True)
    assert row.ring is not None
    return Proposed(row.ring, row.runs[_KIND], row.matches)


async def _propose(
    bus: Bus, by: str, call_id: UUID, pairs: Mapping[UUID, UUID], read: ReadVersions | None, *, effort: int
) -> Proposed:
    for _ in range(_TRIES):
        started_at = clock.now()
        snapshot = await _load(bus, call_id)
        ring_id = new_id()
        part = await asyncio.to_thread(_part, snapshot, pairs, ring_id, effort, started_at)
        committed = await retry_write(
            bus, by, _write, CohortPlan.of(snapshot, [part]), ring_id, _in_order(snapshot, pairs), read
        )
        if committed is not None:
            return Proposed(ring_id, committed.runs[_KIND], committed.matches)
    raise Refused(gettext("Data for this call is still changing. Try again in a moment."), code=ProblemCode.IN_PROGRESS)


async def _write(
    tx: Tx, plan: CohortPlan, ring_id: UUID, line: Sequence[UUID], read: ReadVersions | None
) -> Committed | None:
    """Write a ring, with its applications in the order of `line`; None if facts have arrived since it was computed."""
    committed = await write(tx, plan, read)
    if committed is not None:
        await join_matches(
            tx.session, ring_id, plan.call_id, [committed.matches[application_id] for application_id in line]
        )
    return committed


async def _load(bus: Bus, call_id: UUID) -> Snapshot:
    snapshot = await load_snapshot(bus, call_id)
    if snapshot is None:
        raise Refused(gettext("This call does not exist."), 404)
    return snapshot


def _part(snapshot: Snapshot, pairs: Mapping[UUID, UUID], ring_id: UUID, effort: int, started_at: datetime) -> Part:
    """Return the ring as part of a cohort: its pairs within the matching of all."""
    _, result = _around(snapshot, pairs)
    picked = [proposal for proposal in proposals(snapshot.facts, _KIND, result) if proposal.application_id in pairs]
    ring = (ring_id, pairs)
    return part_of(snapshot.facts, _KIND, result, picked, (), effort=effort, started_at=started_at, ring=ring)


def _around(snapshot: Snapshot, pairs: Mapping[UUID, UUID]) -> tuple[Result, Result]:
    """Return the present matching, and the one with the ring in it."""
    _in_order(snapshot, pairs)
    before = solve(snapshot.facts).get(_KIND)
    if before is None:
        raise _impossible(gettext("Nobody is looking for a study visit in this call now."))
    try:
        after = manual.with_pairs(
            before.problem, {str(application_id): str(seat) for application_id, seat in pairs.items()}
        )
    except manual.NotPossible as wrong:
        officer = snapshot.facts.candidates[UUID(wrong.candidate_id)].reference
        raise _impossible(gettext(_OBSTACLES[wrong.why]) % {"officer": officer}) from wrong
    return before, after


def _in_order(snapshot: Snapshot, pairs: Mapping[UUID, UUID]) -> list[UUID]:
    """Return the applications in ring order, beginning with the smallest id. Raises `Refused` if that is no ring."""
    facts = snapshot.facts
    if not snapshot.open:
        raise _impossible(gettext("This call is closed, so nothing more is matched in it."))
    if left := sum(application_id not in facts.candidates for application_id in pairs):
        reason = ngettext(
            "%(num)d officer of the ring is no longer looking for a place.",
            "%(num)d officers of the ring are no longer looking for a place.",
            left,
        )
        raise _impossible(reason % {"num": left})
    if left := sum(seat not in facts.places for seat in pairs.values()):
        reason = ngettext(
            "%(num)d placement of the ring is no longer available.",
            "%(num)d placements of the ring are no longer available.",
            left,
        )
        raise _impossible(reason % {"num": left})
    at_home = {facts.candidates[application_id].organisation_id: application_id for application_id in pairs}
    round_: list[UUID] = []
    application_id: UUID | None = min(pairs, default=None)
    while application_id is not None and application_id not in round_:
        round_.append(application_id)
        application_id = at_home.get(facts.places[pairs[application_id]].terms.organisation_id)
    if application_id is None or application_id != round_[0] or len(round_) != len(pairs) or len(pairs) not in {2, 3}:
        raise Refused(
            gettext(
                "These matches do not form a ring. In a ring, each of two or three agencies sends one "
                "officer and hosts one."
            ),
            422,
        )
    return round_


_OBSTACLES: dict[manual.Obstacle, str] = {
    "rule": N_("Application %(officer)s no longer meets all rules for its placement."),
    "full": N_("The placement for application %(officer)s has no free place any more."),
    "share": N_("The placement for application %(officer)s takes no more officers from that country."),
    "quota": N_("The country of application %(officer)s has no more places in this call."),
}


def _impossible(reason: str) -> Refused:
    """Return the refusal of a ring, with the reason in a sentence."""
    return Refused(f"{gettext('This ring is no longer possible.')} {reason}", code=ProblemCode.EDIT_CONFLICT)
