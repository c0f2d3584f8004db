"""Show a person their sessions, and answer other services whether a session goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.applications.sessions import store
from services.applications.sessions.model import SessionEnd
from shared.i18n import N_, gettext
from shared.identity.session import IDLE
from shared.web.paging import page_of
from shared.web.read_models import Page, ReadModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.bus import Bus
    from shared.identity import Principal
    from shared.web.paging import PageRequest

_ENDED_SHOWN = 20
_WHY = {
    SessionEnd.SIGNED_OUT: N_("Signed out"),
    SessionEnd.REPLACED: N_("Signed in again"),
    SessionEnd.ENDED_BY_PERSON: N_("Ended by you"),
    SessionEnd.ACCESS_CHANGED: N_("Your access changed"),
    SessionEnd.SUSPENDED: N_("Your country was suspended"),
}


class OwnSession(ReadModel):
    """An open session of the caller."""

    id: UUID
    present: Annotated[bool, Field(description="Whether the request was made in it.")]
    begun_at: AwareDatetime
    seen_at: Annotated[AwareDatetime, Field(description="Written every ten minutes at the most.")]
    over_at: Annotated[AwareDatetime, Field(description="When it ends at the latest; an hour without a page ends it.")]
    browser: Annotated[str, Field(description="Empty where it is not known.", examples=["Firefox"])]
    system: Annotated[str, Field(description="Empty where it is not known.", examples=["Windows"])]

    @property
    def name(self) -> str:
        """The browser and its system, as the page shows them."""
        return _name(self.browser, self.system)


class EndedSession(ReadModel):
    """A session of the reader that has ended, with the reason in words."""

    name: str
    begun_at: AwareDatetime
    ended_at: AwareDatetime
    why: str


class EndedSessions(ReadModel):
    """The number of sessions that were ended."""

    ended: int


class FoundSession(ReadModel):
    """A session that goes on: whose it is, since when, and when its person was last seen."""

    subject: str
    begun: AwareDatetime
    seen: AwareDatetime


class SessionAnswer(ReadModel):
    """The session that another service asked for; null if it has ended or never was."""

    session: FoundSession | None


def _name(browser: str, system: str) -> str:
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("Unknown browser")


async def own_sessions(bus: Bus, principal: Principal, present: str | None, request: PageRequest) -> Page[OwnSession]:
    """Return one page of the principal's sessions, the newest first; `present` is the digest of the request's own."""

    def view(row: store.SessionRow) -> OwnSession:
        return OwnSession(
            id=row.id,
            present=row.digest == present,
            begun_at=row.begun_at,
            seen_at=row.seen_at,
            over_at=row.over_at,
            browser=row.browser,
            system=row.system,
        )

    async with bus.read() as session:
        rows = await store.open_page(session, principal.subject, datetime.now(UTC), request)
    return page_of(rows, request, OwnSession, view, lambda row: [row.begun_at, row.id])


async def ended_sessions(bus: Bus, principal: Principal) -> Sequence[EndedSession]:
    """Return the principal's sessions that have ended, the newest twenty."""
    async with bus.read() as session:
        rows = await store.ended_of(session, principal.subject, datetime.now(UTC), _ENDED_SHOWN)
    return [_ended(row) for row in rows]


def _ended(row: store.SessionRow) -> EndedSession:
    if row.ended_at is not None and row.end_reason is not None:
        ended_at, why = row.ended_at, gettext(_WHY[SessionEnd(row.end_reason)])
    elif row.seen_at + IDLE < row.over_at:
        ended_at, why = row.seen_at + IDLE, gettext("An hour without activity")
    else:
        ended_at, why = row.over_at, gettext("Eight hours have passed")
    return EndedSession(name=_name(row.browser, row.system), begun_at=row.begun_at, ended_at=ended_at, why=why)
