"""Look up the applications and organisations that placements name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.register.store import entries as register_entries
from shared.contracts.codes import ApplicationKind, ApplicationState
from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.placements.model.placement import PlacementEntry


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
        sentence = gettext("This call has no application with this reference. Check it, or leave the field empty.")
        raise Refused(sentence, 422, {"prematched_with": sentence})
    return found.id


async def conflicts_named(session: AsyncSession, text: str, call_id: UUID) -> list[UUID]:
    """Return the ids of applications by reference and organisations by name, one a line.

    Raises `Refused` (422) that names the unknown line.
    """
    found: list[UUID] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_CONFLICTS:
        sentence = gettext("Enter no more than %(most)s.") % {"most": MOST_CONFLICTS}
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


async def names_of(session: AsyncSession, entries: Iterable[PlacementEntry]) -> dict[UUID, str]:
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
