"""Who decides for the programme, a country or an EU agency on a day, and which have nobody?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.codes import Role

_HELD = sa.text(
    """
    SELECT DISTINCT CASE WHEN held ->> 'role' = 'clearance_officer' THEN held ->> 'organisation_id'
                         ELSE held ->> 'country' END
    FROM access, jsonb_array_elements(grants) AS held
    WHERE (grants @> '[{"role": "national_coordinator"}]' OR grants @> '[{"role": "clearance_officer"}]')
      AND held ->> 'role' IN ('national_coordinator', 'clearance_officer')
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    """
)


async def places_held(session: AsyncSession, on: date) -> frozenset[str]:
    """The countries with a national coordinator and the EU agencies (by id) with a clearance officer, deputies too."""
    return frozenset(one for one in (await session.execute(_HELD, {"on": on})).scalars() if one)


_HOLDERS = sa.text(
    """
    SELECT DISTINCT subject
    FROM access, jsonb_array_elements(grants) AS held
    WHERE grants @> :wanted
      AND held ->> 'role' = :role
      AND (CAST(:place AS text) IS NULL OR :place IN (held ->> 'country', held ->> 'organisation_id'))
      AND (held ->> 'since')::date <= :on
      AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
    ORDER BY subject
    """
).bindparams(sa.bindparam("wanted", type_=JSONB))


async def holders(session: AsyncSession, role: Role, on: date, place: str | None = None) -> list[str]:
    """The sign-in subjects that hold `role` on that day, of a country or an EU agency (by id) where one is given."""
    values = {"wanted": [{"role": role.value}], "role": role.value, "place": place, "on": on}
    return list((await session.execute(_HOLDERS, values)).scalars())
