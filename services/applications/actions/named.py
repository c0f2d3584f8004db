"""Whom does a host mean by a reference or a name? An application of the same call, or an organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.store import applications, register
from shared.contracts.codes import ApplicationKind, ApplicationState
from shared.web.errors import Refused
from shared.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.model.offer import OfferEntry

MOST_CONFLICTS = 20


async def application_named(session: AsyncSession, reference: str, call_id: UUID) -> UUID | None:
    """The application for a study visit in that call with that reference; None for none. Raises `Refused` (422)."""
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
    """Applications by reference and organisations by name, one a line. Raises `Refused` (422) that names the line."""
    found: list[UUID] = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_CONFLICTS:
        sentence = gettext("Name %(most)s at the most.") % {"most": MOST_CONFLICTS}
        raise Refused(sentence, 422, {"conflicts": sentence})
    names = {one.name.casefold(): one.id for one in await register.organisations(session)} if lines else {}
    for line in lines:
        known = names.get(line.casefold())
        if known is None:
            application = await applications.of_reference(session, line.upper())
            told = application is not None and application.state != ApplicationState.DRAFT
            known = application.id if application is not None and told and application.call_id == call_id else None
        if known is None:
            sentence = gettext("“%(line)s” is neither an agency in the register nor an application of this call.")
            sentence %= {"line": line[:60]}
            raise Refused(sentence, 422, {"conflicts": sentence})
        found.append(known)
    return list(dict.fromkeys(found))


async def names_of(session: AsyncSession, entries: Iterable[OfferEntry]) -> dict[UUID, str]:
    """By id, what the applications and organisations that placements name are called: reference or name."""
    ids = {one for entry in entries for one in (*entry.conflicts, entry.prematched_with) if one is not None}
    if not ids:
        return {}
    found = {one.id: one.name for one in await register.organisations(session, ids=ids)}
    applied = await applications.by_id(session, ids)
    return found | {id_: one.reference for id_, one in applied.items() if one.reference}
