"""Show how a figure was stated, and what a restatement changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.disclosure.views import Number, ReleasedFigure, released_figure
from services.reporting.figures.model.restatement import ProposalState
from services.reporting.periods.views import PeriodStatus, period_status
from shared.contracts.codes import RestatementReason
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.disclosure.model import Released
    from services.reporting.figures.model.restatement import Change, Proposal
    from services.reporting.periods.model.approval import Approval


class FigureStatement(ReleasedFigure):
    """One approved statement of a figure, as it was shown."""

    statement: Annotated[int, Field(description="Its number; the first is 1.", examples=[1])]
    reason: Annotated[RestatementReason | None, Field(description="Why it was restated; null for the first.")]


class FigureHistory(PeriodStatus):
    """All statements of a figure of a submitted period, the first one first."""

    statements: list[FigureStatement]


class RestatementProposal(ReadModel):
    """A proposal to state a frozen period's figures again."""

    statement: Annotated[int, Field(description="The number that the figures get.", examples=[2])]
    reason: RestatementReason
    state: ProposalState
    proposed_at: AwareDatetime
    decided_at: AwareDatetime | None
    cut_off: Annotated[AwareDatetime, Field(description="Facts up to then count.")]
    figures: Annotated[int, Field(description="How many figures change.")]


class FigureChange(ReadModel):
    """One number that changes, before disclosure control."""

    indicator: Annotated[str, Field(examples=["TOPCOP-OP-02"])]
    dimension: Annotated[str | None, Field(description="Null for the total.", examples=["host-country"])]
    value_of: Annotated[str | None, Field(description="The value of the dimension.", examples=["AM"])]
    old: Annotated[Number | None, Field(description="Null if there was no number.")]
    new: Annotated[Number | None, Field(description="Null if there is no number.")]
    added: Annotated[list[UUID], Field(description="Events that count now and did not before.")]
    removed: Annotated[list[UUID], Field(description="Events that no longer count.")]


class Restatement(PeriodStatus):
    """The difference of a frozen period's figures from the facts, or the changes of the waiting proposal."""

    proposal: Annotated[RestatementProposal | None, Field(description="The one that waits for a decision.")]
    changes: list[FigureChange]
    earlier: Annotated[list[RestatementProposal], Field(description="Those that were decided.")]


def figure_statement(statement: int, figure: Released, reason: RestatementReason | None) -> FigureStatement:
    """Return one statement of a figure."""
    return FigureStatement(**dict(released_figure(figure)), statement=statement, reason=reason)


def figure_history(approval: Approval, statements: list[FigureStatement]) -> FigureHistory:
    """Return the statements of a figure of that period."""
    return FigureHistory(**dict(period_status(approval)), statements=statements)


def restatement(
    approval: Approval, proposal: Proposal | None, changes: Sequence[Change], earlier: Sequence[Proposal]
) -> Restatement:
    """Return what changes in a period, and what was proposed."""
    return Restatement(
        **dict(period_status(approval)),
        proposal=None if proposal is None else restatement_proposal(proposal),
        changes=[_change(each) for each in changes],
        earlier=[restatement_proposal(each) for each in earlier],
    )


def restatement_proposal(proposal: Proposal) -> RestatementProposal:
    """Return a proposal without the people behind it."""
    return RestatementProposal(
        statement=proposal.statement,
        reason=proposal.reason,
        state=proposal.state,
        proposed_at=proposal.proposed_at,
        decided_at=proposal.decided_at,
        cut_off=proposal.cut_off,
        figures=proposal.figures,
    )


def _change(change: Change) -> FigureChange:
    return FigureChange(
        indicator=change.indicator,
        dimension=change.dimension or None,
        value_of=change.value or None,
        old=change.old.value,
        new=change.new.value,
        added=list(change.added),
        removed=list(change.removed),
    )
