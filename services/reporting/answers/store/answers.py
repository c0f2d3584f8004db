"""Store submitted forms: closed answers as they went into events, and free text, which stays here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, col, select

from services.reporting.answers.model.certificates import EVALUATION, FOLLOW_UP, REPORT, TEST, WAIVER
from services.reporting.tables import Table, write_rows
from shared.bus.db.records import Record
from shared.contracts import outcomes
from shared.contracts.codes import Respondent
from shared.i18n import gettext
from shared.ids import new_number

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Envelope, Tx


class Submission(Table, table=True):
    """A form that was submitted, once: answers and free text."""

    __tablename__ = "submission"

    case_id: UUID = Field(primary_key=True)
    form: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    late: bool = False
    answers: dict[str, JsonValue] = Field(sa_type=JSONB)
    texts: dict[str, str] = Field(sa_type=JSONB, description="Free text: never in an event")


SUBMISSION = Record(
    Submission,
    key=("case_id", "form", "respondent"),
    state=sa.literal("submitted"),
    state_word=lambda _: gettext("Received"),
)


class ReceivedAnswer(Table, table=True):
    """An answer that was received, according to the log.

    `form` is evaluation, report, follow_up, waiver, or test (with pre or post as the respondent).
    """

    __tablename__ = "received_answer"

    case_id: UUID = Field(primary_key=True)
    form: str = Field(primary_key=True)
    respondent: str = Field(primary_key=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    late: bool = False


@dataclass(frozen=True, slots=True)
class NewlyReceived:
    """A row of `ReceivedAnswer` to be written."""

    case_id: UUID
    form: str
    respondent: str
    at: datetime
    late: bool


class Certificate(Table, table=True):
    """The certificate of a visit: granted once, perhaps revoked."""

    __tablename__ = "certificate"

    visit_id: UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    revoked: bool = False


async def submission(session: AsyncSession, case_id: UUID, form: str, respondent: str) -> Submission | None:
    """Return the form that was submitted, if it was."""
    query = select(Submission).where(
        Submission.case_id == case_id, Submission.form == form, Submission.respondent == respondent
    )
    return await session.scalar(query)


async def evolve(tx: Tx, events: Sequence[Envelope]) -> None:
    """Save what was received, and certificates, from the events of exchange.outcomes, our own topic."""
    received: dict[tuple[str, str, str], NewlyReceived] = {}
    certificates: dict[str, Certificate] = {}
    for event in events:
        match event.data:
            case outcomes.EvaluationSubmitted(respondent=respondent, late=late):
                form = EVALUATION
            case outcomes.ReportSubmitted(late=late):
                form, respondent = REPORT, Respondent.GUEST
            case outcomes.FollowUpSubmitted(by=by, in_window=in_window):
                form, respondent, late = FOLLOW_UP, by, not in_window  # type: ignore[assignment]  # another code list
            case outcomes.TestScored(phase=phase):
                form, respondent, late = TEST, phase, False  # type: ignore[assignment]  # another code list
            case outcomes.EvaluationWaived(respondent=respondent):
                form, late = WAIVER, False
            case outcomes.CertificateGranted(number=number):
                certificates[event.subject] = Certificate(visit_id=UUID(event.subject), number=number)
                continue
            case outcomes.CertificateRevoked(number=number):
                certificates[event.subject] = Certificate(visit_id=UUID(event.subject), number=number, revoked=True)
                continue
            case _:
                continue
        received[event.subject, form, str(respondent)] = NewlyReceived(
            UUID(event.subject), form, str(respondent), event.time, late
        )
    await write_rows(tx.session, ReceivedAnswer, received.values())
    await write_rows(tx.session, Certificate, certificates.values())


async def received(session: AsyncSession, cases: Collection[UUID]) -> dict[UUID, dict[tuple[str, str], ReceivedAnswer]]:
    """Return what was received about these visits and mentorships: case -> (form, respondent) -> row."""
    found: dict[UUID, dict[tuple[str, str], ReceivedAnswer]] = {}
    query = (
        select(ReceivedAnswer)
        .where(col(ReceivedAnswer.case_id).in_(sorted(cases)))
        .order_by(col(ReceivedAnswer.case_id))
    )
    for row in await session.scalars(query):
        found.setdefault(row.case_id, {})[row.form, row.respondent] = row
    return found


async def certificates(session: AsyncSession, visits: Collection[UUID]) -> dict[UUID, Certificate]:
    """Return the certificates of these visits."""
    query = select(Certificate).where(col(Certificate.visit_id).in_(sorted(visits))).order_by(col(Certificate.visit_id))
    return {row.visit_id: row for row in await session.scalars(query)}


async def number(session: AsyncSession, visits: Sequence[UUID], year: int) -> dict[UUID, str]:
    """Give each of these visits a number of the year that nobody can guess; one that has a number keeps it."""
    if not visits:
        return {}
    numbers = {visit: new_number("TC", year) for visit in sorted(visits)}
    rows = [Certificate(visit_id=visit, number=text) for visit, text in numbers.items()]
    await write_rows(session, Certificate, rows, replace=False)
    return numbers
