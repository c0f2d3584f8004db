"""Bring a decision about a partner into effect, all in the caller's transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as application_store
from services.applications.calls import store as calls_store
from services.applications.mentors import actions as mentors_actions
from services.applications.mentors import store as mentors_store
from services.applications.partners import store
from services.applications.partners.model import CaseState, Choice, DecisionState, GroupChoice, OpenCase, Stage
from services.applications.partners.views import load_open_cases
from services.applications.placements import store as placements_store
from services.applications.placements.actions import placements
from services.applications.register.actions.entries import put_partner
from services.applications.register.store import people
from services.applications.sessions.actions import end_where_suspended
from shared.contracts.applications import ApplicationCancelled
from shared.contracts.codes import PartnerStatus, Party, PauseCause, Reason, Side
from shared.contracts.lifecycle import Unit
from shared.contracts.mentors import MentorPaused
from shared.contracts.offers import OfferPaused
from shared.contracts.participation import CancellationRequested, FundChangeRequested
from shared.contracts.registry import PartnerStatusChanged
from shared.identity import write_partner
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from shared.bus import Tx

REASON = Reason.PARTNER_SUSPENDED


async def take(tx: Tx, decision: store.Decision) -> None:
    """Bring a decision into effect that is locked, as its country is."""
    if decision.status == PartnerStatus.SUSPENDED:
        await _suspend(tx, decision)
    else:
        await _end_notices(tx, decision)
    status = PartnerStatus(decision.status)
    await put_partner(tx, decision.country, status, decision.since)
    # The portal's guards know it with this commit, those of other services when the event reaches them.
    await write_partner(tx, decision.country, status, decision.since)
    if status is PartnerStatus.SUSPENDED:
        await end_where_suspended(tx, await people.with_grant(tx.session, {"country": decision.country}))
    event = PartnerStatusChanged(country=decision.country, status=status, since=decision.since)
    await tx.record(event, decision.country)
    decision.state, decision.effective_at = DecisionState.TAKEN, clock.now()
    tx.session.add(decision)
    for name in ("register", "applications", "matches", "offers", "mentors"):
        await tx.changed(name)


async def _suspend(tx: Tx, decision: store.Decision) -> None:
    """Apply to each case its group's choice, also to cases that joined the group since the preview."""
    open_cases = await load_open_cases(tx.session, decision.country, lock=True)
    chosen = {(choice.side, choice.stage): choice for choice in decision.choices}
    for case in open_cases.cases:
        # No choice was asked for a group that was empty at the time; cases that joined it since are finished.
        choice = chosen.get(case.group) or GroupChoice(side=case.side, stage=case.stage, choice=Choice.FINISH)
        await _decide(tx, decision, case, choice)
    for supply in open_cases.supply:
        await (_pause_offer if supply.kind == "offer" else _pause_mentor)(tx, supply.id)
        tx.session.add(
            _row(
                tx,
                decision,
                supply.id,
                kind=supply.kind,
                reference=supply.reference,
                side=Side.HOST,
                state=CaseState.PAUSED,
            )
        )


async def _decide(tx: Tx, decision: store.Decision, case: OpenCase, choice: GroupChoice) -> None:
    row = _row(
        tx,
        decision,
        case.id,
        kind="application" if case.stage is Stage.WAITING else "match",
        reference=case.reference,
        side=case.side,
        state=CaseState.GOES_ON,
    )
    row.stage, row.other, row.choice = case.stage, case.other, choice.choice
    row.application_id, row.match_id = case.application_id, case.match_id
    match choice.choice:
        case Choice.CANCEL if choice.notice_days == 0:
            row.state = CaseState.CANCELLED if await end(tx, case) else CaseState.OVER
        case Choice.CANCEL:
            row.state, row.ends_on = CaseState.NOTICE, clock.today() + timedelta(days=choice.notice_days)
        case Choice.FUND:
            assert case.match_id is not None
            row.fund_id = UUID(choice.fund_id)
            event = FundChangeRequested(application_id=case.application_id, fund_id=row.fund_id, reason=REASON)
            await tx.record(event, case.match_id, correlation=case.application_id)
        case _:
            pass
    tx.session.add(row)


async def end(tx: Tx, case: OpenCase) -> bool:
    """End one open case; return whether there was anything to end.

    For an officer of the suspended country the application is cancelled, and matching ends its match. A guest or
    mentee of its hosts or mentors keeps the application, and is matched again.
    """
    if case.side is Side.HOST:
        assert case.match_id is not None
        event = CancellationRequested(
            application_id=case.application_id,
            by=Party.PROGRAMME,
            reason=REASON,
            visit_id=case.visit_id,
            mentorship_id=case.mentorship_id,
        )
        await tx.record(event, case.match_id, correlation=case.application_id)
        return True
    application = await application_store.application(tx.session, case.application_id, lock=True)
    if application is None or not states.possible(ApplicationCancelled, application.own_state):
        return False
    call = await calls_store.call(tx.session, application.call_id)
    assert call is not None
    until = due(clock.now(), call.terms.timers.appeal_wd, Unit.WORKING_DAYS, application.country)
    await record(
        tx,
        application,
        ApplicationCancelled(reason=REASON, appeal_until=until),
        state=states.after(ApplicationCancelled, application.own_state),
        due=until,
        reason=REASON,
    )
    return True


async def _pause_offer(tx: Tx, offer_id: UUID) -> None:
    offer = await placements_store.offer(tx.session, offer_id, lock=True)
    assert offer is not None
    await placements.apply_event(tx, offer, OfferPaused(cause=PauseCause.PARTNER_SUSPENDED))


async def _pause_mentor(tx: Tx, mentor_id: UUID) -> None:
    mentor = await mentors_store.mentor(tx.session, mentor_id, lock=True)
    assert mentor is not None
    await mentors_actions.apply_event(tx, mentor, MentorPaused(cause=PauseCause.PARTNER_SUSPENDED))


async def _end_notices(tx: Tx, decision: store.Decision) -> None:
    """End notices that have not run out, as the suspension has ended: the cases go on."""
    for earlier in await store.decisions(tx.session, decision.country):
        for case in await store.cases(tx.session, earlier.id, lock=True):
            if case.state == CaseState.NOTICE:
                case.state, case.at, case.changed_by = CaseState.TAKEN_BACK, clock.now(), tx.actor
                tx.session.add(case)


def _row(
    tx: Tx, decision: store.Decision, id_: UUID, *, kind: str, reference: str, side: Side, state: CaseState
) -> store.DecidedCase:
    return store.DecidedCase(
        decision_id=decision.id,
        id=id_,
        kind=kind,
        reference=reference,
        side=side,
        state=state,
        at=clock.now(),
        changed_by=tx.actor,
    )
