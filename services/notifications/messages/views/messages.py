"""How are messages and deadlines shown? The same words for pages, the API and the portal's inbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.notifications.cases.model import audience, country_of
from services.notifications.deadlines.model import PROGRAMME, REMIND, RIGHTS
from services.notifications.messages.model.table.deadlines import TASKS
from services.notifications.messages.model.wording import Wording, wording
from services.notifications.messages.store import messages as store
from shared.contracts.calls import Timers
from shared.contracts.codes import AudienceKind, DeadlineKind
from shared.contracts.labels import country, label
from shared.contracts.lifecycle import DEADLINES, Unit
from shared.i18n import gettext, ngettext
from shared.identity.scope import EU

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.notifications.deadlines.store.deadlines import Falls
    from services.notifications.messages.model.rule import Rule
    from services.notifications.messages.store.messages import MessageRow

_COORDINATORS = frozenset({AudienceKind.HOME_COORDINATOR, AudienceKind.HOST_COORDINATOR})
_DEPUTIES = frozenset({AudienceKind.HOME_DEPUTY, AudienceKind.HOST_DEPUTY})
# A message's state as the shared table of states calls it.
_STATES = {store.WAITING: "waiting", store.DONE: "sent", store.FAILED: "failed"}


def said(message: MessageRow, *, origin: str = "", host: str = "") -> Wording:
    """A message in words, in the current language."""
    return wording(message.row, message.case, message.facts, to=message.audience.kind, origin=origin, host=host)


def state_of(message: MessageRow) -> str:
    """The code of its state in `shared.web.states`, kind `notification`."""
    return _STATES[message.state]


def stored(code: str | None) -> str | None:
    """The stored state for a code of `shared.web.states`; None for one that is unknown."""
    return next((stored for stored, shown in _STATES.items() if shown == code), None)


_PLACE = re.compile(r"%\(\w+\)s")


def subject(rule: Rule) -> str:
    """What a message of the table is called in lists: its subject, without the words that each event fills in."""
    return _PLACE.sub("…", gettext(rule.subject))


def to_whom(message: MessageRow) -> str:
    """The audience in words: `National coordinator, home (Moldova)`."""
    audience = gettext(message.audience.kind.label)
    if message.country == EU and message.audience.kind in _COORDINATORS:
        return gettext("Clearance officer of the EU agency")
    if message.country == EU and message.audience.kind in _DEPUTIES:
        return gettext("Deputy of the clearance officer of the EU agency")
    where = country(message.country)
    return f"{audience} ({where})" if where else audience


def told_to(rule: Rule) -> str:
    """The audience of a row of the table in words."""
    words = {
        "owner": gettext("Whoever has it"),
        "escalation": gettext("The next in line"),
        "companion": gettext("Whoever is named"),
        "proposer": gettext("Whoever proposed it"),
    }
    return words.get(str(rule.to)) or label(rule.to)


OWNERS = tuple(dict.fromkeys(kind for one in DEADLINES.values() for kind in (*one.owners, one.deputy) if kind))
"""Who may have a deadline, in the order of the story."""


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline as it is listed."""

    id: UUID
    kind: str
    task: str
    owner: str
    country: str
    reference: str
    application_id: UUID | None
    due: datetime
    over: bool


def due(falls: Falls, now: datetime) -> Due:
    """A deadline in words, in the current language."""
    waited, case = falls.waited, falls.case
    whom = audience(waited.owner, case)
    return Due(
        id=falls.id,
        kind=label(waited.kind),
        task=gettext(TASKS[waited.kind]),
        owner=gettext(waited.owner.label),
        country=country(country_of(whom.kind if whom else waited.owner, case)),
        reference=case.reference,
        application_id=case.application_id,
        due=falls.due,
        over=falls.due <= now,
    )


def holder(key: str, owner: AudienceKind, called: str) -> str:
    """Who has a deadline, in words: a person by a case, a host by its agency, an office by its place."""
    what, _, id_ = key.partition(":")
    role = gettext(owner.label)
    if what in {"application", "manager", "mentor", "organisation"}:
        return f"{role}, {called or id_[-6:]}"
    return role if key == PROGRAMME else f"{role} ({country(id_) or gettext('EU agency')})"


@dataclass(frozen=True, slots=True)
class Term:
    """How much time is given for one thing, in words."""

    kind: str
    owners: str
    length: str
    usual: str
    changed: bool
    reminder: str
    escalates: str
    ends: str


def terms(timers: Timers | None) -> list[Term]:
    """All deadlines with what is in force under a call's `timers` (None: the programme's own), in the story's order."""
    held = timers or Timers()
    shown = []
    for kind, deadline in DEADLINES.items():
        length = getattr(held, deadline.timer)
        deputy = [] if deadline.deputy is None else [_deputy(deadline.deputy, held.deputy_wd)]
        shown.append(
            Term(
                kind=label(kind),
                owners=", ".join(label(each) for each in deadline.owners),
                length=_length(length, deadline.unit, before=deadline.before or kind is DeadlineKind.AGENDA),
                usual=_length(deadline.default, deadline.unit),
                changed=length != deadline.default,
                reminder=_reminder(kind, held),
                escalates=", ".join((*deputy, *(label(each) for each in deadline.escalates_to))),
                ends=deadline.ends_with or (gettext("It lapses, and nobody is told.") if kind in RIGHTS else ""),
            )
        )
    return shown


def _reminder(kind: DeadlineKind, timers: Timers) -> str:
    if kind is DeadlineKind.INFORMATION:
        after = _length(timers.information_reminder_wd, Unit.WORKING_DAYS)
        return gettext("%(length)s after it is asked") % {"length": after}
    days = REMIND[kind].days
    return ngettext("%(num)d day before", "%(num)d days before", days) % {"num": days}


def _deputy(kind: AudienceKind, days: int) -> str:
    said = {"deputy": label(kind), "length": _length(days, Unit.WORKING_DAYS)}
    return gettext("%(deputy)s (for %(length)s)") % said


def _length(count: int, unit: Unit, *, before: bool = False) -> str:
    said = {
        Unit.WORKING_DAYS: lambda: ngettext("%(num)d working day", "%(num)d working days", count),
        Unit.DAYS: lambda: ngettext("%(num)d day", "%(num)d days", count),
        Unit.WEEKS: lambda: ngettext("%(num)d week", "%(num)d weeks", count),
        Unit.MONTHS: lambda: ngettext("%(num)d month", "%(num)d months", count),
    }[unit]() % {"num": count}
    return gettext("%(length)s before") % {"length": said} if before else said
