"""Begin, submit, withdraw and discard an application."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from services.applications.application.actions.changes import add_change
from services.applications.application.actions.profile import profile_for
from services.applications.application.actions.service_address import check_service_address
from services.applications.application.actions.steps import record
from services.applications.application.model import states
from services.applications.application.model.answers import (
    Answers,
    answers_from_register,
    changed_tasks,
    missing,
)
from services.applications.application.store import applications as store
from services.applications.application.store import standings
from services.applications.calls import store as calls_store
from services.applications.counters import next_number, this_year
from services.applications.matches.store import matches
from services.applications.message_quota import MessageKind, count_message
from services.applications.outcomes.actions import line_managers
from services.applications.refusals import lawful, not_found
from services.applications.register.store import entries
from shared.contracts.applications import ApplicationResubmitted, ApplicationSubmitted, ApplicationWithdrawn
from shared.contracts.codes import (
    ApplicationKind,
    ApplicationState,
    CallState,
    MatchState,
    Sex,
    StatedReason,
    published,
)
from shared.contracts.counting import CountingKeyAssigned
from shared.contracts.lifecycle import Unit
from shared.errors import ProblemCode, Refused
from shared.i18n import gettext
from shared.ids import new_id
from shared.time import dates
from shared.time.arrival import arrived
from shared.time.workdays import due

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from services.applications.settings import Settings
    from shared.bus import Bus, Tx
    from shared.identity import Principal

MOST_REPLY = 1000
"""Characters of an officer's answer to what the coordinator asked."""


async def begin(bus: Bus, principal: Principal, call_id: UUID, kind: ApplicationKind) -> store.Application:
    """Begin a draft, filled from the register; return the officer's draft for this call where there is one.

    Raises `Refused` (404; 409 where the call takes none now; 422 where the officer is not in the register).
    """
    async with bus.transaction(principal.subject) as tx:
        return await begin_in(tx, principal, call_id, kind)


async def begin_in(tx: Tx, principal: Principal, call_id: UUID, kind: ApplicationKind) -> store.Application:
    """Begin a draft, as `begin` does, in a transaction that does more."""
    moment = arrived()
    call = await calls_store.call(tx.session, call_id)
    if call is None:
        raise not_found()
    if kind not in call.terms.kinds:
        raise Refused(gettext("This call does not take this kind of application."), 422, {"kind": kind})
    if not call.takes_applications(moment):
        raise Refused(gettext("This call is not open for applications now."), code=ProblemCode.CALL_CLOSED)
    # Locked, so that two clicks at once begin one draft and not two.
    person = await entries.person(tx.session, principal.subject, lock=True)
    if person is None or person.country is None:
        raise Refused(gettext("You are not in the register yet. Ask your national coordinator to add you."), 422)
    draft = await store.draft_of(tx.session, principal.subject, call_id, kind)
    if draft is not None:
        return draft
    application = store.Application(
        id=new_id(),
        call_id=call_id,
        kind=kind,
        subject=principal.subject,
        country=person.country,
        organisation_id=person.organisation_id,
        since=moment,
        answers_json=answers_from_register(person).model_dump(mode="json"),
        created_at=moment,
        saved_at=moment,
    )
    tx.session.add(application)
    return application


async def submit(
    bus: Bus, principal: Principal, application_id: UUID, settings: Settings, text: str = ""
) -> store.Application:
    """Submit a draft, or resubmit a returned application to the home national coordinator.

    `text` answers the coordinator's question of a return; both read it in the history, it is in no event.
    Raises `Refused` (404; 409 where it is not the time or the state for it; 422 with what is missing by
    task, or where the service address is not confirmed).
    """
    moment = arrived()
    async with bus.transaction(principal.subject) as tx:
        call = await _hold_call(tx, application_id)
        application = await store.own(tx.session, principal, application_id)
        first = application.own_state is ApplicationState.DRAFT
        reply = text.strip()[:MOST_REPLY]
        if application.own_state is ApplicationState.SUBMITTED and await _did_last(tx, application, _SUBMITTED, reply):
            return application
        with lawful():
            state = states.after(ApplicationSubmitted if first else ApplicationResubmitted, application.own_state)
        if first and call.state == CallState.CLOSED:
            raise Refused(gettext("This call is closed."), code=ProblemCode.CALL_CLOSED)
        if first and not call.takes_applications(moment):
            raise Refused(
                gettext("The deadline of this call was %(deadline)s. Your application arrived %(arrived)s.")
                % {"deadline": dates.moment(call.deadline), "arrived": dates.moment(moment)},
                code=ProblemCode.DEADLINE_PASSED,
            )
        terms = (await calls_store.terms_of(tx.session, [application], {call.id: call}))[application.id]
        answers = application.answers
        missing_answers = missing(answers, terms)
        if missing_answers:
            fields = {task: ". ".join(texts) for task, texts in missing_answers.items()}
            raise Refused(gettext("Some answers are still missing."), 422, fields)
        person = await entries.person(tx.session, application.subject)
        check_service_address(person, answers)
        line_managers.check_line_manager(person, application)
        if (answers.line_manager_email or "").lower() not in application.managers_notified:
            await count_message(tx, MessageKind.LINE_MANAGER)
        if application.reference is None:
            year = this_year()
            number = await next_number(tx.session, f"{application.country}-{year}")
            application.reference = states.reference(application.country, year, number)
            application.submitted_at = moment
            await tx.record(_counting_key(application, answers, settings), application.id)
        with tx.session.no_autoflush:  # nothing of what it asks for is being written here
            profile = await profile_for(tx.session, application, answers, terms)
        application.profile_json = profile.model_dump(mode="json")
        _keep_difference(tx, application)
        # Once submitted it is judged by this revision, also when it comes back with what was asked for.
        application.rules_version = terms.revision
        until = due(moment, terms.timers.endorse_wd, Unit.WORKING_DAYS, application.country)
        event = (ApplicationSubmitted if first else ApplicationResubmitted)(profile=profile, due=until)
        with tx.session.no_autoflush:  # both change the application, which is written once
            await record(tx, application, event, state=state, due=until, text="" if first else reply)
            await line_managers.record_line_manager(tx, application)
        return application


async def _hold_call(tx: Tx, application_id: UUID) -> calls_store.Call:
    """Return the application's call, held: one that closes at this moment finds the application, or is found closed.

    The call goes before the application, as where it closes. Raises `Refused` (404).
    """
    call = await calls_store.hold_call_of(tx.session, application_id)
    if call is None:
        raise not_found()
    return call


def _keep_difference(tx: Tx, application: store.Application) -> None:
    """Keep what differs from the answers that were returned for information, for the coordinator to see."""
    if application.returned_answers is None:
        return
    before, after = Answers.from_stored(application.returned_answers), application.answers
    if tasks := [task for task in changed_tasks(before, after) if task != "privacy"]:
        add_change(tx, application.id, before, after, tasks)


def _counting_key(application: store.Application, answers: Answers, settings: Settings) -> CountingKeyAssigned:
    """Return the key under which reporting counts the person once in a programme, without knowing who it is."""
    secret = (settings.counting_secret or settings.session_key).get_secret_value().encode()
    identity = f"{settings.programme}/{application.subject}".encode()
    key = hmac.new(secret, identity, hashlib.sha256).hexdigest()[:32]
    return CountingKeyAssigned(counting_key=key, sex=None if answers.sex is None else Sex(answers.sex))


_SUBMITTED = (ApplicationSubmitted.type, ApplicationResubmitted.type)


async def _did_last(
    tx: Tx, application: store.Application, events: Collection[str], text: str, reason: StatedReason | None = None
) -> bool:
    """Return whether the same person took the last step, by one of these events and with the same words.

    Then nothing changes again. The first submission answers no question, so it keeps no words.
    """
    last = next(iter(await store.steps(tx.session, application.id)), None)
    if last is None or last.event not in events:
        return False
    words = "" if last.event == ApplicationSubmitted.type else text
    return (last.actor, last.reason, last.text) == (tx.actor, reason, words)


async def withdraw(
    bus: Bus, principal: Principal, application_id: UUID, reason: StatedReason, text: str = ""
) -> store.Application:
    """Withdraw an open application, with a reason. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application = await store.own(tx.session, principal, application_id)
        words = text.strip()[:1000]
        if application.own_state is ApplicationState.WITHDRAWN and await _did_last(
            tx, application, (ApplicationWithdrawn.type,), words, reason
        ):
            return application
        with lawful():
            state = await _state_after_withdrawal(tx.session, application)
        event = ApplicationWithdrawn(reason=published(reason))
        await record(tx, application, event, state=state, reason=reason, text=words)
        return application


async def _state_after_withdrawal(session: AsyncSession, application: store.Application) -> ApplicationState:
    """Return the state to which a withdrawal leads. Raises `NotPossible` where it is too late for it."""
    projected = await standings.standing_of(session, application.id)
    if application.own_state is ApplicationState.ELIGIBLE and projected is not None and projected.match_id:
        newest = await matches.match(session, projected.match_id)
        # Where the match was cancelled with its visit, another place is looked for: that can be withdrawn.
        if newest is not None and newest.stands is MatchState.CONFIRMED:
            states.check_not_over(ApplicationWithdrawn, ApplicationState(projected.state))
    return states.after(ApplicationWithdrawn, application.own_state)


async def may_withdraw(session: AsyncSession, application: store.Application) -> bool:
    """Return whether a submitted application can be withdrawn now, so that only what is possible is offered."""
    try:
        await _state_after_withdrawal(session, application)
    except states.NotPossible:
        return False
    return True


async def discard(bus: Bus, principal: Principal, application_id: UUID) -> None:
    """Delete a draft that was never submitted. Raises `Refused` (404, 409)."""
    async with bus.transaction(principal.subject) as tx:
        application = await store.own(tx.session, principal, application_id)
        if application.own_state is not ApplicationState.DRAFT:
            raise Refused(gettext("You have already submitted this application. You can withdraw it instead."), 409)
        await tx.session.delete(application)
