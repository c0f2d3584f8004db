"""List who stands in for whom."""

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
    """A deputy: who stands in for whom, by which grant."""

    deputy: entries.Person
    holder: entries.Person
    grant: AccessGrant

    @property
    def key(self) -> str:
        """Return the key by which a page names the deputy's grant."""
        return f"{self.deputy.id}:{self.grant.role.value}:{self.grant.since.isoformat()}"


async def deputies_of(session: AsyncSession, subject: str) -> list[Deputy]:
    """Return the past, present and future deputies of a person, newest first."""
    found = await people.with_grant(session, {"deputy_for": subject})
    return await _pairs(
        session,
        [(deputy, grant) for deputy, grants in found.items() for grant in grants if grant.deputy_for == subject],
    )


async def deputised_by(session: AsyncSession, subject: str) -> list[Deputy]:
    """Return for whom a person stands in, stood in or will stand in, newest first."""
    grants = (await people.grants(session, [subject])).get(subject, ())
    return await _pairs(session, [(subject, grant) for grant in grants if grant.deputy_for is not None])


async def _pairs(session: AsyncSession, grants: Sequence[tuple[str, AccessGrant]]) -> list[Deputy]:
    subjects = {deputy for deputy, _ in grants} | {grant.deputy_for for _, grant in grants if grant.deputy_for}
    people_by_subject = await entries.people_by_subject(session, subjects)
    pairs = [
        Deputy(people_by_subject[deputy], people_by_subject[grant.deputy_for], grant)
        for deputy, grant in grants
        if grant.deputy_for in people_by_subject and deputy in people_by_subject
    ]
    return sorted(pairs, key=lambda pair: (pair.grant.since, pair.key), reverse=True)
