"""Who decides for the programme, a country or an EU agency on a day, who stands in, and which have nobody?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.applications.access.model import DEPUTY_WD, Deciders, Deputyship
from shared.identity.scope import EU

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

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
      AND NOT EXISTS (SELECT FROM suspension WHERE country = held ->> 'country' AND suspension.since <= :on)
    """
)


_DEPUTIES = sa.text(
    """
    SELECT DISTINCT CASE WHEN held ->> 'role' = 'clearance_officer' THEN held ->> 'organisation_id'
                         ELSE held ->> 'country' END AS place,
           (held ->> 'since')::date AS first, (held ->> 'until')::date AS last
    FROM access, jsonb_array_elements(grants) AS held
    WHERE (grants @> '[{"role": "national_coordinator"}]' OR grants @> '[{"role": "clearance_officer"}]')
      AND held ->> 'role' IN ('national_coordinator', 'clearance_officer')
      AND held ->> 'deputy_for' IS NOT NULL
    ORDER BY place, first, last
    """
)
_TERMS = sa.text("SELECT id, (terms -> 'timers' ->> 'deputy_wd')::integer FROM call")


async def deciders_on(session: AsyncSession, on: date) -> Deciders:
    """The countries with a national coordinator and the EU agencies (by id) with a clearance officer on that day.

    A country that is suspended on that day has nobody: the programme coordinator acts for it. With them all who stand
    in or stood in for them, and how long each call gives a deputy.
    """
    places = frozenset(one for one in (await session.execute(_HELD, {"on": on})).scalars() if one)
    deputies = tuple(Deputyship(*row) for row in (await session.execute(_DEPUTIES)).all() if row.place)
    if not deputies:
        return Deciders(places)
    terms = {id_: DEPUTY_WD if days is None else days for id_, days in (await session.execute(_TERMS)).all()}
    return Deciders(places, deputies, terms)


def by_silence(
    held: Deciders,
    now: datetime,
    *,
    country: sa.SQLColumnExpression[str],
    organisation_id: sa.SQLColumnExpression[Any],
    call_id: sa.SQLColumnExpression[UUID],
    due: sa.SQLColumnExpression[Any],
) -> sa.ColumnElement[bool]:
    """What waits for a country and has come to the programme coordinator: the same as `model/silence.py`, for lists."""
    agency = sa.cast(organisation_id, sa.Text)
    places = sorted(held.places)
    nobody = sa.or_(
        sa.and_(country != EU, country.not_in(places)),
        sa.and_(country == EU, sa.or_(agency.is_(None), agency.not_in(places))),
    )
    answering = [
        sa.and_(
            agency == one.place if one.country == EU else country == one.place,
            call_id.in_(sorted(one.calls)),
            due >= one.since,
            due < one.until,
        )
        for one in held.with_deputies(now)
    ]
    return sa.or_(sa.and_(due < now, sa.not_(sa.or_(sa.false(), *answering))), nobody)


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
