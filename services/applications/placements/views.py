"""Describe placements in words, look up whom they name, and tell who may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.applications.application.store import applications
from services.applications.display import topic
from services.applications.register.store import entries as register_entries
from shared.contracts import labels
from shared.contracts.codes import ApplicationKind, ApplicationState, OfferState, Role
from shared.errors import Refused
from shared.i18n import N_, gettext, ngettext
from shared.identity.scope import may_see_organisation
from shared.time import dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.placements.model.placement import OfferEntry
    from services.applications.placements.store import Offer
    from shared.identity import Principal


MOST_CONFLICTS = 20


async def application_named(session: AsyncSession, reference: str, call_id: UUID) -> UUID | None:
    """Return the study-visit application of that call with that reference; None for none. Raises `Refused` (422)."""
    reference = reference.strip().upper()
    if not reference:
        return None
    found = await applications.of_reference(session, reference)
    if (
        found is None
        or found.call_id != call_id
        or found.kind != ApplicationKind.STUDY_VISIT
        or found.state == ApplicationState.DRAFT
    ):
        sentence = gettext("This call has no application with this reference. Check it, or leave it open.")
        raise Refused(sentence, 422, {"prematched_with": sentence})
    return found.id


async def conflicts_named(session: AsyncSession, text: str, call_id: UUID) -> list[UUID]:
    """Return the ids of applications by reference and organisations by name, one a line.

    Raises `Refused` (422) that names the unknown line.
    """
    found: list[UUID] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_CONFLICTS:
        sentence = gettext("Name %(most)s at the most.") % {"most": MOST_CONFLICTS}
        raise Refused(sentence, 422, {"conflicts": sentence})
    names = (
        {
            organisation.name.casefold(): organisation.id
            for organisation in await register_entries.organisations(session)
        }
        if lines
        else {}
    )
    for line in lines:
        known = names.get(line.casefold())
        if known is None:
            application = await applications.of_reference(session, line.upper())
            submitted = application is not None and application.state != ApplicationState.DRAFT
            known = application.id if application is not None and submitted and application.call_id == call_id else None
        if known is None:
            sentence = gettext("“%(line)s” is neither an agency in the register nor an application of this call.")
            sentence %= {"line": line[:60]}
            raise Refused(sentence, 422, {"conflicts": sentence})
        found.append(known)
    return list(dict.fromkeys(found))


async def names_of(session: AsyncSession, entries: Iterable[OfferEntry]) -> dict[UUID, str]:
    """Return the names of the applications and organisations that placements refer to, by id."""
    ids = {named for entry in entries for named in (*entry.conflicts, entry.prematched_with) if named is not None}
    if not ids:
        return {}
    found = {
        organisation.id: organisation.name for organisation in await register_entries.organisations(session, ids=ids)
    }
    named_applications = await applications.by_id(session, ids)
    return found | {
        id_: application.reference for id_, application in named_applications.items() if application.reference
    }


LABELS: dict[str, str] = {
    "title": N_("Title"),
    "unit": N_("Unit"),
    "city": N_("City"),
    "contact": N_("Contact for the guest"),
    "topics": N_("Topics"),
    "expertise": N_("Areas of expertise"),
    "outline": N_("Outline of the agenda"),
    "places": N_("Places"),
    "periods": N_("Periods"),
    "days": N_("Working days of a visit"),
    "group_size": N_("Guests together"),
    "deadline": N_("Last day on which a guest is taken"),
    "languages": N_("Working languages"),
    "excluded_rank_groups": N_("Ranks that are not taken"),
    "prematched_with": N_("Agreed with"),
    "conflicts": N_("Conflicts of interest"),
    "costs_borne": N_("Costs borne"),
    "security": N_("Security requirements"),
}
"""The fields in the order of the form, each with its label."""


def value_in_words(field: str, value: Any, names: Mapping[UUID, str]) -> str:  # noqa: PLR0911 - one return for each kind
    """Return a field's value in words; empty for nothing. `names` are those of applications and organisations."""
    if value is None or value in ("", ()):
        return ""
    match field:
        case "topics":
            return ", ".join(topic(code) for code in value)
        case "expertise" | "excluded_rank_groups" | "costs_borne":
            return ", ".join(labels.label(code) for code in value)
        case "languages":
            return ", ".join(f"{labels.tongue(item.language)} {labels.label(item.level)}" for item in value)
        case "periods":
            return "; ".join(_period_words(item) for item in value)
        case "deadline":
            return dates.day(value)
        case "prematched_with":
            return names.get(value, gettext("an application that is not known"))
        case "conflicts":
            return ", ".join(names[item] for item in value if item in names)
    return str(value)


def _period_words(period: Any) -> str:
    week = ngettext("%(num)d guest a week", "%(num)d guests a week", period.places_per_week)
    return f"{dates.span(period.start, period.end)} ({week % {'num': period.places_per_week}})"


def rows(entry: OfferEntry, names: Mapping[UUID, str], fields: Iterable[str] = LABELS) -> list[dict[str, Any]]:
    """Return the fields of a placement as the rows of a summary list."""
    return [
        {"key": gettext(LABELS[name]), "value": value_in_words(name, getattr(entry, name), names) or None}
        for name in fields
    ]


def may_read(principal: Principal, offer: Offer) -> bool:
    """Return whether the principal may see a placement; a draft only its own organisation may."""
    country = None if offer.stands is OfferState.DRAFT else offer.country
    if country is None and str(offer.organisation_id) not in principal.organisations(Role.HOST_CONTACT):
        return False
    return may_see_organisation(principal, offer.organisation_id, country)
