"""The pages of open deadlines, and of the time that is given for each kind."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes.
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from services.notifications.cases.store import cases, register
from services.notifications.deadlines import views
from services.notifications.deadlines.store import lists
from services.notifications.deadlines.store.deadlines import DeadlineEntry
from services.notifications.deadlines.store.lists import DeadlineFilter, Group, Grouping
from services.notifications.filters import country_field, monday_of
from services.notifications.guards import countries_read
from services.notifications.parameters import BusDep, Reader
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import country as country_name
from shared.contracts.labels import label
from shared.i18n import gettext
from shared.time import clock, dates
from shared.web.render import render

router = APIRouter(prefix="/notifications/due", include_in_schema=False)
HERE = "/notifications/due"


@router.get("")
async def due(
    request: Request,
    bus: BusDep,
    who: Reader,
    by: Annotated[str, Query(max_length=10)] = "week",
    week: Annotated[str, Query(max_length=10)] = "",
    country: Annotated[str, Query(max_length=2)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    owner: Annotated[str, Query(max_length=40)] = "",
    whom: Annotated[str, Query(max_length=80)] = "",
    over: Annotated[str, Query(max_length=3)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The open deadlines, counted by week, holder or country, and one page of them; an unknown filter is ignored."""
    chosen = {"week": week, "country": country, "kind": kind, "owner": owner, "whom": whom, "over": over}
    grouped: Grouping = "whom" if by == "whom" else "country" if by == "country" else "week"
    now, mine = clock.now(), countries_read(who)
    wanted = DeadlineFilter(
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
        found, total = await lists.deadlines_page(session, wanted, page)
        groups = await lists.groups(session, wanted, grouped)
        weeks = {group.value: group for group in await lists.groups(session, DeadlineFilter(now, mine), "week")}
        overdue = await lists.overdue_count(session, now=now, countries=mine)
        names = await _called(session, groups)
    return render(
        request,
        "deadlines/due.html",
        rows=[(views.deadline_view(entry, now), _address(chosen, whom=entry.key)) for entry in found],
        total=total,
        page=page,
        counts=_counts(weeks, overdue),
        by=grouped,
        groups=[_group(group, grouped, chosen, names) for group in groups],
        cut=len(groups) == lists.GROUPS,
        narrowed=_narrowed(wanted, found[0] if found else None, names),
        fields=_fields(mine, {**chosen, "by": grouped}),
        terms=f"{HERE}/terms",
    )


@router.get("/terms")
async def terms(request: Request, bus: BusDep, _: Reader, call: Annotated[str, Query(max_length=40)] = "") -> Response:
    """The time that is given for each task in a call, when people are reminded, and who hears of a missed date."""
    async with bus.read() as session:
        calls = await register.calls(session)
    chosen = next((known_call for known_call in calls if str(known_call.id) == call), None)
    return render(
        request,
        "deadlines/terms.html",
        rows=views.terms(None if chosen is None else chosen.timers),
        call=call if chosen is not None else "",
        calls=[
            (str(known_call.id), known_call.reference or gettext("a call without a reference")) for known_call in calls
        ],
    )


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


def _counts(weeks: Mapping[Any, Group], overdue: int) -> list[dict[str, object]]:
    """Return the most urgent counts; each links to exactly its rows."""
    monday_now = clock.today() - timedelta(days=clock.today().weekday())
    counts: list[dict[str, object]] = [
        {"count": overdue, "name": gettext("Overdue"), "href": f"{HERE}?over=yes", "tone": "error"}
    ]
    for monday, words in (
        (monday_now, gettext("Still this week")),
        (monday_now + timedelta(days=7), gettext("Next week")),
    ):
        group = weeks.get(monday)
        left = 0 if group is None else group.count - group.over
        counts.append({"count": left, "name": words, "href": f"{HERE}?week={monday}&over=no"})
    return counts


async def _called(session: AsyncSession, groups: list[Group]) -> dict[str, str]:
    """Return the names of holders by key: a person's case reference, a host's agency."""
    known = await cases.with_references(
        session, await cases.cases(session, [group.case_id for group in groups if group.case_id is not None])
    )
    found = {str(group.value): known[group.case_id].reference for group in groups if group.case_id in known}
    hosts = {UUID(id_): key for key in found if (id_ := key.removeprefix("organisation:")) != key}
    agencies = await register.organisation_names(session, hosts)
    return found | {hosts[id_]: name for id_, name in agencies.items()}


def _group(
    group: Group, by: Grouping, chosen: Mapping[str, str], names: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str] | int]:
    """Return a line of the overview: name, count and overdue count, each with its link."""
    match by:
        case "week":
            assert isinstance(group.value, date)
            words = dates.span(group.value, group.value + timedelta(days=6))
        case "country":
            words = country_name(str(group.value)) if group.value else gettext("The programme itself")
        case "whom":
            assert group.owner is not None
            words = views.holder_name(str(group.value), AudienceKind(group.owner), names.get(str(group.value), ""))
    if by == "country" and not group.value:
        return {"text": words, "href": ""}, {"text": str(group.count), "href": ""}, group.over
    value = str(group.value)
    over: dict[str, str] | int = group.over
    if group.over:
        over = {"text": str(group.over), "href": _address(chosen, **{by: value, "over": "yes", "by": by})}
    href = _address(chosen, **{by: value, "by": by})
    return {"text": words, "href": href}, {"text": str(group.count), "href": href}, over


def _narrowed(wanted: DeadlineFilter, first: DeadlineEntry | None, names: Mapping[str, str]) -> list[str]:
    """Return in words the filters that the form does not show."""
    filters = []
    if wanted.week is not None:
        filters.append(gettext("Week of %(day)s") % {"day": dates.day(wanted.week)})
    if wanted.whom is not None and first is not None:
        name = names.get(first.key) or ("" if first.key.startswith("organisation:") else first.case.reference)
        filters.append(views.holder_name(first.key, first.deadline.owner, name))
    elif wanted.whom is not None:
        filters.append(wanted.whom)
    return filters


def _fields(countries: Iterable[str] | None, chosen: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        country_field(countries, chosen["country"]),
        {
            "name": "kind",
            "label": gettext("What is due"),
            "options": [(kind.value, label(kind)) for kind in DeadlineKind],
            "value": chosen["kind"],
        },
        {
            "name": "owner",
            "label": gettext("Who has it"),
            "options": [(kind.value, label(kind)) for kind in views.OWNERS],
            "value": chosen["owner"],
        },
        {
            "name": "over",
            "label": gettext("When"),
            "options": [("yes", gettext("Overdue")), ("no", gettext("Still to come"))],
            "value": chosen["over"],
        },
        {
            "name": "by",
            "label": gettext("Counted"),
            "options": list(_ways().items()),
            "value": chosen["by"],
        },
    ]
