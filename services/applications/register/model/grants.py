"""What may be granted to whom, how does it end, move and lapse? Rules on the grants of one person.

Grants hold by days of domain time. What is over stays among a person's grants, since the history of a role is part of
what the register knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shared.contracts.access import AccessGrant
from shared.contracts.codes import UNION, Role
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

PROGRAMME_WIDE = frozenset(
    {Role.PROGRAMME_COORDINATOR, Role.EVALUATOR, Role.DONOR, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR}
)
"""These hold for the whole programme, whatever country the person is from; only the programme grants them."""
OF_ORGANISATION = frozenset({Role.HOST_CONTACT, Role.CLEARANCE_OFFICER})
"""These are nothing without an organisation."""
PROPOSED_BY_COUNTRY = (Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.ANASPOC)
PROPOSED_BY_AGENCY = (Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT, Role.CLEARANCE_OFFICER)
DEPUTISED = (Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.HOST_CONTACT)
"""Whose holders may name a deputy."""
# What goes along with somebody who moves: what one is good at. An office stays with the country or the organisation.
_MOVES_ALONG = frozenset({Role.OFFICER, Role.MENTOR})
LONGEST_DEPUTY = timedelta(days=366)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RoleInput:
    """A role as a form gives it, before it has its country and organisation."""

    role: Role
    since: date
    until: date | None = None


def active(grant: AccessGrant, day: date) -> bool:
    """Whether a grant holds on a day."""
    return grant.since <= day and not over(grant, day)


def over(grant: AccessGrant, day: date) -> bool:
    """Whether a grant has ended before a day."""
    return grant.until is not None and grant.until < day


def to_come(grants: Iterable[AccessGrant], day: date) -> list[AccessGrant]:
    """The grants that hold on a day or later."""
    return [grant for grant in grants if not over(grant, day)]


def editable(grant: AccessGrant, roles: Iterable[Role], day: date) -> bool:
    """Whether a form about a person's roles may change a grant: no deputy's, nothing that is over, one of `roles`."""
    return grant.deputy_for is None and not over(grant, day) and grant.role in frozenset(roles)


def with_roles(
    known: Sequence[AccessGrant],
    held: Sequence[RoleInput],
    *,
    roles: Iterable[Role],
    country: str | None,
    organisation_id: UUID | None,
    day: date,
) -> tuple[AccessGrant, ...]:
    """`known` with what a form says instead of what it may change; a role that stays keeps its country."""
    among = frozenset(roles)
    kept = [grant for grant in known if not editable(grant, among, day)]
    before = {(grant.role, grant.since): grant for grant in known if editable(grant, among, day)}
    made = []
    for one in held:
        old = before.get((one.role, one.since))
        if one.role in PROGRAMME_WIDE:
            made.append(AccessGrant(role=one.role, since=one.since, until=one.until))
        elif old is not None and old.country == country and one.role not in OF_ORGANISATION:
            made.append(old.model_copy(update={"until": one.until}))
        else:
            made.append(
                AccessGrant(
                    role=one.role,
                    country=country,
                    organisation_id=organisation_id if one.role is not Role.NATIONAL_COORDINATOR else None,
                    since=one.since,
                    until=one.until,
                )
            )
    return (*kept, *made)


def problems(grants: Iterable[AccessGrant]) -> list[str]:
    """What is wrong with somebody's grants, each as a sentence for the writer; empty if all is well."""
    found: dict[str, None] = {}
    seen: dict[tuple[Role, str | None, UUID | None, str | None], list[AccessGrant]] = {}
    for grant in grants:
        if grant.until is not None and grant.until < grant.since:
            found[gettext("A role ends on the day it begins or later.")] = None
        if grant.role in OF_ORGANISATION and grant.organisation_id is None:
            found[gettext("A host agency contact and a clearance officer belong to an organisation: choose it.")] = None
        if grant.role not in PROGRAMME_WIDE and grant.country is None:
            found[gettext("This role holds in a country: choose it.")] = None
        if grant.role is Role.NATIONAL_COORDINATOR and grant.country == UNION:
            found[gettext("An EU agency has a clearance officer instead of a national coordinator.")] = None
        if grant.role is Role.CLEARANCE_OFFICER and grant.country != UNION:
            found[gettext("Only an EU agency has a clearance officer.")] = None
        mark = (grant.role, grant.country, grant.organisation_id, grant.deputy_for)
        if any(overlap(grant, other) for other in seen.setdefault(mark, [])):
            found[gettext("The same role is there twice at the same time.")] = None
        seen[mark].append(grant)
    return list(found)


def overlap(one: AccessGrant, other: AccessGrant) -> bool:
    """Whether two grants hold on a common day."""
    return not over(one, other.since) and not over(other, one.since)


def ended(grants: Iterable[AccessGrant], last_day: date) -> tuple[AccessGrant, ...]:
    """What is left of somebody's grants who leaves: nothing holds after the last day."""
    kept = [grant for grant in grants if grant.since <= last_day]
    return tuple(
        grant if over(grant, last_day + _DAY) else grant.model_copy(update={"until": last_day}) for grant in kept
    )


def transferred(
    grants: Iterable[AccessGrant], *, country: str, organisation_id: UUID, from_country: str | None, day: date
) -> tuple[AccessGrant, ...]:
    """The grants of somebody who belongs to another organisation from `day` on.

    What holds in an organisation, and on a move to another country what holds in the old one, ends the day before. An
    officer or mentor is the same there; an office stays behind, and is granted anew where there is one.
    """
    kept: list[AccessGrant] = []
    begun: list[AccessGrant] = []
    for grant in grants:
        stays = grant.role in PROGRAMME_WIDE or (
            grant.organisation_id is None and grant.country == country == from_country and grant.deputy_for is None
        )
        if stays or over(grant, day):
            kept.append(grant)
            continue
        if grant.since < day:
            kept.append(grant.model_copy(update={"until": day - _DAY}))
        if grant.role in _MOVES_ALONG and grant.deputy_for is None:
            begun.append(
                grant.model_copy(
                    update={"country": country, "organisation_id": organisation_id, "since": max(day, grant.since)}
                )
            )
    return (*kept, *begun)


def left_behind(grants: Iterable[AccessGrant], day: date) -> list[AccessGrant]:
    """The offices that nobody holds any more when this person has gone: what a successor would take over."""
    return [grant for grant in to_come(grants, day) if grant.role in DEPUTISED and grant.deputy_for is None]


def succeeding(grant: AccessGrant, day: date) -> AccessGrant:
    """An office as its successor holds it from a day on."""
    return grant.model_copy(update={"since": day, "until": None, "deputy_for": None})


def deputy(
    own: AccessGrant, holder: str, since: date, until: date | None, *, others: Iterable[AccessGrant], today: date
) -> tuple[AccessGrant | None, dict[str, str]]:
    """The grant of a deputy who stands in for `holder` in the office `own`, or what is wrong, by field.

    `others` are the deputies' grants that there are for this office already.
    """
    wrong: dict[str, str] = {}
    if until is None:
        wrong["until"] = gettext("Say until when: a deputy stands in for a time.")
    elif until < since:
        wrong["until"] = gettext("The last day is the first day or later.")
    elif until < today:
        wrong["until"] = gettext("This time is over. Choose days from today on.")
    elif until - since > LONGEST_DEPUTY:
        wrong["until"] = gettext("A deputy stands in for a year at the most. Choose an earlier last day.")
    elif own.until is not None and until > own.until:
        wrong["until"] = gettext("The role itself ends before that day. Choose an earlier last day.")
    if since < today:
        wrong["since"] = gettext("This day is over. A deputy begins today or later.")
    if since < own.since:
        wrong["since"] = gettext("The role itself begins after that day. Choose a later first day.")
    if wrong or until is None:
        return None, wrong
    made = AccessGrant(
        role=own.role,
        country=own.country,
        organisation_id=own.organisation_id,
        since=since,
        until=until,
        deputy_for=holder,
    )
    if any(overlap(made, other) for other in others):
        return None, {"since": gettext("There is a deputy on some of these days already. Choose other days.")}
    return made, {}


def without(grants: Iterable[AccessGrant], ending: AccessGrant, today: date) -> tuple[AccessGrant, ...]:
    """The grants with one of them ended: its last day was yesterday, and one that has not begun is taken away."""
    changed = []
    for grant in grants:
        if grant != ending:
            changed.append(grant)
        elif grant.since < today:
            changed.append(grant.model_copy(update={"until": today - _DAY}))
    return tuple(changed)


@dataclass(frozen=True, slots=True)
class Yearly:
    """How long an access stays confirmed: asked for after `ask` days, overdue after `year`, lapsed after `lapse`."""

    ask: int = 335
    year: int = 365
    lapse: int = 395

    def asked_before(self, today: date) -> date:
        """Whatever was confirmed on this day or earlier is asked for."""
        return today - timedelta(days=self.ask)

    def lapsed_before(self, today: date) -> date:
        """Whatever was confirmed before this day lapses."""
        return today - timedelta(days=self.lapse)

    def due(self, confirmed_on: date) -> date:
        """By when it is to be confirmed again."""
        return confirmed_on + timedelta(days=self.year)

    def lapses(self, confirmed_on: date) -> date:
        """The last day on which it holds unconfirmed."""
        return confirmed_on + timedelta(days=self.lapse)
