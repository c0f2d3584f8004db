"""Judge endorsed applications by their call's rules, and confirm the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.bulk import Outcome, refused_as_changed
from services.applications.own_cases.model import why_not
from services.applications.own_cases.store import ties_of
from services.applications.refusals import lawful, not_found
from services.applications.review.views.eligibility import Judgement, judge_applications
from shared.bus.db.records import Changes
from shared.contracts.applications import ApplicationFoundEligible, ApplicationFoundIneligible
from shared.contracts.codes import ApplicationState
from shared.contracts.lifecycle import Unit
from shared.errors import Refused
from shared.identity.own_cases import own_case
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.own_cases.model import Ties
    from shared.bus import Bus, Tx
    from shared.bus.db.records import ReadVersions


async def confirm(bus: Bus, actor: str, ids: Collection[UUID], read: ReadVersions | None = None) -> Outcome[Judgement]:
    """Confirm what the rules say about these endorsed applications.

    What the actor has just confirmed stays as it is. What cannot be confirmed now, what has changed since the actor
    `read` it, and the actor's own cases, are left and named. Raises `Refused` (404 for an unknown one).
    """
    done: list[Judgement] = []
    left: list[tuple[Judgement, Refused]] = []
    async with bus.transaction(actor) as tx:
        applications = await store.locked(tx.session, ids)
        if len(applications) != len(set(ids)):
            raise not_found()
        ties = await ties_of(tx.session, [actor])
        changes = Changes() if read is None else await read.changes(tx.session)
        for judgement in await judge_applications(tx.session, applications):
            try:
                check_other_case(ties, actor, judgement.application)
                await _confirm(tx, judgement, changes)
            except Refused as refused:
                left.append((judgement, refused))
            else:
                done.append(judgement)
    return Outcome(done, left, changes)


def check_other_case(ties: Ties, actor: str, application: store.Application) -> None:
    """Raise `Refused` (403, `own-case`) where it is an own case of the actor."""
    if (tie := ties.between(actor, application.concerned)) is not None:
        raise own_case(why_not(tie))


async def obstacles(session: AsyncSession, actor: str, applications: Collection[store.Application]) -> dict[UUID, str]:
    """Return why the actor cannot confirm some of these now, by application."""
    ties = await ties_of(session, [actor])
    found = {}
    for application in applications:
        try:
            check_other_case(ties, actor, application)
            check_confirmable(application)
        except Refused as refused:
            found[application.id] = refused.detail
    return found


def check_confirmable(application: store.Application) -> None:
    """Raise `Refused` (409) with the reason where its eligibility cannot be confirmed now."""
    with lawful():
        states.after(ApplicationFoundEligible, application.own_state)


async def _confirm(tx: Tx, judgement: Judgement, changes: Changes) -> None:
    application, terms = judgement.application, judgement.terms
    if await _confirmed_by_actor(tx, application):
        return
    check_confirmable(application)
    event_type = ApplicationFoundEligible if judgement.eligible else ApplicationFoundIneligible
    state = states.after(event_type, application.own_state)
    if changes.has(application.id):
        raise refused_as_changed()
    version = terms.revision
    if judgement.eligible:
        await record(
            tx, application, ApplicationFoundEligible(rules_version=version, checks=judgement.checks), state=state
        )
        return
    until = due(clock.now(), terms.timers.appeal_wd, Unit.WORKING_DAYS, application.country)
    refused = ApplicationFoundIneligible(rules_version=version, checks=judgement.checks, appeal_until=until)
    await record(tx, application, refused, state=state)


async def _confirmed_by_actor(tx: Tx, application: store.Application) -> bool:
    """Return whether the same person confirmed it, and nothing has happened to it since."""
    if application.own_state not in {ApplicationState.ELIGIBLE, ApplicationState.INELIGIBLE}:
        return False
    last = (await store.steps(tx.session, application.id))[0]
    return last.event in {ApplicationFoundEligible.type, ApplicationFoundIneligible.type} and last.actor == tx.actor
