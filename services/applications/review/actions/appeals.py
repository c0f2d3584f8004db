"""File an appeal against a decision, with a reason that stays in the portal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.applications.application.actions.steps import record
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.refusals import lawful
from services.applications.review import model, store
from shared.contracts.applications import AppealFiled
from shared.contracts.codes import ApplicationState
from shared.contracts.lifecycle import Unit
from shared.errors import Refused
from shared.i18n import gettext
from shared.time.arrival import arrived
from shared.time.workdays import due

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.application.store.applications import Application, Step
    from shared.bus import Bus
    from shared.identity import Principal

MOST = 2000


@dataclass(frozen=True, slots=True)
class Appealable:
    """A decision that can be appealed against, its deadline, and the application's state before it."""

    decision: Step
    until: datetime
    before: ApplicationState
    filed: bool


async def appealable(session: AsyncSession, application: Application) -> Appealable | None:
    """Return the decision that led to the application's present state, with what an appeal against it needs.

    None where it is not in a state against which one can appeal.
    """
    found = [step for step, state in model.DECISIONS.items() if state is application.own_state]
    if not found:
        return None
    steps = await applications.steps(session, application.id)
    place = next((n for n, step in enumerate(steps) if step.event == found[0]), None)
    call = await calls_store.call(session, application.call_id)
    if place is None or call is None:
        return None
    decision = steps[place]
    earlier = ApplicationState(steps[place + 1].state) if place + 1 < len(steps) else ApplicationState.SUBMITTED
    return Appealable(
        decision,
        model.appeal_deadline(decision.at, call.terms, application.country),
        model.state_before(application.own_state, earlier),
        await store.appeal(session, decision.id) is not None,
    )


def may_file(application: Application, decision: Appealable | None) -> bool:
    """Return whether an appeal can be filed now, so that a page offers only what is possible."""
    return (
        decision is not None
        and not decision.filed
        and arrived() <= decision.until
        and application.submitted_at is not None
    )


async def file(bus: Bus, principal: Principal, application_id: UUID, text: str) -> Application:
    """Appeal against the decision on the reader's own application; a second click finds it filed.

    Raises `Refused` (404; 409 where there is nothing to appeal against, or too late; 422 without a reason in words).
    """
    written = text.strip()
    if not written or len(written) > MOST:
        sentence = (
            gettext("Enter %(most)d characters or fewer.") % {"most": MOST}
            if written
            else gettext("Explain why you think the decision is wrong.")
        )
        raise Refused(sentence, 422, {"text": sentence})
    moment = arrived()
    async with bus.transaction(principal.subject) as tx:
        application = await applications.own(tx.session, principal, application_id)
        if application.own_state is ApplicationState.APPEALED:
            return application
        decision = await appealable(tx.session, application)
        against = application.own_state
        with lawful():
            state = model.after_filing(
                against,
                now=moment,
                until=moment if decision is None else decision.until,
                filed=decision is not None and decision.filed,
            )
        assert decision is not None
        call = await calls_store.call(tx.session, application.call_id)
        assert call is not None
        decide_by = due(moment, call.terms.timers.appeal_decision_wd, Unit.WORKING_DAYS, application.country)
        tx.session.add(
            store.Appeal(
                id=decision.decision.id,
                application_id=application.id,
                against=against,
                before=decision.before,
                decided_by=decision.decision.actor,
                text=written,
                filed_at=moment,
                due=decide_by,
            )
        )
        event = AppealFiled(against=against, due=decide_by)
        await record(tx, application, event, state=state, due=decide_by, text=written)
        return application
