"""Name an officer's line manager, at any time before the follow-up.

A line manager has no account, so nobody confirms the address by a link. The programme writes to an address in an email
domain of the officer's agency, and to others once the national coordinator has confirmed that it is the line manager's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from services.applications.application.store import applications
from services.applications.mentorships.store import mentorships
from services.applications.message_quota import MessageKind, count_message
from services.applications.outcomes import store
from services.applications.outcomes.views import (
    NO_LINE_MANAGER,
    confirmed_manager,
    manager_address,
    may_write_to_manager,
)
from services.applications.refusals import not_found, unreadable
from services.applications.register.store import entries
from services.applications.transitions import state_word
from services.applications.visits import store as visits_store
from shared.contracts.applications import LineManagerNamed
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.scope import may_coordinate
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.register.store.entries import Person
    from shared.bus import Bus, Tx
    from shared.identity import Principal


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
    return application.own_state not in NO_LINE_MANAGER and await follow_up(session, application.id) is FollowUp.ASKED


async def follow_up_over(session: AsyncSession, application: Application) -> bool:
    """Return whether the line manager's follow-up was to be asked for, and is given or closed."""
    return (
        application.own_state not in NO_LINE_MANAGER and await follow_up(session, application.id) is not FollowUp.ASKED
    )


def not_asked(application: Application) -> str:
    """Return the sentence that says why another line manager cannot be named now."""
    if application.own_state in NO_LINE_MANAGER:
        text = gettext("The application is now “%(state)s”, so we no longer need an answer from your line manager.")
        return text % {"state": state_word("application", application.own_state)}
    return gettext("We no longer need an answer from your line manager, so you cannot change the name now.")


async def name_line_manager(bus: Bus, principal: Principal, application_id: UUID, name: str, email: str) -> Application:
    """Name another line manager for the officer's own submitted application; the new one is notified.

    The same person again changes nothing. Raises `Refused` (404; 409 where nobody is asked any more, or too many were
    named today; 422 for a name or an address that cannot be read).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await applications.own(tx.session, principal, application_id)
        if not await may_name(tx.session, application):
            raise Refused(not_asked(application), 409)
        missing = {
            field: sentence
            for field, value, sentence in (
                ("line_manager_name", name, gettext("Enter your line manager's name")),
                ("line_manager_email", email, gettext("Enter your line manager's service email")),
            )
            if not value.strip()
        }
        if missing:
            raise Refused(gettext("Some answers cannot be read."), 422, missing)
        changes = {"line_manager_name": name, "line_manager_email": email}
        try:
            answers = application.answers.with_written(changes)
        except ValidationError as error:
            raise Refused(gettext("Some answers cannot be read."), 422, unreadable(error)) from error
        named_before = manager_address(application)
        if answers != application.answers:
            application.answers_json = answers.to_store()
            application.saved_at = clock.now()
            tx.session.add(application)
        if manager_address(application) != named_before:
            await count_message(tx, MessageKind.LINE_MANAGER)
        check_line_manager(await entries.person(tx.session, application.subject), application)
        await record_line_manager(tx, application)
        return application


def check_line_manager(person: Person | None, application: Application) -> None:
    """Raise `Refused` (422) where the officer names themselves: nobody confirms their own learning.

    `person` is the officer in the register.
    """
    own = {(application.answers_in("email").email or "").lower()} | (
        {person.email.lower()} if person is not None else set()
    )
    if manager_address(application) in own - {""}:
        sentence = gettext("Enter your line manager's service email, not your own")
        raise Refused(sentence, 422, {"line_manager_email": sentence})


async def confirm_line_manager(bus: Bus, principal: Principal, application_id: UUID, email: str) -> Application:
    """Confirm as a coordinator that this is the address of the officer's line manager, who is then notified.

    The one confirmed last does not decide on the officer's case, also if the officer names another person later.
    Raises `Refused` (404; 409 where another address was named meanwhile).
    """
    async with bus.transaction(principal.subject) as tx:
        application = await applications.application(tx.session, application_id, lock=True)
        if (
            application is None
            or application.submitted_at is None
            or not may_coordinate(principal, application.country, application.organisation_id)
        ):
            raise not_found()
        address = manager_address(application)
        if not address or email.strip().lower() != address:
            raise Refused(
                gettext("The officer has named another line manager. Check the current version of the application."),
                code=ProblemCode.EDIT_CONFLICT,
                present={"address": address} if address else None,
            )
        if confirmed_manager(application) != address:
            confirmed = {"address": address, "by": principal.subject, "at": clock.now().isoformat()}
            application.managers_confirmed = [*application.managers_confirmed, confirmed]
            tx.session.add(application)
            await record_line_manager(tx, application)
            await tx.changed("applications")
        return application


async def record_line_manager(tx: Tx, application: Application) -> None:
    """Record that a line manager was named, once an address that may be written to, however often it is named again."""
    address = manager_address(application)
    if (
        not address
        or address in application.managers_notified
        or not await may_write_to_manager(tx.session, application)
    ):
        return
    application.managers_notified = [*application.managers_notified, address]
    tx.session.add(application)
    await tx.record(LineManagerNamed(number=len(application.managers_notified)), application.id)
