"""The pages of committed runs."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections import Counter
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts.views.committed import MOST_MATCHES, Run, newest_runs, run_page
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_caption, call_filter, call_of, number_of
from services.matching.parameters import BusDep
from services.matching.words import match_stage
from shared.contracts import labels
from shared.contracts.runs import RunFinished
from shared.i18n import gettext, number, percent
from shared.identity import Principal, allow
from shared.time import dates
from shared.web.graphics.charts import Bar, Chart, bars
from shared.web.lists import PAGE, Cell, Column, Empty, Link, Listing, list_page
from shared.web.render import render

_CHOICES = 8
"""So many choices have a bar of their own."""

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]


@router.get("/runs")
async def runs(request: Request, bus: BusDep, _: Coordinator, chosen: ChosenCall = "") -> Response:
    """List all committed cohorts."""
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        found = await newest_runs(session, call.id if call else None)
    names = [gettext("Cohort"), gettext("Kind"), gettext("Committed")]
    numbers = [
        gettext("Matched"),
        gettext("Without a place"),
        gettext("Blocking pairs"),
        gettext("Share of highest sum"),
    ]
    listing = Listing(
        gettext("Cohorts"),
        "/matching/runs",
        [*map(Column, names), *(Column(name, numeric=True) for name in numbers)],
        [_row(each) for each in found],
        len(found),
        Empty(gettext("No cohort has been committed yet."), gettext("Go to the board"), "/matching/"),
        size=max(PAGE, len(found)),
        caption=call_caption(call),
        filters=[call_filter(calls, call)],
    )
    return list_page(request, listing, "cohorts/runs.html", call=call, ranks=ranks([each.result for each in found]))


def _row(run: Run) -> list[Cell]:
    result = run.result
    return [
        Link(gettext("Cohort %(number)s") % {"number": result.cohort}, f"/matching/runs/{run.id}"),
        labels.label(result.kind),
        dates.moment(run.finished_at),
        number(result.matched),
        number(result.unmatched),
        number(result.blocking_pairs),
        share_of_highest(result),
    ]


def share_of_highest(result: RunFinished) -> str | None:
    """Return the share of the highest sum; "at least" where only an upper bound of that sum is known."""
    if result.of_best_ppm is None:
        return None
    share = percent(result.of_best_ppm / 1_000_000, 2)
    if result.certificate is None or result.certificate.valid:
        return share
    return gettext("at least %(share)s") % {"share": share}


@router.get("/runs/{run_id}")
async def run(request: Request, bus: BusDep, _: Coordinator, run_id: UUID) -> Response:
    """Show one run with both prices, and what is needed to repeat it."""
    async with bus.read() as session:
        view = await run_page(session, run_id)
    return render(
        request,
        "cohorts/run.html",
        run=view.run,
        result=view.run.result,
        call=view.call,
        of_best=share_of_highest(view.run.result),
        matches=view.matches,
        match_stage=match_stage,
        is_cut=len(view.matches) == MOST_MATCHES,
        ranks=ranks([view.run.result]),
        done=number_of(request.query_params.get("done", "")),
        reserves=number_of(request.query_params.get("done_reserves", "")) or 0,
    )


def ranks(runs: Sequence[RunFinished]) -> Chart | None:
    """Return which choice among the feasible places the officers obtained, and how many none.

    None if nobody sought one.
    """
    obtained: Counter[int] = Counter()
    for run in runs:
        obtained.update({count.rank: count.applicants for count in run.ranks})
    unplaced, placed = sum(run.unmatched for run in runs), sum(obtained.values())
    if not placed and not unplaced:
        return None
    last = max(obtained, default=0)
    items = [
        Bar(gettext("Choice %(rank)d") % {"rank": rank}, obtained[rank], marked=rank == 1)
        for rank in range(1, min(last, _CHOICES) + 1)
    ]
    if last > _CHOICES:
        rest = sum(count for rank, count in obtained.items() if rank > _CHOICES)
        items.append(Bar(gettext("Choice %(rank)d or later") % {"rank": _CHOICES + 1}, rest))
    items.append(Bar(gettext("No match"), unplaced))
    definition = gettext(
        "Places that meet all rules are ranked by the officer's points. Choice 1 is the place with the highest rank."
    )
    if len(runs) > 1:
        definition += " " + gettext("An officer without a match counts again in each later cohort.")
    return bars(
        gettext("%(first)d of %(all)d got their first choice") % {"first": obtained[1], "all": placed + unplaced},
        items,
        label=gettext("Obtained"),
        value=gettext("Officers"),
        definition=definition,
    )
