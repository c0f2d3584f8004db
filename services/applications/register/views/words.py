"""Put fields, values and changes of the register into words for pages."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from services.applications.display import tag
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.access import AccessGrant
from shared.contracts.codes import Expertise, OrganisationKind, RankGroup, ServiceKind, Sex
from shared.i18n import N_, gettext
from shared.time import clock, dates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from markupsafe import Markup
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.entries import State


NOTHING = "\N{EN DASH}"
"""Shown where there is no value."""
_FIELDS = {
    "name": N_("Name"),
    "own_name": N_("Name in their own script"),
    "kind": N_("Type"),
    "country": N_("Country"),
    "city": N_("City"),
    "active": N_("Takes part"),
    "domains": N_("Email domains"),
    "subject": N_("Sign-in name"),
    "email": N_("Service email"),
    "language": N_("Contact language"),
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


def _day(text: str) -> str:
    return dates.day(date.fromisoformat(text))


def _code(codes: Any) -> Callable[[str], str]:
    return lambda text: labels.label(codes(text))


_IN_WORDS: dict[str, Callable[[str], str]] = {
    "country": labels.country,
    "topic_code": labels.topic,
    "scheme": labels.scheme,
    "language": labels.tongue,
    **dict.fromkeys(_DAYS, _day),
    **{name: _code(codes) for name, codes in _CODES.items()},
}
"""The words for a field's value, by the field's name."""
# These fields serve the register itself and mean nothing to a reader.
_HIDDEN = frozenset({"id", "version", "change", "about", "moves_to", "lapsed_grants"})
ACTIONS = {
    "entered": N_("Entered"),
    "changed": N_("Changed"),
    "left": N_("Leaves"),
    "took_over": N_("Took over from a person who leaves"),
    "moved": N_("Moves to another organisation"),
    "arrived": N_("Belongs to the new organisation"),
    "address_confirmed": N_("Address confirmed by its owner"),
    "deputy_named": N_("Named as a deputy"),
    "deputy_ended": N_("No longer a deputy"),
    "confirmed": N_("Access confirmed for a year"),
    "restored": N_("Access confirmed and restored"),
    "lapsed": N_("Access lapsed because nobody confirmed it"),
    "withdrawn": N_("Withdrawn"),
    "imported": N_("Imported"),
    "ended": N_("Ended"),
    "proposed": N_("Proposed"),
    "refused": N_("Refused"),
    "taken_back": N_("Withdrawn"),
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


def action_text(kind: str, action: str) -> str:
    """Return what was done with which kind of entry."""
    return f"{gettext(_ENTRIES.get(kind, kind))}: {gettext(ACTIONS.get(action, action))}"


def field_names(changed: Iterable[str]) -> str:
    """Return the names of changed fields, in the order in which pages show them."""
    visible_names = sorted(set(changed) - _HIDDEN, key=lambda name: (_ORDER.get(name, len(_ORDER)), name))
    return ", ".join(field_name(name) for name in visible_names)


def field_name(name: str) -> str:
    """Return the name of a field."""
    return gettext(_FIELDS[name]) if name in _FIELDS else labels.label(name)


def value(name: str, content: Any, names: Mapping[str, str]) -> str:
    """Return a field's value in words; `names` gives organisations by id (as text)."""
    if content in (None, "", [], ()):
        return NOTHING
    if isinstance(content, bool):
        return gettext("Yes") if content else gettext("No")
    if name == "domains":
        return ", ".join(content)
    if name == "grants":
        return "; ".join(grant(AccessGrant.model_validate(entry), names) for entry in content)
    if name == "organisation_id":
        return names.get(str(content), gettext("another organisation"))
    return _IN_WORDS.get(name, str)(str(content))


def place(grant: AccessGrant, names: Mapping[str, str]) -> str:
    """Return the name of a role's organisation or country; empty for the whole programme."""
    return names.get(str(grant.organisation_id)) or labels.country(grant.country)


def grant(grant: AccessGrant, names: Mapping[str, str]) -> str:
    """Return a role in words, with its place and term."""
    text = f"{labels.role(grant.role)} ({place(grant, names) or gettext('whole programme')})"
    if grant.deputy_for is not None:
        text = gettext("%(role)s, as a deputy") % {"role": text}
    if grant.until is not None:
        return gettext("%(role)s, from %(since)s to %(until)s") % {
            "role": text,
            "since": dates.day(grant.since),
            "until": dates.day(grant.until),
        }
    return gettext("%(role)s, from %(since)s") % {"role": text, "since": dates.day(grant.since)}


class Term(Protocol):
    """A first and a last day, if there is one: of a role or a deputy."""

    @property
    def since(self) -> date:
        """Return the first day."""

    @property
    def until(self) -> date | None:
        """Return the last day; None if there is none."""


def standing(role: Term) -> Markup:
    """Return a tag that says whether a role is current, planned or ended."""
    today = clock.today()
    if role.until is not None and role.until < today:
        return tag("access", "ended")
    return tag("access", "active" if role.since <= today else "planned")


def term(since: date, until: date | None) -> Markup:
    """Return a tag that says whether a term is current, planned or ended."""
    today = clock.today()
    if until is not None and until < today:
        return tag("term", "ended")
    return tag("term", "current" if since <= today else "planned")


def difference_row(name: str, before: Any, after: Any, names: Mapping[str, str]) -> list[str]:
    """Return a row of a table of differences: field, before, after."""
    return [field_name(name), value(name, before, names), value(name, after, names)]


def hidden(name: str) -> bool:
    """Return whether a field serves the register itself and is not shown."""
    return name in _HIDDEN


async def organisation_names(session: AsyncSession, values: Iterable[Any]) -> dict[str, str]:
    """Return the names of the organisations whose ids occur in `values` (entries, differences, ids)."""
    wanted: set[UUID] = set()
    _collect(list(values), wanted)
    return {
        str(organisation.id): organisation.name for organisation in await entries.organisations(session, ids=wanted)
    }


def _collect(content: Any, wanted: set[UUID]) -> None:
    match content:
        case UUID():
            wanted.add(content)
        case AccessGrant():
            if content.organisation_id is not None:
                wanted.add(content.organisation_id)
        case dict():
            for inner in content.values():
                _collect(inner, wanted)
        case list() | tuple():
            for inner in content:
                _collect(inner, wanted)
        case str() if len(content) == 36:
            try:
                wanted.add(UUID(content))
            except ValueError:
                return


def change_texts(before: State, after: State, names: Mapping[str, str]) -> list[str]:
    """Return the changed fields of an entry, each as a text with its value before, if there was one, and after."""
    texts = []
    for name, new in sorted(after.items(), key=lambda pair: _ORDER.get(pair[0], len(_ORDER))):
        if name in _HIDDEN or not (before or new not in (None, "", [], False)):
            continue
        text = f"{value(name, before.get(name), names)} → {value(name, new, names)}"
        texts.append(f"{field_name(name)}: {text if name in before else value(name, new, names)}")
    return texts
