"""Take a period's figures from counting to publication: submit, return, approve and freeze, publish.

The same step by the same person once more changes nothing; another step is refused with what is true now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.approval.model import event_key, events_of_figure
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.feeds.actions import files as feeds_files
from services.reporting.feeds.actions import publications
from services.reporting.figures import store as figures_store
from services.reporting.figures.actions.full_count import CountRequest, count
from services.reporting.figures.actions.periods import period_of
from services.reporting.figures.model.statement_digest import figures_digest
from services.reporting.groupings import store as groupings_store
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.periods.actions import lock_approval, save_approval
from services.reporting.periods.model import approval
from services.reporting.periods.model.approval import Approval, as_refusal
from shared.bus.db.last_fact import last_fact
from shared.contracts.codes import PeriodReturnReason, PeriodState
from shared.contracts.figures import FigurePublished
from shared.contracts.lifecycle import allowed
from shared.contracts.periods import (
    PeriodApproved,
    PeriodFrozen,
    PeriodPublished,
    PeriodReturned,
    PeriodSubmitted,
)
from shared.errors import ProblemCode, Refused
from shared.i18n import N_, gettext
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.contracts.base import Event
    from shared.identity import Principal


async def submit(bus: Bus, principal: Principal, label: str) -> Approval:
    """Submit a period's figures as the facts are now. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        period = await period_of(tx.session, label)
        was = await lock_approval(tx.session, period) if period.kind else Approval(period)
        if not await _may_step(tx, was, PeriodSubmitted):
            return was
        with as_refusal():
            approval.submittable(was, clock.today())
        await groupings_store.lock_to_count(tx.session)
        wanted = tuple((each.id, each.version) for each in COUNTED.values())
        counted = (await count(bus, tx.session, CountRequest(period.label, wanted, keep_as=was.statement))).counted
        made = await figures_store.figures_of_statement(tx.session, period, was.statement)
        now = approval.submit(was, principal.subject, clock.today(), counted.cut_off, len(made), figures_digest(made))
        await save_approval(tx.session, now)
        await tx.record(PeriodSubmitted(period=now.as_reporting_period(), counted=counted), period.label)
    return now


async def give_back(bus: Bus, principal: Principal, label: str, reason: str) -> Approval:
    """Return submitted figures to their author. Raises `Refused` (404, 409, 422)."""
    if reason not in set(PeriodReturnReason):
        sentence = gettext("Choose a reason")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        if not await _may_step(tx, was, PeriodReturned, reason):
            return was
        with as_refusal():
            now = approval.give_back(was)
        await save_approval(tx.session, now)
        await tx.record(
            PeriodReturned(period=now.as_reporting_period(), reason=PeriodReturnReason(reason)), now.period.label
        )
    return now


async def approve(bus: Bus, principal: Principal, label: str) -> Approval:
    """Approve what another person submitted; the figures are frozen with it. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        if not await _may_step(tx, was, PeriodApproved):
            return was
        with as_refusal():
            approved = approval.approve(was, principal.subject)
            now = approval.freeze(approved, clock.now())
        await save_approval(tx.session, now)
        await tx.record(PeriodApproved(period=approved.as_reporting_period()), now.period.label)
        await tx.record(PeriodFrozen(period=now.as_reporting_period()), now.period.label)
    return now


async def publish(bus: Bus, principal: Principal, label: str) -> Approval:
    """Publish frozen figures and their files, if all rules are kept. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        was = await locked(tx.session, label)
        if not await _may_step(tx, was, PeriodPublished):
            return was
        with as_refusal():
            now = approval.publish(was)
        await save_approval(tx.session, now)
        released = await disclosure_actions.release_statement(
            tx.session,
            now,
            await figures_store.figures_of_statement(tx.session, now.period, now.statement),
            feeds_files.ours(bus.settings).disclosure_seconds,
        )
        await publications.publish(tx.session, now, released, bus.settings)
        for figure in released:
            for payload in events_of_figure(figure):
                await tx.record(FigurePublished(figure=payload), event_key(payload))
        await tx.record(PeriodPublished(period=now.as_reporting_period()), now.period.label)
    return now


_STEPS = (PeriodSubmitted, PeriodReturned, PeriodApproved, PeriodPublished)
_TAKEN = {
    PeriodState.SUBMITTED: N_("These figures were submitted on %(when)s and are waiting for approval."),
    PeriodState.RETURNED: N_("These figures were returned to their author on %(when)s."),
    PeriodState.FROZEN: N_("These figures were approved and frozen on %(when)s."),
    PeriodState.PUBLISHED: N_("These figures were published on %(when)s."),
}


async def _may_step(tx: Tx, was: Approval, step: type[Event], reason: str | None = None) -> bool:
    """Return whether the step can be taken; False where the same person took it last, for the same reason.

    Raises `Refused` (409) with what was done last where it does not follow on the present state.
    """
    if allowed(step.type, was.state):
        return True
    last = await last_fact(tx.session, was.period.label, _STEPS)
    if last is not None and (last.type, last.actor, last.reason) == (step.type, tx.actor, reason):
        return False
    if last is None or was.state not in _TAKEN:
        raise Refused(gettext("These figures have not been submitted yet."), code=ProblemCode.STEP_MISSING)
    code = ProblemCode.ALREADY_DONE if last.type == step.type else ProblemCode.WRONG_STATE
    raise Refused(gettext(_TAKEN[was.state]) % {"when": moment(last.at)}, code=code)


async def locked(session: AsyncSession, label: str) -> Approval:
    """Return the approval of a period, its row locked until the transaction ends. Raises `Refused` (404, 409)."""
    period = await period_of(session, label)
    if period.kind is None:
        raise Refused(gettext("Figures are approved per year, half-year and quarter, not for the whole programme."))
    return await lock_approval(session, period)
