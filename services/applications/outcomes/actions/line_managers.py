"""Name an officer's line manager, at any time before the follow-up."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from services.applications.application.store import applications
from services.applications.mentorships.store import mentorships
from services.applications.outcomes import store
from services.applications.refusals import unreadable
from services.applications.visits import store as visits_store
from shared.contracts.applications import LineManagerNamed
from shared.contracts.codes import ApplicationState
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from shared.bus import Bus, Tx
    from shared.identity import Principal

# Nobody is asked about an application that has come to nothing; while it can be written, its own page asks.
_NO_LINE_MANAGER = frozenset(
    {
        ApplicationState.DRAFT,
        ApplicationState.RETURNED_FOR_INFORMATION,
        ApplicationState.NOT_ENDORSED,
        ApplicationState.INELIGIBLE,
        ApplicationState.UNPLACED,
        ApplicationState.WITHDRAWN,
        ApplicationState.CANCELLED,
        ApplicationState.VOIDED,
    }
)


class FollowUp(StrEnum):
    """The state of the line manager's follow-up."""

    ASKED = "asked"
    GIVEN = "given"
    CLOSED = "closed"


async def follow_up(session: AsyncSession, application_id: UUID, about: UUID | None = None) -> FollowUp:
    """Return the state of the line manager's follow-up: asked for (now or later), given, or closed.

    `about` is the visit or mentorship that is meant. The application's own id, or None, means whichever is left: as
    long as one visit or mentorship is not closed, the line manager is asked about that.
    """
    given, closed = await store.manager_follow_ups(session, application_id)
    if given:
        return FollowUp.GIVEN
    if not closed:
        return FollowUp.ASKED
    if about in {None, application_id}:
        every = await visits_store.followed(session, application_id) | await mentorships.followed(
            session, application_id
        )
        return FollowUp.CLOSED if every <= closed else FollowUp.ASKED
    return FollowUp.CLOSED if about in closed else FollowUp.ASKED


async def may_name(session: AsyncSession, application: Application) -> bool:
    """Return whether another line manager can be named now: while the follow-up is or will be asked for."""
    return application.own_state not in _NO_LINE_MANAGER and await follow_up(session, application.id) is FollowUp.ASKED


async def follow_up_over(session: AsyncSession, application: Application) -> bool:
    """Return whether the line manager's follow-up was to be asked for, and is given or closed."""
    return (
        application.own_state not in _NO_LINE_MANAGER and await follow_up(session, application.id) is not FollowUp.ASKED
    )


async def name_line_manager(bus: Bus, principal: Principal, application_id: UUID, who: str, email: str) -> Application:
    """Name another line manager for the officer's own submitted application; the new one is notified.

    Raises `Refused` (404; 409 where nobody is asked any more; 422 for a name or an address that cannot be read).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await applications.own(tx.session, principal, application_id)
        if not await may_name(tx.session, application):
            raise Refused(gettext("Your line manager is not asked any more, so the name cannot be changed now."), 409)
        missing = {
            field: sentence
            for field, value, sentence in (
                ("line_manager_name", who, gettext("Enter your line manager's name")),
                ("line_manager_email", email, gettext("Enter your line manager's service e-mail")),
            )
            if not value.strip()
        }
        if missing:
            raise Refused(gettext("Some answers cannot be read."), 422, missing)
        changes = {"line_manager_name": who, "line_manager_email": email}
        try:
            answers = application.answers.with_written(changes)
        except ValidationError as error:
            raise Refused(gettext("Some answers cannot be read."), 422, unreadable(error)) from error
        application.answers_json = answers.to_store()
        application.saved_at = clock.now()
        tx.session.add(application)
        await record_line_manager(tx, application)
        return application


async def record_line_manager(tx: Tx, application: Application) -> None:
    """Record that a line manager was named, once an address, however often it is named again."""
    address = (application.answers.line_manager_email or "").lower()
    if not address or address in application.managers_told:
        return
    application.managers_told = [*application.managers_told, address]
    tx.session.add(application)
    await tx.record(LineManagerNamed(number=len(application.managers_told)), application.id)
