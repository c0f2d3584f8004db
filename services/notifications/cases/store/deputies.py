"""The projection of deputies: who acts for the coordinator of a country or an EU agency, and when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlmodel import Field, col

from services.notifications.cases.store.cases import CaseRow
from services.notifications.tables import Table, metadata, table_of
from shared.contracts.access import AccessChanged
from shared.contracts.codes import AudienceKind, Role
from shared.identity.scope import EU
from shared.time.workdays import ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope
    from shared.contracts.access import AccessGrant

_HOME = (AudienceKind.HOME_COORDINATOR, AudienceKind.HOME_DEPUTY)


class Deputyship(Table, table=True):
    """That a person deputises at a place (a country's code, an EU agency's id), with first and last day.

    An open end is None.
    """

    __tablename__ = "deputyship"
    __table_args__ = (sa.Index("deputyship_place", "place", "since"),)

    subject: str = Field(primary_key=True)
    place: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    until: date | None = None


async def evolve(session: AsyncSession, events: Sequence[Envelope]) -> None:
    """Save the deputyships of people; each event lists all that a person may do from now on."""
    newest = {event.subject: event.data for event in events if isinstance(event.data, AccessChanged)}
    if not newest:
        return
    table = table_of(Deputyship)
    await session.execute(sa.delete(table).where(table.c.subject.in_(sorted(newest))))
    rows = {
        (subject, place, grant.since): {"subject": subject, "place": place, "since": grant.since, "until": grant.until}
        for subject, data in sorted(newest.items())
        for grant in data.grants
        if (place := _place(grant)) is not None
    }
    if rows:
        await session.execute(sa.insert(table), list(rows.values()))


def _place(grant: AccessGrant) -> str | None:
    """Return the place where a grant makes its holder a deputy; None where it does not."""
    if grant.deputy_for is None:
        return None
    if grant.role is Role.CLEARANCE_OFFICER:
        return None if grant.organisation_id is None else str(grant.organisation_id)
    return grant.country if grant.role is Role.NATIONAL_COORDINATOR else None


def in_charge(owner: sa.SQLColumnExpression[str], moment: sa.SQLColumnExpression[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a deputy acts at the owner's place in the joined case on the day of `moment`.

    A suspended country has no deputies.
    """
    home = owner.in_([kind.value for kind in _HOME])
    country = sa.case((home, col(CaseRow.country)), else_=col(CaseRow.host_country))
    agency = sa.case((home, col(CaseRow.organisation_id)), else_=col(CaseRow.host_organisation_id))
    day = sa.cast(sa.func.timezone(ZONE.key, moment), sa.Date)
    suspension = metadata.tables["suspension"].c
    suspended = (
        sa.exists()
        .where(suspension.country == country, suspension.since <= day)
        .correlate_except(metadata.tables["suspension"])
    )
    stands_in = (
        sa.exists()
        .where(
            col(Deputyship.place) == sa.case((country == EU, sa.cast(agency, sa.Text)), else_=country),
            col(Deputyship.since) <= day,
            sa.or_(col(Deputyship.until).is_(None), col(Deputyship.until) >= day),
        )
        .correlate_except(Deputyship)
    )
    return sa.and_(stands_in, ~suspended)
