"""Calls with their terms, their revisions and their drafts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue, TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.applications.application.store.applications import Application
from services.applications.calls.model.copying import LeftOut
from services.applications.calls.model.entry import CallEntry, SectionChange
from services.applications.calls.model.texts import best
from services.applications.tables import Table
from shared.bus.db.documents import JsonDocument
from shared.bus.db.locking import for_update
from shared.contracts.calls import RULES_VERSION, CallTerms, CallText, Timers
from shared.contracts.codes import ApplicationKind, CallState
from shared.errors import Refused
from shared.i18n import gettext
from shared.next_steps import shown_call_state
from shared.web.paging import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.web.paging import PageRequest


# Read alone, since lists of calls need no more of their terms.
_KINDS = TypeAdapter(tuple[ApplicationKind, ...])
_TEXTS = TypeAdapter(tuple[CallText, ...])


class Call(Table, table=True):
    """A call; `terms` is the whole of it as published (`shared.contracts.calls.CallTerms`)."""

    __tablename__ = "call"

    id: UUID = Field(primary_key=True)
    reference: str = Field(unique=True)
    state: str = CallState.PUBLISHED
    opens: datetime = Field(sa_type=sa.DateTime(timezone=True))
    deadline: datetime = Field(sa_type=sa.DateTime(timezone=True))
    terms_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "terms"})
    published_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    closed_at: datetime | None = Field(index=True, default=None, sa_type=sa.DateTime(timezone=True))

    @property
    def terms(self) -> CallTerms:
        """The call's terms as they are now. Raises `Refused` (503) where its rules are newer than this code."""
        return read_terms(self.terms_json)

    @property
    def revision(self) -> int:
        """The number of its newest revision."""
        return int(str(self.terms_json["revision"]))

    @property
    def kinds(self) -> tuple[ApplicationKind, ...]:
        """The kinds of application that it takes."""
        return _KINDS.validate_python(self.terms_json["kinds"])

    @property
    def text(self) -> CallText:
        """Title and summary in the reader's language, else in English, else in the first one."""
        text = best(_TEXTS.validate_python(self.terms_json["texts"]))
        assert text is not None
        return text

    @property
    def title(self) -> str:
        """The title in the reader's language, else in English, else in the first one."""
        return self.text.title

    def takes_applications(self, at: datetime) -> bool:
        """Return whether one can apply at that moment."""
        return self.state == CallState.PUBLISHED and self.opens <= at <= self.deadline

    def shown_state(self, at: datetime) -> str:
        """Return the state as pages show it: published it is `announced`, `published` or `past_deadline`."""
        return shown_call_state(CallState(self.state), self.opens, self.deadline, at)


class CallRevision(Table, table=True):
    """A call as it was published or revised, whole: what was submitted under it is judged by it."""

    __tablename__ = "call_revision"

    call_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    terms_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "terms"})
    at: datetime = Field(index=True, sa_type=sa.DateTime(timezone=True))
    actor: str = Field(description="Sign-in subject")
    touches: list[str] = Field(default_factory=list, sa_type=JSONB, description="Applications that gained by it")
    draft_id: UUID | None = Field(default=None, unique=True, description="The draft that it was; None for the first")
    favour: bool = Field(default=False, description="Whether the applications that gain were to be judged by it")

    @property
    def terms(self) -> CallTerms:
        """The call's terms as they were then. Raises `Refused` (503) as the call's do."""
        return read_terms(self.terms_json)


def read_terms(document: dict[str, Any]) -> CallTerms:
    """Return terms as they were written; older rules are read with the defaults of later additions.

    Raises `Refused` (503) for rules of a newer schema than this code can judge by: it would judge wrongly.
    """
    written = int(document.get("rules", {}).get("schema_version", 1))
    if written > RULES_VERSION:
        text = gettext(
            "The rules of call %(reference)s are version %(written)d, but this portal supports versions up to "
            "%(known)d. Update the portal, then open this page again."
        )
        raise Refused(
            text % {"reference": document.get("reference", ""), "written": written, "known": RULES_VERSION}, 503
        )
    return CallTerms.model_validate(document)


async def call(session: AsyncSession, call_id: UUID, *, lock: bool = False, hold: bool = False) -> Call | None:
    """Return one call; `lock`: nobody else changes it until the commit; `hold`: neither, but others may hold it too."""
    how = {"read": True} if hold else lock
    return await session.get(Call, call_id, with_for_update=how, populate_existing=lock or hold)


# Asked with each submission and confirmation, so both are put together once.
_CALL_OF_APPLICATION = for_update(
    select(Call).where(
        col(Call.id)
        == sa.select(col(Application.call_id)).where(col(Application.id) == sa.bindparam("id")).scalar_subquery()
    ),
    read=True,
)
_BY_ID = select(Call).where(col(Call.id).in_(sa.bindparam("ids", expanding=True))).order_by(Call.reference)


async def hold_call_of(session: AsyncSession, application_id: UUID) -> Call | None:
    """Return the call of an application, held as `call` holds it; not the application."""
    return (await session.scalars(_CALL_OF_APPLICATION, {"id": application_id})).first()


async def hold_calls(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Call]:
    """Return the calls with these ids, held: until the commit none can be revised or closed.

    To be called before applications are locked: closing a call locks it first and its applications next, and one order
    everywhere avoids deadlocks.
    """
    query = select(Call).where(col(Call.id).in_(sorted(set(ids)))).order_by(col(Call.id))
    return {call.id: call for call in (await session.scalars(for_update(query, read=True))).all()}


async def calls(session: AsyncSession, *, state: CallState | None = None) -> list[Call]:
    """Return all calls, or those in a state, the one with the latest deadline first."""
    query = select(Call).order_by(sa.column("deadline").desc(), Call.reference)
    if state is not None:
        query = query.where(Call.state == state)
    return list((await session.scalars(query)).all())


async def published_ids(session: AsyncSession) -> list[UUID]:
    """Return the published calls."""
    query = select(Call.id).where(Call.state == CallState.PUBLISHED).order_by(col(Call.id))
    return list((await session.scalars(query)).all())


async def latest(session: AsyncSession, request: PageRequest) -> list[Call]:
    """Return the calls of one page and one more, the one with the latest deadline first."""
    query = select(Call)
    if request.since is not None:
        revised = sa.exists().where(col(CallRevision.call_id) == col(Call.id), col(CallRevision.at) >= request.since)
        query = query.where(sa.or_(revised, col(Call.closed_at) >= request.since))
    return list(await session.scalars(cut(query, [col(Call.deadline), col(Call.id)], request, newest=True)))


async def calls_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Call]:
    """Return the calls with these ids."""
    return {call.id: call for call in await session.scalars(_BY_ID, {"ids": sorted(set(ids))})}


async def timers_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Timers]:
    """Return the timers of the calls with these ids; those of a call that is not there are the defaults."""
    wanted = set(ids)
    calls = await calls_by_id(session, wanted)
    return {id_: calls[id_].terms.timers if id_ in calls else Timers() for id_ in wanted}


async def citing(session: AsyncSession, need_id: UUID) -> list[Call]:
    """Return the calls that cite a training need, the one with the latest deadline first; a programme has few calls."""
    cites = sa.column("terms", JSONB).contains({"needs": [str(need_id)]})
    return list((await session.scalars(select(Call).where(cites).order_by(sa.column("deadline").desc()))).all())


async def revision(session: AsyncSession, call_id: UUID, number: int) -> CallRevision | None:
    """Return one revision of a call."""
    return await session.get(CallRevision, (call_id, number))


async def revision_from(session: AsyncSession, draft_id: UUID) -> CallRevision | None:
    """Return the revision that was published from a draft."""
    return (await session.scalars(select(CallRevision).where(CallRevision.draft_id == draft_id))).first()


async def revisions(session: AsyncSession, call_id: UUID) -> list[CallRevision]:
    """Return all revisions of a call, the newest first."""
    query = select(CallRevision).where(CallRevision.call_id == call_id).order_by(col(CallRevision.revision).desc())
    return list((await session.scalars(query)).all())


async def terms_of(
    session: AsyncSession, applications: Sequence[Application], calls_of: Mapping[UUID, Call]
) -> dict[UUID, CallTerms]:
    """Return, by application, the terms by which it is judged: those it was submitted under, a draft's the newest.

    `calls_of` are the calls of the applications, by id.
    """
    newest = {id_: call.terms for id_, call in calls_of.items()}
    wanted = {
        (application.call_id, application.rules_version)
        for application in applications
        if application.rules_version is not None and application.rules_version != newest[application.call_id].revision
    }
    older: dict[tuple[UUID, int | None], CallTerms] = {}
    if wanted:
        key = sa.tuple_(col(CallRevision.call_id), col(CallRevision.revision))
        query = select(CallRevision).where(key.in_(sorted(wanted))).order_by(key)
        older = {(row.call_id, row.revision): row.terms for row in await session.scalars(query)}
    return {
        application.id: older.get((application.call_id, application.rules_version), newest[application.call_id])
        for application in applications
    }


_TIME = sa.DateTime(timezone=True)
MOST_DRAFTS = 200


class CallDraft(Table, table=True):
    """A call that is being written, or the next revision of a published one; all programme coordinators share it.

    `section_changes` says of each section by whom and when it was changed last. A call that is published keeps
    its draft's id.
    """

    __tablename__ = "call_draft"

    id: UUID = Field(primary_key=True)
    entry_json: dict[str, JsonValue] = Field(sa_type=JSONB, sa_column_kwargs={"name": "entry"})
    section_changes: dict[str, SectionChange] = Field(
        default_factory=dict, sa_type=JsonDocument(dict[str, SectionChange])
    )
    revises: UUID | None = Field(default=None, unique=True, description="The published call that it will revise")
    base: int | None = Field(default=None, description="The revision of that call from which it was taken")
    copied: UUID | None = Field(default=None, description="The call of an earlier year that it was taken from")
    omitted: tuple[LeftOut, ...] = Field(
        default=(), sa_type=JsonDocument(tuple[LeftOut, ...]), description="Needs that had ended, topics that are gone"
    )
    created_by: str
    created_at: datetime = Field(sa_type=_TIME)
    saved_by: str
    saved_at: datetime = Field(index=True, sa_type=_TIME)

    @property
    def entry(self) -> CallEntry:
        """The entry written by now; what newer rules do not accept is open."""
        return CallEntry.from_stored(self.entry_json)


async def draft(session: AsyncSession, draft_id: UUID, *, lock: bool = False) -> CallDraft | None:
    """Return one draft; with `lock` nobody else changes it until the commit."""
    return await session.get(CallDraft, draft_id, with_for_update=lock, populate_existing=lock)


async def drafts(session: AsyncSession) -> list[CallDraft]:
    """Return all drafts, the one that was written last first."""
    query = select(CallDraft).order_by(col(CallDraft.saved_at).desc(), col(CallDraft.id)).limit(MOST_DRAFTS)
    return list((await session.scalars(query)).all())


async def latest_drafts(session: AsyncSession, request: PageRequest) -> list[CallDraft]:
    """Return the drafts of one page and one more, the one that was written last first."""
    query = select(CallDraft)
    if request.since is not None:
        query = query.where(col(CallDraft.saved_at) >= request.since)
    return list(await session.scalars(cut(query, [col(CallDraft.saved_at), col(CallDraft.id)], request, newest=True)))


async def revision_draft(session: AsyncSession, call_id: UUID) -> CallDraft | None:
    """Return the draft of a call's next revision, if somebody has begun one."""
    return (await session.scalars(select(CallDraft).where(CallDraft.revises == call_id))).first()
