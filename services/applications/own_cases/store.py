"""Query who manages whom: line managers named in applications, and deputies in charge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.applications.own_cases.model import Tie, Ties
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

# Each half of a pair goes by an index: who is one of the people (:subjects) on either side.
TIES = """
    SELECT 'line manager' AS kind, manager.subject AS one, application.subject AS other
    FROM person AS manager
    JOIN application ON application.managers_confirmed -> -1 ->> 'address' = lower(manager.email)
    WHERE manager.subject = ANY(:subjects) AND application.submitted_at IS NOT NULL
    UNION
    SELECT 'line manager', manager.subject, application.subject
    FROM application
    JOIN person AS manager ON lower(manager.email) = application.managers_confirmed -> -1 ->> 'address'
    WHERE application.subject = ANY(:subjects) AND application.submitted_at IS NOT NULL
    UNION
    SELECT 'named manager', manager.subject, application.subject
    FROM application
    JOIN person AS manager ON lower(manager.email) = lower(application.answers ->> 'line_manager_email')
    WHERE application.subject = ANY(:subjects) AND application.submitted_at IS NOT NULL
    UNION
    SELECT 'deputy', subject, held ->> 'deputy_for'
    FROM access, jsonb_array_elements(grants) AS held
    WHERE subject = ANY(:subjects)
      AND held ->> 'deputy_for' IS NOT NULL
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    UNION
    SELECT 'deputy', access.subject, named
    FROM unnest(:subjects) AS named
    JOIN access ON grants @> jsonb_build_array(jsonb_build_object('deputy_for', named))
    CROSS JOIN jsonb_array_elements(grants) AS held
    WHERE held ->> 'deputy_for' = named
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
"""
"""The ties of managers and deputies: kind, manager or deputy, officer or holder; `:subjects`: array, `:on`: day.

A line manager is the one whom a coordinator confirmed last. A named manager is the one whom the officer names: that
binds the officer alone, since nobody can keep another person from deciding by naming them.
"""
_OF_SUBJECTS = sa.text(f"{TIES} ORDER BY kind, one, other").bindparams(sa.bindparam("subjects", type_=ARRAY(sa.Text)))
_TIES: dict[str, tuple[Tie | None, Tie | None]] = {
    "line manager": (Tie.MANAGES, Tie.MANAGED_BY),
    "named manager": (None, Tie.MANAGED_BY),
    "deputy": (Tie.DEPUTY_OF, Tie.HAS_DEPUTY),
}


def tied_to(subject: str) -> sa.Select[tuple[str]]:
    """Return the query of the people whom something ties to a decider today, for lists; without the decider."""
    subjects = sa.bindparam("subjects", [subject], type_=ARRAY(sa.Text))
    query = sa.text(TIES).bindparams(subjects, on=clock.today())
    pairs = query.columns(*(sa.column(name, sa.Text) for name in ("kind", "one", "other"))).subquery()
    either = sa.case((pairs.c.one == subject, pairs.c.other), else_=pairs.c.one)
    return sa.select(either).where(sa.or_(pairs.c.kind != "named manager", pairs.c.other == subject))


async def ties_of(session: AsyncSession, subjects: Iterable[str]) -> Ties:
    """Return what ties these people to others today, by line managers and deputies."""
    wanted = sorted(set(subjects))
    if not wanted:
        return Ties()
    return ties_from((await session.execute(_OF_SUBJECTS, {"subjects": wanted, "on": clock.today()})).all(), wanted)


def ties_from(rows: Iterable[Row[Any]], subjects: Iterable[str]) -> Ties:
    """Return the rows of `TIES` as the ties of these people. Of two ties between the same people one is kept."""
    found: dict[str, dict[str, Tie]] = {subject: {} for subject in subjects}
    for row in rows:
        kind, first, second = row.kind, row.one, row.other
        if first == second:
            continue
        for decider, person, tie in zip((first, second), (second, first), _TIES[kind], strict=True):
            if tie is not None and decider in found:
                found[decider].setdefault(person, tie)
    return Ties(found)


_NAMED = sa.text(
    """
    SELECT person.subject
    FROM person
    JOIN access ON access.subject = person.subject
    CROSS JOIN jsonb_array_elements(grants) AS held
    WHERE lower(person.email) = :address
      AND held ->> 'role' IN ('national_coordinator', 'clearance_officer', 'programme_coordinator')
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    LIMIT 1
    """
)


async def coordinator_with_address(session: AsyncSession, address: str) -> str | None:
    """Return who holds a coordinator's office today and has that address, in small letters; None if nobody."""
    found: str | None = (await session.execute(_NAMED, {"address": address, "on": clock.today()})).scalar_one_or_none()
    return found


_ANY = sa.text(
    """
    SELECT EXISTS (
        SELECT FROM application
        WHERE subject = ANY(:people) AND submitted_at IS NOT NULL AND (call_id = :call_id OR id = :application_id)
    ) OR EXISTS (
        SELECT FROM mentor WHERE subject = ANY(:people) AND (call_id = :call_id OR id = :mentor_id)
    )
    """
).bindparams(
    sa.bindparam("people", type_=ARRAY(sa.Text)),
    *(sa.bindparam(name, type_=sa.Uuid) for name in ("call_id", "application_id", "mentor_id")),
)


async def any_of(
    session: AsyncSession,
    people: Iterable[str],
    *,
    call_id: UUID | None,
    application_id: UUID | None,
    mentor_id: UUID | None,
) -> bool:
    """Return whether one of these people has that application or profile, or any in that call."""
    values = {"call_id": call_id, "application_id": application_id, "mentor_id": mentor_id}
    return bool((await session.execute(_ANY, {"people": sorted(people), **values})).scalar_one())
