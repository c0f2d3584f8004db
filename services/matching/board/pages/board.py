"""The board: counts by stage, what is due next and the newest events, on one page that updates itself."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Sequence
from typing import Annotated, NotRequired, TypedDict

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views.board import Pipeline, StageCount, board_page
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_filter, call_of
from services.matching.parameters import BusDep
from services.matching.words import reason, stage
from shared.contracts.codes import Role
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.runtime.service import service_of
from shared.time import dates
from shared.web.graphics.charts import Bar, Chart, bars
from shared.web.live import live_route
from shared.web.render import render
from shared.web.states import states

router = APIRouter(prefix="/matching", include_in_schema=False)
router.add_api_route("/live", live_route("board"), dependencies=[Depends(allow(*COORDINATORS))])

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_ORDER = ("application", "match", "visit", "mentorship")


class Count(TypedDict):
    """The number of cases in a stage, with the address of the list that shows them."""

    count: int
    name: str
    href: str
    tone: NotRequired[str]
    note: NotRequired[str | None]


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
        counts=_counts(view.stages, chosen),
        pipeline=_pipeline(view.pipeline),
        may_commit=principal.has(Role.PROGRAMME_COORDINATOR) and call is not None,
        reason=reason,
        stage=stage,
    )


def _counts(stages: Sequence[StageCount], call: str | None) -> list[Count]:
    """Return the counts by stage, in the order of the process; each links to its rows."""
    chosen = f"call={call}&" if call else ""
    counted = sorted(stages, key=lambda each: (_ORDER.index(each.kind), _place(each.kind, each.state)))
    return [
        {
            "count": each.count,
            "name": stage(each.kind, each.state).word,
            "href": f"/matching/applications?{chosen}stage={each.kind}:{each.state}",
            "tone": stage(each.kind, each.state).tone,
            "note": gettext("the oldest since %(day)s") % {"day": dates.day(each.oldest)} if each.oldest else None,
        }
        for each in counted
    ]


def _place(kind: str, code: str) -> int:
    return [state.code for state in states(kind)].index(code)


def _pipeline(reached: Pipeline) -> Chart:
    """Return how many applications reached each step, as bars."""
    steps = [
        Bar(gettext("Submitted"), reached.submitted),
        Bar(gettext("Endorsed"), reached.endorsed),
        Bar(gettext("Eligible"), reached.eligible),
        Bar(gettext("Matched"), reached.matched, marked=True),
        Bar(gettext("Confirmed"), reached.confirmed),
        Bar(gettext("Completed"), reached.completed),
    ]
    if not reached.eligible:
        title = gettext("No application is eligible yet")
    else:
        title = gettext("%(matched)d of %(eligible)d eligible applications have at least a proposed match") % {
            "matched": reached.matched,
            "eligible": reached.eligible,
        }
    return bars(
        title,
        steps,
        label=gettext("Step"),
        value=gettext("Applications"),
        definition=gettext(
            "Each bar counts the applications that reached this step and are still active or went further."
        ),
    )
