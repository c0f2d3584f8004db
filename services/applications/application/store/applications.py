"""Applications, the steps of their history and their changes after submission."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.application.model.answers import Answers
from services.applications.application.store.standings import Standing
from services.applications.own_cases.model import Concerned
from services.applications.refusals import not_found
from services.applications.tables import MOST_IN_A_SWEEP, Table
from shared.bus.db.locking import for_update
from shared.contracts.applications import ApplicationProfile
from shared.contracts.codes import ApplicationKind, ApplicationState, Outcome
from shared.contracts.lifecycle.state_sets import APPLICATION_ENDED, APPLICATION_UNMATCHED
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.identity import Principal
    from shared.web.paging import PageRequest

_TIME = sa.DateTime(timezone=True)


class Application(Table, table=True):
    """An application: the officer's present answers, and the profile that was last submitted."""

    __tablename__ = "application"
    __table_args__ = (
        sa.Index("application_country_state", "country", "state"),
        sa.Index("application_call_state", "call_id", "state"),
        sa.Index("application_returned_due", "due", postgresql_where=sa.text("state = 'returned_for_information'")),
        sa.Index("application_submitted_due", "due", postgresql_where=sa.text("state = 'submitted'")),
        sa.Index("application_line_manager", sa.text("((managers_confirmed -> '-1'::integer) ->> 'address'::text)")),
        sa.Index("application_one_draft", "subject", "call_id", "kind", postgresql_where=sa.text("state = 'draft'")),
    )

    id: UUID = Field(primary_key=True)
    reference: str | None = Field(default=None, unique=True, description="Given when it is first submitted")
    call_id: UUID
    kind: str
    subject: str = Field(index=True, description="The officer's sign-in subject")
    country: str
    organisation_id: UUID | None = Field(default=None, index=True)
    state: str = ApplicationState.DRAFT
    since: datetime = Field(index=True, sa_type=_TIME, description="When it came into its state")
    due: datetime | None = Field(default=None, sa_type=_TIME, description="Until when the next step is asked for")
    answers_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "answers"})
    profile_json: dict[str, JsonValue] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True), sa_column_kwargs={"name": "profile"}
    )
    rules_version: int | None = Field(default=None, description="The call's revision that it was submitted under")
    outcome: str | None = Field(default=None, description="The first final outcome, told once")
    created_at: datetime = Field(sa_type=_TIME)
    saved_at: datetime = Field(index=True, sa_type=_TIME)
    submitted_at: datetime | None = Field(default=None, sa_type=_TIME)
    earlier_id: UUID | None = Field(default=None, description="The application whose answers it began with")
    managers_notified: list[str] = Field(
        default_factory=list, sa_type=JSONB, description="The line managers' addresses that were told, in small letters"
    )
    managers_confirmed: list[dict[str, str]] = Field(
        default_factory=list,
        sa_type=JSONB,
        description="Line managers' addresses that a coordinator confirmed, the newest last: address in small letters,"
        " by whom, when",
    )
    returned_answers: dict[str, JsonValue] | None = Field(
        default=None,
        sa_type=JSONB(none_as_null=True),
        description="The answers as they were when it was returned for information, while it is returned",
    )

    @property
    def answers(self) -> Answers:
        """The answers given so far; those that newer rules do not accept are open."""
        return Answers.from_stored(self.answers_json)

    def answers_in(self, *fields: str) -> Answers:
        """Return the answers in these fields, which is much quicker than reading all; the others are open."""
        return Answers.from_stored({name: self.answers_json[name] for name in fields if name in self.answers_json})

    def answers_with(self, changed: Mapping[str, JsonValue]) -> Answers:
        """Return the answers with the fields that a change stored (`Change.before`, `Change.after`)."""
        return Answers.from_stored(self.answers_json | dict(changed))

    @property
    def written_name(self) -> str:
        """The officer's name as it is written in the form; empty while it is not."""
        return str(self.answers_json.get("name") or "")

    @property
    def profile(self) -> ApplicationProfile | None:
        """The profile that was last submitted."""
        return None if self.profile_json is None else ApplicationProfile.model_validate(self.profile_json)

    @property
    def own_state(self) -> ApplicationState:
        """The portal's own state."""
        return ApplicationState(self.state)

    @property
    def concerned(self) -> Concerned:
        """The people whom a decision on it concerns."""
        return Concerned(frozenset({self.subject}))

    @property
    def for_(self) -> ApplicationKind:
        """The kind of application."""
        return ApplicationKind(self.kind)

    @property
    def published_outcome(self) -> Outcome | None:
        """The outcome that was published, once there is one."""
        return None if self.outcome is None else Outcome(self.outcome)


class Step(Table, table=True):
    """A step in the history of an application.

    `remarks` (by section) and `text` are for the officer to read; `note` is what reviewers write for each other.
    """

    __tablename__ = "application_step"
    __table_args__ = (sa.Index("application_step_story", "application_id", "id"),)

    id: UUID = Field(primary_key=True)
    application_id: UUID
    at: datetime = Field(sa_type=_TIME)
    event: str = Field(description="The event's type")
    state: str
    actor: str = Field(description="Sign-in subject, or system:<what>")
    acting_as: str | None = None
    reason: str | None = None
    text: str = ""
    remarks: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    note: str = ""


async def application(session: AsyncSession, application_id: UUID, *, lock: bool = False) -> Application | None:
    """Return one application; with `lock` nobody else changes it until the commit."""
    return await session.get(Application, application_id, with_for_update=lock, populate_existing=lock)


# Asked with each page that is saved, so it is put together once.
_OWN = for_update(
    select(Application).where(
        col(Application.id) == sa.bindparam("id"), col(Application.subject) == sa.bindparam("subject")
    )
)


async def own(session: AsyncSession, principal: Principal, application_id: UUID) -> Application:
    """Return the officer's own application, locked. Raises `Refused` (404) for anybody else's."""
    found = (await session.scalars(_OWN, {"id": application_id, "subject": principal.subject})).first()
    if found is None:
        raise not_found()
    return found


# What is asked with each submission, confirmation or email is put together once.
_BY_IDS = (
    select(Application)
    .where(col(Application.id).in_(sa.bindparam("ids", expanding=True)))
    .order_by(col(Application.id))
)
_LOCKED = for_update(_BY_IDS)
_TOOK_PART = (
    sa.select(col(Application.id))
    .where(
        col(Application.subject) == sa.bindparam("subject"), col(Application.outcome) == Outcome.PLACE_CONFIRMED.value
    )
    .limit(1)
)


async def by_ids(session: AsyncSession, ids: Iterable[UUID]) -> list[Application]:
    """Return several applications as far as they exist, in the order of their ids."""
    return list((await session.scalars(_BY_IDS, {"ids": sorted(set(ids))})).all())


async def locked(session: AsyncSession, ids: Iterable[UUID]) -> list[Application]:
    """Return several applications, locked in the order of their ids, so that two transactions cannot deadlock."""
    return list((await session.scalars(_LOCKED, {"ids": sorted(set(ids))})).all())


async def by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Application]:
    """Return several applications, by id."""
    return {application.id: application for application in await by_ids(session, ids)}


async def of_reference(session: AsyncSession, reference: str) -> Application | None:
    """Return the application with that reference."""
    return (await session.scalars(select(Application).where(Application.reference == reference))).first()


async def of_officer(session: AsyncSession, subject: str) -> list[Application]:
    """Return an officer's own applications, the newest first."""
    query = select(Application).where(Application.subject == subject).order_by(col(Application.id).desc()).limit(100)
    return list((await session.scalars(query)).all())


async def page_of_officer(session: AsyncSession, subject: str, request: PageRequest) -> list[Application]:
    """Return one page of an officer's own applications, the newest first, and one more where there is a next page."""
    query = select(Application).where(Application.subject == subject)
    if request.since is not None:
        since = request.since
        query = query.where(sa.or_(col(Application.saved_at) >= since, col(Application.since) >= since))
    return list((await session.scalars(cut(query, [col(Application.id)], request, newest=True))).all())


async def draft_of(session: AsyncSession, subject: str, call_id: UUID, kind: str) -> Application | None:
    """Return an officer's draft for a call, if there is one."""
    query = select(Application).where(
        Application.subject == subject,
        Application.call_id == call_id,
        Application.kind == kind,
        Application.state == ApplicationState.DRAFT,
    )
    return (await session.scalars(query.limit(1))).first()


async def newest_for(session: AsyncSession, subject: str, call_id: UUID, kind: str) -> Application | None:
    """Return an officer's newest application for a call that was not withdrawn or ended, if there is one."""
    query = select(Application).where(
        Application.subject == subject,
        Application.call_id == call_id,
        Application.kind == kind,
        col(Application.state).not_in(APPLICATION_ENDED),
    )
    return (await session.scalars(query.order_by(col(Application.id).desc()).limit(1))).first()


async def by_reference(session: AsyncSession, reference: str) -> Application | None:
    """Return the application with that reference."""
    return (await session.scalars(select(Application).where(Application.reference == reference))).first()


async def took_part(session: AsyncSession, subject: str) -> bool:
    """Return whether a place was confirmed for one of the officer's applications before."""
    return (await session.scalar(_TOOK_PART, {"subject": subject})) is not None


async def steps(session: AsyncSession, application_id: UUID) -> list[Step]:
    """Return the steps of an application, the newest first."""
    query = select(Step).where(Step.application_id == application_id).order_by(col(Step.id).desc()).limit(200)
    return list((await session.scalars(query)).all())


async def last_return(session: AsyncSession, application_id: UUID) -> Step | None:
    """Return the newest return for information, with its remarks."""
    query = select(Step).where(Step.application_id == application_id, Step.event == "ApplicationReturned")
    return (await session.scalars(query.order_by(col(Step.id).desc()).limit(1))).first()


def _unanswered(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(Application.state) == ApplicationState.RETURNED_FOR_INFORMATION, col(Application.due) < at)


async def unanswered_returns(session: AsyncSession, at: datetime) -> list[UUID]:
    """Return the applications that were returned and not answered in time, the longest overdue first."""
    query = select(Application.id).where(*_unanswered(at)).order_by(col(Application.due), col(Application.id))
    return list((await session.scalars(query.limit(MOST_IN_A_SWEEP))).all())


async def lock_unanswered(session: AsyncSession, at: datetime, ids: Collection[UUID]) -> list[Application]:
    """Return those of the applications that still wait for an answer, locked; rows locked by others are left out."""
    query = select(Application).where(*_unanswered(at), col(Application.id).in_(ids)).order_by(col(Application.id))
    return list((await session.scalars(for_update(query, skip_locked=True))).all())


async def left_at_close(session: AsyncSession, call_id: UUID, states: Sequence[ApplicationState]) -> list[Application]:
    """Return the call's applications in `states` without a place, locked.

    After an appeal an outcome may have been published before.
    """
    unplaced = sa.or_(col(Application.outcome).is_(None), col(Application.outcome) != Outcome.PLACE_CONFIRMED)
    query = (
        select(Application)
        .where(Application.call_id == call_id, col(Application.state).in_(states), unplaced)
        .order_by(col(Application.id))
    )
    return list((await session.scalars(for_update(query))).all())


async def unplaced_since(session: AsyncSession, call_id: UUID, moment: datetime) -> int:
    """Return how many of the call's applications have been unplaced since a moment."""
    query = sa.select(sa.func.count()).where(
        col(Application.call_id) == call_id,
        col(Application.state) == ApplicationState.UNPLACED,
        col(Application.since) >= moment,
    )
    return int((await session.execute(query)).scalar_one())


async def looking_again(session: AsyncSession, call_id: UUID) -> list[UUID]:
    """Return the call's applications that look for another place since their confirmed one was cancelled."""
    query = (
        select(Application.id)
        .join(Standing, col(Standing.application_id) == col(Application.id))
        .where(
            Application.call_id == call_id,
            Application.state == ApplicationState.ELIGIBLE,
            Application.outcome == Outcome.PLACE_CONFIRMED,
            col(Standing.state).in_(APPLICATION_UNMATCHED),
        )
        .order_by(col(Application.id))
    )
    return list(await session.scalars(query))


async def of_call(session: AsyncSession, call_id: UUID, states: Sequence[ApplicationState]) -> list[Application]:
    """Return the call's applications in `states`, by country and reference."""
    query = select(Application).where(Application.call_id == call_id, col(Application.state).in_(states))
    query = query.order_by(Application.country, col(Application.reference), col(Application.id))
    return list((await session.scalars(query)).all())


async def kinds_of(session: AsyncSession, call_id: UUID) -> list[str]:
    """Return the kinds for which somebody has submitted an application to the call."""
    query = (
        select(Application.kind)
        .where(Application.call_id == call_id, Application.state != ApplicationState.DRAFT)
        .distinct()
        .order_by(Application.kind)
    )
    return list((await session.scalars(query)).all())


async def count_by_call(session: AsyncSession, call_ids: Iterable[UUID], state: ApplicationState) -> dict[UUID, int]:
    """Return, by call, how many applications are in that state of the portal's own."""
    query = (
        sa.select(col(Application.call_id), sa.func.count())
        .where(col(Application.call_id).in_(sorted(set(call_ids))), col(Application.state) == state)
        .group_by(col(Application.call_id))
        .order_by(col(Application.call_id))
    )
    return {call_id: int(count) for call_id, count in (await session.execute(query)).all()}


async def endorsed_page(session: AsyncSession, request: PageRequest, call_id: UUID | None = None) -> list[Application]:
    """Return one page of the endorsed applications (of one call) by id, and one more where there is a next page."""
    query = select(Application).where(Application.state == ApplicationState.ENDORSED)
    if call_id is not None:
        query = query.where(Application.call_id == call_id)
    if request.since is not None:
        query = query.where(col(Application.since) >= request.since)
    return list((await session.scalars(cut(query, [col(Application.id)], request))).all())


class Change(Table, table=True):
    """One change: `before` and `after` hold all answers of the pages that differ, by field."""

    __tablename__ = "application_change"
    __table_args__ = (sa.Index("application_change_story", "application_id", "id"),)

    id: UUID = Field(primary_key=True)
    application_id: UUID
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    tasks: list[str] = Field(sa_type=JSONB)
    before: dict[str, JsonValue] = Field(sa_type=JSONB)
    after: dict[str, JsonValue] = Field(sa_type=JSONB)


async def changes(session: AsyncSession, application_id: UUID) -> list[Change]:
    """Return the changes of an application, the newest first."""
    query = select(Change).where(Change.application_id == application_id)
    return list((await session.scalars(query.order_by(col(Change.id).desc()).limit(50))).all())
