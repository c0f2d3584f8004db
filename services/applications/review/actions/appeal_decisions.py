"""Decide appeals: another coordinator than before, with a reason that the officer reads.

Not endorsed: another coordinator of the country (of the EU agency), or the programme coordinator. Not eligible or
cancelled, which the programme itself decided: another programme coordinator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.actions.steps import record
from services.applications.application.store import applications
from services.applications.calls import store as calls_store
from services.applications.own_cases.store import ties_of
from services.applications.refusals import lawful, not_found
from services.applications.review import model, store
from services.applications.review.views.appeals import appeal_capacity
from shared.contracts.applications import AppealDecided
from shared.contracts.codes import AppealOutcome, CallState
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.identity.scope import may_coordinate
from shared.time import clock

if TYPE_CHECKING:
    from uuid import UUID

    from services.applications.application.store.applications import Application
    from shared.bus import Bus
    from shared.identity import Principal

MOST = 2000


async def decide(
    bus: Bus, principal: Principal, application_id: UUID, outcome: AppealOutcome, answer: str
) -> Application:
    """Uphold an appeal (on from before the decision, with new deadlines) or dismiss it (back where it was).

    Upheld after the call's close, the application is unplaced: nothing becomes live again in a closed call. A second
    click finds it decided. Raises `Refused` (404; 409 where it is decided or not the principal's to decide; 422 without
    a reason in words).
    """
    written = answer.strip()
    if not written or len(written) > MOST:
        sentence = (
            gettext("Enter %(most)d characters or fewer.") % {"most": MOST}
            if written
            else gettext("Explain your decision to the officer.")
        )
        raise Refused(sentence, 422, {"answer": sentence})
    async with bus.transaction(principal.subject) as tx:
        # The call is held before the application is locked, as everywhere: so it closes before this or after it.
        found = await applications.application(tx.session, application_id)
        call = None if found is None else await calls_store.call(tx.session, found.call_id, hold=True)
        application = await applications.application(tx.session, application_id, lock=True)
        if (
            application is None
            or call is None
            or not may_coordinate(principal, application.country, application.organisation_id)
        ):
            raise not_found()
        appeal = await store.open_appeal(tx.session, application_id, lock=True)
        if appeal is None:
            last = (await store.of_application(tx.session, application_id))[:1]
            if not last:
                raise not_found()
            if (last[0].closed_by, last[0].outcome) == (principal.subject, outcome.value):
                return application
            raise Refused(model.decided_already(application.own_state), code=ProblemCode.ALREADY_DONE)
        own = appeal_capacity(principal, application, appeal, await ties_of(tx.session, [principal.subject]))
        if own.acting_as is None:
            raise Refused(own.why_not, code=ProblemCode.SECOND_PERSON_NEEDED)
        closed = call.state == CallState.CLOSED
        with lawful():
            state = model.after_decision(
                outcome,
                state=application.own_state,
                against=appeal.decided_state,
                before=appeal.state_before,
                closed=closed,
            )
        moment = clock.now()
        until = model.next_due(state, moment, call.terms, application.country)
        appeal.outcome, appeal.closed_at, appeal.closed_by, appeal.answer = outcome, moment, principal.subject, written
        tx.session.add(appeal)
        event = AppealDecided(outcome=outcome, state=state, due=until, call_closed=closed)
        await record(tx, application, event, state=state, due=until, acting_as=own.acting_as, text=written)
        return application
