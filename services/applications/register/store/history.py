"""Store who changed what in the register, insert-only, for the auditor."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.register.model.proposals import differences
from services.applications.tables import Table
from shared.ids import new_id
from shared.time import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.entries import State

_TIME = sa.DateTime(timezone=True)
_MOST = 200


class RegisterChange(Table, table=True):
    """One change. `before` and `after` hold the fields that differ, among them names and addresses of people."""

    __tablename__ = "register_change"
    __table_args__ = (
        sa.Index("register_change_entry", "kind", "key", "id"),
        sa.Index("register_change_at", "at", "id"),
        sa.Index("register_change_actor", "actor", "id"),
    )

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME)
    actor: str = Field(description="Sign-in subject, or system:<what>")
    kind: str = Field(description="organisation, person, access, partner, fund, exclusion, need, proposal")
    key: str = Field(description="The entry's id; a person's and an access's is the person's opaque id")
    action: str = Field(description="entered, changed, deactivated, left, moved, confirmed, lapsed, ...")
    country: str | None = None
    before: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JSONB)
    after: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JSONB)
    proposal_id: UUID | None = Field(default=None, description="The proposal that was approved by it")


def note(
    session: AsyncSession,
    *,
    actor: str,
    kind: str,
    key: UUID | str,
    action: str,
    before: State,
    after: State,
    country: str | None = None,
    proposal_id: UUID | None = None,
) -> None:
    """Record a change in the transaction that makes it.

    `before` and `after` are whole entries as JSON; only what differs is stored.
    """
    changed = differences(before, after)
    session.add(
        RegisterChange(
            id=new_id(),
            at=clock.now(),
            actor=actor,
            kind=kind,
            key=str(key),
            action=action,
            country=country,
            before={name: old for name, (old, _) in changed.items() if name in before},
            after={name: new for name, (_, new) in changed.items() if name in after},
            proposal_id=proposal_id,
        )
    )


def changed_since(kind: str, key: Any, since: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that an entry of that kind, by its id `key`, was changed at `since` or later."""
    changed = select(RegisterChange.key).where(RegisterChange.kind == kind, col(RegisterChange.at) >= since)
    return sa.cast(key, sa.String).in_(changed)


async def history(session: AsyncSession, kinds: tuple[str, ...], key: UUID | str) -> list[RegisterChange]:
    """Return the changes of one entry, newest first; at most 200."""
    query = select(RegisterChange).where(col(RegisterChange.kind).in_(kinds), RegisterChange.key == str(key))
    return list((await session.scalars(query.order_by(col(RegisterChange.id).desc()).limit(_MOST))).all())
