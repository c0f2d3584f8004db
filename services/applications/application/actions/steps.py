"""Record a step of an application: state, history, event and, once, the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.application.model.states import outcome_of
from services.applications.application.store.applications import Step
from shared.contracts.applications import ApplicationDecided
from shared.contracts.codes import ApplicationState
from shared.ids import new_id
from shared.time.arrival import arrived

if TYPE_CHECKING:
    from datetime import datetime

    from services.applications.application.store.applications import Application
    from shared.bus import Envelope, Tx
    from shared.contracts.applications import ApplicationEvent
    from shared.contracts.codes import Outcome


async def record(
    tx: Tx,
    application: Application,
    event: ApplicationEvent | None,
    *,
    state: ApplicationState,
    due: datetime | None = None,
    cause: Envelope | None = None,
    acting_as: str | None = None,
    reason: str | None = None,
    text: str = "",
    remarks: dict[str, str] | None = None,
    note: str = "",
) -> None:
    """Bring a locked application into `state` by `event` (None: only its outcome is published), with what follows.

    `due` is the deadline of the next step. With `cause` it is a reaction, written once however often it is computed.
    """
    moment = arrived()
    if event is not None:
        await _record_event(tx, application, event, cause)
    application.state, application.since, application.due = state, moment, due
    if state is not ApplicationState.RETURNED_FOR_INFORMATION:
        application.returned_answers = None  # they were compared before, and no second copy of personal data stays
    tx.session.add(application)
    tx.session.add(
        Step(
            id=new_id(),
            application_id=application.id,
            at=moment,
            event=event.type if event is not None else ApplicationDecided.type,
            state=state,
            actor=tx.actor,
            acting_as=acting_as,
            reason=reason,
            text=text,
            remarks=remarks or {},
            note=note,
        )
    )
    outcome = outcome_of(state, application.published_outcome)
    if outcome is not None:
        await decide(tx, application, outcome, cause=cause)
    await tx.changed("applications")


async def decide(tx: Tx, application: Application, outcome: Outcome, *, cause: Envelope | None = None) -> None:
    """Publish the first final outcome of an application; does nothing where one was published before."""
    if application.published_outcome is not None:
        return
    assert application.submitted_at is not None
    application.outcome = outcome
    tx.session.add(application)
    event = ApplicationDecided(
        outcome=outcome,
        submitted_at=application.submitted_at,
        call_id=application.call_id,
        kind=application.for_,
        country=application.country,
    )
    await _record_event(tx, application, event, cause)


async def _record_event(tx: Tx, application: Application, event: ApplicationEvent, cause: Envelope | None) -> None:
    if cause is None:
        await tx.record(event, application.id, at=arrived())
    else:
        await tx.react(cause, event, application.id)
