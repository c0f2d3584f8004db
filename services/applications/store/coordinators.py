"""Which countries and EU agencies have somebody who decides for them on a day?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

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
