"""Find the companion that a reference or a service e-mail means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.store import applications
from services.applications.mentors import store as mentors_store
from services.applications.placements import store as placements_store
from services.applications.register.model import clean
from services.applications.register.store import entries
from shared.contracts.codes import ApplicationKind, ApplicationMode
from shared.contracts.lifecycle.state_sets import OFFER_STANDING
from shared.errors import Refused
from shared.i18n import gettext

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application


MOST_WRITTEN = 254


@dataclass(frozen=True, slots=True)
class FoundCompanion:
    """The person that a reference or an address stands for, as far as somebody is known.

    `names`: the application for which a placement is kept already: its host has named it.
    """

    subject: str | None = None
    organisation_id: UUID | None = None
    named_id: UUID | None = None
    names: UUID | None = None

    @property
    def found_somebody(self) -> bool:
        """Return whether there is anybody to ask."""
        return self.subject is not None or self.organisation_id is not None


def read_reference(written: str) -> str:
    """Return a reference in capitals or an address. Raises `Refused` (422)."""
    try:
        text = clean(written)
    except ValueError as error:
        raise Refused(str(error), 422, {"written": str(error)}) from error
    if not text or len(text) > MOST_WRITTEN:
        sentence = gettext("Enter a reference, such as AM-2026-0042, or a service email.")
        raise Refused(sentence, 422, {"written": sentence})
    return text if "@" in text else text.upper()


async def find_companion(
    session: AsyncSession, application: Application, mode: ApplicationMode, written: str
) -> FoundCompanion:
    """Return who is meant, where they can apply together with `application` (same call and kind); else nobody."""
    mentored = mode is ApplicationMode.PRE_MATCHED and application.for_ is ApplicationKind.MENTEE
    if "@" in written:
        return await _by_address(session, application, written, mentored=mentored)
    if mentored:
        profile = await mentors_store.by_reference(session, written)
        fits = profile is not None and profile.call_id == application.call_id
        return (
            FoundCompanion(profile.subject, named_id=profile.id) if profile is not None and fits else FoundCompanion()
        )
    theirs = await applications.by_reference(session, written)
    if theirs is not None and (theirs.call_id, theirs.kind) == (application.call_id, application.kind):
        return FoundCompanion(theirs.subject, named_id=theirs.id)
    offer = None if mode is ApplicationMode.GROUP else await placements_store.by_reference(session, written)
    if offer is None or offer.call_id != application.call_id or offer.stands not in _OFFERED:
        return FoundCompanion()
    return FoundCompanion(organisation_id=offer.organisation_id, named_id=offer.id, names=offer.entry.prematched_with)


# A placement that can still become one: what is only drafted is known to its host alone.
_OFFERED = frozenset(OFFER_STANDING)


async def _by_address(
    session: AsyncSession, application: Application, written: str, *, mentored: bool
) -> FoundCompanion:
    person = await entries.person_by_email(session, written)
    if person is None:
        return FoundCompanion()
    if mentored:
        profiles = [
            profile
            for profile in await mentors_store.of_subject(session, person.subject)
            if profile.call_id == application.call_id
        ]
        return FoundCompanion(person.subject, named_id=profiles[0].id) if profiles else FoundCompanion()
    theirs = await applications.newest_for(session, person.subject, application.call_id, application.kind)
    return FoundCompanion(person.subject, named_id=None if theirs is None else theirs.id)
