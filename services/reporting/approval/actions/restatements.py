"""Compare frozen figures with what the facts say now; propose, approve, decline or withdraw a restatement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.reporting.approval import store
from services.reporting.approval.actions.periods import locked
from services.reporting.approval.model import event_key, events_of_figure
from services.reporting.disclosure import actions as disclosure_actions
from services.reporting.disclosure.model import THRESHOLD
from services.reporting.feeds.actions import files as feeds_files
from services.reporting.feeds.actions import publications
from services.reporting.figures import store as figures_store
from services.reporting.figures.actions.full_count import CountRequest, count, differences
from services.reporting.figures.actions.periods import forget_statement, period_of
from services.reporting.figures.model import restatement as model
from services.reporting.figures.model.restatement import Change, Proposal, ProposalState
from services.reporting.figures.model.statement_digest import figures_digest
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.indicators.model.figure import digest_of
from services.reporting.periods import store as periods_store
from services.reporting.periods.actions import save_approval
from services.reporting.periods.model.approval import as_refusal
from shared.contracts.codes import PeriodState, RestatementReason
from shared.contracts.figures import FigureRestated
from shared.contracts.labels import label as label_of
from shared.contracts.periods import CountedEvents, PeriodRestated
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import clock
from shared.time.dates import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.disclosure.model import Released
    from services.reporting.indicators.model.figure import Figure
    from services.reporting.periods.model.approval import Approval
    from shared.bus import Bus, Tx
    from shared.contracts.figures import Figure as FigurePayload
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of frozen figures from the facts: `proposal` is the one that waits for a decision, if any.

    `counted_at` is when the newest of the frozen or proposed figures was counted.
    """

    approval: Approval
    proposal: Proposal | None
    changes: list[Change]
    earlier: list[Proposal]
    counted_at: datetime | None

    @property
    def decided(self) -> list[Proposal]:
        """The proposals that were decided."""
        return [each for each in self.earlier if each is not self.proposal]


async def difference(bus: Bus, session: AsyncSession, label: str) -> Difference:
    """Return what a restatement would change, or what the proposed one changes. Raises `Refused` (404, 409)."""
    approval = await periods_store.approval(session, await period_of(session, label))
    with as_refusal():
        model.restatable(approval)
    proposals = await store.of_period(session, label)
    open_ = next((each for each in proposals if each.state is ProposalState.PROPOSED), None)
    standing = await figures_store.figures_of_statement(session, approval.period, approval.statement)
    if open_:
        after = await _stated(session, approval, open_.statement)
        changes = await differences(session, approval.period, approval.statement, standing, after)
    else:
        request = _recount_request(approval, standing, RestatementReason.LATE_FACTS)
        changes = (await count(bus, session, request)).changes if standing else []
    counted = [each.cut_off for each in standing] + [each.cut_off for each in proposals]
    return Difference(approval, open_, changes, proposals, max(counted, default=None))


async def propose(bus: Bus, principal: Principal, label: str, reason: str) -> Proposal:
    """Propose to state a period's figures again, as the facts are now. Raises `Refused` (404, 409, 422)."""
    if reason not in set(RestatementReason):
        sentence = gettext("Choose a reason")
        raise Refused(sentence, 422, {"reason": sentence})
    async with bus.transaction(principal.subject) as tx:
        approval = await _locked(tx.session, label)
        open_ = await open_proposal(tx.session, label)
        if open_ is not None and (open_.author, open_.reason) == (principal.subject, reason):
            return open_
        if open_ is not None:
            sentence = gettext("A restatement was proposed on %(when)s and is waiting for a decision: %(reason)s.")
            words = {"when": moment(open_.proposed_at), "reason": label_of(open_.reason)}
            raise Refused(sentence % words, code=ProblemCode.DUPLICATE)
        standing = await figures_store.figures_of_statement(tx.session, approval.period, approval.statement)
        request = replace(
            _recount_request(approval, standing, RestatementReason(reason)), keep_as=approval.statement + 1
        )
        found = await count(bus, tx.session, request)
        changed = {each.indicator for each in found.changes}
        if not changed:
            raise Refused(gettext("The figures match the facts, so there is nothing to restate."), 409)
        proposal = Proposal(
            new_id(),
            label,
            approval.statement + 1,
            RestatementReason(reason),
            principal.subject,
            clock.now(),
            found.counted.cut_off,
            len(changed),
            counted=found.counted.model_dump_json(),
        )
        await store.keep(tx.session, proposal)
    return proposal


async def approve(bus: Bus, principal: Principal, label: str) -> Proposal:
    """Approve what another person proposed: from now on these figures count. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        approval = await _locked(tx.session, label)
        proposal = await _to_decide(tx.session, label, principal, ProposalState.APPROVED)
        if proposal.state is ProposalState.APPROVED:
            return proposal
        decided = _decided(proposal, principal, ProposalState.APPROVED)
        before = await figures_store.figures_of_statement(tx.session, approval.period, approval.statement)
        stated = await _stated(tx.session, approval, decided.statement)
        after = {each.definition.id: each for each in stated}
        all_of_it = [after.get(each.definition.id, each) for each in before]
        now = replace(approval, statement=decided.statement, figures_digest=figures_digest(all_of_it))
        await store.keep(tx.session, decided)
        await save_approval(tx.session, now)
        counted = CountedEvents.model_validate_json(decided.counted) if decided.counted else None
        payload = PeriodRestated(period=now.as_reporting_period(), reason=decided.reason, counted=counted)
        await tx.record(payload, now.period.label)
        if approval.state is PeriodState.PUBLISHED:
            old = await disclosure_actions.released_before(tx.session, approval)
            seconds = feeds_files.ours(bus.settings).disclosure_seconds
            new = await disclosure_actions.release_statement(tx.session, now, all_of_it, seconds)
            await publications.publish(tx.session, now, new, bus.settings, reason=decided.reason.value)
            changed = await differences(tx.session, approval.period, approval.statement, before, stated)
            await _record_changes(tx, decided, old, new, changed)
    return decided


async def decline(bus: Bus, principal: Principal, label: str) -> Proposal:
    """Decline what another person proposed: the present figures stay. Raises `Refused` (404, 409)."""
    return await _drop(bus, principal, label, ProposalState.DECLINED)


async def withdraw(bus: Bus, principal: Principal, label: str) -> Proposal:
    """Withdraw one's own proposal. Raises `Refused` (404, 409)."""
    return await _drop(bus, principal, label, ProposalState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Statement:
    """One approved statement of a figure, as it was shown; the first one has no reason."""

    statement: int
    figure: Released
    reason: RestatementReason | None


async def history(session: AsyncSession, approval: Approval, indicator: str, *, steers: bool) -> list[Statement]:
    """Return each approved statement of a figure as it was shown, the first one first."""
    reasons = {
        each.statement: each.reason
        for each in await store.of_period(session, approval.period.label)
        if each.state is ProposalState.APPROVED
    }
    return [
        Statement(number, figure, reasons.get(number))
        for number, figure in await disclosure_actions.released_history(session, approval, indicator, steers=steers)
    ]


async def _drop(bus: Bus, principal: Principal, label: str, state: ProposalState) -> Proposal:
    async with bus.transaction(principal.subject) as tx:
        approval = await _locked(tx.session, label)
        proposal = await _to_decide(tx.session, label, principal, state)
        if proposal.state is state:
            return proposal
        decided = _decided(proposal, principal, state)
        await forget_statement(tx.session, approval.period, decided.statement)
        await store.keep(tx.session, decided)
    return decided


async def _locked(session: AsyncSession, label: str) -> Approval:
    approval = await locked(session, label)
    with as_refusal():
        model.restatable(approval)
    return approval


async def open_proposal(session: AsyncSession, label: str) -> Proposal | None:
    """Return the proposed restatement of a period that waits for a decision, if any."""
    proposals = await store.of_period(session, label)
    return next((each for each in proposals if each.state is ProposalState.PROPOSED), None)


async def _to_decide(session: AsyncSession, label: str, principal: Principal, state: ProposalState) -> Proposal:
    """Return the proposal that waits, or the last one where the same person brought it into that state.

    Raises `Refused` (409) with what is true now.
    """
    proposals = await store.of_period(session, label)
    if not proposals:
        raise Refused(gettext("No restatement of this period was proposed."), code=ProblemCode.STEP_MISSING)
    newest = proposals[0]
    if newest.state is ProposalState.PROPOSED or (newest.state, newest.decided_by) == (state, principal.subject):
        return newest
    with as_refusal():
        raise model.decided_before(newest)


def _decided(proposal: Proposal, principal: Principal, state: ProposalState) -> Proposal:
    with as_refusal():
        return model.decide(proposal, principal.subject, clock.now(), state)


def _recount_request(approval: Approval, standing: Sequence[Figure], reason: RestatementReason) -> CountRequest:
    """Return the request to count a period again, under the definitions of its figures or under the present ones."""
    new = reason is RestatementReason.DEFINITION
    definitions = tuple(
        (each.definition.id, COUNTED[each.definition.id].version if new else each.definition.version)
        for each in standing
    )
    return CountRequest(approval.period.label, definitions, against=approval.statement)


async def _stated(session: AsyncSession, approval: Approval, statement: int) -> list[Figure]:
    """Return the figures of one statement, with the events behind each number."""
    made = []
    for figure in await figures_store.figures_of_statement(session, approval.period, statement, only=True):
        events = await figures_store.proofs(session, approval.period, figure.definition.id, statement)
        made.append(
            replace(
                figure,
                total=replace(figure.total, events=events["", ""]),
                breakdowns={
                    dimension: {value: replace(cell, events=events[dimension, value]) for value, cell in cells.items()}
                    for dimension, cells in figure.breakdowns.items()
                },
            )
        )
    return made


async def _record_changes(
    tx: Tx, decided: Proposal, before: Sequence[Released], stated: Sequence[Released], changed: Sequence[Change]
) -> None:
    """Record each number that differs from the published one, also one that is hidden from now on."""
    events = {(each.indicator, each.dimension, each.value): each for each in changed}
    standing = {each.definition.id: each for each in before}
    for figure in stated:
        old = {event_key(payload): payload for payload in events_of_figure(standing[figure.definition.id])}
        new = {event_key(payload): payload for payload in events_of_figure(figure)}
        for key in sorted({*old, *new}):
            payload, was = new.get(key) or _hidden(old[key], figure), old.get(key)
            if was is not None and (payload.value, payload.events_digest) == (was.value, was.events_digest):
                continue
            (dimension, value) = next(((each.name, each.value) for each in payload.dimensions), ("", ""))
            change = None if payload.suppressed else events.get((figure.definition.id, dimension, value))
            if change is not None and any(0 < len(each) < THRESHOLD for each in (change.added, change.removed)):
                change = None  # the number of events would tell of few people, such as one that was taken out
            await tx.record(
                FigureRestated(
                    figure=payload,
                    previous_value=was.value if was else None,
                    previous_digest=was.events_digest if was else digest_of(()),
                    reason=decided.reason,
                    added=change.added if change else (),
                    removed=change.removed if change else (),
                ),
                key,
            )


def _hidden(was: FigurePayload, figure: Released) -> FigurePayload:
    """Return a part that was shown and is hidden now: too few are behind it, or it would give away another."""
    return was.model_copy(
        update={
            "value": None,
            "numerator": None,
            "denominator": None,
            "suppressed": True,
            "cut_off": figure.cut_off,
            "definition_version": figure.definition.version,
            "events": 0,
            "events_digest": digest_of(()),
        }
    )
