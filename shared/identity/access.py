"""Where does a service keep what AccessChanged says that people may, and which tickets were used?"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB, insert

from shared import clock
from shared.contracts.access import AccessChanged
from shared.identity.principal import Grant, Principal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx
    from shared.contracts.access import AccessGrant
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
_grants = TypeAdapter(tuple[Grant, ...])


def access_table(metadata: sa.MetaData) -> sa.Table:
    """The table `access` in a service's own metadata (and `used_ticket` beside it), for its store and migrations."""
    _used_tickets.to_metadata(metadata)
    return _access.to_metadata(metadata)


async def write_access(
    session: AsyncSession, rows: Mapping[str, tuple[Iterable[AccessGrant | Grant], datetime]]
) -> None:
    """Keep what each subject may from now on: subject -> (all grants, domain time). One statement for all.

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
    """A grant as it stands in the table: what has no value is left out."""
    values = {field.name: getattr(grant, field.name) for field in fields(Grant)}
    return {name: str(value) for name, value in values.items() if value is not None}


async def consume_access(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of topic exchange.access in a service: the newest event of a subject counts."""
    newest = {
        event.subject: (event.data.grants, event.time) for event in events if isinstance(event.data, AccessChanged)
    }
    await write_access(tx.session, newest)


async def grants_of(session: AsyncSession, subject: str) -> tuple[Grant, ...]:
    """All grants of a subject, active or not; empty for somebody nobody knows."""
    connection = await session.connection()
    held = await connection.scalar(sa.select(_access.c.grants).where(_access.c.subject == subject))
    return _grants.validate_python(held) if held is not None else ()


async def load_principal(session: AsyncSession, subject: str) -> Principal:
    """The subject with the grants that hold now (today, domain time)."""
    return Principal.on(subject, await grants_of(session, subject), clock.today())


async def use_ticket(session: AsyncSession, ticket: Ticket) -> bool:
    """Mark a ticket as used; False if it was used before. Forgets those that are over. Commit is the caller's."""
    moment = datetime.now(UTC)
    connection = await session.connection()
    await connection.execute(sa.delete(_used_tickets).where(_used_tickets.c.until < moment))
    until = datetime.fromtimestamp(ticket.expires, UTC) + timedelta(minutes=1)
    new = insert(_used_tickets).values(id=ticket.id, until=until).on_conflict_do_nothing()
    return (await connection.scalar(new.returning(_used_tickets.c.id))) is not None
