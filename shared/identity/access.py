"""Store what people may do, which countries are suspended and which tickets were used.

AccessChanged says what a person may do. PartnerStatusChanged says whether grants for a country count: this is looked up
with each request, so that one event ends the access of all of a country's people, and one restores it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB, insert

from shared.bus.db.transaction import ACCESS
from shared.contracts.access import AccessChanged
from shared.contracts.codes import PartnerStatus
from shared.contracts.registry import PartnerStatusChanged
from shared.identity.principal import Grant, Principal
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx
    from shared.contracts.access import AccessGrant
    from shared.contracts.codes import Role
    from shared.identity.tickets import Ticket

_tables = sa.MetaData()
_access = sa.Table(
    "access",
    _tables,
    sa.Column("subject", sa.Text, primary_key=True, comment="Sign-in subject"),
    sa.Column("grants", JSONB, nullable=False, comment="All grants, past and future ones too"),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="Domain time of the AccessChanged"),
    # Who holds a role in a country or organisation: `grants @> '[{"role": ..., "country": ...}]'`.
    sa.Index("access_grants", "grants", postgresql_using="gin", postgresql_ops={"grants": "jsonb_path_ops"}),
)
_used_tickets = sa.Table(
    "used_ticket",
    _tables,
    sa.Column("id", sa.Text, primary_key=True, comment="jti of a ticket that was exchanged for a cookie"),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False, index=True, comment="Real time; then forgotten"),
)
_suspensions = sa.Table(
    "suspension",
    _tables,
    sa.Column("country", sa.Text, primary_key=True),
    sa.Column("since", sa.Date, comment="From this day on no grant for the country counts; none: it is reinstated"),
    sa.Column(
        "cut_at",
        sa.DateTime(timezone=True),
        nullable=False,
        comment="Real time: sign-ins and tokens from before it count no more, after a reinstatement neither",
    ),
)
_grants = TypeAdapter(tuple[Grant, ...])


@dataclass(frozen=True, slots=True)
class Suspension:
    """A country that is suspended `since` a day, or was (None); sign-ins from before `cut_at` are over."""

    since: date | None
    cut_at: datetime


_countries = TypeAdapter(dict[str, Suspension])


def access_table(metadata: sa.MetaData) -> sa.Table:
    """Add the tables of access to a service's own metadata, for its store and migrations; return `access`.

    `suspension` and `used_ticket` come with it.
    """
    _used_tickets.to_metadata(metadata)
    _suspensions.to_metadata(metadata)
    return _access.to_metadata(metadata)


async def write_access(
    session: AsyncSession, rows: Mapping[str, tuple[Iterable[AccessGrant | Grant], datetime]]
) -> None:
    """Store what each subject may do from now on, in one statement: subject -> (all grants, domain time).

    Grants are `AccessGrant` (the Part of AccessChanged) or `Grant`.
    """
    if not rows:
        return
    values = [
        {"subject": subject, "grants": [_row(grant) for grant in grants], "changed_at": changed_at}
        for subject, (grants, changed_at) in sorted(rows.items())
    ]
    new = insert(_access).values(values)
    connection = await session.connection()
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=[_access.c.subject],
            set_={"grants": new.excluded.grants, "changed_at": new.excluded.changed_at},
        )
    )


def _row(grant: AccessGrant | Grant) -> dict[str, str | None]:
    """Return a grant as the table stores it, without fields that have no value."""
    values = {field.name: getattr(grant, field.name) for field in fields(Grant)}
    return {name: str(value) for name, value in values.items() if value is not None}


async def consume_access(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply topic exchange.access (`evolve`): the newest event of a subject counts."""
    newest = {
        event.subject: (event.data.grants, event.time) for event in events if isinstance(event.data, AccessChanged)
    }
    await write_access(tx.session, newest)


async def grants_of(session: AsyncSession, subject: str) -> tuple[Grant, ...]:
    """Return all grants of a subject, active or not; empty for an unknown subject."""
    connection = await session.connection()
    grants = await connection.scalar(sa.select(_access.c.grants).where(_access.c.subject == subject))
    return _grants.validate_python(grants) if grants is not None else ()


# Asked with each message, so it is built once.
_HOLDERS = (
    sa.select(_access.c.subject, _access.c.grants)
    .where(_access.c.grants.contains(sa.bindparam("wanted", type_=JSONB)))
    .order_by(_access.c.subject)
)


async def grants_of_holders(
    session: AsyncSession, role: Role, *, country: str | None = None, organisation_id: UUID | None = None
) -> dict[str, tuple[Grant, ...]]:
    """Return all grants of each subject with a past, present or future grant of `role`, by country or organisation."""
    wanted = {"role": role, "country": country, "organisation_id": organisation_id and str(organisation_id)}
    named = {name: value for name, value in wanted.items() if value is not None}
    connection = await session.connection()
    rows = await connection.execute(_HOLDERS, {"wanted": [named]})
    return {subject: _grants.validate_python(grants) for subject, grants in rows}


async def write_partner(tx: Tx, country: str, status: PartnerStatus, since: date) -> None:
    """Store the status of a partner country; a suspension ends sign-ins that began before this moment.

    Live pages that are open ask their guards again.
    """
    suspended = status is PartnerStatus.SUSPENDED
    connection = await tx.session.connection()
    await tx.changed(ACCESS)
    if not suspended:
        over = sa.update(_suspensions).where(_suspensions.c.country == country).values(since=None)
        await connection.execute(over)
        return
    new = insert(_suspensions).values(country=country, since=since, cut_at=datetime.now(UTC))
    # The same suspension, read again in a rebuild, must not sign anybody out again.
    kept = _suspensions.c.since.is_(None) | (_suspensions.c.since != new.excluded.since)
    changes = {"since": new.excluded.since, "cut_at": new.excluded.cut_at}
    await connection.execute(new.on_conflict_do_update(index_elements=["country"], set_=changes, where=kept))


async def consume_partners(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply the partner statuses of topic exchange.registry (`evolve`), in order."""
    for event in events:
        if isinstance(event.data, PartnerStatusChanged):
            await write_partner(tx, event.data.country, event.data.status, event.data.since)


# Run with each request, so it is built once.
_GRANTS_AND_SUSPENSIONS = sa.select(
    _access.c.grants,
    sa.select(
        sa.func.jsonb_object_agg(
            _suspensions.c.country,
            sa.func.jsonb_build_object("since", _suspensions.c.since, "cut_at", _suspensions.c.cut_at),
        )
    ).scalar_subquery(),
).where(_access.c.subject == sa.bindparam("subject"))


async def load_principal(session: AsyncSession, subject: str) -> Principal:
    """Return the subject with the grants that count now (today, domain time), and those that a suspension blocks."""
    row = (await (await session.connection()).execute(_GRANTS_AND_SUSPENSIONS, {"subject": subject})).one_or_none()
    if row is None:
        return Principal(subject)
    today = clock.today()
    countries = _countries.validate_python(row[1] or {})
    over = frozenset(
        code for code, suspension in countries.items() if suspension.since is not None and suspension.since <= today
    )
    cuts = {code: suspension.cut_at for code, suspension in countries.items()}
    return Principal.on(subject, _grants.validate_python(row[0]), today, suspended=over, cuts=cuts)


async def use_ticket(session: AsyncSession, ticket: Ticket) -> bool:
    """Mark a ticket as used; return False if it was used before. Deletes expired ones. The caller commits."""
    moment = datetime.now(UTC)
    connection = await session.connection()
    await connection.execute(sa.delete(_used_tickets).where(_used_tickets.c.until < moment))
    until = datetime.fromtimestamp(ticket.expires, UTC) + timedelta(minutes=1)
    new = insert(_used_tickets).values(id=ticket.id, until=until).on_conflict_do_nothing()
    return (await connection.scalar(new.returning(_used_tickets.c.id))) is not None
