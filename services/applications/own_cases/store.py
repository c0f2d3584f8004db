"""Query who manages whom: line managers named in applications, and deputies in charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from services.applications.own_cases.model import Tie, Ties
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

# Which of two ties counts is the same either way, so the first one found is kept. Both halves go by an index.
_LINE_MANAGERS = sa.text(
    """
    SELECT manager.subject AS manager, application.subject AS officer
    FROM person AS manager
    JOIN application ON lower(application.answers ->> 'line_manager_email') = lower(manager.email)
    WHERE manager.subject = ANY(:subjects) AND application.submitted_at IS NOT NULL
    UNION
    SELECT manager.subject, application.subject
    FROM application
    JOIN person AS manager ON lower(manager.email) = lower(application.answers ->> 'line_manager_email')
    WHERE application.subject = ANY(:subjects) AND application.submitted_at IS NOT NULL
    ORDER BY manager, officer
    """
).bindparams(sa.bindparam("subjects", type_=ARRAY(sa.Text)))
_DEPUTIES = sa.text(
    """
    SELECT subject AS deputy, held ->> 'deputy_for' AS holder
    FROM access, jsonb_array_elements(grants) AS held
    WHERE subject = ANY(:subjects)
      AND held ->> 'deputy_for' IS NOT NULL
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    UNION
    SELECT access.subject, named
    FROM unnest(:subjects) AS named
    JOIN access ON grants @> jsonb_build_array(jsonb_build_object('deputy_for', named))
    CROSS JOIN jsonb_array_elements(grants) AS held
    WHERE held ->> 'deputy_for' = named
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    ORDER BY deputy, holder
    """
).bindparams(sa.bindparam("subjects", type_=ARRAY(sa.Text)))


async def ties_of(session: AsyncSession, subjects: Iterable[str]) -> Ties:
    """Return what ties these people to others today, by line managers and deputies."""
    wanted = sorted(set(subjects))
    if not wanted:
        return Ties()
    found: dict[str, dict[str, Tie]] = {subject: {} for subject in wanted}

    def add(one: str, tie: Tie, other: str) -> None:
        if one in found and one != other:
            found[one].setdefault(other, tie)

    for manager, officer in (await session.execute(_LINE_MANAGERS, {"subjects": wanted})).all():
        add(manager, Tie.MANAGES, officer)
        add(officer, Tie.MANAGED_BY, manager)
    for deputy, holder in (await session.execute(_DEPUTIES, {"subjects": wanted, "on": clock.today()})).all():
        add(deputy, Tie.DEPUTY_OF, holder)
        add(holder, Tie.HAS_DEPUTY, deputy)
    return Ties(found)
