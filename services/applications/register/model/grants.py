"""Rule on the grants of one person: what may be granted, and how a grant ends, moves and lapses.

Grants hold by days of domain time. A grant that has ended stays among a person's grants, since the history of a role is
part of the register.
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
"""Roles that hold for the whole programme, whatever the person's country; only the programme grants them."""
OF_ORGANISATION = frozenset({Role.HOST_CONTACT, Role.CLEARANCE_OFFICER})
"""Roles that need an organisation."""
PROPOSED_BY_COUNTRY = (Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT, Role.NATIONAL_COORDINATOR, Role.ANASPOC)
PROPOSED_BY_AGENCY = (Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT, Role.CLEARANCE_OFFICER)
DEPUTISABLE = (Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, Role.HOST_CONTACT)
"""Offices whose holders may name a deputy."""
# A skill moves with the person; an office stays with the country or the organisation.
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
    """Return whether a grant holds on a day."""
    return grant.since <= day and not has_ended(grant, day)


def has_ended(grant: AccessGrant, day: date) -> bool:
    """Return whether a grant ended before a day."""
    return grant.until is not None and grant.until < day


def current_or_future(grants: Iterable[AccessGrant], day: date) -> list[AccessGrant]:
    """Return the grants that hold on a day or later."""
    return [grant for grant in grants if not has_ended(grant, day)]


def roles_on(grants: Iterable[AccessGrant], day: date) -> tuple[Role, ...]:
    """Return the roles that somebody has on a day, each once, in the order of the grants."""
    return tuple(dict.fromkeys(grant.role for grant in grants if active(grant, day)))


def editable(grant: AccessGrant, roles: Iterable[Role], day: date) -> bool:
    """Return whether a form may change a grant: not a deputy's, not ended, one of `roles`."""
    return grant.deputy_for is None and not has_ended(grant, day) and grant.role in frozenset(roles)


def replace_roles(
    current: Sequence[AccessGrant],
    wanted: Sequence[RoleInput],
    *,
    roles: Iterable[Role],
    country: str | None,
    organisation_id: UUID | None,
    day: date,
) -> tuple[AccessGrant, ...]:
    """Return `current` with the editable grants replaced by `wanted`; a role that stays keeps its country."""
    editable_roles = frozenset(roles)
    unchanged = [grant for grant in current if not editable(grant, editable_roles, day)]
    editable_grants = {(grant.role, grant.since): grant for grant in current if editable(grant, editable_roles, day)}
    changed = []
    for role_input in wanted:
        existing = editable_grants.get((role_input.role, role_input.since))
        if role_input.role in PROGRAMME_WIDE:
            changed.append(AccessGrant(role=role_input.role, since=role_input.since, until=role_input.until))
        elif existing is not None and existing.country == country and role_input.role not in OF_ORGANISATION:
            changed.append(existing.model_copy(update={"until": role_input.until}))
        else:
            changed.append(
                AccessGrant(
                    role=role_input.role,
                    country=country,
                    organisation_id=organisation_id if role_input.role is not Role.NATIONAL_COORDINATOR else None,
                    since=role_input.since,
                    until=role_input.until,
                )
            )
    return (*unchanged, *changed)


def problems(grants: Iterable[AccessGrant]) -> list[str]:
    """Return what is wrong with a person's grants, each as a sentence for the writer."""
    found: dict[str, None] = {}
    earlier: dict[tuple[Role, str | None, UUID | None, str | None], list[AccessGrant]] = {}
    for grant in grants:
        if grant.until is not None and grant.until < grant.since:
            found[gettext("A role must end on or after its first day.")] = None
        if grant.role in OF_ORGANISATION and grant.organisation_id is None:
            found[
                gettext(
                    "A host agency contact and a clearance officer belong to an organisation. Choose the organisation."
                )
            ] = None
        if grant.role not in PROGRAMME_WIDE and grant.country is None:
            found[gettext("This role is for a country. Choose the country.")] = None
        if grant.role is Role.NATIONAL_COORDINATOR and grant.country == UNION:
            found[gettext("An EU agency has a clearance officer instead of a national coordinator.")] = None
        if grant.role is Role.CLEARANCE_OFFICER and grant.country != UNION:
            found[gettext("Only an EU agency has a clearance officer.")] = None
        key = (grant.role, grant.country, grant.organisation_id, grant.deputy_for)
        if any(overlap(grant, other) for other in earlier.setdefault(key, [])):
            found[gettext("The same role is entered twice for the same time.")] = None
        earlier[key].append(grant)
    return list(found)


def overlap(first: AccessGrant, second: AccessGrant) -> bool:
    """Return whether two grants hold on a common day."""
    return not has_ended(first, second.since) and not has_ended(second, first.since)


def end_grants(grants: Iterable[AccessGrant], last_day: date) -> tuple[AccessGrant, ...]:
    """Return the grants of a person who leaves: none holds after the last day."""
    remaining = [grant for grant in grants if grant.since <= last_day]
    return tuple(
        grant if has_ended(grant, last_day + _DAY) else grant.model_copy(update={"until": last_day})
        for grant in remaining
    )


def transfer_grants(
    grants: Iterable[AccessGrant], *, country: str, organisation_id: UUID, from_country: str | None, day: date
) -> tuple[AccessGrant, ...]:
    """Return the grants of a person who belongs to another organisation from `day` on.

    Grants of the old organisation end the day before; so do those of the old country on a move abroad. An officer
    or mentor gets the same role in the new organisation. An office stays behind and must be granted again.
    """
    remaining: list[AccessGrant] = []
    started: list[AccessGrant] = []
    for grant in grants:
        stays = grant.role in PROGRAMME_WIDE or (
            grant.organisation_id is None and grant.country == country == from_country and grant.deputy_for is None
        )
        if stays or has_ended(grant, day):
            remaining.append(grant)
            continue
        if grant.since < day:
            remaining.append(grant.model_copy(update={"until": day - _DAY}))
        if grant.role in _MOVES_ALONG and grant.deputy_for is None:
            started.append(
                grant.model_copy(
                    update={"country": country, "organisation_id": organisation_id, "since": max(day, grant.since)}
                )
            )
    return (*remaining, *started)


def deputisable_offices(grants: Iterable[AccessGrant], day: date) -> list[AccessGrant]:
    """Return the offices of a person, now or later, for which a deputy or a successor can be named."""
    return [grant for grant in current_or_future(grants, day) if grant.role in DEPUTISABLE and grant.deputy_for is None]


def successor_grant(grant: AccessGrant, day: date) -> AccessGrant:
    """Return an office as its successor holds it from a day on."""
    return grant.model_copy(update={"since": day, "until": None, "deputy_for": None})


def not_held(own: Iterable[AccessGrant], offices: Iterable[AccessGrant], day: date) -> list[AccessGrant]:
    """Return the offices that a successor is to hold from a day on and does not hold yet, by their `own` grants."""
    taken_over = [successor_grant(office, day) for office in offices]
    present = tuple(own)
    return [
        grant
        for grant in taken_over
        if not any(
            (each.role, each.country, each.organisation_id, each.deputy_for)
            == (grant.role, grant.country, grant.organisation_id, None)
            and overlap(each, grant)
            for each in present
        )
    ]


def deputy(
    office: AccessGrant, holder: str, since: date, until: date | None, *, others: Iterable[AccessGrant], today: date
) -> tuple[AccessGrant | None, dict[str, str]]:
    """Return the grant of a deputy for `holder` in `office`, or what is wrong, by field.

    `others` are the existing deputies' grants for this office.
    """
    wrong: dict[str, str] = {}
    if until is None:
        wrong["until"] = gettext("Enter the last day. A deputy acts for a limited time.")
    elif until < since:
        wrong["until"] = gettext("The last day must be the first day or later.")
    elif until < today:
        wrong["until"] = gettext("This time has passed. Choose days from today on.")
    elif until - since > LONGEST_DEPUTY:
        wrong["until"] = gettext("A deputy can act for one year at most. Choose an earlier last day.")
    elif office.until is not None and until > office.until:
        wrong["until"] = gettext("The role itself ends before that day. Choose an earlier last day.")
    if since < today:
        wrong["since"] = gettext("This day has passed. A deputy must start today or later.")
    if since < office.since:
        wrong["since"] = gettext("The role itself begins after that day. Choose a later first day.")
    if wrong or until is None:
        return None, wrong
    grant = AccessGrant(
        role=office.role,
        country=office.country,
        organisation_id=office.organisation_id,
        since=since,
        until=until,
        deputy_for=holder,
    )
    if any(overlap(grant, other) for other in others):
        return None, {"since": gettext("There is already a deputy on some of these days. Choose other days.")}
    return grant, {}


def without(grants: Iterable[AccessGrant], target: AccessGrant, today: date) -> tuple[AccessGrant, ...]:
    """Return the grants with `target` ended: its last day was yesterday; one that has not begun is removed."""
    remaining = []
    for grant in grants:
        if grant != target:
            remaining.append(grant)
        elif grant.since < today:
            remaining.append(grant.model_copy(update={"until": today - _DAY}))
    return tuple(remaining)


@dataclass(frozen=True, slots=True)
class ConfirmationTimes:
    """The number of days after a confirmation until an access is asked for, overdue and lapsed."""

    ask: int = 335
    year: int = 365
    lapse: int = 395

    def due_before(self, today: date) -> date:
        """Return the day on or before which a confirmation is too old, so that a new one is asked for."""
        return today - timedelta(days=self.ask)

    def lapsed_before(self, today: date) -> date:
        """Return the day before which a confirmation is so old that the access lapses."""
        return today - timedelta(days=self.lapse)

    def due(self, confirmed_on: date) -> date:
        """Return the day by which an access is to be confirmed again."""
        return confirmed_on + timedelta(days=self.year)

    def lapses(self, confirmed_on: date) -> date:
        """Return the last day on which an access holds without a new confirmation."""
        return confirmed_on + timedelta(days=self.lapse)
