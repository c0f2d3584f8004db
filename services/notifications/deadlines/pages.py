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
from services.notifications.deadlines.store.deadlines import Falls
from services.notifications.deadlines.store.lists import By, Group, Wanted
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
    kept = {"week": week, "country": country, "kind": kind, "owner": owner, "whom": whom, "over": over}
    grouped: By = "whom" if by == "whom" else "country" if by == "country" else "week"
    now, mine = clock.now(), countries_read(who)
    wanted = Wanted(
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
        found, total = await lists.listed(session, wanted, page)
        groups = await lists.groups(session, wanted, grouped)
        weeks = {one.value: one for one in await lists.groups(session, Wanted(now, mine), "week")}
        overdue = await lists.over_count(session, now=now, countries=mine)
        called = await _called(session, groups)
    return render(
        request,
        "deadlines/due.html",
        rows=[(views.deadline_row(each, now), _address(kept, whom=each.key)) for each in found],
        total=total,
        page=page,
        counts=_counts(weeks, overdue),
        by=grouped,
        groups=[_group(one, grouped, kept, called) for one in groups],
        cut=len(groups) == lists.GROUPS,
        narrowed=_narrowed(wanted, found[0] if found else None, called),
        fields=_fields(mine, {**kept, "by": grouped}),
        terms=f"{HERE}/terms",
    )


@router.get("/terms")
async def terms(request: Request, bus: BusDep, _: Reader, call: Annotated[str, Query(max_length=40)] = "") -> Response:
    """The time that is given for each task in a call, when people are reminded, and who hears of a missed date."""
    async with bus.read() as session:
        calls = await register.calls(session)
    chosen = next((one for one in calls if str(one.id) == call), None)
    return render(
        request,
        "deadlines/terms.html",
        rows=views.terms(None if chosen is None else chosen.timers),
        call=call if chosen is not None else "",
        calls=[(str(one.id), one.reference or gettext("a call without a reference")) for one in calls],
    )


def _ways() -> dict[By, str]:
    return {"week": gettext("By week"), "whom": gettext("By person or office"), "country": gettext("By country")}


def _address(kept: Mapping[str, str], **changes: str) -> str:
    """Return the address of this page with other filters; empty ones are left out."""
    values = {name: value for name, value in {**kept, **changes}.items() if value}
    return f"{HERE}?{urlencode(values)}" if values else HERE


def _counts(weeks: Mapping[Any, Group], overdue: int) -> list[dict[str, object]]:
    """Return the most urgent counts; each links to exactly its rows."""
    this = clock.today() - timedelta(days=clock.today().weekday())
    shown: list[dict[str, object]] = [
        {"count": overdue, "name": gettext("Overdue"), "href": f"{HERE}?over=yes", "tone": "error"}
    ]
    for monday, words in ((this, gettext("Still this week")), (this + timedelta(days=7), gettext("Next week"))):
        one = weeks.get(monday)
        left = 0 if one is None else one.count - one.over
        shown.append({"count": left, "name": words, "href": f"{HERE}?week={monday}&over=no"})
    return shown


async def _called(session: AsyncSession, groups: list[Group]) -> dict[str, str]:
    """Return the names of holders by key: a person's case reference, a host's agency."""
    known = await cases.referenced(
        session, await cases.cases(session, [one.case_id for one in groups if one.case_id is not None])
    )
    found = {str(one.value): known[one.case_id].reference for one in groups if one.case_id in known}
    hosts = {UUID(id_): key for key in found if (id_ := key.removeprefix("organisation:")) != key}
    agencies = await register.organisation_names(session, hosts)
    return found | {hosts[id_]: name for id_, name in agencies.items()}


def _group(
    one: Group, by: By, kept: Mapping[str, str], called: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str] | int]:
    """Return a line of the overview: name, count and overdue count, each with its link."""
    match by:
        case "week":
            assert isinstance(one.value, date)
            words = dates.span(one.value, one.value + timedelta(days=6))
        case "country":
            words = country_name(str(one.value)) if one.value else gettext("The programme itself")
        case "whom":
            assert one.owner is not None
            words = views.holder_name(str(one.value), AudienceKind(one.owner), called.get(str(one.value), ""))
    if by == "country" and not one.value:
        return {"text": words, "href": ""}, {"text": str(one.count), "href": ""}, one.over
    value = str(one.value)
    over: dict[str, str] | int = one.over
    if one.over:
        over = {"text": str(one.over), "href": _address(kept, **{by: value, "over": "yes", "by": by})}
    href = _address(kept, **{by: value, "by": by})
    return {"text": words, "href": href}, {"text": str(one.count), "href": href}, over


def _narrowed(wanted: Wanted, first: Falls | None, called: Mapping[str, str]) -> list[str]:
    """Return in words the filters that the form does not show."""
    said = []
    if wanted.week is not None:
        said.append(gettext("Week of %(day)s") % {"day": dates.day(wanted.week)})
    if wanted.whom is not None and first is not None:
        name = called.get(first.key) or ("" if first.key.startswith("organisation:") else first.case.reference)
        said.append(views.holder_name(first.key, first.waited.owner, name))
    elif wanted.whom is not None:
        said.append(wanted.whom)
    return said


def _fields(countries: Iterable[str] | None, kept: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        country_field(countries, kept["country"]),
        {
            "name": "kind",
            "label": gettext("What is due"),
            "options": [(each.value, label(each)) for each in DeadlineKind],
            "value": kept["kind"],
        },
        {
            "name": "owner",
            "label": gettext("Who has it"),
            "options": [(each.value, label(each)) for each in views.OWNERS],
            "value": kept["owner"],
        },
        {
            "name": "over",
            "label": gettext("When"),
            "options": [("yes", gettext("Overdue")), ("no", gettext("Still to come"))],
            "value": kept["over"],
        },
        {
            "name": "by",
            "label": gettext("Counted"),
            "options": list(_ways().items()),
            "value": kept["by"],
        },
    ]
