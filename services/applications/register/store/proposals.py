"""Store proposals for the register and their decisions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue, ValidationError
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.own_cases.model import Concerned
from services.applications.register.model.proposals import CHANGE, concerned_by
from services.applications.tables import Table, one_page
from shared.bus.db.locking import for_update
from shared.contracts.codes import ProposalState
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.register.model.proposals import Change
    from services.applications.register.store.people import RegisterScope
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class Proposal(Table, table=True):
    """A proposed change of the register; `before` is the entry at that time, empty for a new one."""

    __tablename__ = "proposal"
    __table_args__ = (
        sa.Index("proposal_about", "about", unique=True, postgresql_where=sa.text("state = 'waits'")),
        sa.Index("proposal_state", "state", "proposed_at"),
        sa.Index("proposal_country", "country", "state"),
        sa.Index("proposal_organisation_id", "organisation_id", "state"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(description="What sort of change, for lists and filters")
    about: str = Field(description="The person's sign-in subject or the organisation's id: one waits at a time")
    name: str = Field(description="Of the person or the organisation, as it was proposed")
    country: str | None = None
    organisation_id: UUID | None = None
    change_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "change"})
    before: dict[str, JsonValue] = Field(default_factory=dict, sa_type=JSONB)
    base_version: int = Field(default=0, description="The entry's version then; 0 for a new one")
    note: str = Field(default="", description="The proposer's word to the programme coordinator")
    state: str = ProposalState.WAITS
    proposed_by: str
    proposed_at: datetime = Field(index=True, sa_type=_TIME)
    settled_by: str | None = None
    settled_at: datetime | None = Field(index=True, default=None, sa_type=_TIME)
    reason: str | None = None
    text: str = ""

    @property
    def change(self) -> Change | None:
        """Return the proposed change; None if it was stored under other rules for entries and cannot be read now."""
        try:
            return CHANGE.validate_python(self.change_json)
        except ValidationError:
            return None

    @property
    def concerned(self) -> Concerned:
        """The people whom a decision on it concerns, and the proposer."""
        change = self.change
        people = frozenset({self.about}) if change is None else concerned_by(change)
        return Concerned(people, frozenset({self.proposed_by}))

    @property
    def stands(self) -> ProposalState:
        """Return the state."""
        return ProposalState(self.state)


async def proposal(session: AsyncSession, proposal_id: UUID, *, lock: bool = False) -> Proposal | None:
    """Return one proposal; with `lock` nobody else decides it until the commit."""
    return await session.get(Proposal, proposal_id, with_for_update=lock, populate_existing=lock)


async def locked(session: AsyncSession, ids: Sequence[UUID]) -> list[Proposal]:
    """Return several proposals, locked in the order of their ids, so that two transactions do not block each other."""
    query = select(Proposal).where(col(Proposal.id).in_(sorted(set(ids)))).order_by(col(Proposal.id))
    return list((await session.scalars(for_update(query))).all())


async def by_ids(session: AsyncSession, ids: Sequence[UUID]) -> list[Proposal]:
    """Return several proposals, oldest first."""
    query = select(Proposal).where(col(Proposal.id).in_(sorted(set(ids))))
    return list((await session.scalars(query.order_by(col(Proposal.proposed_at), col(Proposal.id)))).all())


async def waiting_about(session: AsyncSession, about: str) -> Proposal | None:
    """Return the waiting proposal about a person or an organisation, if there is one."""
    query = select(Proposal).where(Proposal.about == about, Proposal.state == ProposalState.WAITS)
    return (await session.scalars(query)).one_or_none()


def _visible(within: RegisterScope, subject: str) -> sa.ColumnElement[bool]:
    """Return the proposals in a reader's scope, and the reader's own."""
    return sa.or_(
        within.clause(col(Proposal.country), col(Proposal.organisation_id)), col(Proposal.proposed_by) == subject
    )


async def proposals(
    session: AsyncSession,
    within: RegisterScope,
    subject: str,
    *,
    state: str | None,
    kind: str | None = None,
    page: int = 1,
) -> tuple[list[Proposal], int]:
    """Return one page of the proposals that a reader sees: waiting ones first, oldest on top; then the newest."""
    conditions = [_visible(within, subject)]
    if state:
        conditions.append(col(Proposal.state) == state)
    if kind:
        conditions.append(col(Proposal.kind) == kind)
    total = (await session.execute(sa.select(sa.func.count()).select_from(Proposal).where(*conditions))).scalar_one()
    pending = col(Proposal.state) == ProposalState.WAITS.value
    query = (
        select(Proposal)
        .where(*conditions)
        .order_by(
            pending.desc(),
            sa.case((pending, col(Proposal.proposed_at))).asc().nulls_last(),
            col(Proposal.settled_at).desc().nulls_last(),
            col(Proposal.id),
        )
    )
    found = await session.scalars(one_page(query, page))
    return list(found.all()), int(total)


async def proposals_page(
    session: AsyncSession, within: RegisterScope, subject: str, state: ProposalState | None, request: PageRequest
) -> list[Proposal]:
    """Return one page of the proposals that a reader sees, newest first; `since` is when one was made or decided."""
    query = select(Proposal).where(_visible(within, subject))
    if state is not None:
        query = query.where(col(Proposal.state) == state)
    if request.since is not None:
        since = request.since
        query = query.where(sa.or_(col(Proposal.proposed_at) >= since, col(Proposal.settled_at) >= since))
    return list((await session.scalars(cut(query, [col(Proposal.id)], request, newest=True))).all())


async def counts(session: AsyncSession, within: RegisterScope, subject: str) -> dict[str, int]:
    """Return how many proposals there are in each state."""
    query = (
        sa.select(col(Proposal.state), sa.func.count())
        .where(_visible(within, subject))
        .group_by(col(Proposal.state))
        .order_by(col(Proposal.state))
    )
    return {str(state): int(count) for state, count in (await session.execute(query)).all()}
