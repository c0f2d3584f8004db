"""The companions that applications name: counterparts, and officers asked into a group.

`written` is what the officer wrote, the only thing that he or she sees of somebody who has not confirmed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.application.model.companions import LIVE, CompanionState
from services.applications.application.store.applications import Application
from services.applications.tables import MOST_IN_A_SWEEP, Table
from shared.bus.db.locking import for_update
from shared.contracts.codes import ApplicationKind, ApplicationMode
from shared.contracts.lifecycle.state_sets import APPLICATION_ENDED

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
_LIVE = sorted(LIVE)
_ENDED = APPLICATION_ENDED


class Companion(Table, table=True):
    """A person or placement that an application names. In a group the officer who names is the leader."""

    __tablename__ = "companion"
    __table_args__ = (
        sa.Index("companion_application", "application_id", "id"),
        sa.Index("companion_named", "named_id"),
        sa.Index("companion_subject", "subject", "id"),
        sa.Index("companion_organisation", "organisation_id", "id"),
        sa.Index("companion_live", "id", postgresql_where=sa.text("state IN ('asked', 'confirmed')")),
        sa.Index(
            "companion_one_group",
            "named_id",
            unique=True,
            postgresql_where=sa.text("mode = 'group' AND state = 'confirmed'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    mode: str
    application_id: UUID = Field(description="Who names; the leader of a group")
    call_id: UUID
    kind: str
    written: str = Field(description="A reference or a service e-mail, as it was written")
    subject: str | None = Field(default=None, description="The officer or mentor whom it means, if known")
    organisation_id: UUID | None = Field(default=None, description="Whose placement it means")
    named_id: UUID | None = Field(default=None, description="The application, placement or mentor's profile it means")
    state: str = CompanionState.ASKED
    mismatch: bool = Field(default=False, description="Each was told that they do not name each other")
    asked_at: datetime = Field(sa_type=_TIME)
    answered_at: datetime | None = Field(default=None, sa_type=_TIME)

    @property
    def stands(self) -> CompanionState:
        """Its state."""
        return CompanionState(self.state)

    @property
    def as_(self) -> ApplicationMode:
        """Return whether it is a pair or a group."""
        return ApplicationMode(self.mode)

    @property
    def for_(self) -> ApplicationKind:
        """The kind of stay that is applied for."""
        return ApplicationKind(self.kind)


async def companion(session: AsyncSession, companion_id: UUID, *, lock: bool = False) -> Companion | None:
    """Return one companion; with `lock` nobody else changes it until the commit."""
    return await session.get(Companion, companion_id, with_for_update=lock, populate_existing=lock)


async def named_by(session: AsyncSession, application_id: UUID) -> list[Companion]:
    """Return the companions that an application names, in the order in which it named them."""
    query = select(Companion).where(Companion.application_id == application_id, ~_is_orphaned())
    return list((await session.scalars(query.order_by(col(Companion.id)).limit(100))).all())


async def around(session: AsyncSession, application_id: UUID) -> list[Companion]:
    """Return the row by which an application is a member of a group, and the live companions that it names."""
    return list((await session.scalars(_AROUND, {"id": application_id})).all())


def _member(application_id: UUID | sa.BindParameter[UUID]) -> list[sa.ColumnElement[bool]]:
    return [
        col(Companion.named_id) == application_id,
        col(Companion.mode) == ApplicationMode.GROUP,
        col(Companion.state) == CompanionState.CONFIRMED,
        ~_is_over(col(Companion.application_id)),
    ]


def _is_orphaned() -> sa.ColumnElement[bool]:
    """Return the condition that a row is live and one of its applications is over: it ends with the next sweep."""
    ended = sa.or_(
        _is_over(col(Companion.application_id)), sa.and_(_of_an_application(), _is_over(col(Companion.named_id)))
    )
    return sa.and_(col(Companion.state).in_(_LIVE), ended)


def _of_an_application() -> sa.ColumnElement[bool]:
    """Return the condition that an officer's application is named: not a placement, not a mentor's profile."""
    officer = sa.or_(col(Companion.mode) == ApplicationMode.GROUP, col(Companion.kind) == ApplicationKind.STUDY_VISIT)
    return sa.and_(officer, col(Companion.organisation_id).is_(None), col(Companion.named_id).is_not(None))


def _is_over(column: Any) -> sa.ColumnElement[bool]:
    """Return the condition that the application of that id is deleted, withdrawn, cancelled or voided."""
    stays = sa.select(col(Application.id)).where(col(Application.id) == column, col(Application.state).not_in(_ENDED))
    return ~sa.exists(stays)


_AROUND = (
    select(Companion)
    .where(
        sa.and_(*_member(sa.bindparam("id")))
        | sa.and_(col(Companion.application_id) == sa.bindparam("id"), col(Companion.state).in_(_LIVE), ~_is_orphaned())
    )
    .order_by(col(Companion.id))
)
"""Asked with each submission, so it is put together once."""


async def live_by(session: AsyncSession, application_ids: Collection[UUID]) -> list[Companion]:
    """Return the companions that these applications name and that have not declined."""
    query = select(Companion).where(
        col(Companion.application_id).in_(sorted(application_ids)), col(Companion.state).in_(_LIVE), ~_is_orphaned()
    )
    return list((await session.scalars(query.order_by(col(Companion.id)))).all())


async def ended_group_of(session: AsyncSession, application_id: UUID) -> Companion | None:
    """Return the row by which an application is in a group whose leader's application is over, until the sweep."""
    query = select(Companion).where(
        Companion.named_id == application_id, Companion.mode == ApplicationMode.GROUP, _is_orphaned()
    )
    return (await session.scalars(query.where(Companion.state == CompanionState.CONFIRMED).limit(1))).first()


async def group_of(session: AsyncSession, application_id: UUID) -> Companion | None:
    """Return the row by which an application is a member of a group, if it is in one."""
    return (await session.scalars(select(Companion).where(*_member(application_id)).limit(1))).first()


async def naming(
    session: AsyncSession, *, subject: str | None, organisation_ids: Collection[UUID] = (), live: bool = True
) -> list[Companion]:
    """Return the rows that name this person, or a placement of these organisations, the newest first; at most 100."""
    named = sa.or_(col(Companion.subject) == subject, col(Companion.organisation_id).in_(sorted(organisation_ids)))
    query = select(Companion).where(named)
    if live:
        query = query.where(col(Companion.state).in_(_LIVE))
    return list((await session.scalars(query.order_by(col(Companion.id).desc()).limit(100))).all())


async def orphaned(session: AsyncSession) -> list[UUID]:
    """Return the live rows with an application that is deleted, withdrawn, cancelled or voided."""
    query = select(Companion.id).where(_is_orphaned()).order_by(col(Companion.id)).limit(MOST_IN_A_SWEEP)
    return list((await session.scalars(query)).all())


async def lock_orphaned(session: AsyncSession, ids: Collection[UUID]) -> list[Companion]:
    """Return those of the rows that are still so, locked; rows locked by others are left out."""
    query = select(Companion).where(_is_orphaned(), col(Companion.id).in_(ids)).order_by(col(Companion.id))
    return list((await session.scalars(for_update(query, skip_locked=True))).all())
