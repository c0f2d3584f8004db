"""Endorse, return or refuse an application, as its home national coordinator.

A clearance officer does it for an EU agency; the programme coordinator once a deadline has passed
(`access/actions/capacity.py`). One case or several selected ones (`bulk.py`) go the same way: a `Decision` says what is
to be done, `carry_out` does it to one locked case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.applications.access.views import Capacity, capacity_for
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.store import applications as store
from services.applications.calls import store as calls_store
from services.applications.refusals import lawful, not_found
from shared.contracts.applications import (
    ApplicationEndorsed,
    ApplicationEvent,
    ApplicationNotEndorsed,
    ApplicationReturned,
)
from shared.contracts.codes import NotEndorsedReason, Section
from shared.contracts.lifecycle import Unit
from shared.errors import Refused
from shared.i18n import gettext
from shared.identity.scope import may_coordinate
from shared.time import clock
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal


@dataclass(frozen=True, slots=True)
class Endorse:
    """The country supports it; the note is for the other reviewers."""

    note: str = ""
    event: type[ApplicationEvent] = field(default=ApplicationEndorsed, init=False)


@dataclass(frozen=True, slots=True)
class Return:
    """A return for information, by section."""

    remarks: Mapping[Section, str]
    event: type[ApplicationEvent] = field(default=ApplicationReturned, init=False)

    @property
    def written(self) -> dict[Section, str]:
        """The remarks that say something. Raises `Refused` (422) where none does."""
        found = {Section(section): text.strip()[:1000] for section, text in self.remarks.items() if text.strip()}
        if not found:
            sentence = gettext("Enter what information you need for at least one section")
            raise Refused(sentence, 422, {"remarks": sentence})
        return found


@dataclass(frozen=True, slots=True)
class NotEndorse:
    """The country does not support it; the text is for the officer to read."""

    reason: NotEndorsedReason
    text: str = ""
    event: type[ApplicationEvent] = field(default=ApplicationNotEndorsed, init=False)


Decision = Endorse | Return | NotEndorse


async def decide(bus: Bus, principal: Principal, application_id: UUID, decision: Decision) -> store.Application:
    """Decide on one application.

    Raises `Refused` (404; 409 where the time, the state or another decider forbids it; 422 without a remark).
    """
    if isinstance(decision, Return):
        decision = Return(decision.written)
    async with bus.transaction(principal.subject) as tx:
        application, terms, own = await _case(tx, principal, application_id)
        if await is_repeat(tx, principal, application, decision):
            return application
        await carry_out(tx, application, terms, own, decision)
        return application


async def is_repeat(tx: Tx, principal: Principal, application: store.Application, decision: Decision) -> bool:
    """Return whether the principal made just this decision last: a second click, answered with the first result."""
    if application.state == states.after(decision.event, states.S.SUBMITTED):
        steps = await store.steps(tx.session, application.id)
        last = next((step for step in steps if step.event != "ApplicationDecided"), None)
        return last is not None and (last.event, last.actor) == (decision.event.type, principal.subject)
    return False


async def carry_out(
    tx: Tx,
    application: store.Application,
    terms: CallTerms,
    own: Capacity,
    decision: Decision,
) -> None:
    """Decide on a locked application. Raises `Refused` (409) with the reason why it cannot be done now."""
    with lawful():
        state = states.after(decision.event, application.own_state)
    acting_as = own.decides()
    event: ApplicationEvent
    match decision:
        case Endorse():
            until = _deadline(application, terms.timers.eligibility_wd)
            event = ApplicationEndorsed(acting_as=acting_as, due=until)
            note = decision.note.strip()[:1000]
            await record(tx, application, event, state=state, due=until, acting_as=acting_as, note=note)
        case Return():
            until = _deadline(application, terms.timers.information_wd)
            event = ApplicationReturned(sections=tuple(decision.remarks), acting_as=acting_as, due=until)
            remarks = {str(section): text for section, text in decision.remarks.items()}
            application.returned_answers = application.answers_json
            await record(tx, application, event, state=state, due=until, acting_as=acting_as, remarks=remarks)
        case NotEndorse():
            until = _deadline(application, terms.timers.appeal_wd)
            event = ApplicationNotEndorsed(reason=decision.reason, acting_as=acting_as, appeal_until=until)
            text = decision.text.strip()[:1000]
            reason = decision.reason
            await record(tx, application, event, state=state, acting_as=acting_as, reason=reason, text=text)


def _deadline(application: store.Application, working_days: int) -> datetime:
    return due(clock.now(), working_days, Unit.WORKING_DAYS, application.country)


async def _case(tx: Tx, principal: Principal, application_id: UUID) -> tuple[store.Application, CallTerms, Capacity]:
    """Return the application, locked, its call's terms, and who decides on it.

    Raises `Refused` (404) for another country's: that it exists would reveal too much.
    """
    application = await store.application(tx.session, application_id, lock=True)
    if (
        application is None
        or application.submitted_at is None
        or not may_coordinate(principal, application.country, application.organisation_id)
    ):
        raise not_found()
    call = await calls_store.call(tx.session, application.call_id)
    assert call is not None
    return application, call.terms, await capacity_for(tx.session, principal, application)
