"""Name the cause of a message: the event, its case, when it happened and by whose action, as a role.

A role is all that a reader may know of the person who acted: names stay in the portal, on the page of the case.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from shared.contracts import matches, mentorships, notifications, visits
from shared.contracts.codes import ActingAs, AudienceKind, Party, Side
from shared.contracts.lifecycle import TRANSITIONS, Actor
from shared.contracts.offers import OfferEvent
from shared.i18n import N_, gettext, locale
from shared.time import dates
from shared.time.zones import reader_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from babel import Locale
    from pydantic import JsonValue

    from shared.contracts.base import Event

SYSTEM = N_("Tandem, by the programme's rules")
SENTENCES = {
    (True, True): N_("Cause: %(event)s (%(reference)s), %(moment)s. By: %(actor)s."),
    (True, False): N_("Cause: %(event)s (%(reference)s), %(moment)s."),
    (False, True): N_("Cause: %(event)s, %(moment)s. By: %(actor)s."),
    (False, False): N_("Cause: %(event)s, %(moment)s."),
}
"""The sentence of a cause that has a case or not, and a role or not."""

# Matching and reporting act for somebody where they record an event, so that their name would say nothing.
_ROLES = {
    Actor.OFFICER: AudienceKind.APPLICANT.label,
    Actor.MENTEE: AudienceKind.APPLICANT.label,
    Actor.HOME_COORDINATOR: AudienceKind.HOME_COORDINATOR.label,
    Actor.HOST_COORDINATOR: AudienceKind.HOST_COORDINATOR.label,
    Actor.HOST: AudienceKind.HOST_CONTACT.label,
    Actor.MENTOR: AudienceKind.MENTOR.label,
    Actor.LINE_MANAGER: AudienceKind.LINE_MANAGER.label,
    Actor.PROGRAMME: AudienceKind.PROGRAMME_COORDINATOR.label,
    Actor.CLOCK: SYSTEM,
    Actor.PORTAL: SYSTEM,
    Actor.NOTIFICATIONS: SYSTEM,
}
# Where the recorder of an event is not the one to name.
_NAMED: dict[type[Event], str] = {
    matches.MatchOffered: SYSTEM,
    matches.MatchConfirmed: SYSTEM,
    mentorships.MentorshipOpened: SYSTEM,
    visits.VisitUnschedulable: SYSTEM,
    visits.VisitNoShow: AudienceKind.HOST_CONTACT.label,
    notifications.WebhookChanged: SYSTEM,
}
_COORDINATORS = {
    (ActingAs.COORDINATOR, Side.HOME): AudienceKind.HOME_COORDINATOR,
    (ActingAs.COORDINATOR, Side.HOST): AudienceKind.HOST_COORDINATOR,
    (ActingAs.DEPUTY, Side.HOME): AudienceKind.HOME_DEPUTY,
    (ActingAs.DEPUTY, Side.HOST): AudienceKind.HOST_DEPUTY,
    (ActingAs.PROGRAMME, Side.HOME): AudienceKind.PROGRAMME_COORDINATOR,
    (ActingAs.PROGRAMME, Side.HOST): AudienceKind.PROGRAMME_COORDINATOR,
}


def actor(data: Event) -> str | None:
    """Return the label of the role that caused an event: the one that it names, or the only one that may cause it.

    None where several may, or several do.
    """
    by, capacity = getattr(data, "by", None), getattr(data, "acting_as", None)
    if isinstance(by, Party):
        return by.label
    if isinstance(capacity, ActingAs):
        side = getattr(data, "side", Side.HOST if isinstance(data, OfferEvent) else Side.HOME)
        return _COORDINATORS[capacity, side].label
    return _NAMED.get(type(data)) or _only_role(data.type)


@cache
def _only_role(event: str) -> str | None:
    """Return the label of the one role that may cause such an event, None where several may."""
    roles = {_ROLES.get(each) for transition in TRANSITIONS if transition.event == event for each in transition.by}
    return roles.pop() if len(roles) == 1 else None


def cause(event: type[Event], reference: str, facts: Mapping[str, JsonValue], at: datetime) -> str:
    """Return the cause as a sentence in the current language; `at` is when the event happened."""
    role = facts.get("actor")
    words = {
        "event": gettext(event.label),
        "reference": reference,
        "moment": _moment(at.replace(second=0, microsecond=0), locale(), reader_zone()),
        "actor": gettext(role) if isinstance(role, str) else "",
    }
    return gettext(SENTENCES[bool(reference), bool(words["actor"])]) % words


@lru_cache(maxsize=1024)
def _moment(at: datetime, _language: Locale, _zone: ZoneInfo) -> str:
    """Return a minute in words, as a deadline; cached, since many mails share one."""
    return dates.deadline(at)
