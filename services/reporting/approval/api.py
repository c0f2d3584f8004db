"""Approval, publication and restatement of periods, for programs."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.reporting.approval.actions import periods, restatements
from services.reporting.disclosure.actions import released_figure
from services.reporting.feeds.formats.table import as_json
from services.reporting.figures.model.restatement import Proposal
from services.reporting.guards import Reader, Steerer, Tracer
from services.reporting.indicators.model.figure import written
from services.reporting.parameters import BusDep
from services.reporting.periods.views import period_as_json
from shared.errors import Refused
from shared.i18n import gettext

router = APIRouter(prefix="/reporting/api/v1", tags=["figures"])


@router.get("/indicators/{indicator}/history")
async def history(_: Reader, bus: BusDep, indicator: str, period: str) -> dict[str, Any]:
    """Return each statement of a figure of a submitted period, the first one first, as it was shown."""
    where, _figure, _released = await released_figure(bus, indicator, period)
    async with bus.read() as session:
        stated = await restatements.history(session, where, indicator) if where.fixed else []
    return {
        **period_as_json(where),
        "statements": [
            {"statement": number, "reason": reason, **as_json(released)} for number, released, reason in stated
        ],
    }


@router.get("/periods/{label}/restatement")
async def restatement(_: Tracer, bus: BusDep, label: str) -> dict[str, Any]:
    """Return what a restatement of a frozen period would change now, or what the waiting proposal changes."""
    async with bus.read() as session:
        found = await restatements.difference(bus, session, label)
    return {
        **period_as_json(found.where),
        "proposal": _proposal(found.proposal) if found.proposal else None,
        "changes": [
            {
                "indicator": each.indicator,
                "dimension": each.dimension or None,
                "value_of": each.value or None,
                "old": None if each.old.value is None else written(each.old.value),
                "new": None if each.new.value is None else written(each.new.value),
                "added": each.added,
                "removed": each.removed,
            }
            for each in found.changes
        ],
        "earlier": [_proposal(each) for each in found.earlier if each is not found.proposal],
    }


class RestatementIn(BaseModel):
    """Why the figures have to be stated again."""

    reason: str = ""


@router.post("/periods/{label}/restatement")
async def propose(principal: Steerer, bus: BusDep, label: str, proposed: RestatementIn) -> dict[str, Any]:
    """Propose to state a frozen period's figures again; `reason` is late_facts, correction or definition."""
    return _proposal(await restatements.propose(bus, principal, label, proposed.reason))


@router.post("/periods/{label}/restatement/{step}")
async def restatement_step(principal: Steerer, bus: BusDep, label: str, step: str) -> dict[str, Any]:
    """Decide on a proposal: `approve` or `decline` (another person than the author), or `withdraw` (the author)."""
    steps = {
        "approve": restatements.approve,
        "decline": restatements.decline,
        "withdraw": restatements.withdraw,
    }
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return _proposal(await steps[step](bus, principal, label))


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "statement": proposal.statement,
        "reason": proposal.reason.value,
        "state": proposal.state.value,
        "proposed_at": proposal.proposed_at,
        "decided_at": proposal.decided_at,
        "cut_off": proposal.cut_off,
        "figures": proposal.figures,
    }


@router.post("/periods/{label}/{step}")
async def period_step(principal: Steerer, bus: BusDep, label: str, step: str) -> dict[str, Any]:
    """Take a period further: `submit`, `approve` (another person than who submitted) or `publish`."""
    steps = {"submit": periods.submit, "approve": periods.approve, "publish": periods.publish}
    if step not in steps:
        raise Refused(gettext("There is no such step."), 404)
    return period_as_json(await steps[step](bus, principal, label))
