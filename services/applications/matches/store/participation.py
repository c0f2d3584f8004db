"""Store clearances, answers and releases of identity: the portal's own facts about a match.

Every row was written in the transaction of an event on `exchange.participation`; texts and stated reasons stay here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.matches.store.matches import Match
from services.applications.partners.model import UNCONFIRMED
from services.applications.partners.store import suspended_now
from services.applications.tables import Table
from services.applications.transitions import Recorded
from shared.contracts.codes import Answer, Party, Side
from shared.contracts.lifecycle.state_sets import MATCH_STANDING
from shared.time import clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_TIME = sa.DateTime(timezone=True)
PARTICIPATION = "exchange.participation"
FOR_ONE_SIDE = ("AnswerGiven", "AgreementSigned", "PartPrepared", "IdentityReleased")
"""Types of events of which one side need not know before it has answered or signed itself."""


class Clearance(Table, table=True):
    """The decision of one side of a match, to clear or to refuse, with the reason as stated."""

    __tablename__ = "clearance"

    match_id: UUID = Field(primary_key=True)
    side: str = Field(primary_key=True)
    granted: bool
    reason: str | None = Field(default=None, description="A StatedReason; what leaves the portal is `published` of it")
    text: str = ""
    actor: str
    acting_as: str
    at: datetime = Field(sa_type=_TIME)
    host_due: datetime | None = Field(default=None, sa_type=_TIME, description="When the host side is to clear")


class Release(Table, table=True):
    """Fields of one party's identity that another may see: `party` and `recipient` are parties of the match."""

    __tablename__ = "release"
    __table_args__ = (sa.Index("release_at", "at", "match_id"),)

    match_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    fields: list[str] = Field(sa_type=JSONB)
    basis: str
    at: datetime = Field(sa_type=_TIME)


class MatchAnswer(Table, table=True):
    """The answer of one party to an offered match; a request until matching confirms it."""

    __tablename__ = "answer"

    match_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    answer: str
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def clearances(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, dict[Side, Clearance]]:
    """Return, by match and side, what was decided."""
    query = select(Clearance).where(col(Clearance.match_id).in_(sorted(match_ids)))
    found: dict[UUID, dict[Side, Clearance]] = {id_: {} for id_ in match_ids}
    for clearance in await session.scalars(query.order_by(col(Clearance.match_id), col(Clearance.at))):
        found[clearance.match_id][Side(clearance.side)] = clearance
    return found


async def releases(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, list[Release]]:
    """Return, by match, what one party may see of another, the oldest first.

    While one of its two countries is suspended, a match that is not confirmed shows nobody to anybody.
    """
    hidden = sa.and_(
        col(Match.state).in_(UNCONFIRMED), suspended_now(clock.today(), col(Match.country), col(Match.host_country))
    )
    query = select(Release).join(Match, col(Match.id) == Release.match_id).where(~hidden)
    query = query.where(col(Release.match_id).in_(sorted(match_ids)))
    found: dict[UUID, list[Release]] = {id_: [] for id_ in match_ids}
    for release in await session.scalars(
        query.order_by(col(Release.match_id), col(Release.at), col(Release.recipient))
    ):
        found[release.match_id].append(release)
    return found


async def add_release(session: AsyncSession, row: Release) -> bool:
    """Record that fields may be seen; return whether any of them is new for that purpose. Earlier ones remain."""
    key = (row.match_id, row.party, row.recipient, row.purpose)
    before = await session.get(Release, key, with_for_update=True, populate_existing=True)
    if before is None:
        session.add(row)
        return True
    new = [field for field in row.fields if field not in before.fields]
    before.fields = [*before.fields, *new]
    return bool(new)


async def answers(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, dict[Party, Answer]]:
    """Return, by match and party, what was answered."""
    query = select(MatchAnswer).where(col(MatchAnswer.match_id).in_(sorted(match_ids)))
    found: dict[UUID, dict[Party, Answer]] = {id_: {} for id_ in match_ids}
    for answer in await session.scalars(query.order_by(col(MatchAnswer.match_id), col(MatchAnswer.at))):
        found[answer.match_id][Party(answer.party)] = Answer(answer.answer)
    return found


async def recorded_answers(session: AsyncSession, match_id: UUID) -> dict[Party, Recorded]:
    """Return, by party, what was answered, by whom and when."""
    query = select(MatchAnswer).where(MatchAnswer.match_id == match_id).order_by(col(MatchAnswer.at))
    found = await session.scalars(query)
    return {Party(answer.party): Recorded(Answer(answer.answer), answer.actor, answer.at) for answer in found}


async def both_accepted(session: AsyncSession, application_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the applications that have a live match which both sides accepted."""
    query = (
        select(Match.application_id)
        .join(MatchAnswer, col(MatchAnswer.match_id) == col(Match.id))
        .where(
            col(Match.application_id).in_(sorted(application_ids)),
            col(Match.state).in_(MATCH_STANDING),
            MatchAnswer.answer == Answer.ACCEPT,
        )
        .group_by(col(Match.id), col(Match.application_id))
        .having(sa.func.count() >= len(Side))
        .order_by(col(Match.application_id))
    )
    return set((await session.scalars(query)).all())
