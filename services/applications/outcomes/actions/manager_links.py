"""Let a line manager without an account answer by a link in a mail.

Opening the link shows a page and changes nothing, be it opened twice, by a mail scanner or as a preview; only that
page's button opens the form. From the first press on the link is good for ten minutes, and for one answer. When it is
over the page's other button has a new one sent, once a link, to the address that the portal has: who finds an old
link gets nothing by it. The link's secret is kept as a digest; no event contains it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from services.applications.application.model.answers import line_manager_id
from services.applications.application.store import applications
from services.applications.outcomes import store
from services.applications.outcomes.actions import line_managers
from services.applications.outcomes.actions.line_managers import FollowUp
from services.applications.outcomes.actions.tickets import ticket_link_without_account
from shared.contracts.applications import LineManagerLinkAsked
from shared.contracts.codes import AnswerForm, Respondent
from shared.contracts.notifications import ABOUT_CASCADE
from shared.time import clock
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application
    from services.applications.outcomes.views import Ticket
    from services.applications.settings import Settings
    from shared.bus import Bus

PAGE = "/applications/line-manager"
GOOD_FOR = timedelta(minutes=10)
"""Real time from the first press on."""
KEPT = timedelta(days=60)
"""Domain time for which a link that nobody opened is good."""


class Link(StrEnum):
    """The state of a link."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    OVER = "over"
    RENEWED = "renewed"
    UNKNOWN = "unknown"


_ENDS = {FollowUp.GIVEN: Link.ANSWERED, FollowUp.CLOSED: Link.CLOSED}


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """The state of a link, and its application (None where the link is not known)."""

    link: Link
    application: Application | None = None
    row: store.ManagerLink | None = None


def matter_of(purpose: str) -> AnswerForm:
    """Return what the message of that name asks a line manager: about cascade sessions, or for the follow-up."""
    return AnswerForm.CASCADE if purpose in ABOUT_CASCADE else AnswerForm.FOLLOW_UP


async def link_for(
    session: AsyncSession, application_id: UUID, about: UUID, matter: AnswerForm = AnswerForm.FOLLOW_UP
) -> str | None:
    """Return a new link for the line manager of an application, into one form; None without a line manager."""
    application = await applications.application(session, application_id)
    to = None if application is None else line_manager_id(application.id, application.answers)
    if to is None:
        return None
    secret = secrets.token_urlsafe(32)
    row = store.new_link(
        secret, application_id=application_id, about=about, matter=matter.value, recipient=to, at=clock.now()
    )
    session.add(row)
    return f"{PAGE}?key={secret}"


async def look_up(bus: Bus, secret: str) -> LinkSubject:
    """Return the present state of the link, without changing anything."""
    async with bus.read() as session:
        return await _subject_of(session, await store.link(session, secret))


async def _subject_of(session: AsyncSession, row: store.ManagerLink | None) -> LinkSubject:
    application = None if row is None else await applications.application(session, row.application_id)
    if row is None or application is None or line_manager_id(application.id, application.answers) != row.recipient:
        return LinkSubject(Link.UNKNOWN)  # also where somebody else is the line manager by now
    if (end := await _end(session, row)) is not None:
        return LinkSubject(end, application, row)
    if row.renewed_at is not None:
        return LinkSubject(Link.RENEWED, application, row)
    opened = row.opened_at is not None and _real_time() > row.opened_at + GOOD_FOR
    old = row.opened_at is None and arrived() > row.created_at + KEPT
    return LinkSubject(Link.OVER if opened or old else Link.OPEN, application, row)


async def _end(session: AsyncSession, row: store.ManagerLink) -> Link | None:
    """Return why nothing is left that the link could answer; None while something is."""
    if row.matter == AnswerForm.CASCADE:
        return None if await store.cascades_wait(session, row.application_id) else Link.ANSWERED
    return _ENDS.get(await line_managers.follow_up(session, row.application_id, row.about))


async def open_form(bus: Bus, settings: Settings, secret: str) -> Ticket | None:
    """Return the ticket into the form, at a press of the button; None where the link is not good any more."""
    async with bus.transaction("line_manager") as tx:
        link = await _subject_of(tx.session, await store.link(tx.session, secret, lock=True))
        if link.link is not Link.OPEN or link.row is None:
            return None
        if link.row.opened_at is None:
            link.row.opened_at = _real_time()
            tx.session.add(link.row)
        subject, matter = f"{Respondent.LINE_MANAGER.value}.{link.row.about}", link.row.matter
    return ticket_link_without_account(settings, matter, subject)


async def renew(bus: Bus, secret: str) -> None:
    """Have a new link sent in place of one that is over; a second press, or one for a good link, changes nothing."""
    async with bus.transaction("line_manager") as tx:
        link = await _subject_of(tx.session, await store.link(tx.session, secret, lock=True))
        if link.link is not Link.OVER or link.row is None or link.application is None:
            return
        link.row.renewed_at = clock.now()
        tx.session.add(link.row)
        await tx.record(LineManagerLinkAsked(matter=AnswerForm(link.row.matter)), link.application.id)


def _real_time() -> datetime:
    return datetime.now(UTC)
