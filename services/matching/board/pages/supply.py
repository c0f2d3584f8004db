"""The page of supply and demand, by topic and language.

It is a chart with filters, so it is no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.matching.board.views import monitoring
from services.matching.facts.views import all_calls
from services.matching.filters import COORDINATORS, ChosenCall, call_filter, call_of
from services.matching.parameters import BusDep
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind
from shared.i18n import gettext
from shared.identity import Principal, allow
from shared.identity.scope import reach
from shared.web.graphics.charts import Chart
from shared.web.graphics.heat_maps import Cell, heat
from shared.web.lists import Filter
from shared.web.query import one_of
from shared.web.render import render

router = APIRouter(prefix="/matching", include_in_schema=False)

Coordinator = Annotated[Principal, Depends(allow(*COORDINATORS))]

KindText = Annotated[str, one_of(*ApplicationKind), Query(alias="kind")]
_TONGUES = 6
Field = tuple[str, str]


@router.get("/supply")
async def supply(
    request: Request, bus: BusDep, principal: Coordinator, chosen: ChosenCall = "", kind_code: KindText = ""
) -> Response:
    """Show the heat map of a call, or of all, for visits, mentors or both."""
    kind = ApplicationKind(kind_code) if kind_code else None
    async with bus.read() as session:
        calls = await all_calls(session)
        call = call_of(chosen, calls)
        cells = (await monitoring.supply(session, reach(principal), call.id if call else None, kind)).items
    wanted = Counter({(cell.topic, cell.language): cell.wanted for cell in cells})
    free = Counter({(cell.topic, cell.language): cell.free for cell in cells})
    scheme = calls.scheme(call.id if call else None)
    return render(
        request,
        "board/supply.html",
        call=call,
        filters=[
            call_filter(calls, call),
            Filter("kind", gettext("Kind"), kind or "", [(each.value, labels.label(each)) for each in ApplicationKind]),
        ],
        chart=chart(wanted, free, scheme) if cells else None,
    )


def chart(wanted: Counter[Field], free: Counter[Field], scheme: str) -> Chart:
    """Return the heat map: a row a topic, a column a language, "wanted / free" in each cell.

    The title names the widest gap. Languages with the most free places come first, then those that most waiting
    applicants speak.
    """
    tongues = _most(free, wanted)
    topics = sorted({topic for topic, _ in (*wanted, *free)}, key=lambda topic: labels.topic(topic, scheme))
    rows = [
        (
            labels.topic(topic, scheme),
            [_cell(wanted[topic, tongue], free[topic, tongue]) for tongue in tongues],
        )
        for topic in topics
    ]
    gaps = {field: wanted[field] - free[field] for field in wanted if field[1] in tongues}
    widest = max(sorted(gaps), key=lambda field: gaps[field], default=None)
    if widest is None or gaps[widest] <= 0:
        title = gettext("There are enough places in every topic and language")
    else:
        title = gettext("Largest gap: %(topic)s in %(tongue)s (%(wanted)d wanted, %(free)d free)") % {
            "wanted": wanted[widest],
            "topic": labels.topic(widest[0], scheme),
            "tongue": labels.tongue(widest[1]),
            "free": free[widest],
        }
    return heat(
        title,
        [labels.tongue(tongue) for tongue in tongues],
        rows,
        label=gettext("Topic"),
        definition=gettext(
            "Each cell shows wanted / free. “Wanted” counts eligible applications without an active match. Each "
            "is counted in every topic it names and every language at B1 or better. “Free” counts places of "
            "published placements and mentors that no match holds. An application or a place can be counted in "
            "several cells."
        ),
    )


def _most(free: Counter[Field], wanted: Counter[Field]) -> list[str]:
    offered, spoken = Counter[str](), Counter[str]()
    for counter, by_tongue in ((free, offered), (wanted, spoken)):
        for (_, tongue), number in counter.items():
            by_tongue[tongue] += number
    return sorted(offered.keys() | spoken.keys(), key=lambda tongue: (-offered[tongue], -spoken[tongue], tongue))[
        :_TONGUES
    ]


def _cell(wanted: int, free: int) -> Cell:
    if not wanted and not free:
        return Cell("–", 0)  # noqa: RUF001 - a dash for "neither"
    return Cell(f"{wanted} / {free}", (wanted - free) / max(wanted, free))
