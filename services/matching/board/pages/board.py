"""The board: what is overdue, the flow of the applications and the newest events, on one page that updates itself."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, NotRequired, TypedDict

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.board import Pipeline, StageCount, board_page
from services.matching.board.views.monitoring import progress
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_filter, call_of
from services.matching.parameters import BusDep
from services.matching.words import reason, stage
from shared.contracts.codes import Role
from shared.i18n import N_, gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.time import dates
from shared.web.live import live_route
from shared.web.render import render
from shared.web.states import states

router = APIRouter(prefix="/matching", include_in_schema=False)
router.add_api_route("/live", live_route("board"), dependencies=[Depends(allow(*COORDINATORS))])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]
Programme = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]

_ORDER = ("application", "match", "visit", "mentorship")
_ENDED = "ended"
_STEPS = {
    "submitted": N_("Submitted"),
    "endorsed": N_("Endorsed"),
    "eligible": N_("Eligible"),
    "matched": N_("Matched"),
    "confirmed": N_("Confirmed"),
    "completed": N_("Completed"),
}
_STEP_OF = {
    **dict.fromkeys(("submitted", "returned_for_information", "appealed"), "submitted"),
    **dict.fromkeys(("endorsed",), "endorsed"),
    **dict.fromkeys(("eligible", "in_matching", "waitlisted", "waitlisted_cleared"), "eligible"),
    **dict.fromkeys(("accepted", "scheduled", "under_way"), "confirmed"),
}
"""The step at which an application stands that has no match, visit or pair to name it."""


class Count(TypedDict):
    """The number of cases in a stage, with the address of the list that shows them."""

    count: int
    name: str
    href: str
    tone: NotRequired[str]
    note: NotRequired[str | None]


class Step(TypedDict):
    """A step of the flow: how many applications reached it, of how many, and the cases that stand there now."""

    name: str
    reached: int | None
    share: float
    counts: list[Count]


@router.get("/")
async def board(request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "") -> Response:
    """Return the board of one call, or of all."""
    reader = service_of(request).reader
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        call_id = call.id if call else None
        view = await board_page(session, reach(principal), call_id, to_read=reader.behind(), paused=reader.paused)
    return render(
        request,
        "board/board.html",
        view=view,
        call=call,
        call_filter=call_filter(calls, call),
        flow=_flow(view.stages, view.pipeline, chosen),
        finding=_finding(view.pipeline),
        news=[(day, list(lines)) for day, lines in groupby(view.lines, lambda line: dates.day(line["when"]))],
        may_commit=principal.has(Role.PROGRAMME_COORDINATOR) and call is not None,
        reason=reason,
        stage=stage,
    )


@router.get("/system")
async def system(request: Request, bus: BusDep, _: Programme) -> Response:
    """Show what this service has still to read, match and send."""
    reader = service_of(request).reader
    async with bus.read() as session:
        backlog = await progress(session, None, to_read=reader.behind(), paused=reader.paused)
    return render(request, "board/system.html", progress=backlog)


def _flow(stages: Sequence[StageCount], reached: Pipeline, call: str | None) -> list[Step]:
    """Return the steps in the order of the process, and last the cases that ended; nothing without any case."""
    if not stages:
        return []
    standing: dict[str, list[Count]] = {}
    for each in sorted(stages, key=lambda each: (_ORDER.index(each.kind), _place(each.kind, each.state))):
        standing.setdefault(_step(each), []).append(_count(each, call))
    steps: list[Step] = [
        {
            "name": gettext(name),
            "reached": getattr(reached, code),
            "share": getattr(reached, code) / reached.submitted if reached.submitted else 0.0,
            "counts": standing.get(code, []),
        }
        for code, name in _STEPS.items()
    ]
    if ended := standing.get(_ENDED):
        steps.append({"name": gettext("Ended"), "reached": None, "share": 0.0, "counts": ended})
    return steps


def _step(each: StageCount) -> str:
    """Return the step of the flow at which cases of a stage stand."""
    tone = stage(each.kind, each.state).tone
    if tone == "ended":
        return _ENDED
    if each.kind == "application":
        return "completed" if tone == "done" else _STEP_OF.get(each.state, "matched")
    if each.kind == "match":
        return "confirmed" if tone == "done" else "matched"
    return "completed" if tone == "done" else "confirmed"


def _count(each: StageCount, call: str | None) -> Count:
    """Return the number of cases in a stage, with the address of its rows."""
    chosen = f"call={call}&" if call else ""
    return {
        "count": each.count,
        "name": stage(each.kind, each.state).word,
        "href": f"/matching/applications?{chosen}stage={each.kind}:{each.state}",
        "tone": stage(each.kind, each.state).tone,
        "note": gettext("the oldest since %(day)s") % {"day": dates.day(each.oldest)} if each.oldest else None,
    }


def _place(kind: str, code: str) -> int:
    return [state.code for state in states(kind)].index(code)


def _finding(reached: Pipeline) -> str:
    """Return in one sentence how far the eligible applications came."""
    if not reached.eligible:
        return gettext("No application is eligible yet.")
    return gettext("%(matched)d of %(eligible)d eligible applications have at least a proposed match.") % {
        "matched": reached.matched,
        "eligible": reached.eligible,
    }
