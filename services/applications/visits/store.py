"""Which visits are there, as matching told them? A projection of `exchange.visits`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.applications.overview.store import progress
from services.applications.tables import Table, write_rows
from shared.contracts import visits as told
from shared.contracts.codes import Answer, Party, VisitState
from shared.contracts.visits import PlannedVisitEvent, VisitEvent, VisitPlan, VisitUnschedulable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx

_TIME = sa.DateTime(timezone=True)
MOST = 500
_STATES: dict[str, VisitState] = {
    told.VisitScheduled.type: VisitState.SCHEDULED,
    told.VisitUnschedulable.type: VisitState.UNSCHEDULABLE,
    told.VisitMoved.type: VisitState.SCHEDULED,
    told.VisitStarted.type: VisitState.UNDER_WAY,
    told.VisitEnded.type: VisitState.ENDED,
    told.VisitCompleted.type: VisitState.COMPLETED,
    told.VisitCancelled.type: VisitState.CANCELLED,
    told.VisitNoShow.type: VisitState.NO_SHOW,
    told.VisitVoided.type: VisitState.VOIDED,
}


class Visit(Table, table=True):
    """A visit as it stands; without dates where no lawful week was found."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index("visit_host_organisation_start", "host_organisation_id", "start"),
        sa.Index("visit_country_start", "country", "start"),
        sa.Index("visit_host_country_start", "host_country", "start"),
    )

    id: UUID = Field(primary_key=True)
    match_id: UUID = Field(index=True)
    application_id: UUID = Field(index=True)
    call_id: UUID
    offer_id: UUID | None = Field(default=None, index=True)
    mentorship_id: UUID | None = Field(default=None, index=True)
    guest: str = Field(
        default=Party.GUEST.value,
        sa_column_kwargs={"server_default": Party.GUEST.value},
        description="Which of a mentoring pair travels, a Party",
    )
    country: str
    host_country: str
    host_organisation_id: UUID
    topic: str
    state: str
    since: datetime = Field(sa_type=_TIME)
    start: date | None = None
    end: date | None = None
    days: list[str] = Field(default_factory=list, sa_type=JSONB, description="Its working days, ISO 8601")
    required_days: int
    agenda_due: datetime | None = Field(default=None, sa_type=_TIME)
    proposal: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True), description="New dates that both are asked about"
    )
    attended: list[str] = Field(default_factory=list, sa_type=JSONB)
    ended_on: date | None = None
    whole: bool = Field(default=True, description="Whether all required days were attended, once it has ended")
    reason: str | None = None
    cause: str | None = Field(default=None, description="Why no lawful week was found, an UnschedulableCause")
    moves: int = Field(
        default=0,
        sa_column_kwargs={"server_default": sa.text("0")},
        description="The number of the last proposal of other dates",
    )
    replaces: UUID | None = Field(default=None, index=True, description="The visit whose place it took over")
    kept: str | None = Field(default=None, description="Why it kept its dates at the last move, a MoveDropCause")

    @property
    def stands(self) -> VisitState:
        """Its state."""
        return VisitState(self.state)

    @property
    def about(self) -> UUID:
        """Under which id statements about it are kept: its match; of a pair, which may have several visits, its own."""
        return self.match_id if self.mentorship_id is None else self.id

    @property
    def dates(self) -> list[date]:
        """Its working days."""
        return [date.fromisoformat(day) for day in self.days]


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """The `evolve` of exchange.visits: what became of each visit, and of the applications behind them."""
    found = [event for event in events if isinstance(event.data, VisitEvent)]
    ids = sorted({UUID(event.subject) for event in found})
    known = await tx.session.scalars(select(Visit).where(col(Visit.id).in_(ids)).order_by(col(Visit.id)))
    rows: dict[UUID, dict[str, Any]] = {visit.id: visit.model_dump() for visit in known}
    for event in found:
        rows[UUID(event.subject)] = _after(rows.get(UUID(event.subject)), event)
    await write_rows(tx.session, Visit, rows.values())
    touched = {rows[UUID(event.subject)]["application_id"]: event.time for event in found}
    await progress.restate(tx.session, touched)
    if touched:
        await tx.changed("matches")


_NEW: dict[str, Any] = {
    "start": None,
    "end": None,
    "days": [],
    "agenda_due": None,
    "proposal": None,
    "attended": [],
    "ended_on": None,
    "whole": True,
    "reason": None,
    "cause": None,
    "moves": 0,
    "kept": None,
}
_OF = (
    "match_id",
    "application_id",
    "call_id",
    "offer_id",
    "mentorship_id",
    "guest",
    "country",
    "host_country",
    "replaces",
)


def _after(row: dict[str, Any] | None, event: Envelope) -> dict[str, Any]:
    """The row of a visit after one more event about it."""
    data = event.data
    assert isinstance(data, PlannedVisitEvent | VisitUnschedulable)
    of = data.visit if isinstance(data, VisitUnschedulable) else data.plan
    new = _NEW | (row or {"since": event.time}) | {"id": UUID(event.subject)}
    new |= {name: getattr(of, name) for name in (*_OF, "host_organisation_id", "topic")}
    if isinstance(of, VisitPlan):
        new |= {"start": of.start, "end": of.end, "days": [day.isoformat() for day in of.days]}
    new["required_days"] = of.required_days if isinstance(of, VisitPlan) else data.required_days  # type: ignore[union-attr]
    if isinstance(data, told.VisitMoveProposed):
        return new | {
            "proposal": data.model_dump(mode="json", exclude={"plan"}),
            "moves": data.move,
            "kept": None,
        }
    if isinstance(data, told.VisitMoveDropped):
        return new | {"proposal": None, "moves": data.move, "kept": data.cause.value}
    state = _STATES[event.type]
    new |= {"state": state.value, "since": event.time}
    match data:
        case told.VisitScheduled() | told.VisitMoved():
            new |= {"agenda_due": data.agenda_due, "proposal": None, "cause": None, "kept": None}
        case told.VisitUnschedulable():
            # Told again, it was tried anew in further periods, in vain.
            new |= {"cause": data.cause.value, "moves": new["moves"] + (row is not None)}
        case told.VisitEnded():
            new |= {
                "attended": [day.isoformat() for day in data.attended],
                "ended_on": data.ended_on,
                "whole": data.attended_days >= data.required_days,
                "reason": data.reason and data.reason.value,
            }
        case told.VisitCancelled() | told.VisitNoShow():
            new |= {"reason": data.reason and data.reason.value}
        case _:
            pass
    return new


async def visit(session: AsyncSession, visit_id: UUID, *, lock: bool = False) -> Visit | None:
    """One visit; with `lock` nobody else changes it, or does something about it, until the commit."""
    return await session.get(Visit, visit_id, with_for_update=lock, populate_existing=lock)


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[Visit]:
    """The visits with these ids, as far as they are known."""
    return list(await session.scalars(select(Visit).where(col(Visit.id).in_(sorted(ids))).order_by(col(Visit.id))))


_TO_COME = frozenset({VisitState.SCHEDULED, VisitState.UNDER_WAY})


async def of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Visit]:
    """The visits that came of these matches, by match; of a pair's visits the one that is not over, or the newest."""
    query = select(Visit).where(col(Visit.match_id).in_(sorted(match_ids))).order_by(col(Visit.id))
    return {one.match_id: one for one in sorted(await session.scalars(query), key=_current)}


async def of_mentorship(session: AsyncSession, mentorship_id: UUID) -> list[Visit]:
    """The visits of a pair: the one that is not over first, then the newest."""
    query = select(Visit).where(Visit.mentorship_id == mentorship_id).order_by(col(Visit.id))
    return sorted(await session.scalars(query), key=_current, reverse=True)


def _current(visit: Visit) -> tuple[bool, datetime]:
    return visit.stands in _TO_COME, visit.since


async def hosted_between(
    session: AsyncSession,
    first: date,
    last: date,
    *,
    organisation_ids: Collection[UUID],
    countries: Collection[str] | None,
    agencies: Collection[UUID] = (),
) -> list[Visit]:
    """The visits with a day from `first` to `last` at these hosts, those that were called off too, by their start.

    A host is an organisation with its id in `organisation_ids`, or one of these countries (None: all of them), or an
    EU agency in `agencies`. At most `MOST`.
    """
    among = [col(Visit.host_organisation_id).in_([*organisation_ids, *agencies])]
    if countries:
        among.append(col(Visit.host_country).in_(sorted(countries)))
    query = select(Visit).where(
        sa.true() if countries is None else sa.or_(*among), col(Visit.start) <= last, col(Visit.end) >= first
    )
    return list(await session.scalars(query.order_by(col(Visit.start), col(Visit.id)).limit(MOST)))


async def ids_of(session: AsyncSession, application_id: UUID) -> list[UUID]:
    """The ids of an application's visits, the oldest first."""
    query = select(Visit.id).where(Visit.application_id == application_id).order_by(col(Visit.id))
    return list(await session.scalars(query))


_NOT_FOLLOWED = (VisitState.CANCELLED.value, VisitState.VOIDED.value, VisitState.NO_SHOW.value)


async def followed(session: AsyncSession, application_id: UUID) -> set[UUID]:
    """The visits of an application of which it was, is or will be asked what they brought."""
    query = select(Visit.id).where(Visit.application_id == application_id, col(Visit.state).not_in(_NOT_FOLLOWED))
    return set(await session.scalars(query.order_by(col(Visit.id))))


NOT_TAKING_PLACE = (VisitState.CANCELLED.value, VisitState.VOIDED.value)


async def of_offer(session: AsyncSession, offer_id: UUID) -> list[Visit]:
    """The visits under an offer that were neither cancelled nor entered in error, by their start."""
    query = select(Visit).where(Visit.offer_id == offer_id, col(Visit.state).not_in(NOT_TAKING_PLACE))
    return list(await session.scalars(query.order_by(col(Visit.start).nulls_last(), col(Visit.id)).limit(500)))


async def replaced_by(session: AsyncSession, visit_id: UUID) -> UUID | None:
    """The visit that took over the place of one that was given up; the newest of several."""
    query = select(Visit.id).where(Visit.replaces == visit_id).order_by(col(Visit.id).desc()).limit(1)
    return await session.scalar(query)


class MoveRequest(Table, table=True):
    """A request for other dates: `asked_in` and `after_move` say where the visit stood when it was asked."""

    __tablename__ = "move_request"
    __table_args__ = (sa.Index("move_request_visit", "visit_id", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    party: str
    periods: list[dict[str, Any]] = Field(sa_type=JSONB)
    reason: str = Field(description="A StatedReason")
    text: str = ""
    asked_in: str
    after_move: int
    actor: str
    at: datetime = Field(sa_type=_TIME)

    def waits(self, visit: Visit) -> bool:
        """Whether matching has not answered it yet."""
        return (self.asked_in, self.after_move) == (visit.state, visit.moves) and visit.proposal is None


class MoveAnswer(Table, table=True):
    """The answer of one side to a proposal."""

    __tablename__ = "move_answer"

    visit_id: UUID = Field(primary_key=True)
    move: int = Field(primary_key=True)
    party: str = Field(primary_key=True)
    answer: str
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def last_request(session: AsyncSession, visit_id: UUID) -> MoveRequest | None:
    """The newest request about a visit."""
    query = select(MoveRequest).where(MoveRequest.visit_id == visit_id).order_by(col(MoveRequest.id).desc()).limit(1)
    return await session.scalar(query)


async def answers(session: AsyncSession, visit_id: UUID, move: int) -> dict[Party, Answer]:
    """By party, what was answered to a proposal."""
    query = select(MoveAnswer).where(MoveAnswer.visit_id == visit_id, MoveAnswer.move == move)
    found = await session.scalars(query.order_by(col(MoveAnswer.party)))
    return {Party(one.party): Answer(one.answer) for one in found}


async def answered(session: AsyncSession, visits: Collection[tuple[UUID, int]]) -> set[tuple[UUID, Party]]:
    """Who has answered the newest proposal of these visits (visit, its number)."""
    if not visits:
        return set()
    query = select(MoveAnswer).where(sa.tuple_(col(MoveAnswer.visit_id), col(MoveAnswer.move)).in_(sorted(visits)))
    found = await session.scalars(query.order_by(col(MoveAnswer.visit_id), col(MoveAnswer.party)))
    return {(one.visit_id, Party(one.party)) for one in found}


class Agenda(Table, table=True):
    """One version of a visit's agenda; without any, the outline of the placement is version 1."""

    __tablename__ = "agenda"

    visit_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    text: str
    actor: str
    at: datetime = Field(sa_type=_TIME)


class AgendaAgreement(Table, table=True):
    """The newest version of the agenda to which one side agreed."""

    __tablename__ = "agenda_agreement"

    visit_id: UUID = Field(primary_key=True)
    party: str = Field(primary_key=True)
    version: int
    at: datetime = Field(sa_type=_TIME)


class Attendance(Table, table=True):
    """Whether the guest was there on one day of the visit; a correction says what was recorded before it."""

    __tablename__ = "attendance"

    visit_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    present: bool
    was: bool | None = Field(default=None, description="What a correction replaced")
    actor: str
    at: datetime = Field(sa_type=_TIME)


class Statement(Table, table=True):
    """A no-show, an early return, a request to cancel or to end: `what` is the event's type."""

    __tablename__ = "statement"

    match_id: UUID = Field(primary_key=True)
    what: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    last_day: date | None = None
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def agenda(session: AsyncSession, visit_id: UUID) -> Agenda | None:
    """The newest version of a visit's agenda."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc()).limit(1)
    return await session.scalar(query)


async def agendas(session: AsyncSession, visit_id: UUID) -> list[Agenda]:
    """All versions of a visit's agenda that were written, the newest first."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc())
    return list(await session.scalars(query))


async def agenda_agreed(session: AsyncSession, visit_id: UUID) -> dict[Party, int]:
    """By party, the newest version agreed to."""
    query = select(AgendaAgreement).where(AgendaAgreement.visit_id == visit_id).order_by(col(AgendaAgreement.party))
    return {Party(one.party): one.version for one in await session.scalars(query)}


async def put_agreed(session: AsyncSession, visit_id: UUID, party: Party, version: int, at: datetime) -> None:
    """One side agrees to a version; an earlier agreement is replaced."""
    new = insert(AgendaAgreement).values(visit_id=visit_id, party=party.value, version=version, at=at)
    await session.execute(
        new.on_conflict_do_update(index_elements=["visit_id", "party"], set_={"version": version, "at": at})
    )


async def attendance(session: AsyncSession, visit_id: UUID) -> dict[date, bool]:
    """By day, whether the guest was there."""
    found = await attendance_of(session, [visit_id])
    return {day: one.present for day, one in found[visit_id].items()}


async def attendance_of(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[date, Attendance]]:
    """By visit and day, what was recorded, with what a correction replaced."""
    query = select(Attendance).where(col(Attendance.visit_id).in_(sorted(visit_ids)))
    found: dict[UUID, dict[date, Attendance]] = {id_: {} for id_ in visit_ids}
    for one in await session.scalars(query.order_by(col(Attendance.visit_id), col(Attendance.day))):
        found[one.visit_id][one.day] = one
    return found


async def put_attendance(session: AsyncSession, record: Attendance) -> None:
    """Record one day; an earlier record is replaced."""
    new = insert(Attendance).values(**record.model_dump())
    changes = {name: new.excluded[name] for name in ("present", "was", "actor", "at")}
    await session.execute(new.on_conflict_do_update(index_elements=["visit_id", "day"], set_=changes))


async def statements(session: AsyncSession, match_id: UUID) -> list[Statement]:
    """What was reported or asked for about a match, the oldest first."""
    query = select(Statement).where(Statement.match_id == match_id)
    return list(await session.scalars(query.order_by(col(Statement.at), col(Statement.what))))
