"""What does the home national coordinator do? Endorses, asks for information, or does not endorse, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.applications.actions.common import lawful, not_found
from services.applications.actions.recorded import record
from services.applications.model import application as model
from services.applications.store import applications as store
from services.applications.store import calls
from shared import clock
from shared.contracts.applications import ApplicationEndorsed, ApplicationNotEndorsed, ApplicationReturned
from shared.contracts.codes import ActingAs, NotEndorsedReason, Role, Section
from shared.contracts.lifecycle import Unit
from shared.identity.scope import may_endorse, may_see_country
from shared.web.errors import Refused
from shared.web.i18n import gettext
from shared.workdays import due

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.bus import Bus, Tx
    from shared.contracts.calls import CallTerms
    from shared.identity import Principal


async def endorse(bus: Bus, principal: Principal, application_id: UUID, note: str = "") -> store.Application:
    """The country supports it: on to eligibility. `note` is for the other reviewers. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application, terms, acting_as = await _case(tx, principal, application_id)
        with lawful():
            state = model.after(ApplicationEndorsed, application.own_state)
        until = due(clock.now(), terms.timers.eligibility_wd, Unit.WORKING_DAYS, application.country)
        event = ApplicationEndorsed(acting_as=acting_as, due=until)
        await record(tx, application, event, state=state, due=until, acting_as=acting_as, note=note.strip()[:1000])
        return application


async def send_back(
    bus: Bus, principal: Principal, application_id: UUID, remarks: Mapping[Section, str]
) -> store.Application:
    """Ask for information on some sections; the remarks stay here, the event names the sections.

    Raises `Refused` (404, 409, and 422 without a remark).
    """
    written = {Section(section): text.strip()[:1000] for section, text in remarks.items() if text.strip()}
    if not written:
        sentence = gettext("Write what you ask for, at least for one section.")
        raise Refused(sentence, 422, {"remarks": sentence})
    async with bus.transaction(principal.subject) as tx:
        application, terms, acting_as = await _case(tx, principal, application_id)
        with lawful():
            state = model.after(ApplicationReturned, application.own_state)
        until = due(clock.now(), terms.timers.information_wd, Unit.WORKING_DAYS, application.country)
        event = ApplicationReturned(sections=tuple(written), acting_as=acting_as, due=until)
        await record(
            tx,
            application,
            event,
            state=state,
            due=until,
            acting_as=acting_as,
            remarks={str(section): text for section, text in written.items()},
        )
        return application


async def not_endorse(
    bus: Bus, principal: Principal, application_id: UUID, reason: NotEndorsedReason, text: str = ""
) -> store.Application:
    """The country does not support it; `text` is for the officer to read. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application, terms, acting_as = await _case(tx, principal, application_id)
        with lawful():
            state = model.after(ApplicationNotEndorsed, application.own_state)
        until = due(clock.now(), terms.timers.appeal_wd, Unit.WORKING_DAYS, application.country)
        event = ApplicationNotEndorsed(reason=reason, acting_as=acting_as, appeal_until=until)
        await record(tx, application, event, state=state, acting_as=acting_as, reason=reason, text=text.strip()[:1000])
        return application


async def _case(tx: Tx, principal: Principal, application_id: UUID) -> tuple[store.Application, CallTerms, ActingAs]:
    """The application, locked, its call's terms, and in which capacity the principal decides on it.

    Raises `Refused` (404) where it is another country's: knowing that it is there would tell too much.
    """
    application = await store.application(tx.session, application_id, lock=True)
    if application is None or application.submitted_at is None or not may_see_country(principal, application.country):
        raise not_found()
    call = await calls.call(tx.session, application.call_id)
    assert call is not None
    return application, call.terms, acting_as_for(principal, application.country)


def acting_as_for(principal: Principal, country: str) -> ActingAs:
    """As whom the principal decides for `country`: its coordinator, a deputy, or, asked, the programme coordinator."""
    if not may_endorse(principal, country):
        return ActingAs.PROGRAMME
    held = [g for g in principal.grants if g.role is Role.NATIONAL_COORDINATOR and g.country == country]
    return ActingAs.DEPUTY if all(grant.deputy_for for grant in held) else ActingAs.COORDINATOR
