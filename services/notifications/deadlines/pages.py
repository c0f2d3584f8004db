"""The pages of open deadlines, and of the time that is given for each kind.

The second is a table of rules, all on one page, and no `Listing`.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.deadlines import views
from services.notifications.deadlines.model.lists import DeadlineFilter, Grouping
from services.notifications.deadlines.views import DeadlineGroup, DeadlineLine, DeadlineList
from services.notifications.filters import country_field, monday_of
from services.notifications.guards import countries_read
from services.notifications.parameters import BusDep, Reader
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import label
from shared.i18n import gettext
from shared.time import clock, dates
from shared.web import states
from shared.web.lists import Cell, Column, Count, Empty, Filter, Link, Listing, list_page, tag
from shared.web.query import CountryText, DayText, one_of
from shared.web.render import render

router = APIRouter(prefix="/notifications/due", include_in_schema=False)
HERE = "/notifications/due"


@router.get("")
async def due(
    request: Request,
    bus: BusDep,
    principal: Reader,
    by: Annotated[str, one_of("week", "whom", "country")] = "week",
    week: Annotated[DayText, Query(max_length=10)] = "",
    country: CountryText = "",
    kind: Annotated[str, one_of(*DeadlineKind)] = "",
    owner: Annotated[str, one_of(*AudienceKind)] = "",
    whom: Annotated[str, Query(max_length=80)] = "",
    over: Annotated[str, one_of("yes", "no")] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Return the open deadlines, counted by week, holder or country, and one page of them; ignore unknown filters."""
    chosen = {"week": week, "country": country, "kind": kind, "owner": owner, "whom": whom, "over": over}
    grouped: Grouping = "whom" if by == "whom" else "country" if by == "country" else "week"
    now, mine = clock.now(), countries_read(principal)
    filters = DeadlineFilter(
        now,
        mine,
        country=country or None,
        kind=DeadlineKind(kind) if kind in set(DeadlineKind) else None,
        owner=AudienceKind(owner) if owner in set(AudienceKind) else None,
        whom=whom or None,
        week=monday_of(week),
        over={"yes": True, "no": False}.get(over),
    )
    async with bus.read() as session:
        found = await views.deadline_list(session, filters, grouped, page)
    names = (gettext("Case"), gettext("Task"), gettext("With"), gettext("Due"), gettext("Status"))
    listing = Listing(
        gettext("Deadlines"),
        HERE,
        [Column(name) for name in names],
        [_row(line, chosen) for line in found.lines],
        found.total,
        Empty(gettext("Nothing is due."), gettext("Show all"), HERE),
        page=page,
        counts=_counts(found),
        filters=_fields(mine, {**chosen, "by": grouped}),
        table_title=gettext("Deadlines"),
        table_title_shown=True,
    )
    return list_page(
        request,
        listing,
        "deadlines/due.html",
        by=grouped,
        groups=[_group(group, grouped, chosen) for group in found.groups],
        cut=found.cut,
        narrowed=_narrowed(filters, found.holder),
        terms=f"{HERE}/terms",
    )


def _row(line: DeadlineLine, chosen: Mapping[str, str]) -> list[Cell]:
    owner = f"{line.owner} ({line.country})" if line.country else line.owner
    return [
        Link(line.reference or gettext("Open messages"), f"/notifications/?q={line.reference or line.application_id}"),
        line.kind,
        Link(owner, _address(chosen, whom=line.whom)),
        dates.day(line.due),
        tag(states.state("notification", "passed")) if line.over else dates.relative(line.due, clock.today()),
    ]


@router.get("/terms")
async def terms(request: Request, bus: BusDep, _: Reader, call: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Return the time given for each task in a call, when people are reminded, and who hears of a missed date."""
    async with bus.read() as session:
        found = await views.call_terms(session, call)
    return render(request, "deadlines/terms.html", rows=found.terms, call=found.call, calls=found.calls)


def _ways() -> dict[Grouping, str]:
    return {
        "week": gettext("By week"),
        "whom": gettext("By person or office"),
        "country": gettext("By country"),
    }


def _address(chosen: Mapping[str, str], **changes: str) -> str:
    """Return the address of this page with other filters; empty ones are left out."""
    values = {name: value for name, value in {**chosen, **changes}.items() if value}
    return f"{HERE}?{urlencode(values)}" if values else HERE


def _counts(found: DeadlineList) -> list[Count]:
    """Return the most urgent counts; each links to exactly its rows."""
    monday = clock.today() - timedelta(days=clock.today().weekday())
    return [
        Count(found.overdue, gettext("Overdue"), f"{HERE}?over=yes", "error"),
        Count(found.left_this_week, gettext("Later this week"), f"{HERE}?week={monday}&over=no"),
        Count(found.left_next_week, gettext("Next week"), f"{HERE}?week={monday + timedelta(days=7)}&over=no"),
    ]


def _group(group: DeadlineGroup, by: Grouping, chosen: Mapping[str, str]) -> list[Cell]:
    """Return a line of the overview: name, count and overdue count, each with its link."""
    if by == "country" and not group.value:
        return [group.words, str(group.count), group.over]
    over: Cell = group.over
    if group.over:
        over = Link(str(group.over), _address(chosen, **{by: group.value, "over": "yes", "by": by}))
    href = _address(chosen, **{by: group.value, "by": by})
    return [Link(group.words, href), Link(str(group.count), href), over]


def _narrowed(wanted: DeadlineFilter, holder: str) -> list[str]:
    """Return in words the filters that the form does not show."""
    filters = []
    if wanted.week is not None:
        filters.append(gettext("Week of %(day)s") % {"day": dates.day(wanted.week)})
    if holder:
        filters.append(holder)
    return filters


def _fields(countries: Iterable[str] | None, chosen: Mapping[str, str]) -> list[Filter]:
    kinds = [(kind.value, label(kind)) for kind in DeadlineKind]
    owners = [(kind.value, label(kind)) for kind in views.OWNERS]
    over = [("yes", gettext("Overdue")), ("no", gettext("Upcoming"))]
    return [
        country_field(countries, chosen["country"]),
        Filter("kind", gettext("Task"), chosen["kind"], kinds),
        Filter("owner", gettext("With"), chosen["owner"], owners),
        Filter("over", gettext("Status"), chosen["over"], over),
        Filter("by", gettext("Grouping"), chosen["by"], list(_ways().items())),
    ]
