"""Search, filter and page the people of the register and their grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.register.store.entries import PERSON_WORDS, Organisation, Person
from services.applications.tables import MOST_IN_A_SWEEP, Table, one_page
from shared.bus.db.locking import for_update
from shared.contracts.access import AccessGrant
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.codes import Role
    from shared.web.paging import PageRequest

# Nobody picks a deputy or a successor from a longer list; the search finds the others.
_MOST = 500
_ACCESS = sa.table("access", sa.column("subject", sa.Text), sa.column("grants", JSONB))
_PERSON: sa.Table = Person.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
_WORDS = sa.text(f"{PERSON_WORDS} @@ to_tsquery('simple'::regconfig, :wanted)")


@dataclass(frozen=True, slots=True)
class RegisterScope:
    """The scope of the register that a reader sees; `countries` None means all."""

    countries: frozenset[str] | None = None
    organisations: frozenset[UUID] = frozenset()

    def covers(self, country: str | None, organisation_id: UUID | None) -> bool:
        """Return whether an entry of that country or organisation is in the scope."""
        if self.countries is None:
            return True
        return country in self.countries or organisation_id in self.organisations

    def clause(self, country: Any, organisation: Any) -> sa.ColumnElement[bool]:
        """Return the scope as a condition on two columns."""
        if self.countries is None:
            return sa.true()
        return sa.or_(country.in_(sorted(self.countries)), organisation.in_(sorted(self.organisations)))


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of the list of people; None is no filter. `q`: words of name, own name or address."""

    q: str | None = None
    country: str | None = None
    organisation_id: UUID | None = None
    role: Role | None = None
    standing: str | None = None
    sort: str = "name"


_SORTS: dict[str, Any] = {
    "name": _PERSON.c.name,
    "country": _PERSON.c.country,
    "confirmed": _PERSON.c.confirmed_on,
    "changed": _PERSON.c.changed_at,
}


async def by_id(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> Person | None:
    """Return the person with an opaque id; with `lock` nobody else changes the entry until the commit."""
    query = select(Person).where(Person.id == person_id)
    if lock:
        query = for_update(query)
    return (await session.scalars(query)).one_or_none()


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[Person]:
    """Return the people with these opaque ids, by name."""
    query = select(Person).where(col(Person.id).in_(sorted(set(ids)))).order_by(col(Person.name), col(Person.subject))
    return list((await session.scalars(query)).all())


async def by_address(session: AsyncSession, addresses: Collection[str]) -> dict[str, str]:
    """Return the owners of addresses: address in lower case -> sign-in subject."""
    lowered = sorted({address.lower() for address in addresses})
    query = sa.select(sa.func.lower(_PERSON.c.email), _PERSON.c.subject).where(
        sa.func.lower(_PERSON.c.email).in_(lowered)
    )
    return {str(address): str(subject) for address, subject in (await session.execute(query)).all()}


async def grants(session: AsyncSession, subjects: Iterable[str]) -> dict[str, tuple[AccessGrant, ...]]:
    """Return all grants of these people, past and future ones too."""
    query = sa.select(_ACCESS.c.subject, _ACCESS.c.grants).where(_ACCESS.c.subject.in_(sorted(set(subjects))))
    return {
        subject: tuple(AccessGrant.model_validate(grant) for grant in grants)
        for subject, grants in (await session.execute(query)).all()
    }


def _conditions(within: RegisterScope, filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [within.clause(_PERSON.c.country, _PERSON.c.organisation_id)]
    text = "".join(letter if letter.isalnum() else " " for letter in filters.q or "")
    if words := text.split():
        wanted = " & ".join("'" + word + "':*" for word in words)
        conditions.append(_WORDS.bindparams(wanted=wanted))  # type: ignore[arg-type]  # a text as a condition
    if filters.country:
        conditions.append(_PERSON.c.country == filters.country)
    if filters.organisation_id:
        conditions.append(_PERSON.c.organisation_id == filters.organisation_id)
    if filters.role:
        with_role = sa.select(_ACCESS.c.subject).where(_ACCESS.c.grants.contains([{"role": filters.role.value}]))
        conditions.append(_PERSON.c.subject.in_(with_role))
    match filters.standing:
        case "lapsed":
            conditions.append(_PERSON.c.lapsed_on.is_not(None))
        case "unverified":
            conditions.append(sa.or_(_PERSON.c.email_verified_at.is_(None), _PERSON.c.email_wanted.is_not(None)))
    return conditions


async def people(
    session: AsyncSession, within: RegisterScope, filters: Filters, page: int = 1
) -> tuple[list[Person], int]:
    """Return one page of people, and how many there are."""
    conditions = _conditions(within, filters)
    total = (await session.execute(sa.select(sa.func.count()).select_from(_PERSON).where(*conditions))).scalar_one()
    by = _SORTS.get(filters.sort.lstrip("-"), _PERSON.c.name)
    order = by.desc().nulls_last() if filters.sort.startswith("-") else by.asc().nulls_last()
    query = select(Person).where(*conditions).order_by(order, col(Person.subject))
    return list((await session.scalars(one_page(query, page))).all()), int(total)


async def count_members(session: AsyncSession, within: RegisterScope, organisation_id: UUID) -> int:
    """Return how many people of an organisation a reader sees."""
    conditions = _conditions(within, Filters(organisation_id=organisation_id))
    query = sa.select(sa.func.count()).select_from(_PERSON).where(*conditions)
    return int((await session.execute(query)).scalar_one())


async def choosable(session: AsyncSession, within: RegisterScope) -> list[Person]:
    """Return the people whom a form offers, by name; at most 500."""
    query = select(Person).where(within.clause(col(Person.country), col(Person.organisation_id)))
    return list((await session.scalars(query.order_by(col(Person.name), col(Person.subject)).limit(_MOST))).all())


async def with_grant(session: AsyncSession, wanted: Mapping[str, str]) -> dict[str, tuple[AccessGrant, ...]]:
    """Return people with a past, present or future grant that contains `wanted`, each with all grants."""
    query = (
        sa.select(_ACCESS.c.subject, _ACCESS.c.grants)
        .where(_ACCESS.c.grants.contains([dict(wanted)]))
        .order_by(_ACCESS.c.subject)
    )
    return {
        subject: tuple(AccessGrant.model_validate(grant) for grant in grants)
        for subject, grants in (await session.execute(query)).all()
    }


def _has_grant(today: date) -> sa.ColumnElement[bool]:
    """Return whether a person has a grant that holds now or later."""
    grant = sa.func.jsonb_array_elements(_ACCESS.c.grants).table_valued("value").lateral("grant_row")
    until = sa.cast(grant.c.value, JSONB)["until"].astext
    return (
        sa.select(sa.literal(1))
        .select_from(_ACCESS.join(grant, sa.true()))
        .where(_ACCESS.c.subject == _PERSON.c.subject, sa.or_(until.is_(None), until >= today.isoformat()))
        .correlate(_PERSON)
        .exists()
    )


def _to_confirm(
    within: RegisterScope, *, until: date | None, today: date, but: str | None
) -> tuple[sa.ColumnElement[bool], ...]:
    in_scope = within.clause(_PERSON.c.country, _PERSON.c.organisation_id)
    outdated = sa.true() if until is None else _PERSON.c.confirmed_on <= until
    due = sa.and_(_PERSON.c.lapsed_on.is_(None), outdated, _has_grant(today))
    not_caller = sa.true() if but is None else _PERSON.c.subject != but
    return in_scope, not_caller, sa.or_(due, _PERSON.c.lapsed_on.is_not(None))


async def to_confirm(
    session: AsyncSession,
    within: RegisterScope,
    *,
    until: date | None,
    today: date,
    page: int = 1,
    but: str | None = None,
) -> tuple[list[Person], int]:
    """Return one page of the people whose access is to be confirmed or has lapsed, oldest confirmation first.

    `until`: those confirmed on that day or earlier; None means everybody with access. `but` is the subject of the
    reader, who does not confirm his or her own access.
    """
    conditions = _to_confirm(within, until=until, today=today, but=but)
    total = (await session.execute(sa.select(sa.func.count()).select_from(_PERSON).where(*conditions))).scalar_one()
    query = select(Person).where(*conditions).order_by(_PERSON.c.confirmed_on, _PERSON.c.name, _PERSON.c.subject)
    found = await session.scalars(one_page(query, page))
    return list(found.all()), int(total)


async def to_confirm_page(
    session: AsyncSession, within: RegisterScope, *, until: date, today: date, request: PageRequest
) -> list[Person]:
    """Return the same by cursor: confirmed on `until` or earlier, or lapsed; oldest confirmation first."""
    query = select(Person).where(*_to_confirm(within, until=until, today=today, but=None))
    if request.since is not None:
        query = query.where(_PERSON.c.changed_at >= request.since)
    keys = [col(Person.confirmed_on), col(Person.id)]
    return list((await session.scalars(cut(query, keys, request))).all())


def _lapses(before: date, today: date) -> sa.ColumnElement[bool]:
    return sa.and_(_PERSON.c.lapsed_on.is_(None), _PERSON.c.confirmed_on < before, _has_grant(today))


async def due_lapses(session: AsyncSession, before: date, today: date) -> list[UUID]:
    """Return the people whose access was last confirmed before a day, oldest first."""
    query = select(Person.id).where(_lapses(before, today)).order_by(_PERSON.c.confirmed_on, _PERSON.c.subject)
    return list((await session.scalars(query.limit(MOST_IN_A_SWEEP))).all())


async def lock_lapses(session: AsyncSession, before: date, today: date, ids: Collection[UUID]) -> list[Person]:
    """Return those of the people for whom that is still so, locked, oldest first."""
    query = select(Person).where(_lapses(before, today), _PERSON.c.id.in_(ids))
    query = query.order_by(_PERSON.c.confirmed_on, _PERSON.c.subject)
    return list((await session.scalars(for_update(query, of=_PERSON, skip_locked=True))).all())


async def due_moves(session: AsyncSession, on: date) -> list[UUID]:
    """Return the people who belong to another organisation from `on` or earlier but are not moved yet."""
    query = select(Person.id).where(col(Person.moves_on) <= on).order_by(col(Person.moves_on), col(Person.subject))
    return list((await session.scalars(query.limit(MOST_IN_A_SWEEP))).all())


async def lock_moves(session: AsyncSession, on: date, ids: Collection[UUID]) -> list[Person]:
    """Return those of the people who are still not moved, locked."""
    query = select(Person).where(col(Person.moves_on) <= on, col(Person.id).in_(ids)).order_by(col(Person.subject))
    return list((await session.scalars(for_update(query, skip_locked=True))).all())


@dataclass(frozen=True, slots=True)
class OrganisationFilters:
    """Filters of the list of organisations; None is no filter."""

    q: str | None = None
    country: str | None = None
    kind: str | None = None
    active: bool | None = None


async def organisations(
    session: AsyncSession, within: RegisterScope, filters: OrganisationFilters, page: int = 1
) -> tuple[list[Organisation], int]:
    """Return one page of organisations by country and name, and how many there are."""
    conditions: list[sa.ColumnElement[bool]] = [within.clause(col(Organisation.country), col(Organisation.id))]
    if filters.q:
        escaped = filters.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        conditions.append(
            sa.or_(col(Organisation.name).ilike(f"%{escaped}%"), col(Organisation.city).ilike(f"%{escaped}%"))
        )
    if filters.country:
        conditions.append(col(Organisation.country) == filters.country)
    if filters.kind:
        conditions.append(col(Organisation.kind) == filters.kind)
    if filters.active is not None:
        conditions.append(col(Organisation.active).is_(filters.active))
    total = (
        await session.execute(sa.select(sa.func.count()).select_from(Organisation).where(*conditions))
    ).scalar_one()
    query = (
        select(Organisation).where(*conditions).order_by(Organisation.country, Organisation.name, col(Organisation.id))
    )
    found = await session.scalars(one_page(query, page))
    return list(found.all()), int(total)


async def count_entries(session: AsyncSession, within: RegisterScope) -> tuple[int, int]:
    """Return how many organisations and how many people a reader sees."""
    organisations_query = sa.select(sa.func.count()).select_from(Organisation)
    people_query = sa.select(sa.func.count()).select_from(Person)
    return (
        int(
            (
                await session.execute(
                    organisations_query.where(within.clause(col(Organisation.country), col(Organisation.id)))
                )
            ).scalar_one()
        ),
        int(
            (
                await session.execute(
                    people_query.where(within.clause(col(Person.country), col(Person.organisation_id)))
                )
            ).scalar_one()
        ),
    )


class FormerPerson(Table, table=True):
    """A person who was removed from the register."""

    __tablename__ = "former_person"

    id: UUID = Field(primary_key=True, description="The opaque id that they had")
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Real time")


_FUNCTION = """
CREATE FUNCTION note_former_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_person (id, at) VALUES (OLD.id, now()) ON CONFLICT DO NOTHING;
    RETURN OLD;
END $$
"""
_TRIGGER = "CREATE TRIGGER person_taken_out AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION note_former_person()"
for _statement in (_FUNCTION, _TRIGGER):
    sa.event.listen(_PERSON, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


async def was_removed(session: AsyncSession, person_id: UUID) -> bool:
    """Return whether a person with that opaque id was removed from the register."""
    return await session.get(FormerPerson, person_id) is not None
