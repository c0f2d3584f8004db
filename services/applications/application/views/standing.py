"""The state of an application for its reader: since when, with whom, next step and due date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.model.answers import candidate_of
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.calls.model import Finding, findings, judge
from services.applications.next_steps.views import bare_facts, case_facts
from services.applications.refusals import not_found
from services.applications.register.store import entries
from shared.contracts.codes import ApplicationKind, ApplicationState, AudienceKind, PartnerStatus
from shared.identity.scope import is_self
from shared.next_steps import next_step
from shared.time import clock
from shared.web.states import Standing, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from shared.bus import Bus
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal
    from shared.next_steps import CaseFacts


@dataclass(frozen=True, slots=True)
class Case:
    """An application with what is needed to show its state.

    `terms` are those by which it is judged: of the call's revision that it was submitted under; a draft's the newest.
    `facts` are those from which its next step follows.
    """

    application: store.Application
    call: calls_store.Call
    projected: standings.Standing | None
    partner_active: bool
    terms: CallTerms
    facts: CaseFacts

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
    return None if application is None else (await cases_of(session, [application]))[0]


async def cases_of(session: AsyncSession, applications: Sequence[store.Application]) -> list[Case]:
    """Return the cases of several applications, in their order."""
    calls = await calls_store.calls_by_id(session, {application.call_id for application in applications})
    projected = await standings.standings_of(session, [application.id for application in applications])
    terms = await calls_store.terms_of(session, applications, calls)
    facts = await case_facts(session, applications)
    status = {
        country: await entries.partner_status(session, country, clock.today())
        for country in sorted({application.country for application in applications})
    }
    return [
        Case(
            application,
            calls[application.call_id],
            projected.get(application.id),
            status[application.country] is not PartnerStatus.SUSPENDED,
            terms[application.id],
            facts[application.id],
        )
        for application in applications
    ]


def shown_state(application: store.Application, projected: standings.Standing | None) -> ApplicationState:
    """Return the state that people see: the portal's own, or, once it is eligible, the projected one."""
    if application.own_state is not ApplicationState.ELIGIBLE:
        return application.own_state
    return ApplicationState.IN_MATCHING if projected is None else ApplicationState(projected.state)


def standing(case: Case, *, others: bool = False) -> Standing:
    """Return the state of a case with its next step; `others`: for readers other than the officer."""
    return standing_of(case.application, case.projected, case.facts, others=others)


def standing_of(
    application: store.Application,
    projected: standings.Standing | None,
    facts: CaseFacts | None = None,
    *,
    others: bool = False,
) -> Standing:
    """Return the same for an application; without `facts` it is one of which nothing has come yet."""
    state_to_show = shown_state(application, projected)
    eligible = application.own_state is ApplicationState.ELIGIBLE
    since = projected.since if eligible and projected is not None else application.since
    ahead = projected is not None and projected.cleared_ahead and state_to_show is ApplicationState.WAITLISTED
    shown = state("application", "waitlisted_cleared" if ahead else state_to_show)
    if application.for_ is ApplicationKind.MENTEE:
        shown = shown.of_mentoring(others=others)
    elif others:
        shown = shown.for_others
    step = next_step(facts or bare_facts(application, projected), () if others else {AudienceKind.APPLICANT})
    return Standing(shown, since, step.due, step.holder, step.step)


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
