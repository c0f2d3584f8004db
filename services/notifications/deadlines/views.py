"""Show deadlines: as rows of a list, by holder, and with the time that a call gives for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.notifications.cases.model import audience, country_of
from services.notifications.cases.store import cases, register
from services.notifications.deadlines.model.lists import GROUPS, DeadlineFilter, Group, Grouping
from services.notifications.deadlines.model.rules import PROGRAMME, REMINDERS, RIGHTS
from services.notifications.deadlines.model.tasks import TASKS
from services.notifications.deadlines.store import lists
from shared.contracts.base import EVENTS, Country
from shared.contracts.calls import Timers
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import country, label
from shared.contracts.lifecycle import DEADLINES, Unit
from shared.i18n import gettext, ngettext
from shared.next_steps import owner_word
from shared.time import clock, dates
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.deadlines.store.deadlines import DeadlineEntry
    from shared.web.paging import PageRequest

OWNERS = tuple(
    dict.fromkeys(kind for deadline in DEADLINES.values() for kind in (*deadline.owners, deadline.deputy) if kind)
)
"""The kinds of holders of a deadline, in the order of the process."""

_ID_LENGTH = 6
_PAST = timedelta(days=365)


class Deadline(ReadModel):
    """An open deadline."""

    id: UUID
    kind: DeadlineKind
    owner: Annotated[AudienceKind, Field(description="Whose task it is.")]
    due: AwareDatetime
    reference: Annotated[str, Field(description="Of the case; empty while it is not known.", examples=["AM-2026-0042"])]
    application_id: UUID | None
    case_id: UUID
    over: Annotated[bool, Field(description="Whether it has passed.")]
    country: Annotated[Country | None, Field(description="Whose national coordinator sees it; null: the programme.")]
    whom: Annotated[
        str,
        Field(
            description="An opaque key of its holder, the same for all deadlines of that person or office.",
            examples=["programme"],
        ),
    ]


@dataclass(frozen=True, slots=True)
class DeadlineLine:
    """A deadline as a row of a list, in words; `whom` is the key of its holder."""

    id: UUID
    kind: str
    task: str
    owner: str
    country: str
    reference: str
    application_id: UUID | None
    due: datetime
    over: bool
    whom: str


@dataclass(frozen=True, slots=True)
class DeadlineGroup:
    """A week, holder or country with its number of open and overdue deadlines; `value` filters by it (empty: none)."""

    words: str
    value: str
    count: int
    over: int


@dataclass(frozen=True, slots=True)
class DeadlineList:
    """A page of the open deadlines, counted by week, holder or country, with the most urgent numbers.

    `holder` names the holder by whom the list is filtered.
    """

    lines: list[DeadlineLine]
    total: int
    groups: list[DeadlineGroup]
    cut: bool
    overdue: int
    left_this_week: int
    left_next_week: int
    holder: str


@dataclass(frozen=True, slots=True)
class CallTerms:
    """The terms of all deadlines in a call, and the calls to choose from; `call` is empty for the programme's own."""

    terms: list[Term]
    call: str
    calls: list[tuple[str, str]]


def deadline_line(entry: DeadlineEntry, now: datetime) -> DeadlineLine:
    """Return a deadline in words, in the current language; `now` is domain time."""
    deadline, case = entry.deadline, entry.case
    recipient = audience(deadline.owner, case)
    of = country_of(recipient.kind if recipient else deadline.owner, case)
    names_country = deadline.owner in {AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR}
    return DeadlineLine(
        id=entry.id,
        kind=label(deadline.kind),
        task=gettext(TASKS[deadline.kind]),
        owner=owner_word(deadline.kind, deadline.owner, of, mentored=case.mentor_id is not None),
        country="" if names_country else country(of),
        reference=case.reference,
        application_id=case.application_id,
        due=entry.due,
        over=entry.due <= now,
        whom=entry.key,
    )


async def deadlines(
    session: AsyncSession, countries: frozenset[str] | None, days: int, request: PageRequest
) -> Page[Deadline]:
    """Return one page of the open deadlines of some countries (None: all), the first due first.

    They are those of the last year and of the next `days`.
    """
    now = clock.now()
    filters = DeadlineFilter(now, countries, since=now - _PAST, until=now + timedelta(days=days))
    found = await lists.deadlines_by_cursor(session, filters, request)
    return page_of(found, request, Deadline, lambda entry: _deadline(entry, now), lambda entry: (entry.due, entry.id))


def _deadline(entry: DeadlineEntry, now: datetime) -> Deadline:
    return Deadline(
        id=entry.id,
        kind=entry.deadline.kind,
        owner=entry.deadline.owner,
        due=entry.due,
        reference=entry.case.reference,
        application_id=entry.case.application_id,
        case_id=entry.case.id,
        over=entry.due <= now,
        country=entry.country,
        whom=entry.key,
    )


async def deadline_list(session: AsyncSession, filters: DeadlineFilter, by: Grouping, page: int) -> DeadlineList:
    """Return a page of the open deadlines in `filters`, and all of them counted."""
    found, total = await lists.deadlines_page(session, filters, page)
    groups = await lists.groups(session, filters, by)
    mine = DeadlineFilter(filters.now, filters.countries)
    weeks = {group.value: group.count - group.over for group in await lists.groups(session, mine, "week")}
    monday = clock.today() - timedelta(days=clock.today().weekday())
    names = await _holder_names(session, groups)
    return DeadlineList(
        [deadline_line(entry, filters.now) for entry in found],
        total,
        [_group(group, by, names) for group in groups],
        cut=len(groups) == GROUPS,
        overdue=await lists.overdue_count(session, now=filters.now, countries=filters.countries),
        left_this_week=weeks.get(monday, 0),
        left_next_week=weeks.get(monday + timedelta(days=7), 0),
        holder=_holder(filters.whom, found, names),
    )


async def _holder_names(session: AsyncSession, groups: Sequence[Group]) -> Mapping[str, str]:
    """Return the names of holders by key: a person's case reference, a host's agency."""
    ids = [group.case_id for group in groups if group.case_id is not None]
    cases_by_id = await cases.with_references(session, await cases.cases(session, ids))
    found = {str(group.value): cases_by_id[group.case_id].reference for group in groups if group.case_id in cases_by_id}
    hosts = {UUID(id_): key for key in found if (id_ := key.removeprefix("organisation:")) != key}
    agencies = await register.organisation_names(session, hosts)
    return found | {hosts[id_]: name for id_, name in agencies.items()}


def _group(group: Group, by: Grouping, names: Mapping[str, str]) -> DeadlineGroup:
    value = "" if group.value is None else str(group.value)
    match by:
        case "week":
            assert isinstance(group.value, date)
            words = dates.span(group.value, group.value + timedelta(days=6))
        case "country":
            words = country(value) if value else gettext("The programme itself")
        case "whom":
            assert group.owner is not None
            words = holder_name(value, AudienceKind(group.owner), names.get(value, ""))
    return DeadlineGroup(words, value, group.count, group.over)


def _holder(whom: str | None, found: Sequence[DeadlineEntry], names: Mapping[str, str]) -> str:
    """Return in words the holder by whom a list is filtered."""
    if whom is None or not found:
        return whom or ""
    first = found[0]
    name = names.get(first.key) or ("" if first.key.startswith("organisation:") else first.case.reference)
    return holder_name(first.key, first.deadline.owner, name)


async def call_terms(session: AsyncSession, call: str) -> CallTerms:
    """Return the terms of the call with that id; the programme's for any other text."""
    calls = await register.calls(session)
    chosen = next((each for each in calls if str(each.id) == call), None)
    return CallTerms(
        terms(None if chosen is None else chosen.timers),
        "" if chosen is None else call,
        [(str(each.id), each.reference or gettext("a call without a reference")) for each in calls],
    )


def holder_name(key: str, owner: AudienceKind, name: str) -> str:
    """Return the holder of a deadline in words; `name` is a person's case reference or a host's agency, if known."""
    kind, _, id_ = key.partition(":")
    role = gettext(owner.label)
    if kind in {"application", "manager", "mentor", "organisation"}:
        return f"{role}, {name or id_[-_ID_LENGTH:]}"
    return role if key == PROGRAMME else f"{role} ({country(id_) or gettext('EU agency')})"


@dataclass(frozen=True, slots=True)
class Term:
    """The time that is given for one kind of deadline, in words."""

    kind: str
    owners: str
    length: str
    usual: str
    changed: bool
    reminder: str
    escalates: str
    ends: str


def _end(event: str | None, *, right: bool) -> str:
    """Return what happens after a deadline, in words; empty where nothing does."""
    if event:
        return gettext(EVENTS[event].label)
    return gettext("It expires, and nobody is notified.") if right else ""


def terms(timers: Timers | None) -> list[Term]:
    """Return the terms of all deadlines under a call's timers (None: the programme's), in the order of the process."""
    timers = timers or Timers()
    return [
        Term(
            kind=label(kind),
            owners=", ".join(label(owner) for owner in deadline.owners),
            length=_length(
                getattr(timers, deadline.timer),
                deadline.unit,
                before=deadline.before or kind is DeadlineKind.AGENDA,
            ),
            usual=_length(deadline.default, deadline.unit),
            changed=getattr(timers, deadline.timer) != deadline.default,
            reminder=_reminder(kind, timers),
            escalates=", ".join(
                (
                    *([] if deadline.deputy is None else [_deputy(deadline.deputy, timers.deputy_wd)]),
                    *(label(kind) for kind in deadline.escalates_to),
                )
            ),
            ends=_end(deadline.ends_with, right=kind in RIGHTS),
        )
        for kind, deadline in DEADLINES.items()
    ]


def _reminder(kind: DeadlineKind, timers: Timers) -> str:
    if kind is DeadlineKind.INFORMATION:
        after = _length(timers.information_reminder_wd, Unit.WORKING_DAYS)
        return gettext("%(length)s after the request") % {"length": after}
    days = REMINDERS[kind].days
    return ngettext("%(num)d day before", "%(num)d days before", days) % {"num": days}


def _deputy(kind: AudienceKind, days: int) -> str:
    words = {"deputy": label(kind), "length": _length(days, Unit.WORKING_DAYS)}
    return gettext("%(deputy)s (for %(length)s)") % words


def _length(count: int, unit: Unit, *, before: bool = False) -> str:
    length = {
        Unit.WORKING_DAYS: lambda: ngettext("%(num)d working day", "%(num)d working days", count),
        Unit.DAYS: lambda: ngettext("%(num)d day", "%(num)d days", count),
        Unit.WEEKS: lambda: ngettext("%(num)d week", "%(num)d weeks", count),
        Unit.MONTHS: lambda: ngettext("%(num)d month", "%(num)d months", count),
    }[unit]() % {"num": count}
    return gettext("%(length)s before the visit") % {"length": length} if before else length
