"""Pages to approve and publish a period, and to restate a frozen one."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from starlette.requests import Request

from services.reporting.approval.actions import periods, restatements
from services.reporting.disclosure import views as disclosure_views
from services.reporting.figures.actions.running_counts import PUBLISH, RESTATE
from services.reporting.figures.model.restatement import Change
from services.reporting.guards import Steerer
from services.reporting.indicators.model.catalogue import COUNTED
from services.reporting.parameters import BusDep, RunningCountsDep
from shared.contracts.codes import RestatementReason
from shared.i18n import N_, gettext
from shared.web import states
from shared.web.render import render, see_other

router = APIRouter(include_in_schema=False)
_DONE = {
    "proposed": N_("The restatement is proposed. Another person must now approve or decline it."),
    "declined": N_("The restatement is declined. The figures stay as they are."),
    "withdrawn": N_("Your proposal is withdrawn. The figures stay as they are."),
}


@router.post("/reporting/periods/{label}/submit")
async def submit(label: str, principal: Steerer, bus: BusDep, counts: RunningCountsDep) -> Response:
    """Submit a period's figures as they are now; if that takes long, the page says so."""
    await counts.run(label, periods.submit(bus, principal, label), (principal.subject, "submit"))
    done = "" if counts.of(label) else "&done=submitted"
    return see_other(f"/reporting/?period={label}{done}")


@router.post("/reporting/periods/{label}/return")
async def give_back(label: str, principal: Steerer, bus: BusDep, reason: Annotated[str, Form()] = "") -> Response:
    """Return submitted figures to their author."""
    await periods.give_back(bus, principal, label, reason)
    return see_other(f"/reporting/?period={label}&done=returned")


@router.post("/reporting/periods/{label}/approve")
async def approve(label: str, principal: Steerer, bus: BusDep) -> Response:
    """Approve and freeze what another person submitted."""
    await periods.approve(bus, principal, label)
    return see_other(f"/reporting/?period={label}&done=approved")


@router.post("/reporting/periods/{label}/publish")
async def publish(label: str, principal: Steerer, bus: BusDep, counts: RunningCountsDep) -> Response:
    """Publish frozen figures; if the check before it takes long, the page says so."""
    await counts.run(label, periods.publish(bus, principal, label), (principal.subject, PUBLISH))
    done = "" if counts.of(label) else "&done=published"
    return see_other(f"/reporting/?period={label}{done}")


@router.get("/reporting/periods/{label}/restatement")
async def restatement(
    request: Request, principal: Steerer, bus: BusDep, counts: RunningCountsDep, label: str
) -> Response:
    """Show how frozen figures differ from the facts, number by number, with the events that make the difference."""
    work = counts.of(label)
    if work is not None and not work.wrong:
        return render(request, "approval/counting.html", label=label, work=work)
    async with bus.read() as session:
        found = await restatements.difference(bus, session, label)
    proposal = found.proposal
    if work is not None:
        work = counts.of(label, found.counted_at, publishable=proposal is not None)
    return render(
        request,
        "approval/restatement.html",
        approval=found.approval,
        state=states.state("period", found.approval.state),
        changes=found.changes,
        figures=_by_figure(found.changes),
        proposal=proposal,
        work=work,
        done=gettext(_DONE[done]) if (done := request.query_params.get("done")) in _DONE else "",
        earlier=found.decided,
        reasons=list(RestatementReason),
        definitions=COUNTED,
        show=disclosure_views,
        own=proposal is not None and proposal.author == principal.subject,
    )


def _by_figure(changes: Sequence[Change]) -> list[tuple[str, Change | None, list[Change]]]:
    """Return each figure with the change of its total, if any, and those of its parts; figures that move first."""
    totals = {change.indicator: change for change in changes if not change.dimension}
    names = list(dict.fromkeys(change.indicator for change in changes))
    found = [
        (name, totals.get(name), [change for change in changes if change.indicator == name and change.dimension])
        for name in names
    ]
    return sorted(found, key=lambda each: each[1] is None or each[1].old.value == each[1].new.value)


@router.post("/reporting/periods/{label}/restatement/propose")
async def propose(
    label: str, principal: Steerer, bus: BusDep, counts: RunningCountsDep, reason: Annotated[str, Form()] = ""
) -> Response:
    """Propose to state the figures again, as the facts are now; if that takes long, the page says so."""
    work = restatements.propose(bus, principal, label, reason)
    await counts.run(label, work, (principal.subject, f"propose {reason}"))
    done = "" if counts.of(label) else "?done=proposed"
    return see_other(f"/reporting/periods/{label}/restatement{done}")


@router.post("/reporting/periods/{label}/restatement/approve")
async def approve_restatement(label: str, principal: Steerer, bus: BusDep, counts: RunningCountsDep) -> Response:
    """Approve what another person proposed; if the check before it takes long, the page says so."""
    await counts.run(label, restatements.approve(bus, principal, label), (principal.subject, RESTATE))
    if counts.of(label):
        return see_other(f"/reporting/periods/{label}/restatement")
    return see_other(f"/reporting/?period={label}&done=restated")


@router.post("/reporting/periods/{label}/restatement/decline")
async def decline(label: str, principal: Steerer, bus: BusDep) -> Response:
    """Decline what another person proposed."""
    await restatements.decline(bus, principal, label)
    return see_other(f"/reporting/periods/{label}/restatement?done=declined")


@router.post("/reporting/periods/{label}/restatement/withdraw")
async def withdraw(label: str, principal: Steerer, bus: BusDep) -> Response:
    """Withdraw one's own proposal."""
    await restatements.withdraw(bus, principal, label)
    return see_other(f"/reporting/periods/{label}/restatement?done=withdrawn")
