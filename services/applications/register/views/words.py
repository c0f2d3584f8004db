"""How do pages say what an entry of the register holds, and what changed in it? Fields and values in words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.applications.display import tag, topic
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.access import AccessGrant
from shared.contracts.codes import Expertise, OrganisationKind, RankGroup, ServiceKind, Sex
from shared.i18n import N_, gettext
from shared.time import clock, dates
from shared.web import states

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.store.history import RegisterChange
    from services.applications.register.store.people import RegisterScope

NOTHING = "\N{EN DASH}"
"""What stands where there is no value."""
_FIELDS = {
    "name": N_("Name"),
    "own_name": N_("Name in the own script"),
    "kind": N_("What it is"),
    "country": N_("Country"),
    "city": N_("City"),
    "active": N_("Takes part"),
    "subject": N_("Sign-in name"),
    "email": N_("Service e-mail"),
    "language": N_("We write in"),
    "organisation_id": N_("Organisation"),
    "service": N_("Service"),
    "unit": N_("Unit"),
    "rank_group": N_("Rank group"),
    "national_rank": N_("National rank"),
    "years_in_field": N_("Years in the field"),
    "sex": N_("Sex"),
    "grants": N_("Roles"),
    "payer": N_("Who pays"),
    "since": N_("First day"),
    "until": N_("Last day"),
    "confidential": N_("Confidential"),
    "confirmed_on": N_("Access confirmed on"),
    "verified": N_("Address confirmed"),
    "day": N_("From"),
    "state": N_("State"),
    "reason": N_("Reason"),
    "quantity": N_("How many people"),
    "topic_code": N_("Topic"),
    "area": N_("Area of expertise"),
    "level": N_("Level"),
    "scheme": N_("Scheme"),
    "withdrawn": N_("Withdrawn"),
}
_ORDER = {name: place for place, name in enumerate(_FIELDS)}
_CODES: dict[str, Any] = {
    "kind": OrganisationKind,
    "service": ServiceKind,
    "rank_group": RankGroup,
    "sex": Sex,
    "area": Expertise,
}
_DAYS = frozenset({"since", "until", "confirmed_on", "day", "moves_on"})
# Bookkeeping of the register itself, which says nothing to a reader.
_HIDDEN = frozenset({"id", "version", "change", "about", "moves_to", "lapsed_grants"})
ACTIONS = {
    "entered": N_("Entered"),
    "changed": N_("Changed"),
    "left": N_("Leaves"),
    "took_over": N_("Took over from somebody who leaves"),
    "moved": N_("Moves to another organisation"),
    "arrived": N_("Belongs to the new organisation"),
    "address_confirmed": N_("Address confirmed by its owner"),
    "deputy_named": N_("Named as a deputy"),
    "deputy_ended": N_("Stands in no more"),
    "confirmed": N_("Access confirmed for a year"),
    "restored": N_("Access confirmed and given back"),
    "lapsed": N_("Access lapsed: nobody confirmed it"),
    "withdrawn": N_("Withdrawn"),
    "imported": N_("Imported"),
    "ended": N_("Ended"),
    "proposed": N_("Proposed"),
    "refused": N_("Refused"),
    "taken_back": N_("Taken back"),
}
_ENTRIES = {
    "organisation": N_("Organisation"),
    "person": N_("Person"),
    "access": N_("Access"),
    "fund": N_("Fund"),
    "exclusion": N_("Exclusion"),
    "need": N_("Training need"),
    "proposal": N_("Proposal"),
}


def done(kind: str, action: str) -> str:
    """What was done with which kind of entry."""
    return f"{gettext(_ENTRIES.get(kind, kind))}: {gettext(ACTIONS.get(action, action))}"


def field_names(changed: Iterable[str]) -> str:
    """The names of fields that changed, in the order in which pages show them."""
    shown = sorted(set(changed) - _HIDDEN, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))
    return ", ".join(field_name(name) for name in shown)


def field_name(name: str) -> str:
    """What a field is called."""
    return gettext(_FIELDS[name]) if name in _FIELDS else labels.label(name)


def value(  # noqa: PLR0911 - one return for each kind of value
    name: str, held: Any, names: Mapping[str, str]
) -> str:
    """A field's value in words; `names`: organisations by id, as text."""
    if held in (None, "", []):
        return NOTHING
    if isinstance(held, bool):
        return gettext("Yes") if held else gettext("No")
    if name == "grants":
        return "; ".join(grant(AccessGrant.model_validate(one), names) for one in held)
    if name in _DAYS:
        return dates.day(date.fromisoformat(str(held)))
    if name == "country":
        return labels.country(str(held))
    if name == "topic_code":
        return topic(str(held))
    if name == "language":
        return labels.tongue(str(held))
    if name == "organisation_id":
        return names.get(str(held), gettext("another organisation"))
    if name in _CODES:
        return labels.label(_CODES[name](str(held)))
    return str(held)


def grant(one: AccessGrant, names: Mapping[str, str]) -> str:
    """A role with where it holds and for how long."""
    where = labels.country(one.country) if one.country else gettext("whole programme")
    if one.organisation_id is not None and str(one.organisation_id) in names:
        where = names[str(one.organisation_id)]
    text = f"{labels.role(one.role)} ({where})"
    if one.deputy_for is not None:
        text = gettext("%(role)s, as a deputy") % {"role": text}
    if one.until is not None:
        return gettext("%(role)s, from %(since)s to %(until)s") % {
            "role": text,
            "since": dates.day(one.since),
            "until": dates.day(one.until),
        }
    return gettext("%(role)s, from %(since)s") % {"role": text, "since": dates.day(one.since)}


def standing(one: AccessGrant) -> Markup:
    """Whether a role holds now, later or no more, as a tag."""
    today = clock.today()
    if register_grants.over(one, today):
        return tag("access", "ended")
    return tag("access", "active" if register_grants.active(one, today) else "planned")


def current(one: AccessGrant) -> bool:
    """Whether a role holds today."""
    return register_grants.active(one, clock.today())


def term(since: date, until: date | None) -> Markup:
    """Whether something holds now, later or no more, as a tag."""
    today = clock.today()
    if until is not None and until < today:
        return tag("term", "ended")
    return tag("term", "current" if since <= today else "planned")


def table(changes: Mapping[str, tuple[Any, Any]], names: Mapping[str, str]) -> list[list[str]]:
    """Rows of a table of differences: field, before, after."""
    return [
        [field_name(name), value(name, old, names), value(name, new, names)]
        for name, (old, new) in changes.items()
        if name not in _HIDDEN
    ]


async def organisation_names(session: AsyncSession, found: Iterable[Any]) -> dict[str, str]:
    """The names of the organisations whose ids stand somewhere in `found` (entries, differences, ids)."""
    wanted: set[UUID] = set()
    _collect(list(found), wanted)
    return {str(one.id): one.name for one in await entries.organisations(session, ids=wanted)}


def _collect(held: Any, wanted: set[UUID]) -> None:
    match held:
        case UUID():
            wanted.add(held)
        case AccessGrant():
            if held.organisation_id is not None:
                wanted.add(held.organisation_id)
        case dict():
            for inner in held.values():
                _collect(inner, wanted)
        case list() | tuple():
            for inner in held:
                _collect(inner, wanted)
        case str() if len(held) == 36:
            try:
                wanted.add(UUID(held))
            except ValueError:
                return


async def history(
    session: AsyncSession, changes: Sequence[RegisterChange], seen: RegisterScope, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What was done with an entry, the newest first, for `timeline`; an actor is named to whoever sees that person."""
    actors = await entries.people_by_subject(session, {one.actor for one in changes})
    return [
        {
            "title": gettext(ACTIONS.get(one.action, "Changed")),
            "when": one.at,
            "by": _by(one.actor, actors.get(one.actor), seen),
            "text": "; ".join(
                f"{field_name(name)}: {value(name, one.before.get(name), names)} → {value(name, after, names)}"
                if name in one.before
                else f"{field_name(name)}: {value(name, after, names)}"
                for name, after in sorted(one.after.items(), key=lambda pair: _ORDER.get(pair[0], len(_ORDER)))
                if name not in _HIDDEN and (one.before or after not in (None, "", [], False))
            ),
        }
        for one in changes
    ]


def _by(actor: str, person: entries.Person | None, seen: RegisterScope) -> str:
    if actor.startswith("system:"):
        return gettext("the person") if actor == "system:address" else gettext("the programme's clock")
    if person is not None and seen.covers(person.country, person.organisation_id):
        return person.name
    return gettext("the programme")


def address_state(person: entries.Person, *, link_open: bool) -> states.State:
    """Where a person's address stands."""
    if person.reachable and person.email_wanted is None:
        return states.state("address", "verified")
    return states.state("address", "asked" if link_open else "over")


def access_state(person: entries.Person, grants: Sequence[AccessGrant], asked_before: date) -> str:
    """Where a person's access stands, as a code of the table of states."""
    if person.lapsed_on is not None:
        return "lapsed"
    if not register_grants.to_come(grants, clock.today()):
        return "none"
    return "due" if person.confirmed_on <= asked_before else "active"
