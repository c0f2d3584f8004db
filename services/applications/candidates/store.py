"""Store what hosts and mentors say of candidates, and find the applications that they may read.

Conditions are the same whatever exclusions and conflicts of interest there are, so that nobody who is missing tells of
one. Only the rules that every call names leave somebody out: abroad, and another agency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.application.store.applications import Application
from services.applications.application.store.standings import Standing
from services.applications.candidates.model import Choices
from services.applications.own_cases.store import tied_to
from services.applications.tables import Table
from shared.contracts.codes import UNION, ApplicationKind, ApplicationState
from shared.contracts.lifecycle.state_sets import APPLICATION_UNMATCHED

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

MOST = 500
"""So many applications are read at once."""


class CandidateChoice(Table, table=True):
    """The choices of a placement's host, or of a mentor; the words are for the writer's side only."""

    __tablename__ = "candidate_choice"

    seat_id: UUID = Field(primary_key=True, description="The placement or the mentor's profile")
    choices: dict[str, JsonValue] = Field(sa_type=JSONB, description="Those in order, and those not suitable with why")
    saved_by: str = Field(description="Sign-in subject")
    saved_at: datetime = Field(sa_type=sa.DateTime(timezone=True))

    @property
    def entry(self) -> Choices:
        """The choices that were saved."""
        return Choices.model_validate(self.choices)


async def choices_of(session: AsyncSession, seat_id: UUID) -> Choices:
    """Return what was said of candidates of a placement or mentor; nothing where nobody said anything."""
    row = await session.get(CandidateChoice, seat_id, populate_existing=True)
    return Choices() if row is None else row.entry


async def put(session: AsyncSession, row: CandidateChoice) -> None:
    """Write what was said."""
    await session.merge(row)


@dataclass(frozen=True, slots=True)
class Scope:
    """The placement or mentor for which candidates are read, and the account of the reader."""

    seat_id: UUID
    call_id: UUID
    kind: ApplicationKind
    country: str
    organisation_id: UUID
    reader: str


_GROUP = col(Application.profile_json)["group_id"].astext


def _unmatched(scope: Scope) -> list[sa.ColumnElement[bool]]:
    state = sa.func.coalesce(col(Standing.state), ApplicationState.IN_MATCHING.value)
    return [
        col(Application.call_id) == scope.call_id,
        col(Application.kind) == scope.kind.value,
        col(Application.state) == ApplicationState.ELIGIBLE,
        state.in_(APPLICATION_UNMATCHED),
    ]


def _readable(scope: Scope) -> list[sa.ColumnElement[bool]]:
    return [
        sa.or_(col(Application.country) != scope.country, col(Application.country) == UNION),
        col(Application.organisation_id) != scope.organisation_id,
        # Nobody judges an own case, and no list tells that a candidate is one.
        col(Application.subject) != scope.reader,
        col(Application.subject).not_in(tied_to(scope.reader)),
    ]


async def waiting(session: AsyncSession, scope: Scope, always: Collection[UUID] = ()) -> list[Application]:
    """Return eligible applications without a match that the reader may judge; those in `always` first, at most `MOST`.

    The others come in an order of their own for each placement or mentor, so that nobody gains by applying first.
    """
    shuffled = sa.func.md5(sa.cast(col(Application.id), sa.Text).concat(str(scope.seat_id)))
    query = (
        select(Application)
        .outerjoin(Standing, col(Standing.application_id) == col(Application.id))
        .where(
            *_unmatched(scope),
            *_readable(scope),
            # A group is placed by points, and who names a counterpart goes there.
            _GROUP.is_(None),
            col(Application.profile_json)["prematched_with"].astext.is_(None),
        )
        .order_by(col(Application.id).in_(sorted(always)).desc(), shuffled)
        .limit(MOST)
    )
    return list(await session.scalars(query))


async def waiting_groups(session: AsyncSession, scope: Scope, most: int) -> list[list[Application]]:
    """Return the groups of at most `most` eligible applications without a match, all of which the reader may judge."""
    readable = sa.and_(*_readable(scope))
    whole = (
        sa.select(_GROUP)
        .select_from(Application)
        .outerjoin(Standing, col(Standing.application_id) == col(Application.id))
        .where(*_unmatched(scope), _GROUP.is_not(None))
        .group_by(_GROUP)
        .having(sa.func.count().between(2, most), sa.func.bool_and(readable))
    )
    query = (
        select(Application)
        .outerjoin(Standing, col(Standing.application_id) == col(Application.id))
        .where(*_unmatched(scope), _GROUP.in_(whole))
        .order_by(_GROUP, col(Application.id))
        .limit(MOST)
    )
    groups: dict[str, list[Application]] = {}
    for application in await session.scalars(query):
        groups.setdefault(str((application.profile_json or {})["group_id"]), []).append(application)
    return list(groups.values())


async def in_call(session: AsyncSession, call_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the applications that are eligible in the call, with or without a match."""
    query = sa.select(col(Application.id)).where(
        col(Application.call_id) == call_id,
        col(Application.state) == ApplicationState.ELIGIBLE,
        col(Application.id).in_(sorted(ids)),
    )
    return set((await session.execute(query)).scalars())
