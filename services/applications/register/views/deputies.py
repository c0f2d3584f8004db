"""Who stands in for whom, by which grant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.register.store import entries, people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.access import AccessGrant


@dataclass(frozen=True, slots=True)
class Deputy:
    """One deputy: who stands in for whom, by which grant."""

    deputy: entries.Person
    holder: entries.Person
    grant: AccessGrant

    @property
    def key(self) -> str:
        """By what the page names it: whose grant it is, and which."""
        return f"{self.deputy.id}:{self.grant.role.value}:{self.grant.since.isoformat()}"


async def deputies_of(session: AsyncSession, subject: str) -> list[Deputy]:
    """Who stands in, stood in or will stand in for somebody; the newest first."""
    found = await people.with_grant(session, {"deputy_for": subject})
    return await _pairs(
        session, [(one, grant) for one, held in found.items() for grant in held if grant.deputy_for == subject]
    )


async def deputised_by(session: AsyncSession, subject: str) -> list[Deputy]:
    """For whom somebody stands in, stood in or will stand in; the newest first."""
    held = (await people.grants(session, [subject])).get(subject, ())
    return await _pairs(session, [(subject, grant) for grant in held if grant.deputy_for is not None])


async def _pairs(session: AsyncSession, found: Sequence[tuple[str, AccessGrant]]) -> list[Deputy]:
    wanted = {one for one, _ in found} | {grant.deputy_for for _, grant in found if grant.deputy_for}
    known = await entries.people_by_subject(session, wanted)
    pairs = [
        Deputy(known[one], known[grant.deputy_for], grant)
        for one, grant in found
        if grant.deputy_for in known and one in known
    ]
    return sorted(pairs, key=lambda pair: (pair.grant.since, pair.key), reverse=True)
