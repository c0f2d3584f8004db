"""The state of an application for its reader: since when, with whom, next step and due date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.model.answers import candidate_of
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.calls.model import Finding, findings, judge
from services.applications.outcomes.model import NextStep, next_step
from services.applications.outcomes.views import ended_applications
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts import labels
from shared.contracts.codes import (
    ApplicationKind,
    ApplicationState,
    PartnerStatus,
)
from shared.identity.scope import is_self
from shared.time import clock
from shared.web.states import Standing, state

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.outcomes.model import EndedFacts
    from shared.bus import Bus
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal


OVER = frozenset({ApplicationState.COMPLETED, ApplicationState.ENDED})
"""The states in which a visit or a mentorship is over and forms about it are asked for."""


@dataclass(frozen=True, slots=True)
class Case:
    """An application with what is needed to show its state.

    `terms` are those by which it is judged: of the call's revision that it was submitted under; a draft's the newest.
    `ended` says what was submitted about its visit or mentorship, once that is over.
    """

    application: store.Application
    call: calls_store.Call
    projected: standings.Standing | None
    partner_active: bool
    terms: CallTerms
    ended: EndedFacts | None = None

    @property
    def shown_state(self) -> ApplicationState:
        """The state that people see: the portal's own, or, once it is eligible, the projected one."""
        return shown_state(self.application, self.projected)

    @property
    def findings(self) -> list[Finding]:
        """The call's rules in words for the officer, as far as the answers go."""
        return self.findings_for(others=False)

    def findings_for(self, *, others: bool) -> list[Finding]:
        """Return the findings; with `others` in words for readers other than the officer."""
        candidate = candidate_of(
            self.application.answers,
            kind=self.application.for_,
            country=self.application.country,
            partner_active=self.partner_active,
        )
        return findings(self.terms, judge(self.terms, candidate), others=others)


async def case_of(session: AsyncSession, application_id: UUID) -> Case | None:
    """Return the case of one application; the caller checks whose it is."""
    application = await store.application(session, application_id)
    if application is None:
        return None
    call = await calls_store.call(session, application.call_id)
    assert call is not None
    status = await entries.partner_status(session, application.country, clock.today())
    projected = await standings.standing_of(session, application_id)
    ended = {}
    if shown_state(application, projected) in OVER:
        ended = await ended_applications(session, {application_id: call.terms.timers})
    return Case(
        application,
        call,
        projected,
        status is not PartnerStatus.SUSPENDED,
        (await calls_store.terms_of(session, [application], {call.id: call}))[application.id],
        ended.get(application_id),
    )


def shown_state(application: store.Application, projected: standings.Standing | None) -> ApplicationState:
    """Return the state that people see: the portal's own, or, once it is eligible, the projected one."""
    if application.own_state is not ApplicationState.ELIGIBLE:
        return application.own_state
    return ApplicationState.IN_MATCHING if projected is None else ApplicationState(projected.state)


def standing(case: Case, *, others: bool = False) -> Standing:
    """Return the state of a case, with what is known more exactly than the table of states.

    `others`: for readers other than the officer.
    """
    return standing_of(case.application, case.projected, deadline=case.call.deadline, ended=case.ended, others=others)


def standing_of(
    application: store.Application,
    projected: standings.Standing | None,
    *,
    deadline: datetime | None = None,
    ended: EndedFacts | None = None,
    others: bool = False,
) -> Standing:
    """Return the same for an application; a draft's next step is due at the call's `deadline`.

    `ended`: the facts about its visit or mentorship, once that is over.
    """
    state_to_show = shown_state(application, projected)
    since, due = application.since, application.due
    if application.own_state is ApplicationState.ELIGIBLE:
        due = None
        if projected is not None:
            since, due = projected.since, projected.due
    if state_to_show is ApplicationState.DRAFT:
        due = deadline
    holder, step = None, NextStep()
    if ended is not None:
        step = next_step(ended, own=not others)
        holder, due = step.holder, step.due
    if state_to_show is ApplicationState.SUBMITTED:
        holder = labels.coordinator(application.country)
    ahead = projected is not None and projected.cleared_ahead and state_to_show is ApplicationState.WAITLISTED
    waitlist_state = state("application", "waitlisted_cleared" if ahead else state_to_show)
    if application.for_ is ApplicationKind.MENTEE:
        return Standing(waitlist_state.of_mentoring(others=others), since, due, holder, step.step)
    return Standing(waitlist_state.for_others if others else waitlist_state, since, due, holder, step.step)


async def own_case(bus: Bus, principal: Principal, application_id: UUID) -> Case:
    """Return the officer's own case. Raises `Refused` (404)."""
    async with bus.read() as session:
        return await own_case_in(session, principal, application_id)


async def own_case_in(session: AsyncSession, principal: Principal, application_id: UUID) -> Case:
    """Return the officer's own case, loaded in a session that is open. Raises `Refused` (404)."""
    case = await case_of(session, application_id)
    if case is None or not is_self(principal, case.application.subject):
        raise not_found()
    return case
