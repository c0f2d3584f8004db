"""The rows of the coordinators' queue: a narrow one for each submitted application, with an index for each order.

The state, its date and the due date that people see come from `application` before the matching and from `standing`
after it. Triggers of both tables write the row when the transaction commits, so that no writer can forget it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.applications.tables import Table, metadata
from shared.contracts.lifecycle.state_sets import APPLICATION_ASKED, in_sql

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The due date where no step is due. No date is null, so that each order is one range of an index."""
_TIME = sa.DateTime(timezone=True)
_ORDERS = ("due", "submitted_at", "reference", "call_id")


class QueueEntry(Table, table=True):
    """A submitted application as lists show it."""

    __tablename__ = "queue_entry"
    __table_args__ = (
        *(sa.Index(f"queue_entry_{name}", name, "application_id") for name in _ORDERS),
        *(sa.Index(f"queue_entry_country_{name}", "country", name, "application_id") for name in _ORDERS),
        sa.Index("queue_entry_country", "country", "application_id"),
        sa.Index("queue_entry_state", "state", "application_id"),
        sa.Index("queue_entry_country_state", "country", "state", "application_id"),
        sa.Index("queue_entry_state_due", "state", "due", "application_id"),
        sa.Index("queue_entry_country_state_due", "country", "state", "due", "application_id"),
        sa.Index("queue_entry_changes_at", "changes_at", postgresql_where=sa.text("changes_at IS NOT NULL")),
        sa.Index("queue_entry_organisation_id", "organisation_id"),
    )

    application_id: UUID = Field(primary_key=True)
    reference: str
    call_id: UUID
    kind: str
    subject: str
    country: str
    organisation_id: UUID | None = None
    own_state: str = Field(description="The portal's own state")
    state: str = Field(description="The state that people see, projected from the matching on")
    since: datetime = Field(sa_type=_TIME)
    due: datetime = Field(sa_type=_TIME, description="Until when the next step is asked for; 9999-01-01 without a date")
    changes_at: datetime | None = Field(default=None, sa_type=_TIME)
    due_then: datetime = Field(sa_type=_TIME, description="Due in place of `due` from `changes_at` on")
    submitted_at: datetime = Field(sa_type=_TIME)
    mode: str | None = None
    rank_group: str | None = None
    service: str | None = None
    first_time: bool | None = None


# The row is locked first: of two transactions that write both sources, the second then reads what the first committed.
_WRITE = f"""
CREATE FUNCTION write_queue_entry(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM queue_entry WHERE application_id = wanted FOR UPDATE;
    INSERT INTO queue_entry AS entry
    SELECT a.id, a.reference, a.call_id, a.kind, a.subject, a.country, a.organisation_id, a.state,
           CASE a.state WHEN 'eligible' THEN coalesce(s.state, 'in_matching') ELSE a.state END,
           CASE a.state WHEN 'eligible' THEN coalesce(s.since, a.since) ELSE a.since END,
           coalesce(CASE WHEN a.state IN ({in_sql(APPLICATION_ASKED)}) THEN a.due ELSE s.due END, '9999-01-01 00:00Z'),
           CASE WHEN a.state IN ({in_sql(APPLICATION_ASKED)}) THEN NULL ELSE s.changes_at END,
           coalesce(s.due_then, '9999-01-01 00:00Z'), a.submitted_at,
           a.profile ->> 'mode', a.profile ->> 'rank_group', a.profile ->> 'service',
           CAST(a.profile ->> 'first_time' AS boolean)
    FROM application a LEFT JOIN standing s ON s.application_id = a.id
    WHERE a.id = wanted AND a.submitted_at IS NOT NULL
    ON CONFLICT (application_id) DO UPDATE
    SET (reference, call_id, kind, subject, country, organisation_id, own_state, state, since, due, changes_at,
         due_then, submitted_at, mode, rank_group, service, first_time)
      = (excluded.reference, excluded.call_id, excluded.kind, excluded.subject, excluded.country,
         excluded.organisation_id, excluded.own_state, excluded.state, excluded.since, excluded.due,
         excluded.changes_at, excluded.due_then, excluded.submitted_at, excluded.mode, excluded.rank_group,
         excluded.service, excluded.first_time)
    WHERE (entry.*) IS DISTINCT FROM (excluded.*);
END $$
"""  # noqa: S608 - the states are constants
_NOTE = """
CREATE FUNCTION note_queue_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'standing' THEN
        PERFORM write_queue_entry(NEW.application_id);
    ELSE
        PERFORM write_queue_entry(NEW.id);
    END IF;
    RETURN NULL;
END $$
"""
_OF_APPLICATION = """
CREATE CONSTRAINT TRIGGER application_listed
AFTER INSERT OR UPDATE OF reference, call_id, kind, subject, country, organisation_id, state, since, due, profile,
    submitted_at ON application DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.submitted_at IS NOT NULL) EXECUTE FUNCTION note_queue_entry()
"""
_OF_STANDING = """
CREATE CONSTRAINT TRIGGER standing_listed AFTER INSERT OR UPDATE ON standing DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION note_queue_entry()
"""
for _statement in (_WRITE, _NOTE, _OF_APPLICATION, _OF_STANDING):
    sa.event.listen(metadata, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


async def write_all(session: AsyncSession) -> None:
    """Write the rows of all submitted applications, after `standing` was rebuilt."""
    query = "SELECT count(write_queue_entry(id)) FROM application WHERE submitted_at IS NOT NULL"
    await session.execute(sa.text(query))
