"""Show deadlines: as rows of a list, by holder, and with the time that a call gives for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from services.notifications.cases.model import audience, country_of
from services.notifications.deadlines.model.rules import PROGRAMME, REMINDERS, RIGHTS
from services.notifications.deadlines.model.tasks import TASKS
from services.notifications.deadlines.store import lists
from shared.contracts.calls import Timers
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import country, label
from shared.contracts.lifecycle import DEADLINES, Unit
from shared.i18n import gettext, ngettext

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.notifications.deadlines.store.deadlines import DeadlineEntry

OWNERS = tuple(
    dict.fromkeys(kind for deadline in DEADLINES.values() for kind in (*deadline.owners, deadline.deputy) if kind)
)
"""Who may have a deadline, in the order of the process."""

_ID_LENGTH = 6
_PAST = timedelta(days=365)
_MOST_UPCOMING = 1000


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """A deadline as a row of a list, in words."""

    id: UUID
    kind: str
    task: str
    owner: str
    country: str
    reference: str
    application_id: UUID | None
    due: datetime
    over: bool


def deadline_view(entry: DeadlineEntry, now: datetime) -> DeadlineView:
    """Return a deadline in words, in the current language; `now` is domain time."""
    deadline, case = entry.deadline, entry.case
    recipient = audience(deadline.owner, case)
    return DeadlineView(
        id=entry.id,
        kind=label(deadline.kind),
        task=gettext(TASKS[deadline.kind]),
        owner=gettext(deadline.owner.label),
        country=country(country_of(recipient.kind if recipient else deadline.owner, case)),
        reference=case.reference,
        application_id=case.application_id,
        due=entry.due,
        over=entry.due <= now,
    )


async def upcoming(
    session: AsyncSession, countries: frozenset[str] | None, now: datetime, days: int
) -> list[DeadlineEntry]:
    """Return the open deadlines of some countries (None: all), the first due first; at most a thousand.

    They are those of the last year and of the next `days` after domain time `now`.
    """
    wanted = lists.DeadlineFilter(now, countries, since=now - _PAST, until=now + timedelta(days=days))
    found, _ = await lists.deadlines_page(session, wanted, size=_MOST_UPCOMING)
    return found


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
            ends=deadline.ends_with or (gettext("It lapses, and nobody is told.") if kind in RIGHTS else ""),
        )
        for kind, deadline in DEADLINES.items()
    ]


def _reminder(kind: DeadlineKind, timers: Timers) -> str:
    if kind is DeadlineKind.INFORMATION:
        after = _length(timers.information_reminder_wd, Unit.WORKING_DAYS)
        return gettext("%(length)s after it is asked") % {"length": after}
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
    return gettext("%(length)s before") % {"length": length} if before else length
