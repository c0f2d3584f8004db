"""Store visits, a projection of `exchange.visits`, and what guest and host recorded about them.

Moves, agendas, attendance and statements are the portal's own facts, written in the transaction of an event on
`exchange.participation`; texts and stated reasons stay here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, col, select

from services.applications.tables import Table, write_rows
from services.applications.transitions import Recorded
from services.applications.visits.model import Proposal
from shared.bus.db.documents import JsonDocument
from shared.contracts import visits as visit_events
from shared.contracts.base import DatePeriod
from shared.contracts.codes import Answer, Party, VisitState
from shared.contracts.lifecycle.state_sets import VISIT_CALLED_OFF, VISIT_GOING
from shared.contracts.visits import PlannedVisitEvent, VisitEvent, VisitPlan, VisitUnschedulable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx

_TIME = sa.DateTime(timezone=True)
MOST = 500
FIRST_AGENDA = 1
"""The version of the agenda that is the placement's outline."""
_STATES: dict[str, VisitState] = {
    visit_events.VisitScheduled.type: VisitState.SCHEDULED,
    visit_events.VisitUnschedulable.type: VisitState.UNSCHEDULABLE,
    visit_events.VisitMoved.type: VisitState.SCHEDULED,
    visit_events.VisitStarted.type: VisitState.UNDER_WAY,
    visit_events.VisitEnded.type: VisitState.ENDED,
    visit_events.VisitCompleted.type: VisitState.COMPLETED,
    visit_events.VisitCancelled.type: VisitState.CANCELLED,
    visit_events.VisitNoShow.type: VisitState.NO_SHOW,
    visit_events.VisitVoided.type: VisitState.VOIDED,
}


class Visit(Table, table=True):
    """A visit in its present state; without dates where no possible week was found."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index("visit_host_organisation_start", "host_organisation_id", "start"),
        sa.Index("visit_country_start", "country", "start"),
        sa.Index("visit_host_country_start", "host_country", "start"),
        sa.Index("visit_since", "since"),
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
    proposal: Proposal | None = Field(
        default=None, sa_type=JsonDocument(Proposal), description="New dates that both are asked about"
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
    drop_cause: str | None = Field(default=None, description="Why it kept its dates at the last move, a MoveDropCause")

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


async def evolve(tx: Tx, events: Sequence[Envelope]) -> dict[UUID, datetime]:
    """Apply events of `exchange.visits`; return the applications concerned, with the time of the newest event."""
    found = [event for event in events if isinstance(event.data, VisitEvent)]
    ids = sorted({UUID(event.subject) for event in found})
    stored = await tx.session.scalars(select(Visit).where(col(Visit.id).in_(ids)).order_by(col(Visit.id)))
    rows: dict[UUID, dict[str, Any]] = {visit.id: visit.model_dump() for visit in stored}
    for event in found:
        rows[UUID(event.subject)] = _row_after(rows.get(UUID(event.subject)), event)
    await write_rows(tx.session, [Visit(**row) for row in rows.values()])
    touched = {rows[UUID(event.subject)]["application_id"]: event.time for event in found}
    if touched:
        await tx.changed("matches")
    return touched


_EMPTY: dict[str, Any] = {
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
    "drop_cause": None,
}
_PLAN_FIELDS = (
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


def _row_after(row: dict[str, Any] | None, event: Envelope) -> dict[str, Any]:
    """Return the row of a visit after one more event about it."""
    data = event.data
    assert isinstance(data, PlannedVisitEvent | VisitUnschedulable)
    plan = data.visit if isinstance(data, VisitUnschedulable) else data.plan
    required_days = data.required_days if isinstance(data, VisitUnschedulable) else data.plan.required_days
    new = _EMPTY | (row or {"since": event.time}) | {"id": UUID(event.subject)}
    new |= {name: getattr(plan, name) for name in (*_PLAN_FIELDS, "host_organisation_id", "topic")}
    if isinstance(plan, VisitPlan):
        new |= {"start": plan.start, "end": plan.end, "days": [day.isoformat() for day in plan.days]}
    new["required_days"] = required_days
    if isinstance(data, visit_events.VisitMoveProposed):
        return new | {
            "proposal": Proposal(data.move, data.start, data.end, data.by, data.reason, data.due),
            "moves": data.move,
            "drop_cause": None,
        }
    if isinstance(data, visit_events.VisitMoveDropped):
        return new | {"proposal": None, "moves": data.move, "drop_cause": data.cause.value}
    state = _STATES[event.type]
    new |= {"state": state.value, "since": event.time}
    match data:
        case visit_events.VisitScheduled() | visit_events.VisitMoved():
            new |= {"agenda_due": data.agenda_due, "proposal": None, "cause": None, "drop_cause": None}
        case visit_events.VisitUnschedulable():
            # Told again, it was tried anew in further periods, in vain.
            new |= {"cause": data.cause.value, "moves": new["moves"] + (row is not None)}
        case visit_events.VisitEnded():
            new |= {
                "attended": [day.isoformat() for day in data.attended],
                "ended_on": data.ended_on,
                "whole": data.attended_days >= data.required_days,
                "reason": data.reason and data.reason.value,
            }
        case visit_events.VisitCancelled() | visit_events.VisitNoShow():
            new |= {"reason": data.reason and data.reason.value}
        case _:
            pass
    return new


async def visit(session: AsyncSession, visit_id: UUID, *, lock: bool = False) -> Visit | None:
    """Return one visit; with `lock` nobody else changes it, or records anything about it, until the commit."""
    return await session.get(Visit, visit_id, with_for_update=lock, populate_existing=lock)


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> list[Visit]:
    """Return the visits with these ids, as far as they are known."""
    return list(await session.scalars(select(Visit).where(col(Visit.id).in_(sorted(ids))).order_by(col(Visit.id))))


_TO_COME = frozenset(VISIT_GOING)


async def of_matches(session: AsyncSession, match_ids: Collection[UUID]) -> dict[UUID, Visit]:
    """Return the visits of these matches, by match; of a pair's visits the one that is not over, or the newest."""
    query = select(Visit).where(col(Visit.match_id).in_(sorted(match_ids))).order_by(col(Visit.id))
    return {visit.match_id: visit for visit in sorted(await session.scalars(query), key=_current)}


async def of_mentorship(session: AsyncSession, mentorship_id: UUID) -> list[Visit]:
    """Return the visits of a pair: the one that is not over first, then the newest."""
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
    """Return the visits with a day from `first` to `last` at these hosts, cancelled ones too, by start.

    A host is an organisation with its id in `organisation_ids`, or one of these countries (None: all of them), or an
    EU agency in `agencies`. At most `MOST`.
    """
    hosts = [col(Visit.host_organisation_id).in_([*organisation_ids, *agencies])]
    if countries:
        hosts.append(col(Visit.host_country).in_(sorted(countries)))
    query = select(Visit).where(
        sa.true() if countries is None else sa.or_(*hosts), col(Visit.start) <= last, col(Visit.end) >= first
    )
    return list(await session.scalars(query.order_by(col(Visit.start), col(Visit.id)).limit(MOST)))


async def of_applications(session: AsyncSession, application_ids: Collection[UUID]) -> list[Visit]:
    """Return the visits of these applications, the oldest first."""
    query = select(Visit).where(col(Visit.application_id).in_(sorted(application_ids))).order_by(col(Visit.id))
    return list(await session.scalars(query))


async def ids_of(session: AsyncSession, application_id: UUID) -> list[UUID]:
    """Return the ids of an application's visits, the oldest first."""
    query = select(Visit.id).where(Visit.application_id == application_id).order_by(col(Visit.id))
    return list(await session.scalars(query))


_NOT_FOLLOWED = VISIT_CALLED_OFF


async def followed(session: AsyncSession, application_id: UUID) -> set[UUID]:
    """Return the visits of an application whose results were, are or will be asked for."""
    query = select(Visit.id).where(Visit.application_id == application_id, col(Visit.state).not_in(_NOT_FOLLOWED))
    return set(await session.scalars(query.order_by(col(Visit.id))))


NOT_TAKING_PLACE = (VisitState.CANCELLED.value, VisitState.VOIDED.value)


async def of_offer(session: AsyncSession, offer_id: UUID) -> list[Visit]:
    """Return the visits under a placement that were neither cancelled nor entered in error, by start."""
    query = select(Visit).where(Visit.offer_id == offer_id, col(Visit.state).not_in(NOT_TAKING_PLACE))
    return list(await session.scalars(query.order_by(col(Visit.start).nulls_last(), col(Visit.id)).limit(500)))


async def replaced_by(session: AsyncSession, visit_id: UUID) -> UUID | None:
    """Return the visit that took the place of a cancelled one; the newest of several."""
    query = select(Visit.id).where(Visit.replaces == visit_id).order_by(col(Visit.id).desc()).limit(1)
    return await session.scalar(query)


class MoveRequest(Table, table=True):
    """A request for other dates: `asked_in` and `after_move` are the visit's state and move when it was made."""

    __tablename__ = "move_request"
    __table_args__ = (sa.Index("move_request_visit", "visit_id", "id"),)

    id: UUID = Field(primary_key=True)
    visit_id: UUID
    party: str
    periods: tuple[DatePeriod, ...] = Field(sa_type=JsonDocument(tuple[DatePeriod, ...]))
    reason: str = Field(description="A StatedReason")
    text: str = ""
    asked_in: str
    after_move: int
    actor: str
    at: datetime = Field(sa_type=_TIME)

    def waits(self, visit: Visit) -> bool:
        """Return whether matching has not answered it yet."""
        return (self.asked_in, self.after_move) == (visit.state, visit.moves) and visit.proposal is None


class MoveAnswer(Table, table=True):
    """The answer of one side to proposed dates."""

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
    """Return the newest request for other dates of a visit."""
    query = select(MoveRequest).where(MoveRequest.visit_id == visit_id).order_by(col(MoveRequest.id).desc()).limit(1)
    return await session.scalar(query)


def recorded_statement(statements: Iterable[Statement], what: str, party: Party) -> Recorded | None:
    """Return what a party stated of that kind: its reason, by whom and when."""
    found = next((statement for statement in statements if (statement.kind, statement.party) == (what, party)), None)
    return None if found is None else Recorded(found.reason or "", found.actor, found.at)


async def recorded_answers(session: AsyncSession, visit_id: UUID, move: int) -> dict[Party, Recorded]:
    """Return, by party, what was answered to a proposal, by whom and when."""
    query = select(MoveAnswer).where(MoveAnswer.visit_id == visit_id, MoveAnswer.move == move)
    found = await session.scalars(query.order_by(col(MoveAnswer.party)))
    return {Party(answer.party): Recorded(answer.answer, answer.actor, answer.at) for answer in found}


async def answers(session: AsyncSession, visit_id: UUID, move: int) -> dict[Party, Answer]:
    """Return, by party, what was answered to a proposal."""
    query = select(MoveAnswer).where(MoveAnswer.visit_id == visit_id, MoveAnswer.move == move)
    found = await session.scalars(query.order_by(col(MoveAnswer.party)))
    return {Party(answer.party): Answer(answer.answer) for answer in found}


async def answered(session: AsyncSession, visits: Collection[tuple[UUID, int]]) -> set[tuple[UUID, Party]]:
    """Return who has answered the newest proposal of these visits (visit, its number)."""
    if not visits:
        return set()
    query = select(MoveAnswer).where(sa.tuple_(col(MoveAnswer.visit_id), col(MoveAnswer.move)).in_(sorted(visits)))
    found = await session.scalars(query.order_by(col(MoveAnswer.visit_id), col(MoveAnswer.party)))
    return {(answer.visit_id, Party(answer.party)) for answer in found}


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
    """The attendance of the guest on one day of the visit; a correction keeps what it replaced."""

    __tablename__ = "attendance"

    visit_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    present: bool
    corrected_from: bool | None = Field(default=None, description="What a correction replaced")
    actor: str
    at: datetime = Field(sa_type=_TIME)


class Statement(Table, table=True):
    """A no-show, an early return, a request to cancel or to end: `kind` is the event's type."""

    __tablename__ = "statement"

    match_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    reason: str | None = Field(default=None, description="A StatedReason")
    text: str = ""
    last_day: date | None = None
    actor: str
    at: datetime = Field(sa_type=_TIME)


async def agenda(session: AsyncSession, visit_id: UUID) -> Agenda | None:
    """Return the newest version of a visit's agenda."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc()).limit(1)
    return await session.scalar(query)


async def agendas(session: AsyncSession, visit_id: UUID) -> list[Agenda]:
    """Return all written versions of a visit's agenda, the newest first."""
    query = select(Agenda).where(Agenda.visit_id == visit_id).order_by(col(Agenda.version).desc())
    return list(await session.scalars(query))


async def agenda_agreed(session: AsyncSession, visit_id: UUID) -> dict[Party, int]:
    """Return, by party, the newest version agreed to."""
    query = select(AgendaAgreement).where(AgendaAgreement.visit_id == visit_id).order_by(col(AgendaAgreement.party))
    return {Party(agreement.party): agreement.version for agreement in await session.scalars(query)}


async def agreements_of(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[Party, int]]:
    """Return the same by visit."""
    query = select(AgendaAgreement).where(col(AgendaAgreement.visit_id).in_(sorted(visit_ids)))
    found: dict[UUID, dict[Party, int]] = {}
    for agreement in await session.scalars(query.order_by(col(AgendaAgreement.visit_id), col(AgendaAgreement.party))):
        found.setdefault(agreement.visit_id, {})[Party(agreement.party)] = agreement.version
    return found


async def newest_agendas(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the number of the newest written agenda, by visit; none where only the placement's outline is there."""
    version = sa.func.max(col(Agenda.version))
    query = sa.select(col(Agenda.visit_id), version).where(col(Agenda.visit_id).in_(sorted(visit_ids)))
    rows = await session.execute(query.group_by(col(Agenda.visit_id)).order_by(col(Agenda.visit_id)))
    return {visit_id: int(newest) for visit_id, newest in rows.all()}


async def put_agreed(session: AsyncSession, visit_id: UUID, party: Party, version: int, at: datetime) -> None:
    """Record that one side agrees to a version; an earlier agreement is replaced."""
    new = insert(AgendaAgreement).values(visit_id=visit_id, party=party.value, version=version, at=at)
    await session.execute(
        new.on_conflict_do_update(index_elements=["visit_id", "party"], set_={"version": version, "at": at})
    )


async def attendance(session: AsyncSession, visit_id: UUID) -> dict[date, bool]:
    """Return, by day, whether the guest attended."""
    found = await attendance_of(session, [visit_id])
    return {day: record.present for day, record in found[visit_id].items()}


async def attendance_of(session: AsyncSession, visit_ids: Collection[UUID]) -> dict[UUID, dict[date, Attendance]]:
    """Return, by visit and day, what was recorded, with what a correction replaced."""
    query = select(Attendance).where(col(Attendance.visit_id).in_(sorted(visit_ids)))
    found: dict[UUID, dict[date, Attendance]] = {id_: {} for id_ in visit_ids}
    for record in await session.scalars(query.order_by(col(Attendance.visit_id), col(Attendance.day))):
        found[record.visit_id][record.day] = record
    return found


async def put_attendance(session: AsyncSession, record: Attendance) -> None:
    """Record one day; an earlier record is replaced."""
    new = insert(Attendance).values(**record.model_dump())
    changes = {name: new.excluded[name] for name in ("present", "corrected_from", "actor", "at")}
    await session.execute(new.on_conflict_do_update(index_elements=["visit_id", "day"], set_=changes))


async def statements(session: AsyncSession, match_id: UUID) -> list[Statement]:
    """Return what was reported or asked for about a match, the oldest first."""
    query = select(Statement).where(Statement.match_id == match_id)
    return list(await session.scalars(query.order_by(col(Statement.at), col(Statement.kind))))
