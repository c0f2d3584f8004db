"""Query who decides for a country or an EU agency on a day, and who stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.applications.access.model import DEPUTY_WD, PROGRAMME, Deciders, Deputyship
from services.applications.own_cases.store import TIES, ties_from
from shared.identity.scope import EU

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.contracts.codes import Role

# Who holds an office, and what ties the holders, in one statement: many pages need it.
_OF_HOLDERS = TIES.replace(":subjects", "(SELECT coalesce(array_agg(DISTINCT subject), '{}') FROM holding)::text[]")
_HOLDING = sa.text(
    f"""
    WITH holding AS MATERIALIZED (
        SELECT DISTINCT CASE held ->> 'role' WHEN 'clearance_officer' THEN held ->> 'organisation_id'
                                             WHEN 'programme_coordinator' THEN 'programme'
                                             ELSE held ->> 'country' END AS place,
               subject
        FROM access, jsonb_array_elements(grants) AS held
        WHERE (grants @> '[{{"role": "national_coordinator"}}]' OR grants @> '[{{"role": "clearance_officer"}}]'
               OR grants @> '[{{"role": "programme_coordinator"}}]')
          AND held ->> 'role' IN ('national_coordinator', 'clearance_officer', 'programme_coordinator')
          AND (held ->> 'since')::date <= :on
          AND (held ->> 'until' IS NULL OR (held ->> 'until')::date >= :on)
          AND NOT EXISTS (SELECT FROM suspension WHERE country = held ->> 'country' AND suspension.since <= :on)
    )
    SELECT 'holds' AS kind, place AS one, subject AS other FROM holding WHERE place IS NOT NULL
    UNION ALL
    ({_OF_HOLDERS})
    ORDER BY kind, one, other
    """  # noqa: S608 - both parts are constants
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
    """Return who decides on a day, all deputyships, the deputy's term of each call, and what ties the deciders.

    A place is a country with a national coordinator, or an EU agency (by id) with a clearance officer. A country
    that is suspended on that day has nobody: the programme coordinator acts for it.
    """
    rows = (await session.execute(_HOLDING, {"on": on})).all()
    holders: dict[str, frozenset[str]] = {}
    for kind, place, subject in rows:
        if kind == "holds":
            holders[place] = holders.get(place, frozenset()) | {subject}
    everybody = {subject for subjects in holders.values() for subject in subjects}
    ties = ties_from((row for row in rows if row.kind != "holds"), everybody)
    places = frozenset(holders) - {PROGRAMME}
    deputies = tuple(Deputyship(*row) for row in (await session.execute(_DEPUTIES)).all() if row.place)
    terms_of_calls = (await session.execute(_TERMS)).all() if deputies else []
    terms = {id_: DEPUTY_WD if days is None else days for id_, days in terms_of_calls}
    return Deciders(places, deputies, terms, holders, ties)


def by_silence(
    deciders: Deciders,
    now: datetime,
    *,
    country: sa.SQLColumnExpression[str],
    organisation_id: sa.SQLColumnExpression[Any],
    call_id: sa.SQLColumnExpression[UUID],
    due: sa.SQLColumnExpression[Any],
    person: sa.SQLColumnExpression[str] | None = None,
) -> sa.ColumnElement[bool]:
    """Return the condition for what has come to the programme coordinator because nobody answered, or could.

    It states for lists the rule of `programme_asked_since`; `person` is the column of the person whose case it is.
    """
    place = sa.case((country == EU, sa.cast(organisation_id, sa.Text)), else_=country)
    decided_at = place == sa.any_(_texts(deciders.places))
    with_deputy = [
        sa.and_(
            place == span.place,
            call_id == sa.any_(sa.literal(sorted(span.calls), _UUIDS)),
            due >= span.since,
            due < span.until,
        )
        for span in deciders.deputy_spans(now)
    ]
    nobody = [sa.not_(sa.func.coalesce(decided_at, sa.false()))]
    if person is not None:
        blocked = [f"{at} {subject}" for at in deciders.places for subject in deciders.blocked(at)]
        nobody.append(place + " " + person == sa.any_(_texts(blocked)))
    return sa.or_(sa.and_(due < now, sa.not_(sa.or_(sa.false(), *with_deputy))), *nobody)


_UUIDS = ARRAY(sa.Uuid)


def _texts(found: Iterable[str]) -> sa.ColumnElement[Any]:
    """Return texts as one parameter: `IN` has one for each, which costs more than the query itself."""
    return sa.literal(sorted(found), ARRAY(sa.Text))


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
    """Return the sign-in subjects that hold `role` on a day, of one country or EU agency (by id) if given."""
    values = {"wanted": [{"role": role.value}], "role": role.value, "place": place, "on": on}
    return list((await session.execute(_HOLDERS, values)).scalars())
