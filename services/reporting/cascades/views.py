"""Show the cascade sessions about a visit or a mentorship."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.reporting.answers.views.forms import RequestedForm, requested_form
from services.reporting.cascades import model, store
from services.reporting.cascades.model import CascadeState
from shared.contracts.codes import CascadeFormat, CascadeRefusal, Respondent
from shared.time.arrival import arrived_on
from shared.web.read_models import ReadModel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from services.reporting.cascades.store import Cascade

CASCADE = "cascade"


class CascadeSession(ReadModel):
    """A session in which an officer passed on what was learnt, with the line manager's answer."""

    id: UUID
    held_on: date
    format: CascadeFormat
    attendees: Annotated[int, Field(description="As the officer reported.", examples=[12])]
    about: Annotated[str, Field(examples=["What a joint team needs"])]
    state: CascadeState
    confirmed: Annotated[int | None, Field(description="How many it reached, by the line manager's word.")]
    why: Annotated[str, Field(description="Why it was fewer.")]
    reason: Annotated[CascadeRefusal | None, Field(description="Why it was not confirmed.")]
    settled_at: Annotated[AwareDatetime | None, Field(description="When the line manager answered.")]


class CascadeSessions(ReadModel):
    """The sessions that were reported about a visit or a mentorship, and until when more may be."""

    reference: Annotated[str, Field(description="Of the application.", examples=["AM-2026-0042"])]
    application_id: UUID
    visit_id: Annotated[UUID | None, Field(description="Null if it is about a mentorship.")]
    mentorship_id: Annotated[UUID | None, Field(description="Null if it is about a visit.")]
    open: Annotated[bool, Field(description="Whether sessions may be reported today.")]
    until: Annotated[date | None, Field(description="The last day on which they may be.")]
    sessions: Annotated[list[CascadeSession], Field(description="The newest first.")]


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions that a form is about, and until when more may be reported."""

    form: RequestedForm
    rows: list[CascadeSession]
    until: date | None

    @property
    def open(self) -> bool:
        """Return whether sessions may be reported today."""
        return self.form.case.open and self.until is not None and arrived_on() <= self.until

    @property
    def managed(self) -> bool:
        """Return whether the line manager asks."""
        return self.form.respondent is Respondent.LINE_MANAGER


async def sessions(session: AsyncSession, subject: str) -> Sessions:
    """Return the sessions that a ticket's subject opens. Raises `Refused` (404)."""
    form = await requested_form(session, subject, CASCADE)
    rows = await store.of_case(session, form.case.id)
    return Sessions(form, [_session(row) for row in rows], model.until(form.case, form.timers))


def cascade_sessions(found: Sessions) -> CascadeSessions:
    """Return the sessions for programs."""
    case = found.form.case
    return CascadeSessions(
        reference=found.form.reference,
        application_id=case.application_id,
        visit_id=case.visit_id,
        mentorship_id=case.mentorship_id,
        open=found.open,
        until=found.until,
        sessions=found.rows,
    )


def _session(row: Cascade) -> CascadeSession:
    return CascadeSession(
        id=row.id,
        held_on=row.held_on,
        format=CascadeFormat(row.format),
        attendees=row.attendees,
        about=row.about,
        state=CascadeState(row.state),
        confirmed=row.confirmed,
        why=row.explanation,
        reason=None if row.reason is None else CascadeRefusal(row.reason),
        settled_at=row.settled_at,
    )
