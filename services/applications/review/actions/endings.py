"""Cancel an open application, or void one that was entered in error.

What depends on it follows by itself: matching reads the event and ends match, visit and mentorship, reporting revokes a
certificate. Neither can be undone; a cancellation can be appealed against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.certificates import store as certificates_store
from services.applications.matches.store import matches
from services.applications.mentorships.store import mentorships
from services.applications.refusals import lawful, not_found
from services.applications.register.store import entries
from services.applications.visits import store as visits_store
from shared.contracts.applications import ApplicationCancelled, ApplicationEvent, ApplicationVoided
from shared.contracts.codes import ApplicationState, published
from shared.contracts.lifecycle import Unit
from shared.contracts.lifecycle.state_sets import MATCH_STANDING, MENTORSHIP_STANDING, VISIT_AHEAD
from shared.errors import Refused
from shared.i18n import gettext
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus, Tx
    from shared.contracts.codes import StatedReason, VoidReason

_OPEN_MATCH = frozenset(MATCH_STANDING)
_UPCOMING_VISIT = frozenset(VISIT_AHEAD)
_OPEN_MENTORSHIP = frozenset(MENTORSHIP_STANDING)


@dataclass(frozen=True, slots=True)
class Dependants:
    """The dependants of an application: newest match, its visit or mentorship, and the certificates that count.

    `host` is the name of the match's host organisation.
    """

    match: matches.Match | None
    visit: visits_store.Visit | None
    mentorship: mentorships.Mentorship | None
    certificates: tuple[certificates_store.Certificate, ...]
    host: str

    @property
    def match_ends(self) -> bool:
        """Return whether a match ends with it."""
        return self.match is not None and self.match.stands in _OPEN_MATCH

    @property
    def visit_is_cancelled(self) -> bool:
        """Return whether a visit is cancelled with it."""
        return self.match_ends and self.visit is not None and self.visit.stands in _UPCOMING_VISIT

    @property
    def mentorship_ends(self) -> bool:
        """Return whether a mentorship ends with it."""
        return self.match_ends and self.mentorship is not None and self.mentorship.stands in _OPEN_MENTORSHIP


async def dependants_of(session: AsyncSession, application_id: UUID) -> Dependants:
    """Return what depends on an application."""
    found = [match for match in await matches.of_application(session, application_id) if not match.reserve][:1]
    ids = [match.id for match in found]
    visits, mentorships_by_match = (
        await visits_store.of_matches(session, ids),
        await mentorships.of_matches(session, ids),
    )
    certificates = await certificates_store.certificates_of(session, application_id)
    host_id = found[0].host_organisation_id if found else None
    host = None if host_id is None else await entries.organisation(session, host_id)
    return Dependants(
        found[0] if found else None,
        visits.get(ids[0]) if ids else None,
        mentorships_by_match.get(ids[0]) if ids else None,
        tuple(paper for paper in certificates if paper.revoked_at is None),
        "" if host is None else host.name,
    )


async def state_after_cancelling(session: AsyncSession, application: store.Application) -> ApplicationState:
    """Return the state to which a cancellation leads. Raises `Refused` (409) where it cannot be cancelled now."""
    with lawful():
        state = states.after(ApplicationCancelled, application.own_state)
        projected = await standings.standing_of(session, application.id)
        if application.own_state is ApplicationState.ELIGIBLE and projected is not None:
            states.check_not_over(ApplicationCancelled, ApplicationState(projected.state))
    dependants = await dependants_of(session, application.id)
    if (
        dependants.match_ends
        and dependants.mentorship is None
        and dependants.visit is not None
        and dependants.visit.stands not in _UPCOMING_VISIT
    ):
        raise Refused(
            gettext("Its visit has started. It ends by itself, or when the host reports an early return."), 409
        )
    return state


async def can_cancel(session: AsyncSession, application: store.Application) -> bool:
    """Return whether it can be cancelled now, so that a page offers only what is possible."""
    try:
        await state_after_cancelling(session, application)
    except Refused:
        return False
    return True


async def cancel(
    bus: Bus,
    actor: str,
    application_id: UUID,
    reason: StatedReason,
    text: str = "",
) -> store.Application:
    """Cancel an open application; `text` is for the officer to read. A second click finds it cancelled.

    Raises `Refused` (404, 409).
    """
    async with bus.transaction(actor) as tx:
        application = await _locked(tx, application_id)
        if await _done_by_actor(tx, application, ApplicationCancelled, ApplicationState.CANCELLED):
            return application
        state = await state_after_cancelling(tx.session, application)
        call = await calls_store.call(tx.session, application.call_id)
        assert call is not None
        until = due(clock.now(), call.terms.timers.appeal_wd, Unit.WORKING_DAYS, application.country)
        event = ApplicationCancelled(reason=published(reason), appeal_until=until)
        await record(tx, application, event, state=state, reason=reason, text=text.strip()[:1000])
        return application


async def void(bus: Bus, actor: str, application_id: UUID, reason: VoidReason) -> store.Application:
    """Mark an application as entered in error, whatever its state; a second click finds it done.

    Raises `Refused` (404; 409 for a draft).
    """
    async with bus.transaction(actor) as tx:
        application = await _locked(tx, application_id)
        if await _done_by_actor(tx, application, ApplicationVoided, ApplicationState.VOIDED):
            return application
        with lawful():
            state = states.after(ApplicationVoided, application.own_state)
        await record(tx, application, ApplicationVoided(reason=reason), state=state, reason=reason)
        return application


async def _locked(tx: Tx, application_id: UUID) -> store.Application:
    application = await store.application(tx.session, application_id, lock=True)
    if application is None:
        raise not_found()
    return application


async def _done_by_actor(
    tx: Tx, application: store.Application, event: type[ApplicationEvent], state: ApplicationState
) -> bool:
    """Return whether the same person has just done it."""
    if application.own_state is not state:
        return False
    steps = await store.steps(tx.session, application.id)
    return any((step.event, step.actor) == (event.type, tx.actor) for step in steps[:2])
