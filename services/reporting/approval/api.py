"""Approval, publication and restatement of periods, for programs."""

from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from services.reporting.approval import views
from services.reporting.approval.actions import periods, restatements
from services.reporting.approval.views import FigureHistory, Restatement, RestatementProposal
from services.reporting.disclosure.actions import released_figure
from services.reporting.guards import ApiReader, Steerer, may_steer
from services.reporting.parameters import NOT_PUBLISHED, PRESENT_ONLY, BusDep, IndicatorPath, PeriodPath, RequiredPeriod
from services.reporting.periods.views import PeriodStatus, period_status
from shared.contracts.codes import RestatementReason

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


class RestatementStep(StrEnum):
    """A decision on a proposal: approved or declined by another person than the author, withdrawn by the author."""

    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


class PeriodStep(StrEnum):
    """A step of a period; it is approved by another person than who submitted it."""

    SUBMIT = "submit"
    APPROVE = "approve"
    PUBLISH = "publish"


_RESTATEMENT_STEPS = {
    RestatementStep.APPROVE: restatements.approve,
    RestatementStep.DECLINE: restatements.decline,
    RestatementStep.WITHDRAW: restatements.withdraw,
}
_PERIOD_STEPS = {
    PeriodStep.SUBMIT: periods.submit,
    PeriodStep.APPROVE: periods.approve,
    PeriodStep.PUBLISH: periods.publish,
}


class RestatementIn(BaseModel):
    """The reason to restate the figures."""

    model_config = ConfigDict(extra="forbid")

    reason: RestatementReason


@router.get("/indicators/{indicator}/history", responses=NOT_PUBLISHED, dependencies=[PRESENT_ONLY])
async def history(principal: ApiReader, bus: BusDep, indicator: IndicatorPath, period: RequiredPeriod) -> FigureHistory:
    """Return each statement of a figure of a published period, the first one first, as it was shown."""
    steers = may_steer(principal)
    approval = (await released_figure(bus, indicator, period, steers=steers)).approval
    async with bus.read() as session:
        fixed = approval.fixed
        stated = await restatements.history(session, approval, indicator, steers=steers) if fixed else []
    statements = [views.figure_statement(each.statement, each.figure, each.reason) for each in stated]
    return views.figure_history(approval, statements)


@router.get("/periods/{label}/restatement", responses={409: {}})
async def restatement(_: Steerer, bus: BusDep, label: PeriodPath) -> Restatement:
    """Return what a restatement of a frozen period would change now, or what the waiting proposal changes."""
    async with bus.read() as session:
        found = await restatements.difference(bus, session, label)
    return views.restatement(found.approval, found.proposal, found.changes, found.decided)


@router.post("/periods/{label}/restatement", operation_id="propose_period_restatement")
async def propose(principal: Steerer, bus: BusDep, label: PeriodPath, proposed: RestatementIn) -> RestatementProposal:
    """Propose to state a frozen period's figures again."""
    return views.restatement_proposal(await restatements.propose(bus, principal, label, proposed.reason.value))


@router.post("/periods/{label}/restatement/{step}", operation_id="decide_period_restatement")
async def restatement_step(
    principal: Steerer, bus: BusDep, label: PeriodPath, step: RestatementStep
) -> RestatementProposal:
    """Decide on a proposal: another person than its author approves or declines it, the author withdraws it."""
    return views.restatement_proposal(await _RESTATEMENT_STEPS[step](bus, principal, label))


@router.post("/periods/{label}/{step}", operation_id="advance_period")
async def period_step(principal: Steerer, bus: BusDep, label: PeriodPath, step: PeriodStep) -> PeriodStatus:
    """Take a period further: submit it, approve what another person submitted, or publish it."""
    return period_status(await _PERIOD_STEPS[step](bus, principal, label))
