"""The board: counts by stage, what is due next and the newest events, on one page that updates itself."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.activity import views as activity_views
from services.matching.board.views import awaited, late_cases
from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.lifecycle.store import rings
from services.matching.overview.store import board as overview_board
from services.matching.overview.store import monitoring
from services.matching.overview.store.board import WAITING, Filter, Narrowed
from services.matching.parameters import BusDep
from services.matching.provisional.store import replacements
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.time import clock, dates
from shared.web.graphics.charts import Bar, bars
from shared.web.live import live_route
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)
router.add_api_route("/live", live_route("board"), dependencies=[Depends(allow(*COORDINATORS))])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_SHOWN = 12
_LINES = 16
_NEWS = timedelta(days=14)
"""So long the board says of a visit that its place could not be used any more."""
_ORDER = ("application", "match", "visit", "mentorship")


@router.get("/")
async def board(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """The board of one call, or of all."""
    within = reach(who)
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        call_id = call.id if call else None
        stages = await overview_board.stages(session, within, call_id)
        provisional, found = await overview_board.cases(
            session, within, Filter(call_id=call_id, stage="match:provisional", sort="-score"), size=_SHOWN
        )
        waiting: list[Any] = []
        for stage in WAITING:
            wanted = Filter(call_id=call_id, stage=f"application:{stage}")
            rows, _ = await overview_board.cases(session, within, wanted, size=_SHOWN)
            waiting += rows
        due = await overview_board.running_out(session, within, call_id, clock.now())
        pipeline = await overview_board.pipeline(session, within, call_id)
        stream = await overview_board.stream(session, within, Narrowed(call=call_id), limit=_LINES)
        stuck = await late_cases(session, within, call_id, calls)
        behind = await monitoring.behind(session, call_id)
        broken_rings = await rings.broken(session, within, call_id)
        too_late = await replacements.too_late(session, within, call_id, clock.now() - _NEWS)
    return render(
        request,
        "board/board.html",
        call=call,
        call_filter=call_filter(calls, call),
        counts=_counts(stages, request.query_params.get("call")),
        provisional=provisional,
        found=found,
        waiting=waiting[:_SHOWN],
        unplaced=sum(row.number for row in stages if row.stage in WAITING),
        due=due,
        unschedulable=sum(row.number for row in stages if row.stage == "unschedulable"),
        pipeline=_pipeline(pipeline),
        lines=[activity_views.line(row) for row in stream],
        stuck=stuck[:_SHOWN],
        stuck_in_all=len(stuck),
        behind=behind,
        to_read=service_of(request).reader.behind(),
        paused=service_of(request).reader.paused,
        broken_rings=broken_rings,
        too_late=too_late,
        may_commit=who.has(Role.PROGRAMME_COORDINATOR) and call is not None,
        reason=cohorts_views.reason,
        stage=cohorts_views.stage,
        awaited=awaited,
    )


def _counts(stages: list[Any], call: str | None) -> list[dict[str, Any]]:
    """Return the counts by stage, in the order of the process; each links to its rows."""
    chosen = f"call={call}&" if call else ""
    counted = sorted(stages, key=lambda row: (_ORDER.index(row.stage_kind), _place(row.stage_kind, row.stage)))
    return [
        {
            "count": row.number,
            "name": cohorts_views.stage(row.stage_kind, row.stage).word,
            "href": f"/matching/applications?{chosen}stage={row.stage_kind}:{row.stage}",
            "tone": cohorts_views.stage(row.stage_kind, row.stage).tone,
            "note": gettext("the oldest since %(day)s") % {"day": dates.day(row.oldest)} if row.oldest else None,
        }
        for row in counted
    ]


def _place(kind: str, code: str) -> int:
    return [one.code for one in cohorts_views.states(kind)].index(code)


def _pipeline(row: Any) -> Any:
    """Return how many applications reached each step, as bars."""
    steps = [
        Bar(gettext("Submitted"), row.submitted),
        Bar(gettext("Endorsed"), row.endorsed),
        Bar(gettext("Eligible"), row.eligible),
        Bar(gettext("Matched"), row.matched, marked=True),
        Bar(gettext("Confirmed"), row.confirmed),
        Bar(gettext("Completed"), row.completed),
    ]
    if not row.eligible:
        title = gettext("No application is eligible yet")
    else:
        title = gettext(
            "%(matched)d of %(eligible)d eligible applications have a match that was proposed or further"
        ) % {
            "matched": row.matched,
            "eligible": row.eligible,
        }
    return bars(
        title,
        steps,
        label=gettext("Step"),
        value=gettext("Applications"),
        definition=gettext("Each bar counts the applications that reached this step, and still stand or went further."),
    )
