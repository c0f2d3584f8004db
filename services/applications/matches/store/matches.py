"""Store matches and receipts, projections of `exchange.matches` and `exchange.receipts`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.mentorships.store.mentorships import Mentorship
from services.applications.tables import Table, write_rows
from services.applications.visits.store import Visit
from shared.bus.db.documents import JsonDocument
from shared.contracts import matches as match_events
from shared.contracts.codes import ApplicationKind, MatchState, MentorshipState, VisitState
from shared.contracts.lifecycle.state_sets import MATCH_STANDING, MATCH_UNCONFIRMED, MENTORSHIP_OVER
from shared.contracts.matches import MatchEvent, Pairing
from shared.contracts.receipts import MatchExplained, NoMatchExplained, ReceiptEvent
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)
MOST = 500
UNCONFIRMED = MATCH_UNCONFIRMED
_STATES: dict[str, MatchState] = {
    match_events.MatchProposed.type: MatchState.PROPOSED,
    match_events.MatchCleared.type: MatchState.CLEARED,
    match_events.MatchOffered.type: MatchState.OFFERED,
    match_events.MatchConfirmed.type: MatchState.CONFIRMED,
    match_events.MatchDeclined.type: MatchState.DECLINED,
    match_events.MatchExpired.type: MatchState.EXPIRED,
    match_events.MatchSuperseded.type: MatchState.SUPERSEDED,
    match_events.MatchCancelled.type: MatchState.CANCELLED,
}


class Match(Table, table=True):
    """A match in its present state; `due` is when clearance or the answers are due."""

    __tablename__ = "match"
    __table_args__ = (
        sa.Index("match_country_state", "country", "state"),
        sa.Index("match_host_country_state", "host_country", "state"),
        sa.Index("match_host_organisation_state", "host_organisation_id", "state"),
        sa.Index("match_application", "application_id", "proposed_at"),
        sa.Index("match_since", "since"),
    )

    id: UUID = Field(primary_key=True)
    application_id: UUID
    call_id: UUID
    kind: str
    offer_id: UUID | None = Field(default=None, index=True)
    mentor_id: UUID | None = Field(default=None, index=True)
    country: str
    organisation_id: UUID
    host_country: str
    host_organisation_id: UUID
    state: str
    since: datetime = Field(sa_type=_TIME)
    due: datetime | None = Field(default=None, sa_type=_TIME)
    proposed_at: datetime = Field(sa_type=_TIME)
    reason: str | None = Field(default=None, description="Why it ended, a code")
    ended_by: str | None = Field(default=None, description="The party that ended it")
    cancelled_in: str | None = Field(default=None, description="The state in which it was cancelled")
    reserve: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": sa.false()},
        description="Cleared beforehand for a place that another match holds; it holds none",
    )
    late: list[str] = Field(default_factory=list, sa_type=JSONB, description="Whose answers came too late")
    pairing: Pairing = Field(sa_type=JsonDocument(Pairing), description="The application and the place")

    @property
    def for_(self) -> ApplicationKind:
        """The kind of stay that the application is for."""
        return ApplicationKind(self.kind)

    @property
    def stands(self) -> MatchState:
        """Its state."""
        return MatchState(self.state)

    @property
    def shown_state(self) -> str:
        """The state as pages show it: an unconfirmed reserve says that it is one."""
        return f"reserve_{self.state}" if self.reserve and self.state in UNCONFIRMED else self.state


class Receipt(Table, table=True):
    """The reason why an application was matched or not in the last committed run: the event as received."""

    __tablename__ = "receipt"

    application_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=_TIME)
    matched: bool
    waiting: bool = Field(description="Not matched, but with a place in line")
    event: dict[str, Any] = Field(sa_type=JSONB)

    @property
    def explained(self) -> MatchExplained | NoMatchExplained:
        """The receipt as matching wrote it."""
        return (MatchExplained if self.matched else NoMatchExplained).model_validate(self.event)


async def evolve(tx: Tx, events: Sequence[Envelope]) -> dict[UUID, datetime]:
    """Apply events of `exchange.matches`; return the applications concerned, with the time of the newest event."""
    found = [event for event in events if isinstance(event.data, MatchEvent)]
    stored = await matches_by_id(tx.session, {UUID(event.subject) for event in found})
    rows = {id_: match.model_dump() for id_, match in stored.items()}
    for event in found:
        id_ = UUID(event.subject)
        rows[id_] = _row_after(rows.get(id_), id_, event)
    await write_rows(tx.session, [Match(**row) for row in rows.values()])
    touched = {rows[UUID(event.subject)]["application_id"]: event.time for event in found}
    if touched:
        await tx.changed("matches")
    return touched


def _row_after(row: dict[str, Any] | None, id_: UUID, event: Envelope) -> dict[str, Any]:
    """Return the row of a match after one more event about it."""
    assert isinstance(event.data, MatchEvent)
    data, pairing = event.data, event.data.pairing
    new = row or {"state": MatchState.PROPOSED.value, "since": event.time, "proposed_at": event.time, "late": []}
    new = new | {"id": id_, "pairing": pairing}
    names = ("application_id", "call_id", "kind", "offer_id", "mentor_id", "country", "organisation_id")
    new |= {name: getattr(pairing, name) for name in (*names, "host_country", "host_organisation_id")}
    new = {"reason": None, "ended_by": None, "cancelled_in": None, "due": None, "reserve": False} | new
    if isinstance(data, match_events.AnswerTooLate):
        return new | {"late": [*new["late"], data.by.value]}
    if isinstance(data, match_events.MatchProposed | match_events.MatchCalledUp):
        new |= {"reserve": isinstance(data, match_events.MatchProposed) and data.reserve}
    state = _STATES.get(event.type)
    if state is None:
        return new
    reason, by = getattr(data, "reason", None), getattr(data, "by", None)
    return new | {
        "state": state.value,
        "since": event.time,
        "due": getattr(data, "due", None),
        "reason": str(reason) if reason else None,
        "ended_by": str(by) if by else None,
        "cancelled_in": data.was.value if isinstance(data, match_events.MatchCancelled) else None,
    }


async def evolve_receipts(tx: Tx, events: Sequence[Envelope]) -> dict[UUID, datetime]:
    """Apply events of `exchange.receipts`: keep the newest receipt of each application; return when it was written."""
    newest: dict[UUID, Receipt] = {}
    for event in events:
        if not isinstance(event.data, ReceiptEvent):
            continue
        data, application_id = event.data, UUID(event.subject)
        newest[application_id] = Receipt(
            application_id=application_id,
            at=event.time,
            matched=isinstance(data, MatchExplained),
            waiting=isinstance(data, NoMatchExplained) and data.waiting_place is not None,
            event=data.model_dump(mode="json"),
        )
    await write_rows(tx.session, newest.values())
    return {id_: receipt.at for id_, receipt in newest.items()}


async def match(session: AsyncSession, match_id: UUID, *, lock: bool = False) -> Match | None:
    """Return one match; with `lock` nobody else changes it, or records anything about it, until the commit."""
    return await session.get(Match, match_id, with_for_update=lock, populate_existing=lock)


async def matches_by_id(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Match]:
    """Return the matches with these ids, as far as they are known."""
    query = select(Match).where(col(Match.id).in_(sorted(ids))).order_by(col(Match.id))
    return {match.id: match for match in await session.scalars(query)}


async def of_application(session: AsyncSession, application_id: UUID) -> list[Match]:
    """Return all matches of an application, the newest first."""
    query = select(Match).where(Match.application_id == application_id)
    return list(await session.scalars(query.order_by(col(Match.proposed_at).desc(), col(Match.id).desc())))


async def standing_of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Match]:
    """Return the matches of these applications that are proposed or confirmed, reserves too, the oldest first."""
    query = select(Match).where(
        col(Match.application_id).in_(sorted(application_ids)), col(Match.state).in_(MATCH_STANDING)
    )
    return list(await session.scalars(query.order_by(col(Match.proposed_at), col(Match.id))))


async def receipt(session: AsyncSession, application_id: UUID) -> Receipt | None:
    """Return the receipt of an application's last run."""
    return await session.get(Receipt, application_id)


async def within(
    session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]], states: Sequence[str] = ()
) -> list[Match]:
    """Return matches that meet one of `conditions` (and are in one of `states`), those due first; `MOST` at most."""
    query = select(Match).where(sa.or_(sa.false(), *conditions))
    if states:
        query = query.where(col(Match.state).in_(states))
    return list(await session.scalars(query.order_by(col(Match.due).nulls_last(), col(Match.id).desc()).limit(MOST)))


async def page(
    session: AsyncSession,
    conditions: Sequence[sa.ColumnElement[bool]],
    states: Sequence[str],
    request: PageRequest,
) -> list[Match]:
    """Return one page of the matches that meet one of `conditions`, and one row more; the newest first."""
    query = select(Match).where(sa.or_(sa.false(), *conditions))
    if states:
        query = query.where(col(Match.state).in_(states))
    if request.since is not None:
        query = query.where(col(Match.since) >= request.since)
    return list(await session.scalars(cut(query, [col(Match.id)], request, newest=True)))


async def mentorships_page(
    session: AsyncSession,
    conditions: Sequence[sa.ColumnElement[bool]],
    state: MentorshipState | None,
    request: PageRequest,
) -> list[Mentorship]:
    """Return one page of the mentorships from matches that meet one of `conditions`, and one row more, newest first."""
    query = select(Mentorship).join(Match, col(Match.id) == Mentorship.match_id)
    query = query.where(sa.or_(sa.false(), *conditions))
    if state is not None:
        query = query.where(Mentorship.state == state)
    if request.since is not None:
        query = query.where(col(Mentorship.since) >= request.since)
    return list(await session.scalars(cut(query, [col(Mentorship.id)], request, newest=True)))


async def visits_page(
    session: AsyncSession,
    conditions: Sequence[sa.ColumnElement[bool]],
    states: Sequence[VisitState],
    request: PageRequest,
) -> list[Visit]:
    """Return one page of the visits from matches that meet one of `conditions`, and one row more, the newest first."""
    query = select(Visit).join(Match, col(Match.id) == Visit.match_id).where(sa.or_(sa.false(), *conditions))
    if states:
        query = query.where(col(Visit.state).in_(states))
    if request.since is not None:
        query = query.where(col(Visit.since) >= request.since)
    return list(await session.scalars(cut(query, [col(Visit.id)], request, newest=True)))


async def counts(session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]]) -> dict[str, int]:
    """Return how many matches that meet one of `conditions` are in each state."""
    query = (
        sa.select(col(Match.state), sa.func.count()).where(sa.or_(sa.false(), *conditions)).group_by(col(Match.state))
    )
    return {str(state): int(count) for state, count in (await session.execute(query.order_by(col(Match.state)))).all()}


async def settled_page(
    session: AsyncSession, conditions: Sequence[sa.ColumnElement[bool]], states: Sequence[str], begin: int, most: int
) -> list[Match]:
    """Return matches that meet one of `conditions` in one of `states`, newest first: `most` from `begin` on."""
    query = select(Match).where(sa.or_(sa.false(), *conditions), col(Match.state).in_(states))
    return list(await session.scalars(query.order_by(col(Match.id).desc()).limit(most).offset(begin)))


async def confirmed_counts(session: AsyncSession, offer_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many places of each placement are confirmed."""
    query = (
        sa.select(col(Match.offer_id), sa.func.count())
        .where(col(Match.offer_id).in_(sorted(offer_ids)), col(Match.state) == MatchState.CONFIRMED)
        .group_by(col(Match.offer_id))
        .order_by(col(Match.offer_id))
    )
    found = {offer_id: int(count) for offer_id, count in (await session.execute(query)).all()}
    return {offer_id: found.get(offer_id, 0) for offer_id in offer_ids}


async def open_of_offer(session: AsyncSession, offer_id: UUID) -> list[Match]:
    """Return the matches for a placement that are neither confirmed nor over, those due first."""
    query = select(Match).where(Match.offer_id == offer_id, col(Match.state).in_(UNCONFIRMED))
    return list(await session.scalars(query.order_by(col(Match.due).nulls_last(), col(Match.id)).limit(MOST)))


async def mentee_counts(session: AsyncSession, mentor_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many mentees each mentor has: confirmed matches whose mentorship has not ended."""
    ended = select(Mentorship.id).where(
        col(Mentorship.match_id) == col(Match.id),
        col(Mentorship.state).in_(MENTORSHIP_OVER),
    )
    query = (
        sa.select(col(Match.mentor_id), sa.func.count())
        .where(col(Match.mentor_id).in_(sorted(mentor_ids)), col(Match.state) == MatchState.CONFIRMED, ~ended.exists())
        .group_by(col(Match.mentor_id))
        .order_by(col(Match.mentor_id))
    )
    found = {mentor_id: int(count) for mentor_id, count in (await session.execute(query)).all()}
    return {mentor_id: found.get(mentor_id, 0) for mentor_id in mentor_ids}


def of_hosts(organisation_ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition for matches with placements of these organisations."""
    return sa.and_(col(Match.host_organisation_id).in_(organisation_ids), col(Match.offer_id).is_not(None))


def of_applications(application_ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition for matches of these applications."""
    return col(Match.application_id).in_(application_ids)


def of_mentors(mentor_ids: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """Return the condition for matches with these mentors."""
    return col(Match.mentor_id).in_(mentor_ids)


def cleared_by(countries: Sequence[str] | None, organisation_ids: Sequence[UUID], union: str) -> sa.ColumnElement[bool]:
    """Return the condition for matches that these countries, or these EU agencies, clear; None is all countries."""
    if countries is None:
        return sa.true()
    return sa.or_(
        col(Match.country).in_(countries),
        col(Match.host_country).in_(countries),
        sa.and_(col(Match.country) == union, col(Match.organisation_id).in_(organisation_ids)),
        sa.and_(col(Match.host_country) == union, col(Match.host_organisation_id).in_(organisation_ids)),
    )
