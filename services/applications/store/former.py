"""Of whom has the register ever known, and does not any more? An opaque id and a day, and nothing else of them.

The database itself notes it, whatever takes a person out: other services hold such ids and are to let go of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.applications.store.base import Table
from services.applications.store.register import Person

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class FormerPerson(Table, table=True):
    """Somebody who was in the register."""

    __tablename__ = "former_person"

    id: UUID = Field(primary_key=True, description="The opaque id that they had")
    at: datetime = Field(sa_type=sa.DateTime(timezone=True), description="Real time")


_FUNCTION = """
CREATE FUNCTION note_former_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_person (id, at) VALUES (OLD.id, now()) ON CONFLICT DO NOTHING;
    RETURN OLD;
END $$
"""
_TRIGGER = "CREATE TRIGGER person_taken_out AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION note_former_person()"
_PERSON: sa.Table = Person.__table__  # type: ignore[attr-defined]  # SQLModel adds it to classes with table=True
for _statement in (_FUNCTION, _TRIGGER):
    sa.event.listen(_PERSON, "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


async def was_known(session: AsyncSession, person_id: UUID) -> bool:
    """Whether somebody had that opaque id, and is not in the register any more."""
    return await session.get(FormerPerson, person_id) is not None
