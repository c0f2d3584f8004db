"""The page of supply and demand, by topic and language."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.matching.cohorts import views as cohorts_views
from services.matching.facts.store import facts as store
from services.matching.filters import COORDINATORS, call_filter, call_of
from services.matching.overview.store import monitoring
from services.matching.parameters import BusDep
from shared.contracts import labels
from shared.contracts.calls import CallTerms
from shared.contracts.codes import ApplicationKind
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.graphics.charts import Chart
from shared.web.graphics.heat_maps import Cell, heat
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

_TONGUES = 6
Field = tuple[str, str]


@router.get("/supply")
async def supply(request: Request, bus: BusDep, who: Coordinator) -> Response:
    """Show the heat map of a call, or of all, for visits, mentors or both."""
    kind = request.query_params.get("kind") or None
    kind = kind if kind in set(ApplicationKind) else None
    async with bus.read() as session:
        calls = await store.all_calls(session)
        call = call_of(request, calls)
        call_id = call.id if call else None
        wanted = _counted(await monitoring.demand(session, reach(who), call_id, kind))
        free = _counted(await monitoring.supply(session, call_id, kind))
    scheme = CallTerms.model_validate(call.terms).scheme if call else ""
    return render(
        request,
        "board/supply.html",
        call=call,
        filters=[
            call_filter(calls, call),
            {
                "name": "kind",
                "label": gettext("Kind"),
                "options": [(one.value, labels.label(one)) for one in ApplicationKind],
                "value": kind,
            },
        ],
        chart=chart(wanted, free, scheme) if wanted or free else None,
    )


def _counted(rows: Sequence[Any]) -> Counter[Field]:
    return Counter({(row.topic, row.tongue): int(row.number) for row in rows})


def chart(wanted: Counter[Field], free: Counter[Field], scheme: str) -> Chart:
    """Return the heat map: a row a topic, a column a language, "wanted / free" in each cell.

    The title names the widest gap. Languages with the most free places come first, then those that most waiting
    applicants speak.
    """
    tongues = _most(free, wanted)
    topics = sorted({topic for topic, _ in (*wanted, *free)}, key=lambda one: cohorts_views.topic(one, scheme))
    rows = [
        (
            cohorts_views.topic(topic, scheme),
            [_cell(wanted[topic, tongue], free[topic, tongue]) for tongue in tongues],
        )
        for topic in topics
    ]
    gaps = {field: wanted[field] - free[field] for field in wanted if field[1] in tongues}
    widest = max(sorted(gaps), key=lambda field: gaps[field], default=None)
    if widest is None or gaps[widest] <= 0:
        title = gettext("There are places enough in every topic and language")
    else:
        title = gettext(
            "The widest gap: %(wanted)d want %(topic)s and speak %(tongue)s, %(free)d such places are free"
        ) % {
            "wanted": wanted[widest],
            "topic": cohorts_views.topic(widest[0], scheme),
            "tongue": labels.tongue(widest[1]),
            "free": free[widest],
        }
    return heat(
        title,
        [labels.tongue(tongue) for tongue in tongues],
        rows,
        label=gettext("Topic"),
        definition=gettext(
            "Each field says how many are wanted / free. Wanted: eligible applications without a match that stands, in"
            " every topic that they name and every language that they speak at B1 or better. Free: places of published"
            " offers and mentors that no match holds. One application, or one place, may stand in several fields."
        ),
    )


def _most(free: Counter[Field], wanted: Counter[Field]) -> list[str]:
    offered, spoken = Counter[str](), Counter[str]()
    for counter, by_tongue in ((free, offered), (wanted, spoken)):
        for (_, tongue), number in counter.items():
            by_tongue[tongue] += number
    return sorted(offered.keys() | spoken.keys(), key=lambda one: (-offered[one], -spoken[one], one))[:_TONGUES]


def _cell(wanted: int, free: int) -> Cell:
    if not wanted and not free:
        return Cell("–", 0)  # noqa: RUF001 - a dash for "neither"
    return Cell(f"{wanted} / {free}", (wanted - free) / max(wanted, free))
