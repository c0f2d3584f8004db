"""The forms submitted about visits and mentorships: a projection of `exchange.outcomes`, without the answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from services.applications.availability.store import secret_digest
from services.applications.tables import Table, write_rows
from shared.contracts import outcomes as events_of_outcomes
from shared.contracts.codes import AnswerForm, FollowUpBy, Respondent, TestPhase
from shared.contracts.outcomes import OutcomeEvent
from shared.next_steps.received import closed_form, received, taken_again

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx
    from shared.contracts.base import Event


class OutcomeRecord(Table, table=True):
    """An answer of a respondent; `kind` is evaluation, report, follow_up, waiver or one of `TESTS`.

    An answer that is no longer taken is `closed_` and its form, until it is taken again. Of a cascade session (its id
    is the `respondent`) `kind` is `cascade`, and `settled` once the line manager has answered.
    """

    __tablename__ = "outcome_record"

    subject: UUID = Field(primary_key=True, description="Visit or mentorship")
    kind: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    late: bool = False


class TestRequest(Table, table=True):
    """A test that reporting asks a guest to take before or after a visit, until `due`."""

    __test__ = False  # or pytest would collect it by its name
    __tablename__ = "test_request"

    subject: UUID = Field(primary_key=True, description="Visit")
    form: str = Field(primary_key=True, description="One of `TESTS`")
    due: datetime = Field(sa_type=sa.DateTime(timezone=True))


TESTS: dict[TestPhase, str] = {TestPhase.PRE: "test_before", TestPhase.POST: "test_after"}
"""The name of each test's form, which is also the purpose of the ticket into it."""


# A follow-up that is in is told by whom it is, one that is closed with the respondent who was asked.
_MANAGER_SAID = ("follow_up", FollowUpBy.MANAGER.value)
_MANAGER_CLOSED = (closed_form(AnswerForm.FOLLOW_UP), Respondent.LINE_MANAGER.value)


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Apply events of exchange.outcomes: what was submitted, and the tests that are asked for."""
    rows: dict[tuple[UUID, str, str], OutcomeRecord] = {}
    tests: dict[tuple[UUID, str], TestRequest] = {}
    reopened: set[tuple[UUID, str, str]] = set()
    for event in events:
        if (opened := taken_again(event.data)) is not None:
            again = UUID(event.subject), *opened
            rows.pop(again, None)
            reopened.add(again)
        if isinstance(event.data, events_of_outcomes.TestAsked):
            test = UUID(event.subject), TESTS[event.data.phase]
            tests[test] = TestRequest(subject=test[0], form=test[1], due=event.data.due)
        if (found := _submission(event.data)) is None:
            continue
        assert isinstance(event.data, OutcomeEvent)
        what, of = found
        reopened.discard((UUID(event.subject), what, of))
        rows[UUID(event.subject), what, of] = OutcomeRecord(
            subject=UUID(event.subject),
            kind=what,
            respondent=of,
            application_id=event.data.application_id,
            at=event.time,
            late=getattr(event.data, "late", False),
        )
    await write_rows(tx.session, rows.values())
    await write_rows(tx.session, tests.values())
    if reopened:
        key = sa.tuple_(col(OutcomeRecord.subject), col(OutcomeRecord.kind), col(OutcomeRecord.respondent))
        await tx.session.execute(sa.delete(OutcomeRecord).where(key.in_(sorted(reopened))))
    if rows or tests or reopened:
        await tx.changed("matches")


def _submission(data: Event) -> tuple[str, str] | None:
    """Return what an event says was submitted: what, and by whom (of a cascade session its id)."""
    match data:
        case events_of_outcomes.TestScored(phase=phase):
            return TESTS[phase], Respondent.GUEST.value
        case events_of_outcomes.CascadeDelivered(cascade_id=session_id):
            return "cascade", str(session_id)
        case (
            events_of_outcomes.CascadeConfirmed(cascade_id=session_id)
            | events_of_outcomes.CascadeRefused(cascade_id=session_id)
        ):
            return "settled", str(session_id)
    return received(data)


async def of_subjects(session: AsyncSession, subjects: Collection[UUID]) -> set[tuple[UUID, str, str]]:
    """Return what was submitted about these visits or mentorships, as (subject, what, of)."""
    query = (
        select(OutcomeRecord)
        .where(col(OutcomeRecord.subject).in_(sorted(subjects)))
        .order_by(col(OutcomeRecord.subject))
    )
    return {(form.subject, form.kind, form.respondent) for form in await session.scalars(query)}


async def tests_of(session: AsyncSession, visit_id: UUID) -> dict[str, datetime]:
    """Return which tests are asked for about a visit, and until when."""
    query = select(TestRequest).where(TestRequest.subject == visit_id).order_by(col(TestRequest.form).desc())
    return {test.form: test.due for test in await session.scalars(query)}


async def manager_follow_ups(session: AsyncSession, application_id: UUID) -> tuple[bool, set[UUID]]:
    """Return whether the line manager has answered the follow-up, and about what it is no longer taken."""
    kinds = sa.tuple_(col(OutcomeRecord.kind), col(OutcomeRecord.respondent))
    query = select(OutcomeRecord.subject, OutcomeRecord.kind).where(
        OutcomeRecord.application_id == application_id, kinds.in_([_MANAGER_SAID, _MANAGER_CLOSED])
    )
    rows = (await session.execute(query)).all()
    return (
        any(what == _MANAGER_SAID[0] for _, what in rows),
        {subject for subject, what in rows if what == _MANAGER_CLOSED[0]},
    )


async def cascades_wait(session: AsyncSession, application_id: UUID) -> bool:
    """Return whether a reported cascade session of an application waits for the line manager's answer."""
    query = select(OutcomeRecord.kind, OutcomeRecord.respondent).where(
        OutcomeRecord.application_id == application_id, col(OutcomeRecord.kind).in_(("cascade", "settled"))
    )
    rows = (await session.execute(query)).all()
    return bool({of for what, of in rows if what == "cascade"} - {of for what, of in rows if what == "settled"})


_TIME = sa.DateTime(timezone=True)


class ManagerLink(Table, table=True):
    """A link by which a line manager, who has no account, answers about one officer."""

    __tablename__ = "line_manager_link"

    digest: str = Field(primary_key=True, description="SHA-256 of the link's secret")
    application_id: UUID = Field(index=True)
    about: UUID = Field(description="The visit or mentorship; the application where the newest is meant")
    matter: str = Field(default="follow_up", description="What it leads to, a code of `AnswerForm`")
    recipient: UUID = Field(description="To whom it was sent, by the opaque id: another line manager has another")
    created_at: datetime = Field(sa_type=_TIME)
    opened_at: datetime | None = Field(default=None, sa_type=_TIME, description="Real time of the first button pressed")
    renewed_at: datetime | None = Field(default=None, sa_type=_TIME, description="When a new one was asked for")


def new_link(
    secret: str, *, application_id: UUID, about: UUID, matter: str, recipient: UUID, at: datetime
) -> ManagerLink:
    """Return a link with that secret."""
    return ManagerLink(
        digest=secret_digest(secret),
        application_id=application_id,
        about=about,
        matter=matter,
        recipient=recipient,
        created_at=at,
    )


async def link(session: AsyncSession, secret: str, *, lock: bool = False) -> ManagerLink | None:
    """Return the link with that secret; with `lock` nobody else uses it until the commit."""
    return await session.get(ManagerLink, secret_digest(secret), with_for_update=lock, populate_existing=lock)
