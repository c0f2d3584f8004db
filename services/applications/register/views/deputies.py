"""Show who stands in for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import Field

from services.applications.refusals import not_found
from services.applications.register.model import grants as register_grants
from services.applications.register.store import entries, people
from services.applications.register.store.people import RegisterScope
from services.applications.register.views import words
from services.applications.register.views.entries import Person, grants_of, person_view
from services.applications.register.views.scope import decides
from shared.contracts.codes import Role
from shared.time import clock
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.access import AccessGrant
    from shared.identity import Principal


class Deputy(ReadModel):
    """A deputy: who acts for whom, in which role and for how long."""

    deputy_id: UUID
    deputy: Annotated[str, Field(description="The deputy's name.", examples=["Ani Petrosyan"])]
    holder_id: UUID
    holder: Annotated[str, Field(description="The name of the person represented.", examples=["Tigran Sargsyan"])]
    role: Role
    country: Annotated[str | None, Field(examples=["AM"])]
    organisation_id: UUID | None
    since: date
    until: Annotated[date | None, Field(description="The last day; null if it has no end.")]

    @property
    def key(self) -> str:
        """Return the key by which a page names the deputy's grant."""
        return f"{self.deputy_id}:{self.role.value}:{self.since.isoformat()}"


class Deputies(ReadModel):
    """The deputies of a person, and those for whom the person is a deputy; newest first."""

    deputies: tuple[Deputy, ...]
    stands_in_for: tuple[Deputy, ...]


@dataclass(frozen=True, slots=True)
class DeputyOffices:
    """The person for whom a deputy is named, the roles for which one can be named, and who may stand in.

    `organisations`: names of the candidates' organisations by id.
    """

    holder: Person
    offices: list[AccessGrant]
    candidates: list[Person]
    organisations: dict[str, str]

    @property
    def roles(self) -> list[Role]:
        """Return the roles of the offices, each once."""
        return list(dict.fromkeys(grant.role for grant in self.offices))


def deputy_view(deputy: entries.Person, holder: entries.Person, grant: AccessGrant) -> Deputy:
    """Return the read model of a deputy's grant."""
    return Deputy(
        deputy_id=deputy.id,
        deputy=deputy.name,
        holder_id=holder.id,
        holder=holder.name,
        role=grant.role,
        country=grant.country,
        organisation_id=grant.organisation_id,
        since=grant.since,
        until=grant.until,
    )


async def deputies_of(session: AsyncSession, subject: str, *, within: RegisterScope | None = None) -> list[Deputy]:
    """Return the past, present and future deputies of a person, newest first; with `within` only those in a scope."""
    found = await people.with_grant(session, {"deputy_for": subject})
    grants = [(deputy, grant) for deputy, grants in found.items() for grant in grants if grant.deputy_for == subject]
    return await _deputies(session, grants, within)


async def deputised_by(session: AsyncSession, subject: str) -> list[Deputy]:
    """Return for whom a person stands in, stood in or will stand in, newest first."""
    grants = (await people.grants(session, [subject])).get(subject, ())
    return await _deputies(session, [(subject, grant) for grant in grants if grant.deputy_for is not None])


async def _deputies(
    session: AsyncSession, grants: Sequence[tuple[str, AccessGrant]], within: RegisterScope | None = None
) -> list[Deputy]:
    subjects = {deputy for deputy, _ in grants} | {grant.deputy_for for _, grant in grants if grant.deputy_for}
    rows = await entries.people_by_subject(session, subjects)
    found = [
        deputy_view(rows[deputy], rows[grant.deputy_for], grant)
        for deputy, grant in grants
        if grant.deputy_for in rows
        and deputy in rows
        and (within is None or within.covers(rows[deputy].country, rows[deputy].organisation_id))
    ]
    return sorted(found, key=lambda deputy: (deputy.since, deputy.key), reverse=True)


async def deputies(session: AsyncSession, subject: str) -> Deputies:
    """Return the deputies of a person, and for whom the person stands in."""
    own, others = await deputies_of(session, subject), await deputised_by(session, subject)
    return Deputies(deputies=tuple(own), stands_in_for=tuple(others))


async def offices_of(session: AsyncSession, subject: str) -> list[AccessGrant]:
    """Return the offices, now or later, for which a person may name a deputy."""
    return register_grants.deputisable_offices(await grants_of(session, subject), clock.today())


async def holder_of(session: AsyncSession, principal: Principal, person_id: UUID | None) -> entries.Person:
    """Return the row of the person for whom a deputy is named: the principal, or, for the programme, anybody.

    Raises `Refused` (404).
    """
    row = await (entries.person(session, principal.subject) if person_id is None else people.by_id(session, person_id))
    if row is None or (row.subject != principal.subject and not decides(principal)):
        raise not_found()
    return row


async def deputy_offices(session: AsyncSession, principal: Principal, person_id: UUID | None) -> DeputyOffices:
    """Return for which roles of a person whom the principal may name as a deputy. Raises `Refused` (404)."""
    holder = await holder_of(session, principal, person_id)
    offices = await offices_of(session, holder.subject)
    candidates = await _candidates(session, holder, offices) if offices else []
    names = await words.organisation_names(session, [row.organisation_id for row in candidates])
    return DeputyOffices(person_view(holder), offices, [person_view(row) for row in candidates], names)


async def _candidates(
    session: AsyncSession, holder: entries.Person, offices: Sequence[AccessGrant]
) -> list[entries.Person]:
    """Return the people who may stand in: those of the offices' country or organisation."""
    if any(grant.role is Role.NATIONAL_COORDINATOR for grant in offices):
        scope = RegisterScope(frozenset(grant.country for grant in offices if grant.country))
    else:
        scope = RegisterScope(
            frozenset(), frozenset(grant.organisation_id for grant in offices if grant.organisation_id)
        )
    return [row for row in await people.choosable(session, scope) if row.subject != holder.subject]
