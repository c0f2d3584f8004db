"""Override the matching: put an application to a place by hand, after a preview, with a reason.

Rules of law always hold (`engine/interventions/manual.py`); the preview names the rules set aside and the cost to
others.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.matching.background.retries import retry_write
from services.matching.cohorts.store import runs as cohorts_runs
from services.matching.engine.interventions.manual import Override, weigh
from services.matching.facts import actions as facts_actions
from services.matching.facts.store import facts as store
from services.matching.facts.store import pools
from services.matching.interventions.actions.reasons import store_reason
from services.matching.lifecycle import views as lifecycle
from services.matching.lifecycle.actions.receipts import publish_receipts
from services.matching.lifecycle.actions.transitions import Transitions
from services.matching.lifecycle.model import match as matches
from services.matching.lifecycle.store import history
from services.matching.lifecycle.store import matches as lifecycle_matches
from services.matching.provisional.model.problem import solve
from services.matching.provisional.model.results import Proposal, matched, proposal_of
from services.matching.provisional.snapshot import load as load_snapshot
from shared.bus.db.outdated import Outdated, more_said
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, HardRule, MatchState
from shared.contracts.lifecycle import Unit
from shared.contracts.matches import MatchProposed, MatchSuperseded
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock, dates, workdays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.matching.interventions.actions.reasons import OverrideReason
    from services.matching.lifecycle.model.match import Match
    from services.matching.provisional.snapshot import Snapshot
    from shared.bus import Bus, Tx
    from shared.contracts.codes import Reason
    from shared.identity.portal import PortalSettings

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Weighed:
    """The preview of an override: its price, the applicant's match that it ends, and the match that loses the place.

    `may_yield` are the unconfirmed matches at the place; one of them must be named if no place is free.
    """

    price: Override
    own: Match | None
    instead: Match | None
    may_yield: tuple[Match, ...]
    proposal: Proposal

    @property
    def full(self) -> bool:
        """Return whether the place has no room left and no match was named to yield."""
        return HardRule.CAPACITY in self.price.forbidden

    @property
    def refused(self) -> tuple[HardRule, ...]:
        """The rules of law that the pair breaks, apart from room that another match could give."""
        return tuple(rule for rule in self.price.forbidden if rule is not HardRule.CAPACITY or not self.may_yield)


async def weighed(bus: Bus, reader: str, application_id: UUID, seat_id: UUID, instead: UUID | None = None) -> Weighed:
    """Return the preview of putting an application to an offer or a mentor, `instead` of a match at that place.

    Raises `Refused`: 404 for an unknown application or place, 409 if the application is not looking for a place or has
    a confirmed one, 422 for a match that cannot yield.
    """
    snapshot, kind = await _snapshot(bus, application_id)
    try:
        return await asyncio.to_thread(_weigh, snapshot, kind, application_id, seat_id, instead)
    except Refused as refusal:
        raise await _with_state(bus, reader, application_id, refusal) from refusal


@dataclass(frozen=True, slots=True)
class WantedOverride:
    """An application to be put to a place for a reason; `instead` is the match that yields."""

    application_id: UUID
    seat_id: UUID
    reason: OverrideReason
    instead: UUID | None = None


async def put(bus: Bus, settings: PortalSettings, by: str, wanted: WantedOverride) -> UUID:
    """Put an application to a place in the name of `by`; return the id of the new match, which both countries clear.

    The application's present match, and the one that yields, are superseded. Somebody who asks again for what they have
    done is answered as the first time. The portal stores the reason before anything is written here. Raises `Refused`
    as `weighed` does, 422 if a rule of law forbids the pair, and 503 while the portal does not store the reason.
    """
    try:
        return await _put_once(bus, settings, by, wanted)
    except (Refused, Outdated) as refusal:
        if refusal.code is ProblemCode.UNAVAILABLE:
            raise
        async with bus.read() as session:
            match_id = await _put_before(session, by, wanted)
        # Other words are another reason: what was done before is then no answer.
        if match_id is not None and await _same_reason(settings, by, match_id, wanted):
            return match_id
        raise await _with_state(bus, by, wanted.application_id, refusal) from refusal


async def _same_reason(settings: PortalSettings, by: str, match_id: UUID, wanted: WantedOverride) -> bool:
    """Return whether a match was made for the same reason. Raises `Refused` (503) while the portal does not say so."""
    try:
        return await store_reason(settings, by, match_id, wanted.application_id, wanted.reason)
    except Refused as refusal:
        raise Refused(
            gettext("You assigned this place before. We cannot compare your reason now. Try again in a moment."),
            code=refusal.code,
        ) from refusal


async def _put_before(session: AsyncSession, by: str, wanted: WantedOverride) -> UUID | None:
    """Return the match that this person has made by just this override, if it is not over."""
    found = await lifecycle_matches.of_application(session, wanted.application_id)
    match = next((each for each in found if each.takes_place and each.seat_id == wanted.seat_id), None)
    if match is None:
        return None
    past = await history.facts(session, MatchProposed.topic, match.id)
    if not any(
        isinstance(fact.event, MatchProposed) and fact.event.override == wanted.reason.code and fact.actor == by
        for fact in past
    ):
        return None
    yielded = {
        other
        for other in await lifecycle_matches.superseded_at(session, wanted.seat_id)
        for fact in await history.facts(session, MatchProposed.topic, other)
        if isinstance(fact.event, MatchSuperseded) and fact.event.by_match_id == match.id
    }
    return match.id if yielded == {wanted.instead} - {None} else None


async def _with_state(bus: Bus, reader: str, application_id: UUID, refusal: Refused | Outdated) -> Refused | Outdated:
    """Return a refusal that says where the application stands now, if that is why."""
    if refusal.code not in {ProblemCode.WRONG_STATE, ProblemCode.OUTDATED}:
        return refusal
    async with bus.read() as session:
        sentences = await lifecycle.where_they_stand(session, reader, [application_id])
        return more_said(refusal, sentences or await lifecycle.last_match_in_words(session, application_id))


async def _put_once(bus: Bus, settings: PortalSettings, by: str, wanted: WantedOverride) -> UUID:
    match_id, stored = new_id(), False
    for _ in range(_TRIES):
        snapshot, kind = await _snapshot(bus, wanted.application_id)
        found = await asyncio.to_thread(_weigh, snapshot, kind, wanted.application_id, wanted.seat_id, wanted.instead)
        if found.price.forbidden:
            raise Refused(_forbidden(found), 422)
        stored = stored or await store_reason(settings, by, match_id, wanted.application_id, wanted.reason)
        if await retry_write(bus, by, _put, snapshot, found, match_id, wanted.reason.code):
            return match_id
    raise Refused(gettext("Data for this call is still changing. Try again in a moment."), code=ProblemCode.IN_PROGRESS)


def _forbidden(found: Weighed) -> str:
    if not found.refused:
        return gettext("No place is free there. Select the match that must give up its place.")
    rules = ", ".join(labels.label(rule) for rule in found.refused)
    return gettext("This match breaks rules that apply to everybody: %(rules)s.") % {"rules": rules}


async def _snapshot(bus: Bus, application_id: UUID) -> tuple[Snapshot, ApplicationKind]:
    async with bus.read() as session:
        candidate = (await store.candidates(session, [application_id])).get(application_id)
    snapshot = None if candidate is None else await load_snapshot(bus, candidate.call_id)
    if candidate is None or snapshot is None:
        raise Refused(gettext("There is no such application."), 404)
    if not snapshot.open:
        raise Refused(gettext("This call is closed, so nothing more is matched in it."), code=ProblemCode.CALL_CLOSED)
    return snapshot, ApplicationKind(candidate.kind)


def _weigh(
    snapshot: Snapshot, kind: ApplicationKind, application_id: UUID, seat_id: UUID, instead: UUID | None
) -> Weighed:
    facts = snapshot.facts
    placed = [match for match in facts.matches if match.takes_place]
    own = _own_place(placed, application_id, seat_id)
    there = [match for match in placed if match.seat_id == seat_id and match.state in matches.UNCONFIRMED]
    yields = next((match for match in there if match.id == instead), None)
    if instead is not None and yields is None:
        raise Refused(_cannot_yield(next((match for match in placed if match.id == instead), None), seat_id), 422)
    gone = {match.id for match in (own, yields) if match is not None}
    before = solve(facts).get(kind)
    after = solve(replace(facts, matches=[match for match in facts.matches if match.id not in gone])).get(kind)
    if before is None or after is None or str(application_id) not in {each.id for each in after.problem.candidates}:
        raise Refused(gettext("This application is not looking for a place."))
    if str(seat_id) not in {seat.id for seat in after.problem.seats}:
        raise Refused(gettext("There is no such place in this call."), 404)
    price = weigh(before.problem, after.problem, str(application_id), str(seat_id))
    return Weighed(price, own, yields, tuple(there), proposal_of(facts, kind, after.problem, price))


def _own_place(placed: Sequence[Match], application_id: UUID, seat_id: UUID) -> Match | None:
    """Return the match that the application would give up. Raises `Refused` where it may not."""
    own = next((match for match in placed if match.pairing.application_id == application_id), None)
    if own is None:
        return None
    if own.seat_id == seat_id:
        raise Refused(gettext("This application already has this place."))
    if own.state is MatchState.CONFIRMED:
        raise Refused(gettext("This application has a confirmed place. Cancel that place first."))
    return own


def _cannot_yield(match: Match | None, seat_id: UUID) -> str:
    if match is None or match.seat_id != seat_id:
        return gettext("The match that you want to replace does not hold this place now.")
    return gettext("The match that you want to replace has been confirmed since %(moment)s. Cancel it first.") % {
        "moment": dates.moment(match.since)
    }


async def _put(tx: Tx, snapshot: Snapshot, found: Weighed, match_id: UUID, reason: Reason) -> bool:
    """Write an override; return False if facts have arrived since it was weighed."""
    proposal, call_id, now = found.proposal, snapshot.facts.call_id, clock.now()
    pool = await pools.version(tx.session, call_id, lock=True)
    if pool is None or pool.input_version != snapshot.version:
        return False
    ended = [match for match in (found.own, found.instead) if match is not None]
    cases = await Transitions.for_proposals(tx, [proposal.application_id], [match.id for match in ended])
    for match in ended:
        # The place that the new match takes does not fall free.
        await cases.supersede(match.id, match_id, reason, vacates=match is not found.instead)
    # Before the first cohort there is no run: then the override stands for itself.
    run_id = await cohorts_runs.newest_id(tx.session, call_id, proposal.pairing.kind.value) or match_id
    step = matches.propose(
        match_id,
        proposal.pairing,
        run_id=run_id,
        score=proposal.score,
        weeks=proposal.weeks,
        next_in_line=proposal.next_in_line,
        due=workdays.due(now, snapshot.facts.terms.timers.clearance_wd, Unit.WORKING_DAYS, proposal.pairing.country),
        now=now,
        override=reason,
    )
    await cases.propose(step, None)
    explained = matched(found.price.receipt, proposal, run_id=run_id, match_id=match_id, override=reason)
    await publish_receipts(tx, {proposal.application_id: explained})
    await facts_actions.leave_pool(tx.session, [proposal.application_id])
    await cases.save()
    return True
